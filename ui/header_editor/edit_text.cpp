// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/edit_text.h"

#include "ui/common/format.h"
#include "ui/common/verdict.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("HeaderEditor", text);
}

QString levelText(NoteLevel level)
{
    switch (level) {
    case NoteLevel::Note:
        return tr("Note");
    case NoteLevel::Warning:
        return tr("Warning");
    case NoteLevel::Danger:
        return tr("Danger");
    case NoteLevel::Refusal:
        break;
    }
    return tr("Cannot be done");
}

QString escaped(std::string_view text)
{
    return toQString(text).toHtmlEscaped();
}

/// Bytes as hex; a long run is cut.
QString bytesText(std::span<const std::byte> bytes)
{
    constexpr std::size_t kMost = 12;
    if (bytes.empty())
        return tr("none").toHtmlEscaped();
    QString hex;
    for (const std::byte each : bytes.first(std::min(bytes.size(), kMost)))
        hex += QStringLiteral("%1 ").arg(std::to_integer<unsigned>(each), 2, 16, QLatin1Char('0'));
    if (bytes.size() > kMost)
        hex += QStringLiteral("\u2026 (%1)").arg(formatExactBytes(bytes.size()));
    const QString whole = hex.trimmed().replace(u' ', QChar::Nbsp); // bytes of a field stay on one line
    return QStringLiteral("<code>%1</code>").arg(whole.toHtmlEscaped());
}

} // namespace

QString notesHtml(std::span<const HeaderNote> notes, const QColor& danger)
{
    QString html;
    for (const HeaderNote& note : notes) {
        const QString style = note.level < NoteLevel::Danger ? QString() : QStringLiteral("color:") + danger.name();
        html += QStringLiteral("<p><b style=\"%1\">%2:</b> %3.</p>")
                    .arg(style, levelText(note.level), escaped(note.text));
    }
    return html;
}

QString bytesHtml(std::span<const ChangedBytes> parts)
{
    QString html;
    for (const ChangedBytes& part : parts)
        html += QStringLiteral("<p>%1<br>%2 \u2192 %3</p>")
                    .arg(tr("<b>%1</b> at %2").arg(escaped(part.name), formatOffset(HostOffset(part.offset))),
                        bytesText(part.before), bytesText(part.after));
    return html;
}

QString verdictsHtml(const CheckedImage& before, const CheckedImage& after)
{
    const QString now = verdictLine(*before.census).toHtmlEscaped();
    const QString then = verdictLine(*after.census).toHtmlEscaped();
    return QStringLiteral("<p>%1</p>")
        .arg(tr("The check says <b>%1</b> now, and <b>%2</b> afterwards.").arg(now, then));
}

QString fieldHtml(const HeaderFieldState& state)
{
    QString html = QStringLiteral("<b>%1</b>: %2").arg(escaped(state.name), escaped(state.about));
    if (!state.whyFixed.empty())
        html += QStringLiteral("<br><i>%1</i> %2.").arg(tr("Fixed:"), escaped(state.whyFixed));
    return html;
}

} // namespace cowscope::ui
