// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "ui/clusters/cluster_list.h"

#include <QAbstractTableModel>

namespace cowscope::ui
{

/// One page of a list of clusters: a view keeps a few bytes for each row of its model, and an image may have billions
/// of clusters.
class ClusterModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Cluster, Offset, Owner, Count, References, Verdict, ColumnCount };
    static constexpr std::uint64_t kPageRows = 1U << 16;

    using QAbstractTableModel::QAbstractTableModel;

    /// Shows the first page of `list`. A null census empties the model.
    void setList(std::shared_ptr<const Census> census, unsigned clusterBits, ClusterList list);
    void setPage(std::uint64_t page); ///< page < pages()

    const ClusterList& list() const { return m_list; }
    std::uint64_t page() const { return m_page; }
    std::uint64_t pages() const { return (m_list.size() + kPageRows - 1) / kPageRows; }
    HostCluster clusterAt(int row) const { return m_list.at(m_page * kPageRows + static_cast<std::uint64_t>(row)); }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(HostCluster cluster, int column) const;
    QString toolTip(HostCluster cluster, int column) const;

    std::shared_ptr<const Census> m_census;
    unsigned m_clusterBits = 16;
    ClusterList m_list;
    std::uint64_t m_page = 0;
};

} // namespace cowscope::ui
