// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/guest_view.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/guest/guest_colors.h"

#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace cowscope::ui
{

namespace
{
constexpr int kGapColumn = 4; ///< pixels from which on columns have a gap between them
constexpr int kLetterColumn = 14; ///< pixels from which on a column carries a letter
constexpr int kLeastBroken = 4; ///< pixels, so that a lone broken entry is never nothing

/// From the foot of a bar to its top.
constexpr std::array kStack{GuestUse::Data, GuestUse::Compressed, GuestUse::ZeroReserved, GuestUse::Zero,
    GuestUse::Backing, GuestUse::BackingDeeper, GuestUse::Reserved, GuestUse::Broken};

/// The use of which most is there; unallocated where nothing is known.
GuestUse mostOf(const GuestCell& cell)
{
    const auto most = std::ranges::max_element(cell.units);
    return *most == 0 ? GuestUse::Unallocated : static_cast<GuestUse>(most - cell.units.begin());
}
} // namespace

void GuestView::redraw()
{
    m_image = QImage();
    viewport()->update();
}

void GuestView::paintEvent(QPaintEvent*)
{
    if (m_image.size() != viewport()->size() * devicePixelRatioF())
        render();
    QPainter painter(viewport());
    painter.drawImage(0, 0, m_image);
    for (const GuestLink& linked : m_linked)
        outline(painter, linked, palette().color(QPalette::Link), 2);
    if (m_selected)
        outline(painter, *m_selected, palette().color(QPalette::Text), 2);
}

void GuestView::render()
{
    const qreal ratio = devicePixelRatioF();
    m_image = QImage(viewport()->size() * ratio, QImage::Format_RGB32);
    m_image.fill(palette().color(QPalette::Base));
    const Stretch shown = visible();
    if (shown.units == 0) {
        m_image.setDevicePixelRatio(ratio);
        return;
    }
    const std::uint64_t first = columnOf(shown.first);
    const std::uint64_t last = columnOf(shown.first + shown.units - 1);
    for (std::uint64_t column = first; column <= last; ++column) {
        const QRect rect = columnRect(column * unitsPerColumn());
        drawColumn(column, rect.x(), rect.y());
    }
    m_image.setDevicePixelRatio(ratio);
    QPainter painter(&m_image);
    drawOffsets(painter);
    if (m_layout.columnWidth() >= kLetterColumn)
        drawLetters(painter);
}

/// Straight into the pixels: there may be as many columns as the screen has pixels.
void GuestView::drawColumn(std::uint64_t column, int x, int y)
{
    const bool dark = isDark(palette());
    const int width = m_layout.columnWidth() - (m_layout.columnWidth() >= kGapColumn ? 1 : 0);
    const int height = GuestLayout::kBarHeight;
    const GuestCell cell = uses(columnStretch(column));
    const std::uint64_t total = cell.total();
    fill(x, y, width, height,
        total == 0 ? palette().color(QPalette::AlternateBase).rgb() : guestColor(GuestUse::Unallocated, dark).rgb());
    int foot = height;
    for (const GuestUse use : kStack) {
        if (cell[use] == 0 || m_hidden[static_cast<std::size_t>(use)])
            continue;
        const double share = static_cast<double>(cell[use]) / static_cast<double>(total);
        const int least = use == GuestUse::Broken ? kLeastBroken : 1;
        const int part = std::max(least, static_cast<int>(std::lround(share * height)));
        foot = std::max(use == GuestUse::Broken ? 0 : 1, foot - part);
        const int top = part >= height ? 0 : foot;
        fill(x, y + top, width, std::min(part, height - top), guestColor(use, dark).rgb());
    }
}

void GuestView::fill(int x, int y, int width, int height, QRgb color)
{
    const qreal ratio = devicePixelRatioF();
    const auto pixel
        = [ratio](int at, int most) { return std::clamp(static_cast<int>(std::lround(at * ratio)), 0, most); };
    const int left = pixel(x, m_image.width());
    const int right = pixel(x + width, m_image.width());
    const int bottom = pixel(y + height, m_image.height());
    for (int line = pixel(y, m_image.height()); line < bottom; ++line) {
        auto* pixels = reinterpret_cast<QRgb*>(m_image.scanLine(line));
        std::fill(pixels + left, pixels + right, color);
    }
}

void GuestView::drawOffsets(QPainter& painter) const
{
    painter.setPen(palette().color(QPalette::PlaceholderText));
    const Stretch shown = visible();
    for (std::uint64_t unit = shown.first; unit < shown.first + shown.units; unit += m_layout.unitsPerRow()) {
        const QRect rect = columnRect(unit);
        painter.drawText(QRect(0, rect.y(), gutter() - 6, GuestLayout::kBarHeight), Qt::AlignRight | Qt::AlignVCenter,
            formatHex(unit * m_unitBytes));
    }
}

void GuestView::drawLetters(QPainter& painter) const
{
    QFont font = painter.font();
    font.setPixelSize(10);
    painter.setFont(font);
    const Stretch shown = visible();
    for (std::uint64_t unit = shown.first; unit < shown.first + shown.units; unit += unitsPerColumn()) {
        const GuestUse use = mostOf(uses(columnStretch(columnOf(unit))));
        if (m_hidden[static_cast<std::size_t>(use)])
            continue;
        painter.setPen(textColorOn(guestColor(use, isDark(palette()))));
        painter.drawText(columnRect(unit), Qt::AlignCenter, guestLetter(use));
    }
}

void GuestView::outline(QPainter& painter, const GuestLink& stretch, const QColor& color, int width) const
{
    const Stretch shown = visible();
    const std::uint64_t begin = stretch.start.value() / m_unitBytes;
    const std::uint64_t end = divideUp(stretch.start.value() + stretch.bytes, m_unitBytes);
    if (shown.units == 0 || begin >= shown.first + shown.units || end <= shown.first)
        return;
    const std::uint64_t first = columnOf(std::max(begin, shown.first));
    const std::uint64_t last = columnOf(std::min(end, shown.first + shown.units) - 1);
    painter.setBrush(Qt::NoBrush);
    for (std::uint64_t row = first / m_layout.columns(); row <= last / m_layout.columns(); ++row) {
        const std::uint64_t left = std::max(first, row * m_layout.columns());
        const std::uint64_t right = std::min(last, (row + 1) * m_layout.columns() - 1);
        const QRect box
            = columnRect(left * unitsPerColumn()).united(columnRect(right * unitsPerColumn())).adjusted(-1, -1, 1, 1);
        // Two rings, so that one of them shows on any colour.
        painter.setPen(QPen(palette().color(QPalette::Base), width + 2));
        painter.drawRect(box);
        painter.setPen(QPen(color, width));
        painter.drawRect(box);
    }
}

} // namespace cowscope::ui
