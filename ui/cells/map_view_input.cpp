// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/map_view.h"

#include "ui/common/keys.h"

#include <QApplication>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QNativeGestureEvent>
#include <QPinchGesture>
#include <QToolTip>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cowscope::ui
{

namespace
{
constexpr int kWheelStep = 120; ///< eighths of a degree in a notch of a wheel
} // namespace

void MapView::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_pressedAt = event->position();
    m_originPressed = m_origin;
    m_drag = Drag::Pressed;
    const auto pressed = m_layout.indexAt(event->position() + m_origin);
    if (!(event->modifiers() & Qt::ShiftModifier) || !pressed)
        return;
    // With Shift a range begins: at the cell pressed, or at the anchor once something is selected and the mouse is let
    // go without being moved.
    m_drag = Drag::Selecting;
    m_cursor = clustersOf(*pressed).first;
    m_selected = spanned(cellOf(m_selected ? m_anchor : m_cursor), *pressed);
    viewport()->update();
}

void MapView::mouseMoveEvent(QMouseEvent* event)
{
    const auto reached = cellAt(event->position());
    if (reached != m_hovered) {
        m_hovered = reached;
        Q_EMIT hovered(reached);
    }
    const QPointF moved = event->position() - m_pressedAt;
    const bool far = moved.manhattanLength() >= QApplication::startDragDistance();
    if (m_drag == Drag::Pressed && far) {
        m_drag = Drag::Panning;
        viewport()->setCursor(Qt::ClosedHandCursor);
    }
    if (m_drag == Drag::Panning)
        return moveTo(m_originPressed - moved);
    if (m_drag != Drag::Selecting || !reached)
        return;
    if (far) {
        if (const auto from = cellAt(m_pressedAt + m_originPressed - m_origin))
            m_anchor = from->first;
    }
    m_cursor = reached->first;
    m_selected = spanned(cellOf(m_anchor), cellOf(m_cursor));
    viewport()->update();
}

void MapView::mouseReleaseEvent(QMouseEvent* event)
{
    const Drag drag = std::exchange(m_drag, Drag::None);
    viewport()->unsetCursor();
    if (drag == Drag::Selecting && m_selected)
        Q_EMIT selectedByUser(*m_selected, false);
    const auto clicked = cellAt(event->position());
    if (drag != Drag::Pressed || !clicked)
        return;
    m_anchor = m_cursor = clicked->first;
    m_selected = clicked;
    viewport()->update();
    Q_EMIT selectedByUser(*clicked, false);
}

void MapView::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton)
        zoomBy(1, event->position());
}

void MapView::putCursor(std::uint64_t cell, bool extend)
{
    const HostCluster anchor = extend ? m_anchor : clustersOf(cell).first;
    const ClusterRange range = spanned(cellOf(anchor), cell);
    m_selected = range;
    m_cursor = clustersOf(cell).first;
    Q_EMIT selectedByUser(range, true);
    m_anchor = anchor; // the selection may have come back to setSelected()
    m_cursor = clustersOf(cell).first;
    reveal(cell);
    Q_EMIT hovered(clustersOf(cell));
    viewport()->update();
}

void MapView::moveCursor(std::int64_t distance, bool extend)
{
    if (m_layout.cells() == 0)
        return;
    const auto last = static_cast<std::int64_t>(m_layout.cells()) - 1;
    const auto from = static_cast<std::int64_t>(cellOf(m_cursor));
    putCursor(static_cast<std::uint64_t>(std::clamp(from + distance, std::int64_t{0}, last)), extend);
}

/// In the direction that the user sees; stays where there is no cell.
void MapView::moveCursor(int columns, int rows, bool extend)
{
    if (m_layout.cells() == 0)
        return;
    MapLayout::Place place = m_layout.placeOf(cellOf(m_cursor));
    place.column += static_cast<std::uint64_t>(static_cast<std::int64_t>(columns)); // below 0: far behind the last one
    place.row += static_cast<std::uint64_t>(static_cast<std::int64_t>(rows));
    if (const auto index = m_layout.indexAt(place))
        putCursor(*index, extend);
}

void MapView::keyPressEvent(QKeyEvent* event)
{
    if (isArrowOfTheProgram(*event))
        return event->ignore();
    const bool extend = event->modifiers() & Qt::ShiftModifier;
    const bool curve = m_layout.kind() == MapLayout::Kind::Hilbert;
    constexpr std::int64_t kFar = INT64_MAX / 4;
    const auto rows = std::max(1, static_cast<int>(viewport()->height() / m_layout.cellSize().height()) - 1);
    const auto page = static_cast<std::int64_t>(m_layout.columns()) * rows;
    switch (event->key()) {
    case Qt::Key_Left:
        return curve ? moveCursor(-1, 0, extend) : moveCursor(-1, extend);
    case Qt::Key_Right:
        return curve ? moveCursor(1, 0, extend) : moveCursor(1, extend);
    case Qt::Key_Up:
        return moveCursor(0, -1, extend);
    case Qt::Key_Down:
        return moveCursor(0, 1, extend);
    case Qt::Key_PageUp:
        return curve ? moveCursor(0, -rows, extend) : moveCursor(-page, extend);
    case Qt::Key_PageDown:
        return curve ? moveCursor(0, rows, extend) : moveCursor(page, extend);
    case Qt::Key_Home:
        return moveCursor(-kFar, extend);
    case Qt::Key_End:
        return moveCursor(kFar, extend);
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoomIn();
    case Qt::Key_Minus:
        return zoomOut();
    case Qt::Key_0:
        return zoomToFit();
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

/// The wheel zooms about the mouse; with Shift, or sideways, it pans.
void MapView::wheelEvent(QWheelEvent* event)
{
    const QPoint angle = event->angleDelta();
    const bool sideways = std::abs(angle.x()) > std::abs(angle.y());
    event->accept();
    if ((event->modifiers() & Qt::ShiftModifier) || sideways) {
        const QPointF distance = event->pixelDelta().isNull() ? QPointF(angle) / 2 : QPointF(event->pixelDelta());
        return moveTo(m_origin - distance);
    }
    m_wheel += angle.y();
    const int steps = m_wheel / kWheelStep;
    m_wheel -= steps * kWheelStep;
    zoomBy(steps, event->position());
}

void MapView::pinch(double factor, QPointF about)
{
    m_pinched *= factor;
    const auto steps = static_cast<int>(std::trunc(std::log2(std::max(m_pinched, 1e-3))));
    if (steps == 0)
        return;
    m_pinched = std::ldexp(m_pinched, -steps);
    zoomBy(steps, about);
}

bool MapView::gesture(QGestureEvent& event)
{
    const auto* pinching = static_cast<QPinchGesture*>(event.gesture(Qt::PinchGesture));
    if (!pinching)
        return false;
    if (pinching->state() == Qt::GestureStarted)
        m_pinched = 1;
    if (pinching->changeFlags() & QPinchGesture::ScaleFactorChanged)
        pinch(pinching->scaleFactor(), viewport()->mapFromGlobal(pinching->hotSpot()));
    event.accept(Qt::PinchGesture);
    return true;
}

void MapView::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        redraw();
    QAbstractScrollArea::changeEvent(event);
}

bool MapView::viewportEvent(QEvent* event)
{
    switch (event->type()) {
    case QEvent::ToolTip: {
        const auto* help = static_cast<QHelpEvent*>(event);
        if (const auto cell = cellAt(help->pos()))
            Q_EMIT helpWanted(*cell, help->globalPos());
        else
            QToolTip::hideText();
        return true;
    }
    case QEvent::Leave:
        m_hovered.reset();
        Q_EMIT hovered(std::nullopt);
        break;
    case QEvent::Gesture:
        return gesture(*static_cast<QGestureEvent*>(event));
    case QEvent::NativeGesture: {
        const auto* native = static_cast<QNativeGestureEvent*>(event);
        if (native->gestureType() == Qt::BeginNativeGesture)
            m_pinched = 1;
        if (native->gestureType() == Qt::ZoomNativeGesture)
            pinch(1 + native->value(), native->position());
        return true;
    }
    default:
        break;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

} // namespace cowscope::ui
