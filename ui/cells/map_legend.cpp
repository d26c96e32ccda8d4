// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/map_legend.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/wrapping_layout.h"

#include <QPainter>
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
    auto* layout = new WrappingLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kSpace);
}

QToolButton* MapLegend::makeButton(const Shown& shown, const MapClass& described)
{
    const int kind = shown.kind;
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
    button->setText(shown.text);
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
    std::vector<Shown> shown;
    for (std::size_t i = 0; i < colors.classes().size(); ++i) {
        if ((present >> i & 1) == 0)
            continue;
        const MapClass& described = colors.classes()[i];
        shown.push_back({static_cast<int>(i), described.color,
            i < totals.size() ? tr("%1  %2").arg(described.name, formatCount(totals[i])) : described.name});
    }
    if (shown == m_shown)
        return; // while a map grows it is asked many times a second
    m_shown = shown;
    for (QToolButton* button : std::exchange(m_buttons, {})) {
        button->setObjectName({}); // its name is that of another one now
        layout()->removeWidget(button);
        button->hide();
        button->deleteLater();
    }
    for (const Shown& each : m_shown) {
        m_buttons.push_back(makeButton(each, colors.classes()[static_cast<std::size_t>(each.kind)]));
        layout()->addWidget(m_buttons.back());
        m_buttons.back()->show();
    }
}

void MapLegend::clear()
{
    for (QToolButton* button : m_buttons)
        button->setChecked(false);
}

void MapLegend::toggle(int kind, bool on)
{
    const auto bit = static_cast<std::uint16_t>(1U << kind);
    m_broughtOut = static_cast<std::uint16_t>(on ? m_broughtOut | bit : m_broughtOut & ~bit);
    Q_EMIT broughtOutChanged();
}

} // namespace cowscope::ui
