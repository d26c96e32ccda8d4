// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/table.h"

#include "ui/common/table_export.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QHeaderView>
#include <QTableView>

#include <algorithm>
#include <functional>

namespace cowscope::ui
{

namespace
{

/// A cell as RFC 4180 has it. A formula of a spreadsheet becomes text: names come from an image that is not trusted.
QString csvCell(QString text)
{
    if (!text.isEmpty() && QStringLiteral("=+-@\t").contains(text.front()))
        text.prepend(u'\'');
    if (text.contains(u'"') || text.contains(u',') || text.contains(u'\n') || text.contains(u'\r'))
        return u'"' + text.replace(u'"', QStringLiteral("\"\"")) + u'"';
    return text;
}

/// The cells of the selected rows, each through `write`.
template <typename Write>
QStringList selectedLines(const QTableView& table, QChar separator, Write write)
{
    QModelIndexList rows = table.selectionModel()->selectedRows();
    std::ranges::sort(rows, std::less());
    QStringList lines;
    for (const QModelIndex& row : rows) {
        QStringList cells;
        for (int column = 0; column < table.model()->columnCount(); ++column)
            cells += write(row.siblingAtColumn(column).data().toString());
        lines += cells.join(separator);
    }
    return lines;
}

void copySelectedRows(const QTableView& table)
{
    const QStringList lines = selectedLines(table, u'\t', [](const QString& cell) { return cell; });
    QGuiApplication::clipboard()->setText(lines.join(u'\n'));
}

void copySelectedRowsAsCsv(const QTableView& table)
{
    const QString end = QStringLiteral("\r\n");
    QStringList titles;
    for (int column = 0; column < table.model()->columnCount(); ++column)
        titles += csvCell(table.model()->headerData(column, Qt::Horizontal).toString());
    const QString lines = selectedLines(table, u',', csvCell).join(end);
    QGuiApplication::clipboard()->setText(titles.join(u',') + end + lines + end);
}

} // namespace

QTableView* makeTable(const QString& objectName, const QString& accessibleName, QWidget* parent)
{
    auto* table = new QTableView(parent);
    table->setObjectName(objectName);
    table->setAccessibleName(accessibleName);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setShowGrid(false);
    table->setAlternatingRowColors(true);
    table->setWordWrap(false);
    table->setTabKeyNavigation(false);
    table->verticalHeader()->hide();
    table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 6);
    table->horizontalHeader()->setHighlightSections(false);
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);

    auto* copy = new QAction(QObject::tr("Copy row"), table);
    copy->setShortcut(QKeySequence::Copy);
    copy->setShortcutContext(Qt::WidgetShortcut);
    QObject::connect(copy, &QAction::triggered, table, [table] { copySelectedRows(*table); });
    table->addAction(copy);
    auto* csv = new QAction(QObject::tr("Copy rows as CSV"), table);
    csv->setObjectName(QStringLiteral("copyCsv"));
    QObject::connect(csv, &QAction::triggered, table, [table] { copySelectedRowsAsCsv(*table); });
    table->addAction(csv);
    addTableActions(*table);
    return table;
}

void setColumnWidths(QTableView& table, std::initializer_list<int> characters)
{
    int column = 0;
    for (const int width : characters)
        table.setColumnWidth(column++, width * table.fontMetrics().averageCharWidth() + 12);
}

void showRow(QTableView& table, int row)
{
    if (row < 0) {
        table.selectionModel()->clear();
    } else {
        const QModelIndex index = table.model()->index(row, 0);
        table.selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
        table.scrollTo(index);
    }
}

} // namespace cowscope::ui
