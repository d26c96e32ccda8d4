// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/references/cluster_references.h"

#include <QAbstractTableModel>

#include <memory>

namespace cowscope::ui
{

/// All references of a cluster as text: first who refers to it, then what it refers to.
class ReferenceModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { DirectionColumn, RoleColumn, EntryColumn, ClusterColumn, ColumnCount };

    /// Where a row leads.
    struct Target {
        HostCluster first;
        std::uint64_t clusters = 1;
    };

    using QAbstractTableModel::QAbstractTableModel;

    void setReferences(std::shared_ptr<const Image> image, ClusterReferences found);
    Target target(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    QString text(int row, int column) const;
    bool isReferrer(int row) const { return static_cast<std::size_t>(row) < m_found.referrers.size(); }
    const Reference& reference(int row) const;

    std::shared_ptr<const Image> m_image;
    ClusterReferences m_found;
};

} // namespace cowscope::ui
