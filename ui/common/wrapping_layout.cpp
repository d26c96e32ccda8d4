// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/wrapping_layout.h"

#include <QWidget>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

bool expands(const QLayoutItem& item)
{
    return item.expandingDirections().testFlag(Qt::Horizontal);
}

/// The width that an item needs so that nothing of it is cut off.
int neededWidth(const QLayoutItem& item)
{
    return expands(item) ? item.minimumSize().width() : item.sizeHint().width();
}

/// Nothing is seen of it.
bool isStretch(QLayoutItem& item)
{
    return item.spacerItem() != nullptr;
}

int heightOf(const std::vector<QLayoutItem*>& row)
{
    int height = 0;
    for (const QLayoutItem* item : row)
        height = std::max(height, item->sizeHint().height());
    return height;
}

} // namespace

WrappingLayout::WrappingLayout(QWidget* parent)
    : QLayout(parent)
{
}

WrappingLayout::~WrappingLayout() = default;

void WrappingLayout::addStretch()
{
    addItem(new QSpacerItem(0, 0, QSizePolicy::Expanding, QSizePolicy::Minimum));
}

void WrappingLayout::addItem(QLayoutItem* item)
{
    m_items.emplace_back(item);
    invalidate();
}

QLayoutItem* WrappingLayout::itemAt(int index) const
{
    return index >= 0 && index < count() ? m_items[static_cast<std::size_t>(index)].get() : nullptr;
}

QLayoutItem* WrappingLayout::takeAt(int index)
{
    if (index < 0 || index >= count())
        return nullptr;
    const auto at = m_items.begin() + index;
    QLayoutItem* item = at->release();
    m_items.erase(at);
    invalidate();
    return item;
}

int WrappingLayout::heightForWidth(int width) const
{
    const QMargins margins = contentsMargins();
    int height = margins.top() + margins.bottom();
    const auto all = rows(width - margins.left() - margins.right());
    for (const Row& row : all)
        height += heightOf(row);
    return height + gap() * std::max(0, static_cast<int>(all.size()) - 1);
}

QSize WrappingLayout::minimumSize() const
{
    QSize size;
    for (const auto& item : m_items)
        if (!item->isEmpty())
            size = size.expandedTo({neededWidth(*item), item->sizeHint().height()});
    return size.grownBy(contentsMargins());
}

QSize WrappingLayout::sizeHint() const
{
    QSize size;
    for (const Row& row : rows(QWIDGETSIZE_MAX)) {
        for (QLayoutItem* item : row)
            size.rwidth() += item->sizeHint().width() + (isStretch(*item) ? 0 : gap());
        size.rheight() = heightOf(row);
    }
    return size.grownBy(contentsMargins());
}

void WrappingLayout::setGeometry(const QRect& rect)
{
    QLayout::setGeometry(rect);
    QRect area = contentsRect();
    for (const Row& row : rows(area.width())) {
        area.setHeight(heightOf(row));
        placeRow(row, area);
        area.translate(0, area.height() + gap());
    }
}

/// The items that are shown, as many in each row as fit.
std::vector<WrappingLayout::Row> WrappingLayout::rows(int width) const
{
    std::vector<Row> rows;
    int left = 0;
    for (const auto& item : m_items) {
        if (item->isEmpty() && !isStretch(*item))
            continue;
        const int needed = isStretch(*item) ? 0 : neededWidth(*item) + gap();
        if (rows.empty() || (needed > 0 && left + gap() < needed)) {
            rows.emplace_back();
            left = width;
        }
        rows.back().push_back(item.get());
        left -= needed;
    }
    return rows;
}

void WrappingLayout::placeRow(const Row& row, const QRect& area) const
{
    int rest = area.width() + gap();
    int sharers = 0;
    for (QLayoutItem* item : row) {
        rest -= isStretch(*item) ? 0 : neededWidth(*item) + gap();
        sharers += expands(*item) ? 1 : 0;
    }
    rest = std::max(0, rest);
    const Qt::LayoutDirection direction = parentWidget() ? parentWidget()->layoutDirection() : Qt::LeftToRight;
    int x = area.left();
    for (QLayoutItem* item : row) {
        int width = std::min(neededWidth(*item), area.width());
        if (expands(*item)) {
            const int share = rest / sharers--;
            width += share;
            rest -= share;
        }
        const int height = item->sizeHint().height();
        const QRect place(x, area.top() + (area.height() - height) / 2, width, height);
        item->setGeometry(QStyle::visualRect(direction, area, place));
        x += width + (isStretch(*item) ? 0 : gap());
    }
}

int WrappingLayout::gap() const
{
    return spacing() >= 0 ? spacing() : 6;
}

} // namespace cowscope::ui
