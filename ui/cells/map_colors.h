// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_pyramid.h"

#include <QColor>
#include <QString>

#include <cstdint>
#include <vector>

namespace cowscope::ui
{

/// What the colours of a map tell apart.
enum class MapColorBy { Owner, Count, Verdict, Snapshots, Refblock };
inline constexpr int kMapColorByCount = 5;

/// "Owner", ...: for a choice.
QString colorByText(MapColorBy colorBy);

/// One of the kinds of clusters that a map tells apart. The order is that of MapColors::classes().
struct MapClass {
    QString name;
    QString letter; ///< so that nothing depends on colour alone
    QColor color;
};

/// What a cell of the map looks like.
struct MapLook {
    QRgb color = 0; ///< of the cell
    QRgb inset = 0; ///< of a part of it: the rarest kind in it, where that is not the most common one
    int kind = -1; ///< index of the class that wins; -1: nothing known yet
    bool bad = false; ///< something in it is wrong

    bool operator==(const MapLook&) const = default;
};

/// Colours of one way to tell clusters apart, and which of the kinds are brought out.
class MapColors
{
public:
    MapColors() = default;

    /// `largest` is the largest count there is, `maximum` that of the image's width.
    MapColors(MapColorBy colorBy, std::uint64_t largest, std::uint64_t maximum, bool dark);

    MapColorBy colorBy() const { return m_colorBy; }
    const std::vector<MapClass>& classes() const { return m_classes; }

    /// One bit a class: they keep their colours, all others are dimmed. 0: nothing is.
    void bringOut(std::uint16_t classes) { m_broughtOut = classes; }
    std::uint16_t broughtOut() const { return m_broughtOut; }

    /// `fill` is that of the refblock which counts the cell's clusters, or of the cell if it is larger; `odd` that the
    /// refblock's number is. Both matter only where colours tell refblocks apart.
    MapLook look(const MapCell& cell, RefblockFill fill, bool odd) const;

    /// The look of a cell that is not meant; what is wrong in it is pale, too.
    MapLook pale(const MapLook& look) const;

    /// The bits of the classes that occur in the cell.
    std::uint16_t classesIn(const MapCell& cell, RefblockFill fill) const;

    QColor findingColor() const; ///< of what is wrong
    QRgb unknownColor() const { return m_unknown; } ///< of clusters not looked at yet

private:
    int winner(std::uint16_t classes) const;
    QRgb dimmed(QRgb color) const;

    MapColorBy m_colorBy = MapColorBy::Owner;
    bool m_dark = false;
    std::vector<MapClass> m_classes;
    std::vector<QRgb> m_rgb; ///< of the classes
    std::uint16_t m_broughtOut = 0;
    QRgb m_unknown = 0;
};

/// How many clusters (refblocks where they are told apart by those) there are of each class.
std::vector<std::uint64_t> classTotals(MapColorBy colorBy, const MapTotals& totals);

} // namespace cowscope::ui
