// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/findings/group_model.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/findings/finding_model.h"

#include <QFont>
#include <QGuiApplication>

namespace cowscope::ui
{

QString guestRangeText(const GuestRange& range)
{
    return GroupModel::tr("%1 to %2")
        .arg(formatBytes(range.first.value()), formatBytes(range.first.value() + range.bytes));
}

void GroupModel::setGroups(
    std::shared_ptr<const Census> census, std::shared_ptr<const Groups> groups, unsigned clusterBits)
{
    beginResetModel();
    m_census = std::move(census);
    m_groups = std::move(groups);
    m_clusterBits = clusterBits;
    endResetModel();
}

const FindingGroup& GroupModel::group(const QModelIndex& index) const
{
    const bool isGroup = index.internalId() == kGroup;
    return (*m_groups)[isGroup ? static_cast<std::size_t>(index.row()) : index.internalId() - 1];
}

const Finding* GroupModel::finding(const QModelIndex& index) const
{
    if (!index.isValid() || index.internalId() == kGroup)
        return nullptr;
    return &m_census->findings[group(index).findings[static_cast<std::size_t>(index.row())]];
}

QModelIndex GroupModel::index(int row, int column, const QModelIndex& parent) const
{
    if (!hasIndex(row, column, parent))
        return {};
    return createIndex(row, column, parent.isValid() ? static_cast<quintptr>(parent.row()) + 1 : kGroup);
}

QModelIndex GroupModel::parent(const QModelIndex& index) const
{
    if (!index.isValid() || index.internalId() == kGroup)
        return {};
    return createIndex(static_cast<int>(index.internalId() - 1), 0, kGroup);
}

int GroupModel::rowCount(const QModelIndex& parent) const
{
    if (!m_groups)
        return 0;
    if (!parent.isValid())
        return static_cast<int>(m_groups->size());
    const bool isGroup = parent.internalId() == kGroup && parent.column() == 0;
    return isGroup ? static_cast<int>(group(parent).findings.size()) : 0;
}

int GroupModel::columnCount(const QModelIndex& /*parent*/) const
{
    return ColumnCount;
}

QString GroupModel::groupText(const FindingGroup& group, int column) const
{
    switch (column) {
    case Title:
        return toQString(group.title);
    case Severity:
        return severityText(group.severity);
    case Places:
        return formatCount(group.places);
    case Guest:
        return group.guest ? guestRangeText(*group.guest) : QString();
    default:
        return {};
    }
}

QString GroupModel::findingText(const Finding& finding, int column) const
{
    switch (column) {
    case Title:
        return toQString(describe(finding, m_clusterBits));
    case Severity:
        return severityText(finding.severity());
    case Places:
        return formatCount(finding.clusters);
    case Guest:
        return finding.guest ? formatHex(finding.guest->value()) : QString();
    default:
        return {};
    }
}

QVariant GroupModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const Finding* one = finding(index);
    const bool wrong = (one ? one->severity() : group(index).severity) != cowscope::Severity::Note;
    switch (role) {
    case Qt::DisplayRole:
        return one ? findingText(*one, index.column()) : groupText(group(index), index.column());
    case Qt::ToolTipRole:
        return plainToolTip(index.column() == Title ? data(index, Qt::DisplayRole).toString() : QString());
    case Qt::TextAlignmentRole:
        return index.column() == Places ? QVariant(Qt::AlignRight | Qt::AlignVCenter) : QVariant();
    case Qt::ForegroundRole:
        return index.column() == Severity && wrong ? QVariant(findingColor(isDark(QGuiApplication::palette())))
                                                   : QVariant();
    case Qt::FontRole:
        if (!one && index.column() == Title) {
            QFont bold;
            bold.setBold(true);
            return bold;
        }
        return {};
    default:
        return {};
    }
}

QVariant GroupModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const QString titles[ColumnCount]{tr("Likely cause"), tr("Severity"), tr("Places"), tr("Guest data")};
    return section >= 0 && section < ColumnCount ? titles[section] : QVariant();
}

} // namespace cowscope::ui
