// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/guest_overview.h"

#include <QWidget>

#include <array>

class QToolButton;

namespace cowscope::ui
{

/// The uses that a disk has, with their colours and sizes, as buttons: one that is switched off is not drawn.
class GuestLegend : public QWidget
{
    Q_OBJECT

public:
    explicit GuestLegend(QWidget* parent = nullptr);

    void setUses(const GuestCell& uses, std::uint64_t unitBytes); ///< of the whole disk

Q_SIGNALS:
    void toggled(cowscope::GuestUse use, bool shown);

protected:
    void changeEvent(QEvent* event) override;

private:
    void paintIcons();

    std::array<QToolButton*, kGuestUseCount> m_buttons{};
};

} // namespace cowscope::ui
