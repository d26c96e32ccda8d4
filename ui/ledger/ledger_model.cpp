// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/ledger/ledger_model.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QFont>
#include <QGuiApplication>

namespace cowscope::ui
{

QString spaceUseText(SpaceUse use)
{
    switch (use) {
    case SpaceUse::Header:
        return LedgerModel::tr("header");
    case SpaceUse::Reftable:
        return LedgerModel::tr("reftable");
    case SpaceUse::Refblocks:
        return LedgerModel::tr("refblocks");
    case SpaceUse::ActiveL1:
        return LedgerModel::tr("active L1 table");
    case SpaceUse::SnapshotTable:
        return LedgerModel::tr("snapshot table");
    case SpaceUse::SnapshotL1:
        return LedgerModel::tr("L1 tables of snapshots");
    case SpaceUse::ActiveL2:
        return LedgerModel::tr("L2 tables of the active disk only");
    case SpaceUse::SharedL2:
        return LedgerModel::tr("L2 tables shared with snapshots");
    case SpaceUse::SnapshotL2:
        return LedgerModel::tr("L2 tables of snapshots only");
    case SpaceUse::ActiveData:
        return LedgerModel::tr("guest data of the active disk only");
    case SpaceUse::SharedData:
        return LedgerModel::tr("guest data shared with snapshots");
    case SpaceUse::SnapshotData:
        return LedgerModel::tr("guest data of snapshots only");
    case SpaceUse::ActiveCompressed:
        return LedgerModel::tr("compressed data of the active disk only");
    case SpaceUse::SharedCompressed:
        return LedgerModel::tr("compressed data shared with snapshots");
    case SpaceUse::SnapshotCompressed:
        return LedgerModel::tr("compressed data of snapshots only");
    case SpaceUse::BitmapDirectory:
        return LedgerModel::tr("bitmap directory");
    case SpaceUse::BitmapTables:
        return LedgerModel::tr("bitmap tables");
    case SpaceUse::BitmapData:
        return LedgerModel::tr("bitmap data");
    case SpaceUse::EncryptionHeader:
        return LedgerModel::tr("encryption header");
    case SpaceUse::SeveralOwners:
        return LedgerModel::tr("claimed by several structures");
    case SpaceUse::Leaked:
        return LedgerModel::tr("leaked");
    case SpaceUse::FreeInside:
        return LedgerModel::tr("free, between clusters in use");
    case SpaceUse::FreeTail:
        return LedgerModel::tr("free, behind the last cluster in use");
    }
    return {};
}

void LedgerModel::setLedger(std::shared_ptr<const SpaceLedger> ledger)
{
    beginResetModel();
    m_lines.clear();
    m_fileBytes = ledger ? ledger->fileBytes : 0;
    LedgerLine total{tr("the file")};
    for (std::size_t i = 0; ledger && i < kSpaceUseCount; ++i) {
        const SpaceSum& sum = ledger->uses[i];
        const auto use = static_cast<SpaceUse>(i);
        total.clusters += sum.clusters;
        if (sum.clusters > 0)
            m_lines.push_back({spaceUseText(use), {}, ownerOf(use), sum.bytes, sum.holes, sum.clusters, sum.firstRuns,
                sum.runs, false});
    }
    if (ledger) {
        total.bytes = ledger->fileBytes;
        total.holes = ledger->holes;
        total.total = true;
        m_lines.push_back(std::move(total));
    }
    endResetModel();
}

int LedgerModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_lines.size());
}

int LedgerModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString LedgerModel::text(const LedgerLine& line, int column) const
{
    switch (column) {
    case Use:
        return line.name;
    case Bytes:
        return formatCount(line.bytes);
    case Share:
        return formatPercent(line.bytes, m_fileBytes);
    case Holes:
        return line.holes == 0 ? QString() : formatCount(line.holes);
    case Clusters:
        return formatCount(line.clusters);
    case Runs:
        return line.total ? QString() : formatCount(line.allRuns);
    default:
        return {};
    }
}

QVariant LedgerModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const LedgerLine& each = line(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return text(each, index.column());
    case Qt::DecorationRole:
        if (index.column() == Use && !each.total)
            return ownerColor(each.owner, isDark(QGuiApplication::palette()));
        return {};
    case Qt::TextAlignmentRole:
        return index.column() == Use ? QVariant() : QVariant(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::ToolTipRole:
        if (index.column() == Bytes || index.column() == Holes)
            return formatBytes(index.column() == Bytes ? each.bytes : each.holes);
        return {};
    case Qt::FontRole:
        if (each.total) {
            QFont bold;
            bold.setBold(true);
            return bold;
        }
        return {};
    default:
        return {};
    }
}

QVariant LedgerModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const QString titles[ColumnCount]{
        tr("Use"), tr("Bytes"), tr("Share"), tr("Without disk blocks"), tr("Clusters"), tr("Runs")};
    const QString tips[ColumnCount]{tr("What the bytes of the file are used for. Each byte is in one line."),
        tr("Bytes of the file; the lines add up to its size"), tr("Part of the file"),
        tr("Bytes that the file system keeps as holes: they take no disk space"),
        tr("Host clusters; the last one of the file may be a partial one"), tr("Runs of neighbouring clusters")};
    if (section < 0 || section >= ColumnCount)
        return {};
    return role == Qt::DisplayRole ? titles[section] : tips[section];
}

void ShareModel::setLedger(std::shared_ptr<const Image> image, std::shared_ptr<const SpaceLedger> ledger)
{
    beginResetModel();
    m_image = std::move(image);
    m_ledger = std::move(ledger);
    endResetModel();
}

const SpaceShare& ShareModel::share(int row) const
{
    return row == 0 ? m_ledger->active : m_ledger->snapshots[static_cast<std::size_t>(row - 1)];
}

int ShareModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_ledger ? 0 : static_cast<int>(m_ledger->snapshots.size()) + 1;
}

int ShareModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

std::uint64_t ShareModel::bytes(int row, int column) const
{
    const SpaceShare& each = share(row);
    return column == Exclusive ? each.exclusive : column == Shared ? each.shared : each.total();
}

QVariant ShareModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    if (role == Qt::TextAlignmentRole && index.column() != Name)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && index.column() != Name)
        return formatBytes(bytes(index.row(), index.column()));
    if (role != Qt::DisplayRole)
        return {};
    if (index.column() != Name)
        return formatCount(bytes(index.row(), index.column()));
    if (index.row() == 0)
        return tr("active disk");
    const Snapshot& snapshot = m_image->snapshots()[static_cast<std::size_t>(index.row() - 1)];
    return tr("snapshot %1: %2").arg(toQString(snapshot.id), toQString(snapshot.name));
}

QVariant ShareModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const QString titles[ColumnCount]{tr("Who"), tr("Exclusive bytes"), tr("Shared bytes"), tr("Together")};
    const QString tips[ColumnCount]{tr("The active disk and the snapshots"),
        tr("Would be free without it: nobody else uses them"), tr("Others use them too"), tr("All that it uses")};
    if (section < 0 || section >= ColumnCount)
        return {};
    return role == Qt::DisplayRole ? titles[section] : tips[section];
}

} // namespace cowscope::ui
