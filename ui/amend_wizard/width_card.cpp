// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/width_card.h"

#include "ui/common/format.h"

#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kPadding = 9;
constexpr int kBarHeight = 6;
constexpr int kRadius = 6;

double share(std::uint64_t part, std::uint64_t whole)
{
    return whole == 0 ? 0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
}

} // namespace

WidthCard::WidthCard(const WidthAssessment& width, CardState state, std::uint64_t presentBytes,
    std::uint64_t mostMetadataBytes, QWidget* parent)
    : QAbstractButton(parent)
    , m_width(width)
    , m_state(state)
    , m_presentBytes(presentBytes)
    , m_mostBytes(mostMetadataBytes)
{
    setObjectName(QStringLiteral("width%1").arg(width.bits()));
    setText(widthTitle(width.order));
    setAccessibleName(widthTitle(width.order));
    setState(state);
    setAutoExclusive(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void WidthCard::setState(CardState state)
{
    m_state = state;
    setAccessibleDescription(cardDescription(m_width, state));
    setToolTip(cardDescription(m_width, state));
    if (!canBeChosen(state) && isChecked()) {
        setAutoExclusive(false); // else one of them stays checked
        setChecked(false);
        setAutoExclusive(true);
    }
    setCheckable(canBeChosen(state));
    update();
}

QFont WidthCard::titleFont() const
{
    QFont bold = font();
    bold.setBold(true);
    bold.setPointSizeF(bold.pointSizeF() * 1.25);
    return bold;
}

QColor WidthCard::textColor() const
{
    return palette().color(
        m_state == CardState::Current || canBeChosen(m_state) ? QPalette::Text : QPalette::PlaceholderText);
}

QColor WidthCard::faint(float opacity) const
{
    QColor color = palette().color(QPalette::Text);
    color.setAlphaF(opacity);
    return color;
}

QSize WidthCard::sizeHint() const
{
    const int line = fontMetrics().lineSpacing();
    const int height = 2 * kPadding + QFontMetrics(titleFont()).lineSpacing() + 4 * line + 10 + kBarHeight;
    return {fontMetrics().horizontalAdvance(QLatin1Char('0')) * 21 + 2 * kPadding, height};
}

void WidthCard::focusInEvent(QFocusEvent* event)
{
    QAbstractButton::focusInEvent(event);
    Q_EMIT focused();
}

void WidthCard::enterEvent(QEnterEvent* event)
{
    QAbstractButton::enterEvent(event);
    update();
}

void WidthCard::leaveEvent(QEvent* event)
{
    QAbstractButton::leaveEvent(event);
    update();
}

void WidthCard::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
        Q_EMIT stepped(-1, 0);
        break;
    case Qt::Key_Right:
        Q_EMIT stepped(1, 0);
        break;
    case Qt::Key_Up:
        Q_EMIT stepped(0, -1);
        break;
    case Qt::Key_Down:
        Q_EMIT stepped(0, 1);
        break;
    default:
        QAbstractButton::keyPressEvent(event);
    }
}

void WidthCard::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    paintFrame(painter);

    QRect area = rect().adjusted(kPadding, kPadding, -kPadding, -kPadding);
    const int titleHeight = QFontMetrics(titleFont()).lineSpacing();
    paintTitle(painter, {area.left(), area.top(), area.width(), titleHeight});
    area.setTop(area.top() + titleHeight + 2);

    painter.setPen(textColor());
    painter.drawText(area, Qt::AlignTop | Qt::AlignLeft, cardStateText(m_state));
    area.setTop(area.top() + fontMetrics().lineSpacing() + 2);

    paintRow(painter, area, tr("max. count"), maximumText(m_width));
    if (m_state == CardState::DoesNotFit || m_state == CardState::WithCopies)
        paintRow(painter, area, obstacleText(m_width), QString());
    else
        paintRow(painter, area, tr("snapshots"), snapshotsText(m_width));
    const bool costKnown = m_width.metadataBytes > 0;
    paintRow(painter, area, tr("takes"), costKnown ? formatBytes(m_width.metadataBytes) : QStringLiteral("\u2013"));
    if (costKnown)
        paintBar(painter, {area.left(), area.top() + 4, area.width(), kBarHeight});
}

void WidthCard::paintFrame(QPainter& painter) const
{
    const bool chosen = isChecked();
    QColor fill = palette().color(isCheckable() ? QPalette::Base : QPalette::Window);
    if (underMouse() && isCheckable())
        fill = palette().color(QPalette::AlternateBase);
    const QColor line = chosen || hasFocus() ? palette().color(QPalette::Highlight) : faint(0.35F);
    painter.setBrush(fill);
    painter.setPen(QPen(line, chosen ? 2 : 1, hasFocus() && !chosen ? Qt::DashLine : Qt::SolidLine));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), kRadius, kRadius);
    if (chosen && hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(line, 1, Qt::DashLine));
        painter.drawRoundedRect(QRectF(rect()).adjusted(4.5, 4.5, -4.5, -4.5), kRadius - 2, kRadius - 2);
    }
}

void WidthCard::paintTitle(QPainter& painter, const QRect& area) const
{
    painter.save();
    painter.setFont(titleFont());
    painter.setPen(textColor());
    painter.drawText(area, Qt::AlignLeft | Qt::AlignVCenter, text());
    painter.restore();

    // The sign of a radio button: a ring, a filled ring when chosen, a bar through it when it cannot be.
    const int side = fontMetrics().ascent();
    const QRectF ring(area.right() - side, area.center().y() - side / 2.0, side, side);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(textColor(), 1.4));
    if (m_state == CardState::Current) {
        painter.drawText(ring, Qt::AlignCenter, QStringLiteral("\u25cf"));
        return;
    }
    painter.drawEllipse(ring);
    if (!isCheckable())
        painter.drawLine(
            ring.topLeft() + QPointF(side * 0.15, side * 0.15), ring.bottomRight() - QPointF(side * 0.15, side * 0.15));
    if (isChecked()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(palette().color(QPalette::Highlight));
        painter.drawEllipse(ring.adjusted(3, 3, -3, -3));
    }
}

void WidthCard::paintRow(QPainter& painter, QRect& area, const QString& name, const QString& value) const
{
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(area, Qt::AlignTop | Qt::AlignLeft, name);
    painter.setPen(textColor());
    painter.drawText(area, Qt::AlignTop | Qt::AlignRight, value);
    area.setTop(area.top() + fontMetrics().lineSpacing());
}

void WidthCard::paintBar(QPainter& painter, const QRect& area) const
{
    QRectF bar(area);
    painter.setPen(Qt::NoPen);
    painter.setBrush(faint(0.12F));
    painter.drawRect(bar);
    bar.setWidth(std::max(2.0, area.width() * share(m_width.metadataBytes, m_mostBytes)));
    painter.setBrush(isCheckable() ? palette().color(QPalette::Highlight) : faint(0.4F));
    painter.drawRect(bar);
    const double today = area.left() + (area.width() - 2) * share(m_presentBytes, m_mostBytes);
    painter.setBrush(palette().color(QPalette::Text));
    painter.drawRect(QRectF(today, area.top() - 2, 2, area.height() + 4));
}

} // namespace cowscope::ui
