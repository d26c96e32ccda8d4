// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/tables/entry_model.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/document/selected_clusters.h"

#include <QFontDatabase>
#include <QGuiApplication>
#include <QStringList>

#include <bit>

namespace cowscope::ui
{

void EntryModel::setEntries(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census,
    const EntryQuery& query, std::vector<TableEntry> entries)
{
    beginResetModel();
    m_image = std::move(image);
    m_census = std::move(census);
    m_query = query;
    m_entries = std::move(entries);
    endResetModel();
}

ByteRange EntryModel::bytesOf(const TableEntry& entry) const
{
    return {entry.slot, m_query.level == TableLevel::L2 ? m_image->geometry().l2EntryBytes() : 8};
}

std::optional<ClusterRange> EntryModel::targetOf(const TableEntry& entry) const
{
    const Geometry& geometry = m_image->geometry();
    const L2Entry l2{entry.raw};
    const bool isL2 = m_query.level == TableLevel::L2;
    if (isL2 && m_image->header().hasDataFile())
        return std::nullopt;
    ClusterRange clusters = clustersOf(geometry, l2.hostOffset(), geometry.clusterSize());
    if (isL2 && l2.compressed()) {
        const CompressedDescriptor data = l2.compressedDescriptor(geometry.clusterBits());
        clusters = clustersOf(geometry, data.offset, data.maxBytes());
    } else if (l2.hostOffset().value() == 0) {
        return std::nullopt;
    }
    return clusters.first.value() < m_census->map.clusters() ? std::optional(clusters) : std::nullopt;
}

int EntryModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_image ? 0 : static_cast<int>(m_entries.size());
}

int EntryModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString EntryModel::kindText(const TableEntry& entry) const
{
    const L2Entry l2{entry.raw};
    if (m_query.level == TableLevel::L1)
        return l2.hostOffset().value() != 0 ? tr("L2 table") : tr("unallocated");
    if (l2.compressed())
        return tr("compressed");
    const bool allocated = l2.hostOffset().value() != 0 || (m_image->header().hasDataFile() && l2.copied());
    if (m_image->geometry().extendedL2()) {
        const SubclusterBitmap bits{entry.subclusters};
        if (!allocated && bits.zero() == 0)
            return tr("unallocated");
        return tr("%1 data, %2 zero of %3")
            .arg(std::popcount(bits.allocated()))
            .arg(std::popcount(bits.zero()))
            .arg(kSubclusters);
    }
    if (l2.zeroFlag())
        return allocated ? tr("zero, allocated") : tr("zero");
    return allocated ? tr("data") : tr("unallocated");
}

QString EntryModel::remark(const TableEntry& entry) const
{
    QStringList remarks;
    const bool isL1 = m_query.level == TableLevel::L1;
    const L2Entry l2{entry.raw};
    const bool reserved = isL1 ? L1Entry{entry.raw}.hasReservedBits() : l2.hasReservedBits();
    const bool standard = isL1 || !l2.compressed();
    if (copiedIsWrong(*m_image, m_census->map, m_query, entry))
        remarks += tr("copied flag wrong");
    if (reserved)
        remarks += tr("reserved bits set");
    if (standard && !m_image->geometry().isAligned(l2.hostOffset()))
        remarks += tr("not aligned");
    else if (standard && l2.hostOffset().value() != 0 && !targetOf(entry) && (isL1 || !m_image->header().hasDataFile()))
        remarks += tr("behind the end of the file");
    if (!isL1 && m_image->geometry().extendedL2() && SubclusterBitmap{entry.subclusters}.contradicts())
        remarks += tr("contradicting subclusters");
    return remarks.join(QStringLiteral("; "));
}

QString EntryModel::text(const TableEntry& entry, int column) const
{
    const Geometry& geometry = m_image->geometry();
    const L2Entry l2{entry.raw};
    const bool isL1 = m_query.level == TableLevel::L1;
    switch (column) {
    case Index:
        return formatCount(entry.index);
    case Guest:
        return formatHex(entry.index * (isL1 ? geometry.l2Coverage() : geometry.clusterSize()));
    case Place:
        return formatOffset(entry.slot);
    case Raw:
        return QStringLiteral("%1").arg(entry.raw, 16, 16, QLatin1Char('0'))
            + (!isL1 && geometry.extendedL2() ? QStringLiteral(" %1").arg(entry.subclusters, 16, 16, QLatin1Char('0'))
                                              : QString());
    case Target:
        if (!isL1 && l2.compressed())
            return formatOffset(l2.compressedDescriptor(geometry.clusterBits()).offset);
        return l2.hostOffset().value() == 0 ? QString() : formatOffset(l2.hostOffset());
    case Kind:
        return kindText(entry);
    case Copied:
        return l2.copied() ? tr("yes") : entry.raw == 0 ? QString() : tr("no");
    case Remark:
        return remark(entry);
    default:
        return {};
    }
}

QVariant EntryModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const TableEntry& entry = entryAt(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return text(entry, index.column());
    case Qt::ToolTipRole:
        return plainToolTip(text(entry, index.column()));
    case Qt::FontRole:
        if (index.column() == Raw)
            return QFontDatabase::systemFont(QFontDatabase::FixedFont);
        return {};
    case Qt::ForegroundRole:
        if (index.column() == Remark)
            return findingColor(isDark(QGuiApplication::palette()));
        return {};
    case Qt::TextAlignmentRole:
        if (index.column() >= Kind || index.column() == Raw)
            return {};
        return QVariant::fromValue<Qt::Alignment>(Qt::AlignRight | Qt::AlignVCenter);
    default:
        return {};
    }
}

QVariant EntryModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    const bool isL1 = m_query.level == TableLevel::L1;
    const QString titles[ColumnCount]{isL1 ? tr("L1 entry") : tr("Guest cluster"), tr("Guest offset"), tr("Entry at"),
        tr("Raw"), tr("Leads to"), tr("Kind"), tr("Copied"), tr("Remarks")};
    const QString help[ColumnCount]{
        isL1 ? tr("Number of the entry in the L1 table") : tr("Number of the cluster as the guest sees the disk"),
        tr("Where what the entry maps begins on the virtual disk"), tr("Where the entry stands in the image file"),
        tr("The entry's bytes as they stand in the file"), tr("Host offset that the entry leads to"),
        tr("What the entry says of the guest's data"),
        tr("Whether the entry says that nothing else uses what it leads to"), tr("What is wrong with the entry")};
    switch (role) {
    case Qt::DisplayRole:
        return titles[section];
    case Qt::ToolTipRole:
        return help[section];
    default:
        return {};
    }
}

} // namespace cowscope::ui
