// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/edit_text.h"

#include "ui/common/format.h"
#include "ui/common/verdict.h"

#include <QCoreApplication>
#include <QStringList>

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
        return tr("Mind");
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

/// Bytes as hex, and as text where they are some; a long run is cut.
QString bytesText(std::span<const std::byte> bytes)
{
    constexpr std::size_t kMost = 16;
    if (bytes.empty())
        return tr("none").toHtmlEscaped();
    QString hex;
    for (const std::byte each : bytes.first(std::min(bytes.size(), kMost)))
        hex += QStringLiteral("%1 ").arg(std::to_integer<unsigned>(each), 2, 16, QLatin1Char('0'));
    if (bytes.size() > kMost)
        hex += QStringLiteral("\u2026 (%1)").arg(formatExactBytes(bytes.size()));
    return QStringLiteral("<code>%1</code>").arg(hex.trimmed().toHtmlEscaped());
}

} // namespace

QString notesHtml(std::span<const HeaderNote> notes)
{
    QStringList lines;
    for (const HeaderNote& note : notes)
        lines += QStringLiteral("<p><b>%1:</b> %2.</p>").arg(levelText(note.level), escaped(note.text));
    return lines.join(QString());
}

QString bytesHtml(std::span<const ChangedBytes> parts)
{
    QString rows = QStringLiteral("<tr><th align=\"left\">%1</th><th align=\"left\">%2</th><th align=\"left\">%3</th>"
                                  "<th align=\"left\">%4</th></tr>")
                       .arg(tr("Field"), tr("At"), tr("Old bytes"), tr("New bytes"));
    for (const ChangedBytes& part : parts)
        rows += QStringLiteral("<tr><td>%1</td><td>%2</td><td>%3</td><td>%4</td></tr>")
                    .arg(escaped(part.name), formatOffset(HostOffset(part.offset)), bytesText(part.before),
                        bytesText(part.after));
    return QStringLiteral("<table cellspacing=\"0\" cellpadding=\"3\">%1</table>").arg(rows);
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
