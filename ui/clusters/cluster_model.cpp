// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/clusters/cluster_model.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QGuiApplication>

#include <algorithm>

namespace cowscope::ui
{

void ClusterModel::setList(std::shared_ptr<const Census> census, unsigned clusterBits, ClusterList list)
{
    beginResetModel();
    m_census = std::move(census);
    m_clusterBits = clusterBits;
    m_list = std::move(list);
    m_page = 0;
    endResetModel();
}

void ClusterModel::setPage(std::uint64_t page)
{
    if (page == m_page || page >= pages())
        return;
    beginResetModel();
    m_page = page;
    endResetModel();
}

int ClusterModel::rowCount(const QModelIndex& parent) const
{
    if (parent.isValid() || !m_census)
        return 0;
    return static_cast<int>(std::min(kPageRows, m_list.size() - m_page * kPageRows));
}

int ClusterModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString ClusterModel::text(HostCluster cluster, int column) const
{
    const ClusterMap& map = m_census->map;
    switch (column) {
    case Cluster:
        return formatCount(cluster.value());
    case Offset:
        return formatHex(cluster.value() << m_clusterBits);
    case Owner:
        return ownerText(map.owner(cluster));
    case Count:
        return map.isExact(cluster) ? formatCount(map.refcount(cluster))
                                    : tr("at least %1").arg(formatCount(map.refcount(cluster)));
    case References:
        return formatCount(map.references(cluster));
    case Verdict:
        return verdictText(countVerdict(map, cluster));
    default:
        return {};
    }
}

QString ClusterModel::toolTip(HostCluster cluster, int column) const
{
    const ClusterMap& map = m_census->map;
    switch (column) {
    case Offset:
        return formatExactBytes(cluster.value() << m_clusterBits);
    case Owner:
        return map.hasSeveralOwners(cluster)
            ? tr("Structures of different kinds claim this cluster; this is the first.")
            : QString();
    case References:
        return map.usedByActive(cluster) && map.usedBySnapshot(cluster) ? tr("From the active disk and from snapshots")
            : map.usedBySnapshot(cluster)                               ? tr("From snapshots only")
                                                                        : QString();
    default:
        return {};
    }
}

QVariant ClusterModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const HostCluster cluster = clusterAt(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return text(cluster, index.column());
    case Qt::ToolTipRole:
        return toolTip(cluster, index.column());
    case Qt::DecorationRole:
        if (index.column() == Owner)
            return ownerColor(m_census->map.owner(cluster), isDark(QGuiApplication::palette()));
        return {};
    case Qt::ForegroundRole:
        if (index.column() == Verdict && countVerdict(m_census->map, cluster) != CountVerdict::Right)
            return findingColor(isDark(QGuiApplication::palette()));
        return {};
    case Qt::TextAlignmentRole:
        if (index.column() == Owner || index.column() == Verdict)
            return {};
        return QVariant::fromValue<Qt::Alignment>(Qt::AlignRight | Qt::AlignVCenter);
    default:
        return {};
    }
}

QVariant ClusterModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    const QString titles[ColumnCount]{
        tr("Cluster"), tr("Offset"), tr("Owner"), tr("Count"), tr("References"), tr("Count is")};
    const QString help[ColumnCount]{tr("Number of the host cluster"), tr("Where it begins in the image file"),
        tr("What the cluster is used for"), tr("Reference count that the image stores"),
        tr("References that the image's structures really make"), tr("Whether the stored count agrees with them")};
    switch (role) {
    case Qt::DisplayRole:
        return titles[section];
    case Qt::ToolTipRole:
        return help[section];
    case Qt::TextAlignmentRole:
        if (section == Owner || section == Verdict)
            return {};
        return QVariant::fromValue<Qt::Alignment>(Qt::AlignRight | Qt::AlignVCenter);
    default:
        return {};
    }
}

} // namespace cowscope::ui
