// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/guest_legend.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/wrapping_layout.h"
#include "ui/guest/guest_colors.h"

#include <QEvent>
#include <QPainter>
#include <QToolButton>

namespace cowscope::ui
{

namespace
{

constexpr int kIconSize = 14;

QIcon iconOf(GuestUse use, bool dark)
{
    QPixmap pixmap(kIconSize * 2, kIconSize * 2); // sharp at twice the resolution too
    pixmap.setDevicePixelRatio(2);
    const QColor color = guestColor(use, dark);
    pixmap.fill(color);
    QPainter painter(&pixmap);
    painter.setPen(textColorOn(color));
    QFont font = painter.font();
    font.setPixelSize(kIconSize - 4);
    painter.setFont(font);
    painter.drawText(QRect(0, 0, kIconSize, kIconSize), Qt::AlignCenter, guestLetter(use));
    return pixmap;
}

} // namespace

GuestLegend::GuestLegend(QWidget* parent)
    : QWidget(parent)
{
    auto* layout = new WrappingLayout(this);
    layout->setContentsMargins(4, 0, 4, 2);
    layout->setSpacing(2);
    for (std::size_t i = 0; i < kGuestUseCount; ++i) {
        const auto use = static_cast<GuestUse>(i);
        auto* button = new QToolButton(this);
        button->setObjectName(QStringLiteral("guestUse%1").arg(i));
        button->setCheckable(true);
        button->setChecked(true);
        button->setAutoRaise(true);
        button->setFocusPolicy(Qt::TabFocus);
        button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        button->setIconSize(QSize(kIconSize, kIconSize));
        button->setToolTip(tr("%1 Click to hide or show it.").arg(guestUseMeaning(use)));
        button->hide();
        connect(button, &QToolButton::toggled, this, [this, use](bool shown) { Q_EMIT toggled(use, shown); });
        layout->addWidget(button);
        m_buttons[i] = button;
    }
    paintIcons();
}

void GuestLegend::setUses(const GuestCell& uses, std::uint64_t unitBytes)
{
    for (std::size_t i = 0; i < kGuestUseCount; ++i) {
        const QString name = guestUseText(static_cast<GuestUse>(i));
        const QString size = formatBytes(uses.units[i] * unitBytes);
        m_buttons[i]->setText(QStringLiteral("%1 %2").arg(name, size));
        m_buttons[i]->setAccessibleName(tr("Show %1, %2").arg(name, size));
        m_buttons[i]->setVisible(uses.units[i] > 0);
    }
}

void GuestLegend::paintIcons()
{
    for (std::size_t i = 0; i < kGuestUseCount; ++i)
        m_buttons[i]->setIcon(iconOf(static_cast<GuestUse>(i), isDark(palette())));
}

void GuestLegend::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        paintIcons();
    QWidget::changeEvent(event);
}

} // namespace cowscope::ui
