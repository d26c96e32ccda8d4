// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"

#include <QAbstractTableModel>

#include <memory>

namespace cowscope::ui
{

/// The internal snapshots of an image, one a row, oldest first as the table has them.
class SnapshotModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Id, Name, Date, VmState, VmClock, DiskSize, L1Entries, L1Table, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setImage(std::shared_ptr<const Image> image); ///< null: no rows
    const Snapshot& snapshot(int row) const { return m_image->snapshots()[static_cast<std::size_t>(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(const Snapshot& snapshot, int column) const;
    QString toolTip(const Snapshot& snapshot, int column) const;

    std::shared_ptr<const Image> m_image;
};

/// "2024-05-01 12:30:05" in local time.
QString snapshotDate(const Snapshot& snapshot);

/// "0:00:01.250": how long the virtual machine had run.
QString vmClockText(std::uint64_t nanoseconds);

} // namespace cowscope::ui
