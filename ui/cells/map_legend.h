// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/cells/map_colors.h"

#include <QWidget>

class QPainter;
class QToolButton;

namespace cowscope::ui
{

/// The classes of a map that occur, with their colours, letters and how many clusters there are of each. Clicking one
/// brings it out, and with it others that are clicked; all else is dimmed.
class MapLegend : public QWidget
{
    Q_OBJECT

public:
    explicit MapLegend(QWidget* parent = nullptr);

    /// Shows the classes whose bits are set in `present`; `totals` has one number for each class, or none while they
    /// are not known. Keeps what is brought out where the ways to tell clusters apart are still the same.
    void setClasses(const MapColors& colors, std::uint16_t present, const std::vector<std::uint64_t>& totals);

    std::uint16_t broughtOut() const { return m_broughtOut; }
    void clear(); ///< nothing is brought out

Q_SIGNALS:
    void broughtOutChanged();

private:
    struct Shown {
        int kind;
        QColor color;
        QString text;

        bool operator==(const Shown&) const = default;
    };

    QToolButton* makeButton(const Shown& shown, const MapClass& described);
    void toggle(int kind, bool on);

    std::vector<Shown> m_shown;
    std::vector<QToolButton*> m_buttons; ///< one for each of them
    MapColorBy m_colorBy = MapColorBy::Owner;
    std::uint16_t m_broughtOut = 0;
};

/// A patch of a class's colour with its letter.
void paintSwatch(QPainter& painter, const QRect& place, const MapClass& described);

} // namespace cowscope::ui
