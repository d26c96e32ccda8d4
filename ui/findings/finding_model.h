// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <QAbstractTableModel>

namespace cowscope::ui
{

/// The findings of a census, one a row.
class FindingModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Severity, Title, Where, Count, References, Rule, Repair, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setCensus(std::shared_ptr<const Census> census, unsigned clusterBits); ///< null: no rows
    const Finding& finding(int row) const { return m_census->findings[static_cast<std::size_t>(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(const Finding& finding, int column) const;

    std::shared_ptr<const Census> m_census;
    unsigned m_clusterBits = 16;
};

} // namespace cowscope::ui
