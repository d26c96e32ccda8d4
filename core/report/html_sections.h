// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/report/html_report.h"

#include <initializer_list>
#include <span>
#include <string_view>

namespace cowscope
{

/// Writes the parts of an HTML document. All text that goes in is escaped.
class HtmlWriter
{
public:
    explicit HtmlWriter(ReportStyle style)
        : m_style(style)
    {
    }

    /// A cell of a table.
    struct Cell {
        std::string text;
        bool number = false; ///< to the right, in figures of equal width
    };

    void heading(int level, std::string_view text); ///< level 1 to 3
    void paragraph(std::string_view text, std::string_view cssClass = {});
    void list(std::span<const std::string> items);
    void beginTable(std::initializer_list<std::string_view> titles);
    void row(std::span<const Cell> cells);
    void row(std::initializer_list<Cell> cells) { row(std::span(cells.begin(), cells.size())); }
    void endTable();
    void picture(const std::string& svg, std::string_view caption); ///< an SVG document

    /// What has been written, as a whole document.
    HtmlReport document(std::string_view title) &&;

private:
    ReportStyle m_style;
    std::string m_body;
    std::vector<std::string> m_pictures;
};

// The sections of a report, each with its heading.
void writeFacts(HtmlWriter& out, const ImageReport& report);
void writeFindings(HtmlWriter& out, const ImageReport& report);
void writeMap(HtmlWriter& out, const ImageReport& report);
void writeSpace(HtmlWriter& out, const ImageReport& report);
void writeSnapshots(HtmlWriter& out, const ImageReport& report);
void writeCharts(HtmlWriter& out, const ImageReport& report);
void writeWidths(HtmlWriter& out, const ImageReport& report);
void writeCompatibility(HtmlWriter& out, const ImageReport& report);
void writeHeader(HtmlWriter& out, const ImageReport& report);

} // namespace cowscope
