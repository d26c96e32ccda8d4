// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compare/change_map.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <numeric>

namespace cowscope::ui
{

namespace
{
constexpr int kTitleWidth = 84;
constexpr int kStripHeight = 26;
constexpr int kMargin = 6;
constexpr int kLeastBar = 4;
} // namespace

ChangeMap::ChangeMap(QWidget* parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("changeMap"));
    setAccessibleName(tr("Map of changes"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ChangeMap::setChanges(ChangeStrip guest, ChangeStrip host, unsigned clusterBits)
{
    m_guest = std::move(guest);
    m_host = std::move(host);
    m_clusterBits = clusterBits;
    setAccessibleDescription(tr("Guest's disk: %1. File: %2.").arg(describe(Guest), describe(Host)));
    update();
}

QString ChangeMap::describe(Which which) const
{
    const std::vector<std::uint64_t>& changed = strip(which).changed;
    const std::uint64_t all = std::accumulate(changed.begin(), changed.end(), std::uint64_t{0});
    const auto first = std::ranges::find_if(changed, [](std::uint64_t cell) { return cell > 0; });
    if (first == changed.end())
        return tr("no change");
    const std::uint64_t cluster = static_cast<std::uint64_t>(first - changed.begin()) * strip(which).perCell;
    return tr("%1 clusters changed, the first at or behind %2")
        .arg(formatCount(all), formatHex(cluster << m_clusterBits));
}

QRect ChangeMap::area(Which which) const
{
    const int top = kMargin + (which == Guest ? 0 : kStripHeight + kMargin);
    return {kTitleWidth, top, std::max(1, width() - kTitleWidth - kMargin), kStripHeight};
}

std::optional<std::size_t> ChangeMap::cellAt(Which which, QPoint point) const
{
    const QRect rect = area(which);
    const std::size_t cells = strip(which).changed.size();
    if (!rect.contains(point) || cells == 0)
        return std::nullopt;
    return static_cast<std::size_t>(point.x() - rect.left()) * cells / static_cast<std::size_t>(rect.width());
}

void ChangeMap::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    drawStrip(painter, Guest, tr("Guest's disk"));
    drawStrip(painter, Host, tr("File"));
}

void ChangeMap::drawStrip(QPainter& painter, Which which, const QString& title) const
{
    const QRect rect = area(which);
    const ChangeStrip& shown = strip(which);
    const bool dark = isDark(palette());
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(QRect(0, rect.top(), kTitleWidth - 8, rect.height()), Qt::AlignRight | Qt::AlignVCenter, title);
    painter.fillRect(rect, ownerColor(ClusterOwner::Free, dark));
    const std::size_t cells = shown.changed.size();
    const QColor color = palette().color(QPalette::Link);
    for (int x = 0; x < rect.width() && cells > 0; ++x) {
        const auto at = [&](int column) {
            return static_cast<std::size_t>(column) * cells / static_cast<std::size_t>(rect.width());
        };
        std::uint64_t changed = 0;
        const std::size_t first = at(x);
        const std::size_t end = std::max(first + 1, at(x + 1));
        for (std::size_t cell = first; cell < end; ++cell)
            changed += shown.changed[cell];
        if (changed == 0)
            continue;
        const double share = static_cast<double>(changed) / static_cast<double>((end - first) * shown.perCell);
        const int height = std::clamp(static_cast<int>(share * rect.height()), kLeastBar, rect.height());
        painter.fillRect(rect.left() + x, rect.bottom() + 1 - height, 1, height, color);
    }
}

void ChangeMap::mousePressEvent(QMouseEvent* event)
{
    for (const Which which : {Guest, Host}) {
        const auto cell = cellAt(which, event->pos());
        if (!cell)
            continue;
        const std::vector<std::uint64_t>& changed = strip(which).changed;
        const auto found = std::find_if(changed.begin() + static_cast<std::ptrdiff_t>(*cell), changed.end(),
            [](std::uint64_t each) { return each > 0; });
        if (found == changed.end())
            return;
        const std::uint64_t cluster = static_cast<std::uint64_t>(found - changed.begin()) * strip(which).perCell;
        if (which == Guest)
            Q_EMIT guestChosen(cluster << m_clusterBits);
        else
            Q_EMIT hostChosen(HostCluster(cluster));
        return;
    }
}

bool ChangeMap::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    for (const Which which : {Guest, Host})
        if (const auto cell = cellAt(which, help->pos())) {
            const ChangeStrip& shown = strip(which);
            QToolTip::showText(help->globalPos(),
                tr("%1 of %2 clusters from %3 changed")
                    .arg(formatCount(shown.changed[*cell]), formatCount(shown.perCell),
                        formatHex((*cell * shown.perCell) << m_clusterBits)),
                this);
            return true;
        }
    QToolTip::hideText();
    return true;
}

void ChangeMap::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        update();
    QWidget::changeEvent(event);
}

} // namespace cowscope::ui
