// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_legend.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QPainter>
#include <QResizeEvent>
#include <QToolButton>

#include <utility>

namespace cowscope::ui
{

namespace
{
constexpr QSize kSwatch(22, 14);
constexpr int kSpace = 2;
} // namespace

void paintSwatch(QPainter& painter, const QRect& place, const MapClass& described)
{
    painter.fillRect(place, described.color);
    const QFont before = painter.font();
    QFont font = before;
    font.setPixelSize(place.height() * 5 / 7);
    painter.setFont(font);
    painter.setPen(textColorOn(described.color));
    painter.drawText(place, Qt::AlignCenter, described.letter);
    painter.setFont(before);
}

MapLegend::MapLegend(QWidget* parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("mapLegend"));
    setAccessibleName(tr("Legend of the map"));
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

QToolButton* MapLegend::makeButton(int kind, const MapClass& described, const QString& total)
{
    auto* button = new QToolButton(this);
    button->setObjectName(QStringLiteral("mapClass%1").arg(kind));
    button->setCheckable(true);
    button->setChecked((m_broughtOut >> kind & 1) != 0);
    button->setAutoRaise(true);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setIconSize(kSwatch);
    QPixmap swatch(kSwatch * devicePixelRatioF());
    swatch.setDevicePixelRatio(devicePixelRatioF());
    QPainter painter(&swatch);
    paintSwatch(painter, QRect(QPoint(), kSwatch), described);
    painter.end();
    button->setIcon(swatch);
    button->setText(total.isEmpty() ? described.name : tr("%1  %2").arg(described.name, total));
    button->setFocusPolicy(Qt::TabFocus);
    button->setToolTip(tr("Bring out %1 and dim the rest; click again to take it back").arg(described.name));
    button->setAccessibleName(button->text());
    button->setAccessibleDescription(button->toolTip());
    connect(button, &QToolButton::toggled, this, [this, kind](bool on) { toggle(kind, on); });
    return button;
}

void MapLegend::setClasses(const MapColors& colors, std::uint16_t present, const std::vector<std::uint64_t>& totals)
{
    if (std::exchange(m_colorBy, colors.colorBy()) != colors.colorBy())
        m_broughtOut = 0;
    m_broughtOut &= present;
    for (const Entry& entry : std::exchange(m_entries, {})) {
        entry.button->hide();
        entry.button->deleteLater();
    }
    for (std::size_t i = 0; i < colors.classes().size(); ++i) {
        if ((present >> i & 1) == 0)
            continue;
        const auto kind = static_cast<int>(i);
        auto* button = makeButton(kind, colors.classes()[i], i < totals.size() ? formatCount(totals[i]) : QString());
        m_entries.push_back({kind, button});
        button->show();
    }
    updateGeometry();
    arrange(width(), true);
}

void MapLegend::clear()
{
    for (const Entry& entry : m_entries)
        entry.button->setChecked(false);
}

void MapLegend::toggle(int kind, bool on)
{
    const auto bit = static_cast<std::uint16_t>(1U << kind);
    m_broughtOut = static_cast<std::uint16_t>(on ? m_broughtOut | bit : m_broughtOut & ~bit);
    Q_EMIT broughtOutChanged();
}

/// Buttons in lines, as words in a paragraph; returns the height.
int MapLegend::arrange(int width, bool apply) const
{
    QPoint at;
    int line = 0;
    for (const Entry& entry : m_entries) {
        const QSize size = entry.button->sizeHint();
        if (at.x() > 0 && at.x() + size.width() > width) {
            at = QPoint(0, at.y() + line + kSpace);
            line = 0;
        }
        if (apply)
            entry.button->setGeometry(QRect(at, size));
        at.rx() += size.width() + kSpace;
        line = std::max(line, size.height());
    }
    return at.y() + line;
}

int MapLegend::heightForWidth(int width) const
{
    return arrange(width, false);
}

QSize MapLegend::sizeHint() const
{
    return {400, heightForWidth(std::max(width(), 200))};
}

QSize MapLegend::minimumSizeHint() const
{
    return {120, heightForWidth(std::max(width(), 120))};
}

void MapLegend::resizeEvent(QResizeEvent* event)
{
    arrange(event->size().width(), true);
}

} // namespace cowscope::ui
