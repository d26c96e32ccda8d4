// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace cowscope
{

/// Performs the main job by itself: copies `image` (empty: the bundled sample with snapshots) into `outDir`, opens the
/// copy in a real window, and has the real wizard change its refcounts to 64 bits, by clicking what a user would click.
/// Leaves numbered pictures of the window and of each page there, and the report as text, JSON and HTML.
///
/// Runs the event loop; call it in place of QApplication::exec(). Says on standard output what it does, and on standard
/// error why it cannot go on. Returns the exit status: 0 if the last check is clean and the width is 64 bits, else 1.
int runDemo(const QString& image, const QString& outDir);

} // namespace cowscope
