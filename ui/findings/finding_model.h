// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include <optional>

namespace cowscope::ui
{

/// The findings of a census, one a row.
class FindingModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Severity, Title, Cluster, Offset, Expected, Actual, Where, Rule, Repair, ColumnCount };
    enum Role { SortRole = Qt::UserRole }; ///< a number where the column is one

    using QAbstractTableModel::QAbstractTableModel;

    void setCensus(std::shared_ptr<const Census> census, unsigned clusterBits); ///< null: no rows
    const Finding& finding(int row) const { return m_census->findings[static_cast<std::size_t>(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(const Finding& finding, int column) const;
    QVariant sortKey(const Finding& finding, int column) const;

    std::shared_ptr<const Census> m_census;
    unsigned m_clusterBits = 16;
};

/// Shows the findings of one severity or of one kind.
class FindingFilter : public QSortFilterProxyModel
{
    Q_OBJECT

public:
    explicit FindingFilter(FindingModel* model);

    void setSeverity(std::optional<Severity> severity); ///< nothing: any
    void setKind(std::optional<FindingKind> kind);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    FindingModel* m_model;
    std::optional<Severity> m_severity;
    std::optional<FindingKind> m_kind;
};

/// The place of a finding: "cluster 5 (0x50000)", "3 clusters from 5 (0x50000)".
QString findingPlace(const Finding& finding, unsigned clusterBits);

/// What is stored and what should be, as the columns show them; empty where a finding has no such number.
QString findingExpected(const Finding& finding);
QString findingActual(const Finding& finding);

} // namespace cowscope::ui
