// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace cowscope
{

/// Performs the main job by itself: copies `image` (empty: the bundled sample with snapshots) into `outDir`, opens the
/// copy in a real window, and has the real wizard change its refcounts to 64 bits, by clicking what a user would click.
/// Then takes a snapshot of it, repairs a copy of the bundled damaged sample, and creates an image. Leaves numbered
/// pictures of the windows and of each page there, and the report as text, JSON and HTML.
///
/// Runs the event loop; call it in place of QApplication::exec(). Says on standard output what it does, and on standard
/// error why it cannot go on. Returns the exit status: 0 if the width is 64 bits and all images are clean in the end,
/// else 1.
int runDemo(const QString& image, const QString& outDir);

} // namespace cowscope
