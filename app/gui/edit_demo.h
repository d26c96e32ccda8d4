// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/demo_support.h"
#include "ui/shell/main_window.h"

namespace cowscope
{

/// The other edits of the program, by clicking what a user would click, with pictures: takes a snapshot of the image in
/// `window`, repairs a copy of the bundled damaged sample, and creates an image; the files go into the book's folder.
/// True if all three are clean afterwards, else it says why not.
bool runEditDemo(ui::MainWindow& window, PictureBook& book);

} // namespace cowscope
