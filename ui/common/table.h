// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <initializer_list>

class QTableView;
class QWidget;

namespace cowscope::ui
{

/// A read-only table as all panels use it: whole rows, one height, no grid lines, copy with Ctrl+C, keyboard moves,
/// and a context menu that copies and exports it.
QTableView* makeTable(const QString& objectName, const QString& accessibleName, QWidget* parent);

/// Widths of the first columns, in average characters.
void setColumnWidths(QTableView& table, std::initializer_list<int> characters);

/// Selects and shows a row; -1 clears the selection.
void showRow(QTableView& table, int row);

} // namespace cowscope::ui
