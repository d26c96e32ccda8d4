// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QAbstractItemView;
class QModelIndex;

namespace cowscope::ui
{

/// The row that is selected; of several the one that was clicked or moved to last. Invalid: none is. To be asked when
/// the selection of the view changes: a view that only gets the focus makes its first row current, which nobody chose.
QModelIndex chosenRow(const QAbstractItemView& view);

} // namespace cowscope::ui
