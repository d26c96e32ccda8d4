// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compatibility/compatibility_panel.h"

#include "core/analysis/compatibility.h"
#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QEvent>
#include <QTextBrowser>

namespace cowscope::ui
{

namespace
{

QString html(std::string_view text)
{
    return toQString(text).toHtmlEscaped();
}

QString heading(const QString& text)
{
    return QStringLiteral("<h3 style=\"margin:14px 0 4px 0\">%1</h3>").arg(text);
}

QString row(const QStringList& cells)
{
    return QStringLiteral("<tr><td>") + cells.join(QStringLiteral("</td><td>")) + QStringLiteral("</td></tr>");
}

QString table(const QString& rows)
{
    return QStringLiteral("<table cellspacing=\"0\" cellpadding=\"3\">") + rows + QStringLiteral("</table>");
}

/// What explains the line above it, under it: a column of its own would be too narrow beside the other views.
QString withNote(const QString& line, const QString& note)
{
    return note.isEmpty() ? line : line + QStringLiteral("<br>") + note;
}

/// A sign and a word, so that nothing hangs on the colour.
QString opensHtml(Opens opens, const QPalette& palette)
{
    switch (opens) {
    case Opens::Yes:
        return QStringLiteral("\u2713&nbsp;") + CompatibilityPanel::tr("opens it");
    case Opens::Partly:
        return QStringLiteral("\u25D0&nbsp;") + CompatibilityPanel::tr("in part");
    case Opens::Unlisted:
        return QStringLiteral("?&nbsp;") + CompatibilityPanel::tr("not listed");
    case Opens::No:
        return QStringLiteral("<b style=\"color:%1\">\u2717&nbsp;%2</b>")
            .arg(findingColor(isDark(palette)).name(), CompatibilityPanel::tr("no"));
    }
    return {};
}

QString demandsHtml(const CompatibilityCard& card)
{
    QString rows;
    for (const Demand& demand : card.demands) {
        const QString value = demand.special ? QStringLiteral("<b>%1</b>").arg(html(demand.value)) : html(demand.value);
        rows += row({html(demand.name), withNote(value, html(demand.meaning))});
    }
    return heading(CompatibilityPanel::tr("What the image demands of a reader")) + table(rows);
}

QString readersHtml(const CompatibilityCard& card, const QPalette& palette)
{
    QString rows;
    for (const ReaderVerdict& reader : card.readers) {
        QString reasons;
        for (const std::string& reason : reader.reasons)
            reasons += html(reason) + u' ';
        reasons += QStringLiteral("<span style=\"color:%1\">%2</span>")
                       .arg(palette.color(QPalette::PlaceholderText).name(),
                           CompatibilityPanel::tr("(source: %1)").arg(html(reader.source)));
        rows += row({html(reader.reader), withNote(opensHtml(reader.opens, palette), reasons)});
    }
    return heading(CompatibilityPanel::tr("Who can read it")) + table(rows);
}

QString changesHtml(const CompatibilityCard& card)
{
    QString text = heading(CompatibilityPanel::tr("What would have to change"));
    if (card.changes.empty())
        return text
            + QStringLiteral("<p>%1</p>").arg(CompatibilityPanel::tr("Nothing: every reader above can open it."));
    for (const CompatibilityChange& change : card.changes)
        text += QStringLiteral("<p style=\"margin:2px 0 6px 0\">%1<br><code>%2</code></p>")
                    .arg(html(change.what), html(change.how));
    return text;
}

} // namespace

CompatibilityPanel::CompatibilityPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_page(new QTextBrowser(this))
{
    m_page->setObjectName(QStringLiteral("compatibilityPage"));
    m_page->setAccessibleName(tr("Compatibility"));
    m_page->setOpenLinks(false);
    m_page->setTabChangesFocus(true);
    m_page->setFrameShape(QFrame::NoFrame);
    m_page->document()->setDocumentMargin(10);
    setContent(m_page);
    connect(&document, &ImageDocument::opened, this, &CompatibilityPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &CompatibilityPanel::refresh);
    refresh();
}

void CompatibilityPanel::refresh()
{
    const auto image = m_document.image();
    if (!image) {
        showEmpty(tr("Who can read an open image appears here."));
        return;
    }
    const CompatibilityCard card = compatibilityOf(*image, *m_document.census());
    m_page->setHtml(demandsHtml(card) + readersHtml(card, palette()) + changesHtml(card));
    showContent();
}

void CompatibilityPanel::changeEvent(QEvent* event)
{
    EmptyState::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        refresh();
}

} // namespace cowscope::ui
