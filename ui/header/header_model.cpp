// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header/header_model.h"

#include "ui/common/format.h"

#include <QFont>
#include <QFontDatabase>

#include <algorithm>

namespace cowscope::ui
{

void HeaderModel::setRows(std::vector<HeaderRow> rows)
{
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int HeaderModel::rowOf(const Selection::Value& value) const
{
    if (std::holds_alternative<std::monostate>(value))
        return -1;
    const auto found = std::ranges::find(m_rows, value, &HeaderRow::selection);
    return found == m_rows.end() ? -1 : static_cast<int>(found - m_rows.begin());
}

int HeaderModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int HeaderModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant HeaderModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const HeaderRow& row = m_rows[static_cast<std::size_t>(index.row())];
    if (role == Qt::FontRole) {
        if (index.column() == Raw || index.column() == Bytes)
            return QFontDatabase::systemFont(QFontDatabase::FixedFont);
        QFont font;
        font.setBold(row.isTitle);
        return font;
    }
    if (role == Qt::ToolTipRole)
        return plainToolTip(row.meaning.isEmpty() ? row.value : row.meaning);
    if (role == Qt::WhatsThisRole)
        return plainToolTip(row.legal.isEmpty() ? row.meaning : tr("%1 Legal values: %2.").arg(row.meaning, row.legal));
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Name:
        return row.name;
    case Bytes:
        return row.bytes;
    case Raw:
        return row.raw;
    case Value:
        return row.value;
    case Meaning:
        return row.meaning;
    default:
        return {};
    }
}

QVariant HeaderModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const QString titles[ColumnCount]{tr("Name"), tr("Bytes"), tr("Raw"), tr("Value"), tr("Meaning")};
    return section >= 0 && section < ColumnCount ? titles[section] : QVariant();
}

Qt::ItemFlags HeaderModel::flags(const QModelIndex& index) const
{
    if (!index.isValid())
        return Qt::NoItemFlags;
    if (m_rows[static_cast<std::size_t>(index.row())].isTitle)
        return Qt::ItemIsEnabled;
    return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
}

} // namespace cowscope::ui
