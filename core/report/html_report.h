// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/report/image_report.h"

#include <string>
#include <vector>

namespace cowscope
{

enum class ReportStyle {
    Screen, ///< one self-contained document: pictures inside it, light and dark
    Print, ///< plain HTML for QTextDocument: pictures beside it, dark on white
};

/// A report as an HTML document that is well-formed XML too. Text from the image is escaped, and the document refers
/// to nothing outside itself.
struct HtmlReport {
    std::string html;
    std::vector<std::string> pictures; ///< of Print: SVG documents; the document calls number i "picture:i"
};

HtmlReport htmlReport(const ImageReport& report, ReportStyle style);

} // namespace cowscope
