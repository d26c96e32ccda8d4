// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/snapshots/snapshot_model.h"

#include "ui/common/format.h"

#include <QDateTime>

namespace cowscope::ui
{

namespace
{
constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;
} // namespace

QString snapshotDate(const Snapshot& snapshot)
{
    return QDateTime::fromSecsSinceEpoch(snapshot.dateSeconds).toString(QStringLiteral("yyyy-MM-dd HH:mm:ss"));
}

QString vmClockText(std::uint64_t nanoseconds)
{
    const std::uint64_t milliseconds = nanoseconds / kNanosecondsPerMillisecond;
    const std::uint64_t seconds = milliseconds / 1000;
    return QStringLiteral("%1:%2:%3.%4")
        .arg(seconds / 3600)
        .arg(seconds / 60 % 60, 2, 10, QLatin1Char('0'))
        .arg(seconds % 60, 2, 10, QLatin1Char('0'))
        .arg(milliseconds % 1000, 3, 10, QLatin1Char('0'));
}

void SnapshotModel::setImage(std::shared_ptr<const Image> image)
{
    beginResetModel();
    m_image = std::move(image);
    endResetModel();
}

int SnapshotModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_image ? 0 : static_cast<int>(m_image->snapshots().size());
}

int SnapshotModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString SnapshotModel::text(const Snapshot& snapshot, int column) const
{
    switch (column) {
    case Id:
        return toQString(snapshot.id);
    case Name:
        return toQString(snapshot.name);
    case Date:
        return snapshotDate(snapshot);
    case VmState:
        return snapshot.vmStateSize == 0 ? tr("none") : formatBytes(snapshot.vmStateSize);
    case VmClock:
        return vmClockText(snapshot.vmClockNanoseconds);
    case DiskSize:
        return snapshot.diskSize ? formatBytes(*snapshot.diskSize) : tr("as the disk");
    case L1Entries:
        return formatCount(snapshot.l1Size);
    case L1Table:
        return formatOffset(snapshot.l1TableOffset);
    default:
        return {};
    }
}

QString SnapshotModel::toolTip(const Snapshot& snapshot, int column) const
{
    switch (column) {
    case Name:
        return toQString(snapshot.name);
    case Date:
        return tr("%1 UTC and %2 ns")
            .arg(QDateTime::fromSecsSinceEpoch(snapshot.dateSeconds, Qt::UTC)
                     .toString(QStringLiteral("yyyy-MM-dd HH:mm:ss")),
                formatCount(snapshot.dateNanoseconds));
    case VmState:
        return formatExactBytes(snapshot.vmStateSize);
    case DiskSize:
        return snapshot.diskSize ? formatExactBytes(*snapshot.diskSize)
                                 : tr("The entry does not say: the size that the disk has now");
    default:
        return {};
    }
}

QVariant SnapshotModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    switch (role) {
    case Qt::DisplayRole:
        return text(snapshot(index.row()), index.column());
    case Qt::ToolTipRole:
        if (const QString tip = toolTip(snapshot(index.row()), index.column()); !tip.isEmpty())
            return plainToolTip(tip);
        return {};
    default:
        return {};
    }
}

QVariant SnapshotModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const QString titles[ColumnCount]{tr("ID"), tr("Name"), tr("Date"), tr("VM state"), tr("VM clock"), tr("Disk size"),
        tr("L1 entries"), tr("L1 table")};
    return section >= 0 && section < ColumnCount ? titles[section] : QVariant();
}

} // namespace cowscope::ui
