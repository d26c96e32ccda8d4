// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "ui/reftable/refblock_use.h"

#include <QAbstractTableModel>

namespace cowscope::ui
{

/// The entries of the refcount table. What their refblocks say comes later, by setUses().
class ReftableModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Index, Offset, FirstCluster, Counted, Used, Largest, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setImage(std::shared_ptr<const Image> image); ///< null: no rows; forgets the uses
    void setUses(std::vector<RefblockUse> uses);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(std::uint64_t row, int column) const;
    QString toolTip(std::uint64_t row) const;

    std::shared_ptr<const Image> m_image;
    std::vector<RefblockUse> m_uses;
    bool m_haveUses = false;
};

} // namespace cowscope::ui
