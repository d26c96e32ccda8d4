// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/reftable/reftable_overview.h"

#include "ui/common/format.h"
#include "ui/common/keys.h"
#include "ui/common/palette.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr int kMostCell = 20;
constexpr int kLeastCell = 5;
} // namespace

ReftableOverview::ReftableOverview(QWidget* parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("reftableOverview"));
    setAccessibleName(tr("Which refblocks exist and how full they are"));
    setFocusPolicy(Qt::StrongFocus);
    setFixedHeight(kHeight);
    setMinimumWidth(120);
}

void ReftableOverview::setUses(std::shared_ptr<const Image> image, std::vector<RefblockUse> uses)
{
    m_image = std::move(image);
    m_uses = std::move(uses);
    arrange();
    update();
}

void ReftableOverview::setSelected(std::optional<std::uint64_t> entry)
{
    m_selected = entry;
    if (entry && *entry < entries())
        setAccessibleDescription(describe(*entry));
    update();
}

/// The largest cells with which all entries fit; small ones stand for several entries.
void ReftableOverview::arrange()
{
    m_perCell = 1;
    const auto fits = [this] {
        m_columns = std::max(1, width() / m_cell);
        const auto room = static_cast<std::uint64_t>(m_columns) * static_cast<std::uint64_t>(kHeight / m_cell);
        return divideUp(entries(), m_perCell) <= room;
    };
    for (m_cell = kMostCell; m_cell > kLeastCell; --m_cell)
        if (fits())
            return;
    while (!fits())
        m_perCell *= 2;
}

RefblockFill ReftableOverview::fill(std::uint64_t firstEntry) const
{
    RefblockUse sum;
    bool exists = false;
    for (std::uint64_t i = firstEntry; i < std::min(entries(), firstEntry + m_perCell); ++i) {
        sum.counted += m_uses[i].counted;
        sum.used += m_uses[i].used;
        exists = exists || m_image->usableRefblock(i).has_value();
    }
    return exists ? refblockFill(sum.used, sum.counted) : RefblockFill::Missing;
}

std::optional<std::uint64_t> ReftableOverview::entryAt(QPoint point) const
{
    if (point.x() < 0 || point.y() < 0 || point.x() >= m_columns * m_cell)
        return std::nullopt;
    const auto cell = static_cast<std::uint64_t>(point.y() / m_cell) * static_cast<std::uint64_t>(m_columns)
        + static_cast<std::uint64_t>(point.x() / m_cell);
    return cell * m_perCell < entries() ? std::optional(cell * m_perCell) : std::nullopt;
}

QRect ReftableOverview::cellRect(std::uint64_t entry) const
{
    const auto cell = static_cast<int>(entry / m_perCell);
    return {cell % m_columns * m_cell, cell / m_columns * m_cell, m_cell, m_cell};
}

QString ReftableOverview::describe(std::uint64_t entry) const
{
    const std::uint64_t first = entry / m_perCell * m_perCell;
    const std::uint64_t last = std::min(entries(), first + m_perCell) - 1;
    if (last > first)
        return tr("refblocks %1 to %2").arg(formatCount(first), formatCount(last));
    const auto offset = m_image->usableRefblock(entry);
    if (!offset)
        return tr("refblock %1 does not exist: all %2 counts are 0")
            .arg(formatCount(entry), formatCount(m_uses[entry].counted));
    return tr("refblock %1 at offset %2\n%3 of %4 clusters are counted (%5), largest count %6")
        .arg(formatCount(entry), formatOffset(*offset), formatCount(m_uses[entry].used),
            formatCount(m_uses[entry].counted), formatPercent(m_uses[entry].used, m_uses[entry].counted),
            formatCount(m_uses[entry].largest));
}

void ReftableOverview::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const bool dark = isDark(palette());
    for (std::uint64_t entry = 0; entry < entries(); entry += m_perCell) {
        const QRect inner = cellRect(entry).adjusted(0, 0, -1, -1);
        const RefblockFill state = fill(entry);
        painter.fillRect(inner, fillColor(state, dark));
        if (state == RefblockFill::Missing && m_cell >= 8) { // not by colour alone
            painter.setPen(textColorOn(fillColor(state, dark)));
            painter.drawLine(inner.bottomLeft() + QPoint(2, -2), inner.topRight() + QPoint(-2, 2));
        }
    }
    if (!m_selected || *m_selected >= entries())
        return;
    const QRect around = cellRect(*m_selected);
    painter.setPen(QPen(palette().color(QPalette::Base), 1));
    painter.drawRect(around.adjusted(1, 1, -3, -3));
    painter.setPen(QPen(palette().color(QPalette::Text), 2));
    painter.drawRect(around.adjusted(0, 0, -1, -1));
}

void ReftableOverview::resizeEvent(QResizeEvent*)
{
    arrange();
}

void ReftableOverview::mousePressEvent(QMouseEvent* event)
{
    if (const auto entry = entryAt(event->pos()); entry && event->button() == Qt::LeftButton)
        Q_EMIT selectedByUser(*entry);
}

void ReftableOverview::keyPressEvent(QKeyEvent* event)
{
    if (isArrowOfTheProgram(*event))
        return event->ignore();
    const std::uint64_t at = m_selected.value_or(0);
    if (event->key() == Qt::Key_Left && at >= m_perCell)
        Q_EMIT selectedByUser(at - m_perCell);
    else if (event->key() == Qt::Key_Right && at + m_perCell < entries())
        Q_EMIT selectedByUser(at + m_perCell);
    else
        QWidget::keyPressEvent(event);
}

bool ReftableOverview::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    if (const auto entry = entryAt(help->pos()))
        QToolTip::showText(help->globalPos(), describe(*entry), this);
    else
        QToolTip::hideText();
    return true;
}

} // namespace cowscope::ui
