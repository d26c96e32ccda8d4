// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/palette.h"

#include "core/report/owner_colors.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace cowscope::ui
{

namespace
{

/// Sampled from matplotlib's cividis, dark to light.
constexpr std::array<QRgb, 7> kCividis{
    0xff00204c, 0xff213d6b, 0xff555b6c, 0xff7b7a77, 0xffa59c74, 0xffd3c064, 0xffffe945};

QPalette makePalette(
    const QColor& window, const QColor& base, const QColor& text, const QColor& highlight, const QColor& link)
{
    QPalette palette(window);
    const QColor muted = QColor::fromRgbF(
        (text.redF() + window.redF()) / 2, (text.greenF() + window.greenF()) / 2, (text.blueF() + window.blueF()) / 2);
    palette.setColor(QPalette::Window, window);
    palette.setColor(QPalette::Base, base);
    palette.setColor(QPalette::AlternateBase,
        QColor::fromRgbF((window.redF() + base.redF()) / 2, (window.greenF() + base.greenF()) / 2,
            (window.blueF() + base.blueF()) / 2));
    palette.setColor(QPalette::Button, window);
    palette.setColor(QPalette::ToolTipBase, base);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText})
        palette.setColor(role, text);
    palette.setColor(QPalette::PlaceholderText, muted);
    palette.setColor(QPalette::Highlight, highlight);
    palette.setColor(QPalette::HighlightedText, textColorOn(highlight));
    palette.setColor(QPalette::Link, link);
    palette.setColor(QPalette::LinkVisited, link);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, muted);
    return palette;
}

} // namespace

bool isDark(const QPalette& palette)
{
    return palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
}

QColor ownerColor(ClusterOwner owner, bool dark)
{
    const OwnerColor color = kOwnerColors[static_cast<std::size_t>(owner)];
    return QColor::fromRgb(dark ? color.dark : color.light);
}

QColor countColor(std::uint64_t count, std::uint64_t largest, std::uint64_t maximum, bool dark)
{
    if (count == 0)
        return ownerColor(ClusterOwner::Free, dark);
    if (count >= maximum && maximum > 1)
        return QColor::fromRgb(dark ? 0xffff5fc4 : 0xffc2187f);
    if (count == 1)
        return QColor::fromRgb(dark ? 0xff54677a : 0xffb9cbdc);
    // The end of the scale that is far from the background stands for much: light on dark, dark on light.
    const double part = std::log2(static_cast<double>(count)) / std::log2(std::max(4.0, static_cast<double>(largest)));
    return dark ? scaleColor(0.45 + 0.55 * part) : scaleColor(1 - part);
}

QColor scaleColor(double position)
{
    const double at = std::clamp(position, 0.0, 1.0) * (kCividis.size() - 1);
    const auto low = std::min(static_cast<std::size_t>(at), kCividis.size() - 2);
    const double part = at - static_cast<double>(low);
    const auto mix = [part](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * part)); };
    const QRgb a = kCividis[low];
    const QRgb b = kCividis[low + 1];
    return {mix(qRed(a), qRed(b)), mix(qGreen(a), qGreen(b)), mix(qBlue(a), qBlue(b))};
}

QColor fillColor(RefblockFill fill, bool dark)
{
    if (fill == RefblockFill::Missing)
        return QColor::fromRgb(dark ? 0xff4b3a52 : 0xffcdb4d4);
    if (fill == RefblockFill::Empty)
        return ownerColor(ClusterOwner::Free, dark);
    constexpr int kLeast = static_cast<int>(RefblockFill::UpToQuarter);
    constexpr int kMost = static_cast<int>(RefblockFill::Full);
    const double part = static_cast<double>(static_cast<int>(fill) - kLeast) / (kMost - kLeast);
    return scaleColor(dark ? 0.3 + 0.7 * part : 0.9 * (1 - part));
}

QColor findingColor(bool dark)
{
    return ownerColor(ClusterOwner::Leaked, dark);
}

QColor textColorOn(const QColor& background)
{
    const double luminance = 0.299 * background.redF() + 0.587 * background.greenF() + 0.114 * background.blueF();
    return luminance > 0.55 ? QColor(Qt::black) : QColor(Qt::white);
}

QPalette lightPalette()
{
    return makePalette(QColor::fromRgb(0xfff3f4f6), Qt::white, QColor::fromRgb(0xff1c2126), QColor::fromRgb(0xff1f6fb2),
        QColor::fromRgb(0xff0b5ea8));
}

QPalette darkPalette()
{
    return makePalette(QColor::fromRgb(0xff23282d), QColor::fromRgb(0xff1a1e22), QColor::fromRgb(0xffe3e7ea),
        QColor::fromRgb(0xff2f78b7), QColor::fromRgb(0xff7cc0f5));
}

} // namespace cowscope::ui
