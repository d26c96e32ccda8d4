// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/svg_chart.h"

#include "core/report/markup.h"
#include "core/report/owner_colors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace cowscope
{

namespace
{

constexpr int kWidth = 640;
constexpr int kRowHeight = 20;
constexpr int kBarHeight = 14;
constexpr int kMostLabelWidth = 320;
constexpr int kValueWidth = 150;
constexpr std::string_view kText = "font-family=\"sans-serif\" font-size=\"12\" fill=\"#1c2126\" class=\"t\"";

std::string svgBegin(int width, int height, std::string_view title)
{
    return fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
                       "role=\"img\" aria-label=\"{2}\"><title>{2}</title>\n",
        width, height, escaped(title));
}

double sumOf(const ChartBar& bar)
{
    return std::accumulate(
        bar.parts.begin(), bar.parts.end(), 0.0, [](double sum, const ChartPart& part) { return sum + part.value; });
}

/// Long labels lose their middle, so that they stay in their column. Characters stay whole.
std::string shortened(const std::string& label)
{
    constexpr std::size_t kMost = 40;
    if (label.size() <= kMost)
        return label;
    const auto continues = [&label](std::size_t at) { return (static_cast<unsigned char>(label[at]) & 0xc0) == 0x80; };
    std::size_t head = kMost / 2;
    std::size_t tail = label.size() - kMost / 2;
    while (head > 0 && continues(head))
        --head;
    while (tail < label.size() && continues(tail))
        ++tail;
    return label.substr(0, head) + "\xE2\x80\xA6" + label.substr(tail);
}

/// The room that a label takes at most in any usual font.
double textWidth(std::string_view text)
{
    double width = 0;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        if (byte < 0x80)
            width += 7.5;
        else if (byte >= 0xc0) // the first byte of a longer character
            width += byte >= 0xe0 ? 12 : 8;
    }
    return width;
}

/// Of the column of labels: as wide as the longest of them needs.
int labelWidth(const Chart& chart)
{
    double most = 0;
    for (const ChartBar& bar : chart.bars)
        most = std::max(most, textWidth(shortened(bar.label)));
    return std::min(static_cast<int>(std::ceil(most)) + 12, kMostLabelWidth);
}

/// Values between 1 and the largest on a logarithmic scale; a bar of 1 is seen.
double scaled(double value, double most, bool logarithmic)
{
    if (most <= 0 || value <= 0)
        return 0;
    return logarithmic ? std::log2(value + 1) / std::log2(most + 1) : value / most;
}

constexpr std::uint64_t kMostColumns = 96;
constexpr std::uint64_t kMostRows = 40;

/// Cells in a row: fewer and larger ones for a small file.
std::uint64_t columnsFor(std::uint64_t cells)
{
    return cells <= 256 ? 32 : cells <= 1024 ? 64 : kMostColumns;
}

/// What one cell of the map says.
struct Cell {
    ClusterOwner owner = ClusterOwner::Free;
    bool wrong = false; ///< some count is not the number of references, or a cluster has several owners

    bool operator==(const Cell&) const = default;
};

Cell cellOf(
    const ClusterMap& map, HostCluster first, HostCluster end, const std::array<std::uint64_t, kOwnerCount>& all)
{
    constexpr std::uint64_t kBlock = 1024;
    std::array<bool, kOwnerCount> present{};
    Cell cell;
    for (HostCluster at = map.nextKnown(first); at < end;) {
        const std::uint64_t count = std::min(end - at, kBlock - at.value() % kBlock);
        if (const auto block = map.summarize(at, count)) {
            for (std::size_t owner = 0; owner < kOwnerCount; ++owner)
                present[owner] = present[owner] || block->clustersByOwner[owner] > 0;
        } else {
            for (std::uint64_t i = 0; i < count; ++i) {
                const ClusterState state = map.state(at + i);
                present[static_cast<std::size_t>(state.owner)] = true;
                cell.wrong = cell.wrong || state.severalOwners || state.refcount != state.references;
            }
        }
        at = map.nextKnown(at + count);
    }
    for (std::size_t owner = 1; owner < kOwnerCount; ++owner) {
        const std::uint64_t best
            = cell.owner == ClusterOwner::Free ? UINT64_MAX : all[static_cast<std::size_t>(cell.owner)];
        if (present[owner] && all[owner] < best)
            cell.owner = static_cast<ClusterOwner>(owner);
    }
    if (present[static_cast<std::size_t>(ClusterOwner::Leaked)])
        cell.owner = ClusterOwner::Leaked;
    return cell;
}

std::array<std::uint64_t, kOwnerCount> countOwners(const ClusterMap& map)
{
    constexpr std::uint64_t kBlock = 1024;
    std::array<std::uint64_t, kOwnerCount> counts{};
    const HostCluster end(map.clusters());
    for (HostCluster at = map.nextKnown(HostCluster(0)); at < end;) {
        const std::uint64_t count = std::min(end - at, kBlock - at.value() % kBlock);
        if (const auto block = map.summarize(at, count)) {
            for (std::size_t owner = 0; owner < kOwnerCount; ++owner)
                counts[owner] += block->clustersByOwner[owner];
        } else {
            for (std::uint64_t i = 0; i < count; ++i)
                ++counts[static_cast<std::size_t>(map.owner(at + i))];
        }
        at = map.nextKnown(at + count);
    }
    return counts;
}

/// Cells of a row from `first` to `last` that are alike.
std::string cellRun(const Cell& cell, std::uint64_t size, std::uint64_t row, std::uint64_t first, std::uint64_t last)
{
    const auto owner = static_cast<std::size_t>(cell.owner);
    std::string text = fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}" class="o{}"/>)",
        first * size, row * size, (last - first) * size, size, colorText(kOwnerColors[owner].light), owner);
    if (cell.wrong && cell.owner != ClusterOwner::Leaked)
        text += fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="#d32f2f" class="bad"/>)", first * size,
            row * size + size / 3, (last - first) * size, size / 3);
    return text + "\n";
}

} // namespace

std::string chartSvg(const Chart& chart)
{
    double most = 0;
    for (const ChartBar& bar : chart.bars)
        most = std::max(most, sumOf(bar));
    std::string svg = svgBegin(kWidth, static_cast<int>(chart.bars.size()) * kRowHeight + 4, chart.title);
    const int labels = labelWidth(chart);
    const int barWidth = kWidth - labels - kValueWidth - 16;
    int y = 2;
    for (const ChartBar& bar : chart.bars) {
        svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\" {}>{}</text>\n", labels - 8, y + 12, kText,
            escaped(shortened(bar.label)));
        double x = labels;
        for (const ChartPart& part : bar.parts) {
            const double width = scaled(part.value, most, chart.logarithmic) * barWidth;
            if (width > 0)
                svg += fmt::format(R"(<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" fill="{}" class="{}"/>)", x,
                    y + 1, std::max(width, 1.0), kBarHeight, colorText(part.color), part.cssClass);
            x += width;
        }
        svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" {}>{}</text>\n", x + 6, y + 12, kText, escaped(bar.value));
        y += kRowHeight;
    }
    return svg + "</svg>";
}

std::string mapSvg(const ClusterMap& map)
{
    const std::uint64_t clusters = std::max<std::uint64_t>(1, map.clusters());
    std::uint64_t perCell = 1; // a power of two, so that a cell has the same clusters whatever the file grows to
    while (clusters > perCell * kMostColumns * kMostRows)
        perCell *= 2;
    const std::uint64_t cells = (clusters + perCell - 1) / perCell;
    const std::uint64_t columns = columnsFor(cells);
    const std::uint64_t size = static_cast<std::uint64_t>(kWidth) / columns;
    const std::uint64_t rows = (cells + columns - 1) / columns;
    const auto owners = countOwners(map);
    std::string svg = svgBegin(static_cast<int>(std::min(cells, columns) * size), static_cast<int>(rows * size),
        fmt::format("Map of the file, {} clusters a cell", perCell));
    for (std::uint64_t row = 0; row < rows; ++row) {
        const std::uint64_t inRow = std::min(columns, cells - row * columns);
        std::uint64_t begin = 0;
        Cell run;
        for (std::uint64_t column = 0; column <= inRow; ++column) {
            const std::uint64_t first = (row * columns + column) * perCell;
            const Cell cell = column < inRow
                ? cellOf(map, HostCluster(first), HostCluster(std::min(clusters, first + perCell)), owners)
                : Cell{};
            if (column > 0 && (column == inRow || !(cell == run))) {
                svg += cellRun(run, size, row, begin, column);
                begin = column;
            }
            run = cell;
        }
    }
    return svg + "</svg>";
}

} // namespace cowscope
