// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/header/header_rows.h"

#include <QAbstractTableModel>

namespace cowscope::ui
{

class HeaderModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, Bytes, Raw, Value, Meaning, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setRows(std::vector<HeaderRow> rows);
    const std::vector<HeaderRow>& rows() const { return m_rows; }

    /// The first row that selects `value`, or -1.
    int rowOf(const Selection::Value& value) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    std::vector<HeaderRow> m_rows;
};

} // namespace cowscope::ui
