// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/chosen_row.h"

#include <QAbstractItemView>

namespace cowscope::ui
{

QModelIndex chosenRow(const QAbstractItemView& view)
{
    const QModelIndexList rows = view.selectionModel()->selectedRows();
    // A key selects a row before it becomes the current one, a click after that: only among several does it matter.
    const QModelIndex current = view.currentIndex().siblingAtColumn(0);
    return rows.size() > 1 && rows.contains(current) ? current : rows.value(0);
}

} // namespace cowscope::ui
