// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/parse.h"

#include <QRegularExpression>

#include <cmath>

namespace cowscope::ui
{

namespace
{

QRegularExpression pattern(const QString& text)
{
    return QRegularExpression(QRegularExpression::anchoredPattern(text), QRegularExpression::CaseInsensitiveOption);
}

} // namespace

std::optional<std::uint64_t> parseNumber(const QString& text)
{
    static const QRegularExpression form = pattern(QStringLiteral("[0-9][0-9,_]*"));
    if (!form.match(text).hasMatch())
        return std::nullopt;
    bool valid = false;
    const std::uint64_t number = QString(text).remove(u',').remove(u'_').toULongLong(&valid);
    return valid ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> parseBytes(const QString& text)
{
    static const QRegularExpression hex = pattern(QStringLiteral("0x([0-9a-f]+)"));
    static const QRegularExpression size = pattern(QStringLiteral("([0-9][0-9,_]*(?:\\.[0-9]+)?)\\s*([kmgtp])i?b?"));
    bool valid = false;
    if (const auto match = hex.match(text); match.hasMatch()) {
        const std::uint64_t bytes = match.captured(1).toULongLong(&valid, 16);
        return valid ? std::optional(bytes) : std::nullopt;
    }
    const auto match = size.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    const double amount = match.captured(1).remove(u',').remove(u'_').toDouble(&valid);
    const auto exponent = 10 * (QStringLiteral("kmgtp").indexOf(match.captured(2).toLower()) + 1);
    const double bytes = std::ldexp(amount, static_cast<int>(exponent));
    return valid && bytes < std::ldexp(1.0, 63) ? std::optional(static_cast<std::uint64_t>(bytes)) : std::nullopt;
}

} // namespace cowscope::ui
