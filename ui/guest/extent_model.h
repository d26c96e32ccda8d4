// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/guest_overview.h"

#include <QAbstractTableModel>

namespace cowscope::ui
{

/// Extents of a virtual disk as a table: where in the guest's disk, how much, how, and where in the file.
class ExtentModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { GuestColumn, LengthColumn, KindColumn, HostColumn, ClusterColumn, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setExtents(std::vector<GuestExtent> extents, unsigned clusterBits);
    const std::vector<GuestExtent>& extents() const { return m_extents; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::vector<GuestExtent> m_extents;
    unsigned m_clusterBits = 16;
};

} // namespace cowscope::ui
