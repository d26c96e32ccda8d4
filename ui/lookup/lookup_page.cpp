// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/lookup/lookup_page.h"

#include "ui/common/format.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("LookupPage", text);
}

QString escaped(const std::string& text)
{
    return toQString(text).toHtmlEscaped();
}

QString placeLink(HostOffset first, std::uint64_t count, const QString& text)
{
    return QStringLiteral("<a href=\"bytes:%1,%2\">%3</a>").arg(first.value()).arg(count).arg(text.toHtmlEscaped());
}

QString bytesHtml(std::span<const std::byte> bytes)
{
    QString text;
    for (const std::byte byte : bytes)
        text += QStringLiteral("%1 ").arg(std::to_integer<unsigned>(byte), 2, 16, QLatin1Char('0'));
    return QStringLiteral("<code>%1</code>").arg(text.trimmed());
}

QString stepsHtml(std::span<const LookupStep> steps)
{
    QString html;
    int number = 0;
    for (const LookupStep& step : steps) {
        html += QStringLiteral("<h4>%1. %2</h4>").arg(++number).arg(escaped(step.title));
        for (const std::string& line : step.arithmetic)
            html += QStringLiteral("<div style=\"margin-left: 16px\"><code>%1</code></div>").arg(escaped(line));
        if (step.place)
            html
                += QStringLiteral("<div style=\"margin-left: 16px\">%1 %2</div>")
                       .arg(placeLink(*step.place, step.bytes.size(), tr("bytes at %1").arg(formatOffset(*step.place))),
                           bytesHtml(step.bytes));
        if (!step.result.empty())
            html += QStringLiteral("<div style=\"margin-left: 16px\">\u2192 <b>%1</b></div>").arg(escaped(step.result));
    }
    return html;
}

QString outcomeHtml(const QString& text, bool broken, const QColor& warning)
{
    return broken ? QStringLiteral("<p style=\"color: %1\"><b>%2</b></p>").arg(warning.name(), text)
                  : QStringLiteral("<p><b>%1</b></p>").arg(text);
}

} // namespace

QString lookupPage(const GuestTrace& trace, const QColor& warning)
{
    return outcomeHtml(escaped(trace.outcome) + u'.', trace.broken, warning) + stepsHtml(trace.steps);
}

QString lookupPage(const HostTrace& trace, const Image& image, const QColor& warning)
{
    QString html = trace.refcount
        ? outcomeHtml(
            tr("Count %1, %2.")
                .arg(formatCount(*trace.refcount),
                    trace.moreReferrers ? tr("more than %1 referrers").arg(formatCount(trace.referrers.size()))
                                        : tr("%1 referrers").arg(formatCount(trace.referrers.size()))),
            !trace.moreReferrers && *trace.refcount != trace.referrers.size(), warning)
        : outcomeHtml(tr("The way to the count is broken."), true, warning);
    html += stepsHtml(trace.steps) + QStringLiteral("<h4>%1</h4>").arg(tr("Who refers to it"));
    if (trace.referrers.empty())
        html += QStringLiteral("<p>%1</p>").arg(tr("Nothing does."));
    for (const Referrer& each : trace.referrers)
        html += QStringLiteral("<div style=\"margin-left: 16px\">%1: %2, %3</div>")
                    .arg(placeLink(each.slot, 8, formatOffset(each.slot)), escaped(each.text(image)),
                        tr("as %1").arg(ownerText(each.as)).toHtmlEscaped());
    if (trace.moreReferrers)
        html += QStringLiteral("<div style=\"margin-left: 16px\">%1</div>").arg(tr("\u2026 and more"));
    return html;
}

std::optional<ByteRange> lookupLink(const QUrl& url)
{
    const QStringList numbers = url.path().split(u',');
    if (url.scheme() != QStringLiteral("bytes") || numbers.size() != 2)
        return std::nullopt;
    return ByteRange{HostOffset(numbers[0].toULongLong()), std::max<std::uint64_t>(1, numbers[1].toULongLong())};
}

} // namespace cowscope::ui
