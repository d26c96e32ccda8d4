// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/reftable/reftable_model.h"

#include "ui/common/format.h"

namespace cowscope::ui
{

void ReftableModel::setImage(std::shared_ptr<const Image> image)
{
    beginResetModel();
    m_image = std::move(image);
    m_uses.clear();
    m_haveUses = false;
    endResetModel();
}

void ReftableModel::setUses(std::vector<RefblockUse> uses)
{
    m_uses = std::move(uses);
    m_haveUses = true;
    if (rowCount() > 0)
        Q_EMIT dataChanged(index(0, Counted), index(rowCount() - 1, Largest));
}

int ReftableModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_image ? 0 : static_cast<int>(m_image->reftable().size());
}

int ReftableModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString ReftableModel::text(std::uint64_t row, int column) const
{
    const HostOffset offset = m_image->reftableEntry(row).refblockOffset();
    const RefblockUse use = row < m_uses.size() ? m_uses[row] : RefblockUse();
    switch (column) {
    case Index:
        return formatCount(row);
    case Offset:
        if (offset.value() == 0)
            return tr("none");
        return m_image->usableRefblock(row) ? formatOffset(offset) : tr("%1 (unusable)").arg(formatOffset(offset));
    case FirstCluster:
        return formatCount(row * m_image->geometry().refblockEntries());
    default:
        break;
    }
    if (!m_haveUses)
        return tr("\u2026");
    switch (column) {
    case Counted:
        return formatCount(use.counted);
    case Used:
        return use.counted == 0 ? tr("none")
                                : tr("%1 (%2)").arg(formatCount(use.used), formatPercent(use.used, use.counted));
    case Largest:
        return formatCount(use.largest);
    default:
        return {};
    }
}

QString ReftableModel::toolTip(std::uint64_t row) const
{
    const std::uint64_t entries = m_image->geometry().refblockEntries();
    if (m_image->reftableEntry(row).refblockOffset().value() == 0)
        return tr("No refblock: clusters %1 to %2 all have count 0.")
            .arg(formatCount(row * entries), formatCount(row * entries + entries - 1));
    return tr("Raw entry %1; counts clusters %2 to %3.")
        .arg(formatHex(m_image->reftableEntry(row).raw), formatCount(row * entries),
            formatCount(row * entries + entries - 1));
}

QVariant ReftableModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const auto row = static_cast<std::uint64_t>(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return text(row, index.column());
    case Qt::ToolTipRole:
        return toolTip(row);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue<Qt::Alignment>(Qt::AlignRight | Qt::AlignVCenter);
    default:
        return {};
    }
}

QVariant ReftableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    const QString titles[ColumnCount]{
        tr("Index"), tr("Refblock"), tr("First cluster"), tr("Counted"), tr("Used"), tr("Largest count")};
    const QString help[ColumnCount]{tr("Number of the entry in the refcount table"),
        tr("Host offset of the refblock that the entry leads to"), tr("First host cluster that the refblock counts"),
        tr("How many clusters of the file it counts"), tr("How many of them have a count above 0"),
        tr("Largest count in the refblock")};
    switch (role) {
    case Qt::DisplayRole:
        return titles[section];
    case Qt::ToolTipRole:
        return help[section];
    case Qt::TextAlignmentRole:
        return QVariant::fromValue<Qt::Alignment>(Qt::AlignRight | Qt::AlignVCenter);
    default:
        return {};
    }
}

} // namespace cowscope::ui
