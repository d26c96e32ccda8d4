// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/minimap.h"

#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr double kCell = 2; ///< least width of a cell
} // namespace

Minimap::Minimap(MapCells& cells, QWidget* parent)
    : QWidget(parent)
    , m_cells(cells)
{
    setObjectName(QStringLiteral("minimap"));
    setAccessibleName(tr("The whole map in small"));
    setToolTip(tr("The whole file. The frame is what the map shows; click or drag to move it."));
    setMinimumSize(60, 60);
    connect(&cells, &MapCells::changed, this, &Minimap::redraw);
}

void Minimap::follow(const MapLayout& layout, const QRectF& visible)
{
    if (layout.kind() != m_large.kind())
        m_image = QImage();
    m_large = layout;
    m_visible = visible;
    update();
}

void Minimap::setColors(const MapColors& colors)
{
    m_colors = colors;
    redraw();
}

void Minimap::redraw()
{
    m_image = QImage();
    update();
}

void Minimap::resizeEvent(QResizeEvent*)
{
    redraw();
}

void Minimap::render()
{
    m_layout = MapLayout(m_large.kind(), m_cells.clusters(), QSizeF(size()), 0, kCell);
    const QSizeF whole = m_layout.size();
    m_origin = QPointF(std::min(0.0, (whole.width() - width()) / 2), 0);
    if (m_layout.kind() == MapLayout::Kind::Hilbert)
        m_origin.setY(std::min(0.0, (whole.height() - height()) / 2));
    const VisibleCells visible = VisibleCells::of(m_layout, m_origin, QSizeF(size()));
    m_cells.prepare(m_layout.level(), visible.wanted());
    m_image = drawMap(m_layout, m_origin, size(), devicePixelRatioF(), visible, m_cells.store(), m_colors,
        palette().color(QPalette::Base));
}

/// In rows the large map has other columns than this one, so it is the rows between the first and the last cluster.
QRectF Minimap::frame() const
{
    if (m_layout.clusters() == 0 || m_large.clusters() == 0)
        return {};
    const QSizeF whole = m_layout.size();
    if (m_layout.kind() == MapLayout::Kind::Hilbert) {
        const double x = whole.width() / m_large.size().width();
        const double y = whole.height() / m_large.size().height();
        return QRectF(m_visible.x() * x, m_visible.y() * y, m_visible.width() * x, m_visible.height() * y)
            .translated(-m_origin);
    }
    const double perPixel = whole.height() / m_large.size().height();
    return QRectF(0, m_visible.y() * perPixel, whole.width(), std::max(2.0, m_visible.height() * perPixel))
        .translated(-m_origin);
}

void Minimap::paintEvent(QPaintEvent*)
{
    if (m_image.isNull() || m_image.size() != size() * devicePixelRatioF())
        render();
    QPainter painter(this);
    painter.drawImage(0, 0, m_image);
    const QRectF around = frame().adjusted(1, 1, -1, -1);
    if (frame().isEmpty())
        return;
    painter.setPen(QPen(palette().color(QPalette::Base), 4));
    painter.drawRect(around);
    painter.setPen(QPen(palette().color(QPalette::Text), 2));
    painter.drawRect(around);
}

void Minimap::point(QPointF at)
{
    if (m_layout.clusters() == 0)
        return;
    const QSizeF whole = m_layout.size();
    const QPointF place = at + m_origin;
    const QPointF part(
        std::clamp(place.x() / whole.width(), 0.0, 1.0), std::clamp(place.y() / whole.height(), 0.0, 1.0));
    Q_EMIT pointed(part);
}

void Minimap::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton)
        point(event->position());
}

void Minimap::mouseMoveEvent(QMouseEvent* event)
{
    if (event->buttons() & Qt::LeftButton)
        point(event->position());
}

} // namespace cowscope::ui
