// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding_groups.h"

#include <QAbstractItemModel>

#include <memory>

namespace cowscope::ui
{

/// Groups of findings by likely cause, their findings below them.
class GroupModel : public QAbstractItemModel
{
    Q_OBJECT

public:
    enum Column { Title, Severity, Places, Guest, ColumnCount };
    using Groups = std::vector<FindingGroup>;

    using QAbstractItemModel::QAbstractItemModel;

    /// Null: no rows.
    void setGroups(std::shared_ptr<const Census> census, std::shared_ptr<const Groups> groups, unsigned clusterBits);

    const FindingGroup& group(const QModelIndex& index) const; ///< of a row, or of the row above a finding
    const Finding* finding(const QModelIndex& index) const; ///< null for a group

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& index) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    static constexpr quintptr kGroup = 0; ///< internal id of a group; of a finding its group's row + 1

    QString groupText(const FindingGroup& group, int column) const;
    QString findingText(const Finding& finding, int column) const;

    std::shared_ptr<const Census> m_census;
    std::shared_ptr<const Groups> m_groups;
    unsigned m_clusterBits = 16;
};

/// "3.5 GiB to 4 GiB"
QString guestRangeText(const GuestRange& range);

} // namespace cowscope::ui
