// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/map_picture.h"

#include "ui/common/palette.h"

#include <QHash>
#include <QStaticText>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cowscope::ui
{

namespace
{

constexpr double kGapCell = 9; ///< width from which on cells have a gap between them
constexpr double kFrameCell = 8; ///< from which on a finding is a frame, and not the whole cell
constexpr double kTextCell = 14; ///< from which on cells carry signs

/// Device pixels at which the columns, or the rows, begin and end.
std::vector<int> edges(double first, std::uint64_t count, double length, double origin, double ratio, int limit)
{
    std::vector<int> result(count + 1);
    for (std::uint64_t i = 0; i <= count; ++i) {
        const double at = (first + static_cast<double>(i)) * length - origin;
        result[i] = static_cast<int>(std::clamp(std::round(at * ratio), 0.0, static_cast<double>(limit)));
    }
    return result;
}

void fillSpan(QRgb* line, int from, int to, QRgb color)
{
    std::fill(line + from, line + std::max(from, to), color);
}

constexpr int kNoCell = -2; ///< as kind of a look

MapLook lookOf(std::uint64_t index, unsigned level, const CellStore& cells, const MapColors& colors)
{
    if (index == VisibleCells::kNone)
        return {0, 0, kNoCell, false};
    const MapCell cell = cells.cell(level, index);
    if (colors.colorBy() != MapColorBy::Refblock || !cell.known)
        return colors.look(cell, RefblockFill::Missing, false);
    return colors.look(cell, cells.fill(level, index), cells.isOddRefblock(level, index));
}

/// All that drawing one map needs at hand.
class Drawing
{
public:
    Drawing(QImage& image, const MapLayout& layout, const VisibleCells& visible, QPointF origin, double ratio,
        const MarkedClusters* marked)
        : m_image(image)
        , m_marked(marked)
        , m_layout(layout)
        , m_visible(visible)
        , m_x(edges(static_cast<double>(visible.firstColumn), visible.columns, layout.cellSize().width(), origin.x(),
              ratio, image.width()))
        , m_y(edges(static_cast<double>(visible.firstRow), visible.rows, layout.cellSize().height(), origin.y(), ratio,
              image.height()))
        , m_ratio(ratio)
        , m_gap(std::min(layout.cellSize().width(), layout.cellSize().height()) >= kGapCell
                  ? std::max(1, static_cast<int>(ratio))
                  : 0)
        , m_framed(layout.cellSize().width() >= kFrameCell && layout.cellSize().height() >= kFrameCell)
    {
    }

    void draw(const CellStore& cells, const MapColors& colors, QColor background)
    {
        m_finding = colors.findingColor().rgb();
        m_background = background.rgb();
        const bool signs = m_layout.cellSize().width() >= kTextCell && m_layout.cellSize().height() >= kTextCell;
        std::vector<MapLook> looks(m_visible.columns);
        for (std::uint64_t row = 0; row < m_visible.rows; ++row) {
            for (std::uint64_t column = 0; column < m_visible.columns; ++column)
                looks[column] = look(m_visible.index(column, row), cells, colors);
            drawRow(row, looks);
            if (signs)
                drawSigns(row, looks, cells, colors);
        }
    }

private:
    MapLook look(std::uint64_t index, const CellStore& cells, const MapColors& colors) const
    {
        const unsigned level = m_layout.level();
        const MapLook full = lookOf(index, level, cells, colors);
        if (m_marked == nullptr || full.kind < 0 || m_marked->touches(index << level, std::uint64_t{1} << level))
            return full;
        return colors.pale(full);
    }

    /// A row of cells is few kinds of lines: each is drawn once and copied.
    void drawRow(std::uint64_t row, const std::vector<MapLook>& looks)
    {
        const int top = m_y[row];
        const int bottom = m_y[row + 1];
        const int inner = std::max(top, bottom - m_gap);
        const int frame = m_framed ? std::max(2, static_cast<int>(2 * m_ratio)) : 0;
        const int frameTop = std::min(inner, top + frame);
        const int frameBottom = std::max(frameTop, inner - frame);
        const int insetTop = std::clamp(top + (inner - top) / 2, frameTop, frameBottom);
        drawLines(top, frameTop, looks, Line::Frame);
        drawLines(frameTop, insetTop, looks, Line::Upper);
        drawLines(insetTop, frameBottom, looks, Line::Lower);
        drawLines(frameBottom, inner, looks, Line::Frame);
        for (int y = inner; y < bottom; ++y)
            fillSpan(line(y), m_x.front(), m_x.back(), m_background);
    }

    enum class Line { Frame, Upper, Lower };

    void drawLines(int from, int to, const std::vector<MapLook>& looks, Line kind)
    {
        if (from >= to)
            return;
        QRgb* const first = line(from);
        for (std::size_t i = 0; i < looks.size(); ++i) {
            MapLook each = looks[i];
            if (each.kind == kNoCell)
                each.color = each.inset = m_background;
            const int left = m_x[i];
            const int right = m_x[i + 1];
            const int inner = std::max(left, right - m_gap);
            const bool red = each.bad && (!m_framed || kind == Line::Frame);
            fillSpan(first, left, inner, red ? m_finding : each.color);
            if (!red && kind == Line::Lower && each.inset != each.color)
                fillSpan(first, left + (inner - left) / 4, inner, each.inset);
            if (each.bad && m_framed && kind != Line::Frame) {
                const int frame = std::max(2, static_cast<int>(2 * m_ratio));
                fillSpan(first, left, std::min(inner, left + frame), m_finding);
                fillSpan(first, std::max(left, inner - frame), inner, m_finding);
            }
            fillSpan(first, inner, right, m_background);
        }
        const auto bytes = static_cast<std::size_t>(m_x.back() - m_x.front()) * sizeof(QRgb);
        for (int y = from + 1; y < to; ++y)
            std::memcpy(line(y) + m_x.front(), first + m_x.front(), bytes);
    }

    void drawSigns(
        std::uint64_t row, const std::vector<MapLook>& looks, const CellStore& cells, const MapColors& colors)
    {
        QPainter painter(&m_image);
        QFont font = painter.font();
        font.setPixelSize(static_cast<int>(std::clamp(m_layout.cellSize().height() * 0.55, 8.0, 14.0)));
        painter.setFont(font);
        const QFontMetricsF metrics(font);
        for (std::uint64_t column = 0; column < m_visible.columns; ++column) {
            if (looks[column].kind < 0)
                continue;
            const QString text
                = cellText(looks[column], cells.cell(m_layout.level(), m_visible.index(column, row)), colors);
            const QRectF box(m_x[column] / m_ratio, m_y[row] / m_ratio,
                (m_x[column + 1] - m_x[column] - m_gap) / m_ratio, (m_y[row + 1] - m_y[row] - m_gap) / m_ratio);
            if (text.isEmpty())
                continue;
            auto sign = m_signs.find(text);
            if (sign == m_signs.end()) {
                sign = m_signs.insert(text, QStaticText(text));
                sign->prepare({}, font);
            }
            const double width = sign->size().width();
            if (width > box.width() - 4 || metrics.height() > box.height() + 4)
                continue;
            painter.setPen(textColorOn(QColor::fromRgb(looks[column].color)));
            painter.drawStaticText(
                QPointF(box.center().x() - width / 2, box.center().y() - sign->size().height() / 2), *sign);
        }
    }

    QRgb* line(int y) { return m_lines + static_cast<std::ptrdiff_t>(y) * m_stride; }

    QImage& m_image;
    const MarkedClusters* m_marked;
    QRgb* m_lines = reinterpret_cast<QRgb*>(m_image.bits());
    std::ptrdiff_t m_stride = m_image.bytesPerLine() / static_cast<qsizetype>(sizeof(QRgb));
    const MapLayout& m_layout;
    const VisibleCells& m_visible;
    std::vector<int> m_x;
    std::vector<int> m_y;
    double m_ratio;
    int m_gap;
    bool m_framed;
    QRgb m_finding = 0;
    QRgb m_background = 0;
    QHash<QString, QStaticText> m_signs;
};

} // namespace

VisibleCells VisibleCells::of(const MapLayout& layout, QPointF origin, QSizeF viewport)
{
    VisibleCells visible;
    const auto range = [](double from, double length, double cell, std::uint64_t count) {
        const double first = std::clamp(std::floor(from / cell), 0.0, static_cast<double>(count));
        const double last = std::clamp(std::ceil((from + length) / cell), first, static_cast<double>(count));
        return std::pair(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last - first));
    };
    const QSizeF cell = layout.cellSize();
    std::tie(visible.firstColumn, visible.columns)
        = range(origin.x(), viewport.width(), cell.width(), layout.columns());
    std::tie(visible.firstRow, visible.rows) = range(origin.y(), viewport.height(), cell.height(), layout.rows());
    visible.indices.reserve(visible.columns * visible.rows);
    for (std::uint64_t row = 0; row < visible.rows; ++row)
        for (std::uint64_t column = 0; column < visible.columns; ++column)
            visible.indices.push_back(
                layout.indexAt(MapLayout::Place{visible.firstColumn + column, visible.firstRow + row}).value_or(kNone));
    return visible;
}

std::vector<std::uint64_t> VisibleCells::wanted() const
{
    std::vector<std::uint64_t> cells;
    cells.reserve(indices.size());
    std::ranges::copy_if(indices, std::back_inserter(cells), [](std::uint64_t index) { return index != kNone; });
    return cells;
}

QImage drawMap(const MapLayout& layout, QPointF origin, QSize viewport, double pixelRatio, const VisibleCells& visible,
    const CellStore* cells, const MapColors& colors, QColor background, const MarkedClusters* marked)
{
    QImage image(viewport * pixelRatio, QImage::Format_RGB32);
    image.setDevicePixelRatio(pixelRatio);
    image.fill(background);
    if (cells != nullptr && visible.columns > 0 && visible.rows > 0)
        Drawing(image, layout, visible, origin, pixelRatio, marked).draw(*cells, colors, background);
    return image;
}

void paintMap(QPainter& painter, QPointF corner, const MapLayout& layout, const VisibleCells& visible,
    const CellStore& cells, const MapColors& colors)
{
    const QSizeF cell = layout.cellSize();
    const QColor finding = colors.findingColor();
    for (std::uint64_t row = 0; row < visible.rows; ++row) {
        const auto rect = [&](std::uint64_t from, std::uint64_t to) {
            return QRectF(corner.x() + static_cast<double>(from) * cell.width(),
                corner.y() + static_cast<double>(row) * cell.height(), static_cast<double>(to - from) * cell.width(),
                cell.height());
        };
        for (std::uint64_t from = 0; from < visible.columns;) {
            const auto look = [&](std::uint64_t column) {
                return lookOf(visible.index(column, row), layout.level(), cells, colors);
            };
            const MapLook first = look(from);
            std::uint64_t to = from + 1;
            while (to < visible.columns && look(to) == first)
                ++to;
            if (first.kind != kNoCell)
                painter.fillRect(rect(from, to), first.bad ? finding : QColor::fromRgb(first.color));
            for (std::uint64_t i = from; first.color != first.inset && !first.bad && i < to; ++i)
                painter.fillRect(
                    rect(i, i + 1).adjusted(cell.width() / 4, cell.height() / 2, 0, 0), QColor::fromRgb(first.inset));
            from = to;
        }
    }
}

std::vector<QLineF> outlineOf(
    std::uint64_t first, std::uint64_t last, const MapLayout& layout, QPointF origin, const VisibleCells& visible)
{
    std::vector<QLineF> lines;
    const auto inside = [&](std::uint64_t column, std::uint64_t row) {
        if (column >= visible.columns || row >= visible.rows) // one before 0 too
            return false;
        const std::uint64_t index = visible.index(column, row);
        return index >= first && index <= last;
    };
    const QSizeF cell = layout.cellSize();
    for (std::uint64_t row = 0; row < visible.rows; ++row) {
        for (std::uint64_t column = 0; column < visible.columns; ++column) {
            if (!inside(column, row))
                continue;
            const QPointF at(static_cast<double>(visible.firstColumn + column) * cell.width() - origin.x(),
                static_cast<double>(visible.firstRow + row) * cell.height() - origin.y());
            const QRectF box(at, cell);
            if (!inside(column, row - 1))
                lines.emplace_back(box.topLeft(), box.topRight());
            if (!inside(column, row + 1))
                lines.emplace_back(box.bottomLeft(), box.bottomRight());
            if (!inside(column - 1, row))
                lines.emplace_back(box.topLeft(), box.bottomLeft());
            if (!inside(column + 1, row))
                lines.emplace_back(box.topRight(), box.bottomRight());
        }
    }
    return lines;
}

QString cellText(const MapLook& look, const MapCell& cell, const MapColors& colors)
{
    if (look.kind < 0)
        return {};
    if (colors.colorBy() == MapColorBy::Count)
        return cell.largest == 0 ? QString() : QString::number(cell.largest);
    return colors.classes()[static_cast<std::size_t>(look.kind)].letter;
}

} // namespace cowscope::ui
