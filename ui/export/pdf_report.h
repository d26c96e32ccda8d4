// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/report/html_report.h"

#include <QString>

namespace cowscope::ui
{

/// Writes a report of the style Print as a PDF of A4 pages. Any thread. Errors: Io.
Result<void> writePdf(const HtmlReport& report, const QString& path);

} // namespace cowscope::ui
