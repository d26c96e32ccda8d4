// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/map_colors.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QCoreApplication>

#include <bit>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("Map", text);
}

QColor themed(QRgb light, QRgb dark, bool isDark)
{
    return QColor::fromRgb(isDark ? dark : light);
}

QColor calmColor(bool dark)
{
    return themed(0xffb9cbdc, 0xff54677a, dark);
}

/// Far from the background stands for much.
QColor stepColor(std::size_t step, std::size_t steps, bool dark)
{
    const double part = static_cast<double>(step) / static_cast<double>(steps - 1);
    return scaleColor(dark ? 0.3 + 0.7 * part : 0.9 * (1 - part));
}

std::vector<MapClass> ownerClasses(bool dark)
{
    std::vector<MapClass> classes;
    for (std::size_t i = 0; i < kOwnerCount; ++i) {
        const auto owner = static_cast<ClusterOwner>(i);
        classes.push_back(
            {ownerText(owner), owner == ClusterOwner::Free ? QString() : QString(QLatin1Char(ownerLetter(owner))),
                ownerColor(owner, dark)});
    }
    return classes;
}

QString countClassText(std::size_t countClass, std::uint64_t maximum)
{
    if (countClass == kFullCountClass)
        return tr("%1 (the width's maximum)").arg(formatCount(maximum));
    const std::uint64_t first = countClassFirst(countClass);
    const std::uint64_t last = countClassLast(countClass);
    if (first == last)
        return formatCount(first);
    return last > 0xffff'ffff ? tr("%1 and more").arg(formatCount(first))
                              : tr("%1 to %2").arg(formatCount(first), formatCount(last));
}

std::vector<MapClass> countClasses(std::uint64_t largest, std::uint64_t maximum, bool dark)
{
    constexpr std::array kLetters{"0", "1", "2", "4", "8", "16", "64", "2h", "4k", "64k", "16M", "4G", "\u2191", "max"};
    static_assert(kLetters.size() == kCountClasses);
    std::vector<MapClass> classes;
    for (std::size_t i = 0; i < kCountClasses; ++i) {
        const std::uint64_t count = i == kFullCountClass ? maximum : countClassFirst(i);
        classes.push_back({countClassText(i, maximum), i == 0 ? QString() : QString::fromUtf8(kLetters[i]),
            countColor(count, std::max(count, largest), i == kFullCountClass ? maximum : UINT64_MAX, dark)});
    }
    return classes;
}

std::vector<MapClass> verdictClasses(bool dark)
{
    return {{tr("free"), QString(), ownerColor(ClusterOwner::Free, dark)}, {tr("right"), tr("\u2713"), calmColor(dark)},
        {tr("leaked"), tr("!"), themed(0xffef9a76, 0xffd98a66, dark)},
        {tr("count too high"), tr("+"), themed(0xffdd7a2b, 0xfff0913a, dark)},
        {tr("wrong entry"), tr("\u2717"), themed(0xffc05fb0, 0xffd583c8, dark)},
        {tr("several owners"), tr("&"), themed(0xff7d3c98, 0xffa05fd0, dark)},
        {tr("count too low"), tr("\u2212"), themed(0xffd32f2f, 0xffff5a52, dark)},
        {tr("more than the width counts"), tr("\u221e"), themed(0xff7f0000, 0xffffc9c4, dark)}};
}

std::vector<MapClass> shareClasses(bool dark)
{
    return {{tr("not the guest's"), QString(), ownerColor(ClusterOwner::Free, dark)},
        {tr("active disk only"), tr("A"), calmColor(dark)},
        {tr("up to half by snapshots"), tr("\u00bd"), stepColor(1, 4, dark)},
        {tr("more than half"), tr("\u00be"), stepColor(2, 4, dark)},
        {tr("snapshots only"), tr("S"), stepColor(3, 4, dark)}};
}

std::vector<MapClass> fillClasses(bool dark)
{
    const std::array names{tr("no refblock"), tr("empty"), tr("up to 25 % used"), tr("up to 50 %"), tr("up to 75 %"),
        tr("not full"), tr("full")};
    constexpr std::array kLetters{"?", "0", "\u00bc", "\u00bd", "\u00be", "<", "\u25a0"};
    static_assert(kLetters.size() == kRefblockFillCount);
    std::vector<MapClass> classes;
    for (std::size_t i = 0; i < kRefblockFillCount; ++i)
        classes.push_back({names[i], QString::fromUtf8(kLetters[i]), fillColor(static_cast<RefblockFill>(i), dark)});
    return classes;
}

std::vector<MapClass> classesOf(MapColorBy colorBy, std::uint64_t largest, std::uint64_t maximum, bool dark)
{
    switch (colorBy) {
    case MapColorBy::Owner:
        return ownerClasses(dark);
    case MapColorBy::Count:
        return countClasses(largest, maximum, dark);
    case MapColorBy::Verdict:
        return verdictClasses(dark);
    case MapColorBy::Snapshots:
        return shareClasses(dark);
    case MapColorBy::Refblock:
        return fillClasses(dark);
    }
    return {};
}

QRgb mixed(QRgb a, QRgb b, int partOfA, int whole)
{
    const auto mix = [=](int x, int y) { return (x * partOfA + y * (whole - partOfA)) / whole; };
    return qRgb(mix(qRed(a), qRed(b)), mix(qGreen(a), qGreen(b)), mix(qBlue(a), qBlue(b)));
}

} // namespace

QString colorByText(MapColorBy colorBy)
{
    switch (colorBy) {
    case MapColorBy::Owner:
        return tr("Owner");
    case MapColorBy::Count:
        return tr("Reference count");
    case MapColorBy::Verdict:
        return tr("Verdict of the check");
    case MapColorBy::Snapshots:
        return tr("Share of snapshots");
    case MapColorBy::Refblock:
        return tr("Refblock");
    }
    return {};
}

MapColors::MapColors(MapColorBy colorBy, std::uint64_t largest, std::uint64_t maximum, bool dark)
    : m_colorBy(colorBy)
    , m_dark(dark)
    , m_classes(classesOf(colorBy, largest, maximum, dark))
    , m_unknown(dark ? 0xff1f2429 : 0xfff6f7f8)
{
    for (const MapClass& each : m_classes)
        m_rgb.push_back(each.color.rgb());
}

std::uint16_t MapColors::classesIn(const MapCell& cell, RefblockFill fill) const
{
    switch (m_colorBy) {
    case MapColorBy::Owner:
        return cell.owners;
    case MapColorBy::Count:
        return cell.counts;
    case MapColorBy::Verdict:
        return cell.verdicts;
    case MapColorBy::Snapshots:
        return cell.shares;
    case MapColorBy::Refblock:
        return static_cast<std::uint16_t>(1U << static_cast<unsigned>(fill));
    }
    return 0;
}

/// The rarest owner, the largest count, the worst verdict, the largest share.
int MapColors::winner(std::uint16_t classes) const
{
    if (m_colorBy == MapColorBy::Owner)
        return static_cast<int>(rarestOwner(classes));
    return std::bit_width(classes) - 1;
}

QRgb MapColors::dimmed(QRgb color) const
{
    return mixed(color, m_unknown, 1, 6);
}

MapLook MapColors::pale(const MapLook& look) const
{
    return {dimmed(look.color), dimmed(look.inset), look.kind, false};
}

QColor MapColors::findingColor() const
{
    return ui::findingColor(m_dark);
}

MapLook MapColors::look(const MapCell& cell, RefblockFill fill, bool odd) const
{
    if (!cell.known)
        return {m_unknown, m_unknown, -1, false};
    const std::uint16_t present = classesIn(cell, fill);
    const auto shown = static_cast<std::uint16_t>(m_broughtOut == 0 ? present : present & m_broughtOut);
    const bool dim = shown == 0;
    const int kind = winner(dim ? present : shown);
    QRgb color = m_rgb[static_cast<std::size_t>(kind)];
    if (m_colorBy == MapColorBy::Refblock && odd)
        color = mixed(color, m_unknown, 4, 5); // neighbours can be told apart
    if (dim)
        return {dimmed(color), dimmed(color), kind, false};
    const bool bad = cell.isBad() && (m_broughtOut == 0 || m_colorBy == MapColorBy::Verdict);
    // What fills most of the cell, with what is rare in it on top.
    const bool mixture = m_colorBy == MapColorBy::Owner && m_broughtOut == 0;
    return {mixture ? m_rgb[static_cast<std::size_t>(cell.dominant)] : color, color, kind,
        bad && m_colorBy != MapColorBy::Verdict};
}

std::vector<std::uint64_t> classTotals(MapColorBy colorBy, const MapTotals& totals)
{
    const auto list = [](const auto& array) { return std::vector<std::uint64_t>(array.begin(), array.end()); };
    switch (colorBy) {
    case MapColorBy::Owner:
        return list(totals.owners);
    case MapColorBy::Count:
        return list(totals.counts);
    case MapColorBy::Verdict:
        return list(totals.verdicts);
    case MapColorBy::Snapshots:
        return list(totals.shares);
    case MapColorBy::Refblock:
        return list(totals.refblocks);
    }
    return {};
}

} // namespace cowscope::ui
