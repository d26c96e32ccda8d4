// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/html_report.h"

#include "core/report/html_sections.h"
#include "core/report/markup.h"
#include "core/report/owner_colors.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::string_view kScreenCss = R"css(
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2126; background: #fff; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: break-word; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid #d5dade; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0 1rem; }
th { text-align: left; font-weight: 600; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #e6e9ec; vertical-align: top; overflow-wrap: break-word; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
p { margin: .3rem 0; }
p.bad { color: #b3261e; font-weight: 600; }
p.good { color: #00674b; font-weight: 600; }
p.note { color: #5b6670; }
figure { margin: .6rem 0 1rem; }
figcaption { color: #5b6670; margin-bottom: .3rem; }
svg { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) {
body { color: #e3e7ea; background: #1a1e22; }
h2 { border-color: #3a434b; }
th, td { border-color: #2c343b; }
p.bad { color: #ff7a72; }
p.good { color: #56d3ad; }
p.note, figcaption { color: #a0abb4; }
.t { fill: #e3e7ea; }
.p { fill: #4f9bd9; }
.m { fill: #5d6a75; }
.bad { fill: #ff5a52; }
)css";

/// QTextDocument knows little of style sheets.
constexpr std::string_view kPrintCss = R"css(
body { font-family: sans-serif; font-size: 9pt; color: #1c2126; }
h1 { font-size: 15pt; }
h2 { font-size: 12pt; margin-top: 14px; }
h3 { font-size: 10pt; margin-top: 8px; }
th { text-align: left; background-color: #eef1f3; }
td.n { text-align: right; }
p.bad { color: #b3261e; font-weight: bold; }
p.good { color: #00674b; font-weight: bold; }
p.note { color: #5b6670; }
)css";

std::string styleSheet(ReportStyle style)
{
    if (style == ReportStyle::Print)
        return std::string(kPrintCss);
    std::string css(kScreenCss);
    for (std::size_t i = 0; i < kOwnerCount; ++i)
        css += fmt::format(".o{} {{ fill: {}; }}\n", i, colorText(kOwnerColors[i].dark));
    return css + "}\n";
}

std::string nameOf(const std::string& path)
{
    const std::size_t slash = path.find_last_of('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

} // namespace

void HtmlWriter::heading(int level, std::string_view text)
{
    m_body += fmt::format("<h{0}>{1}</h{0}>\n", level, escaped(text));
}

void HtmlWriter::paragraph(std::string_view text, std::string_view cssClass)
{
    if (cssClass.empty())
        m_body += fmt::format("<p>{}</p>\n", escaped(text));
    else
        m_body += fmt::format("<p class=\"{}\">{}</p>\n", cssClass, escaped(text));
}

void HtmlWriter::list(std::span<const std::string> items)
{
    if (items.empty())
        return;
    m_body += "<ul>\n";
    for (const std::string& item : items)
        m_body += fmt::format("<li>{}</li>\n", escaped(item));
    m_body += "</ul>\n";
}

void HtmlWriter::beginTable(std::initializer_list<std::string_view> titles)
{
    m_body += m_style == ReportStyle::Print ? "<table width=\"100%\" border=\"1\" cellspacing=\"0\" cellpadding=\"3\" "
                                              "style=\"border-color: #d5dade\">\n<tr>"
                                            : "<table>\n<tr>";
    for (const std::string_view title : titles)
        m_body += fmt::format("<th scope=\"col\">{}</th>", escaped(title));
    m_body += "</tr>\n";
}

void HtmlWriter::row(std::span<const Cell> cells)
{
    m_body += "<tr>";
    for (const Cell& cell : cells)
        m_body += fmt::format("<td{}>{}</td>", cell.number ? " class=\"n\" align=\"right\"" : "", escaped(cell.text));
    m_body += "</tr>\n";
}

void HtmlWriter::endTable()
{
    m_body += "</table>\n";
}

void HtmlWriter::picture(const std::string& svg, std::string_view caption)
{
    if (m_style == ReportStyle::Print) {
        m_body += fmt::format(
            "<h3>{}</h3>\n<p><img src=\"picture:{}\" alt=\"\"/></p>\n", escaped(caption), m_pictures.size());
        m_pictures.push_back(svg);
    } else {
        m_body += fmt::format("<figure><figcaption>{}</figcaption>\n{}\n</figure>\n", escaped(caption), svg);
    }
}

HtmlReport HtmlWriter::document(std::string_view title) &&
{
    std::string html = fmt::format("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" "
                                   "lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                                   "<meta name=\"viewport\" content=\"width=device-width, "
                                   "initial-scale=1\"/>\n<title>{}</title>\n<style>{}</style>\n"
                                   "</head>\n<body>\n",
        escaped(title), styleSheet(m_style));
    html += m_body;
    html += "</body>\n</html>\n";
    return {std::move(html), std::move(m_pictures)};
}

HtmlReport htmlReport(const ImageReport& report, ReportStyle style)
{
    HtmlWriter out(style);
    writeFacts(out, report);
    writeFindings(out, report);
    writeMap(out, report);
    writeSpace(out, report);
    writeSnapshots(out, report);
    writeCharts(out, report);
    writeWidths(out, report);
    writeCompatibility(out, report);
    writeHeader(out, report);
    return std::move(out).document("Cowscope: " + nameOf(report.path));
}

} // namespace cowscope
