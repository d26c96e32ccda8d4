// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/extent_model.h"

#include "ui/common/format.h"
#include "ui/common/guest_text.h"

namespace cowscope::ui
{

void ExtentModel::setExtents(std::vector<GuestExtent> extents, unsigned clusterBits)
{
    beginResetModel();
    m_extents = std::move(extents);
    m_clusterBits = clusterBits;
    endResetModel();
}

int ExtentModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_extents.size());
}

int ExtentModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ExtentModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const GuestExtent& extent = m_extents[static_cast<std::size_t>(index.row())];
    const auto host = extent.compressed ? std::optional(extent.compressed->offset) : extent.host;
    switch (index.column()) {
    case GuestColumn:
        return formatHex(extent.start.value());
    case LengthColumn:
        return role == Qt::ToolTipRole ? formatExactBytes(extent.length) : formatBytes(extent.length);
    case KindColumn:
        return role == Qt::ToolTipRole ? extentText(extent) : mappingText(extent.kind);
    case HostColumn:
        return host ? formatOffset(*host) : QString();
    case ClusterColumn:
        return host ? formatCount(host->value() >> m_clusterBits) : QString();
    default:
        return {};
    }
}

QVariant ExtentModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case GuestColumn:
        return tr("Guest");
    case LengthColumn:
        return tr("Length");
    case KindColumn:
        return tr("Kind");
    case HostColumn:
        return tr("In the file");
    case ClusterColumn:
        return tr("Cluster");
    default:
        return {};
    }
}

} // namespace cowscope::ui
