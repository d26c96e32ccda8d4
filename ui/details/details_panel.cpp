// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/details/details_panel.h"

#include "ui/common/palette.h"
#include "ui/details/details_text.h"

#include <QTextBrowser>

namespace cowscope::ui
{

DetailsPanel::DetailsPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_text(new QTextBrowser(this))
{
    m_text->setObjectName(QStringLiteral("detailsText"));
    m_text->setAccessibleName(tr("Details of what is selected"));
    m_text->setOpenLinks(false);
    m_text->setFrameShape(QFrame::NoFrame);
    setContent(m_text);
    connect(m_text, &QTextBrowser::anchorClicked, this, [this](const QUrl& url) {
        if (const auto target = linkTarget(url))
            m_document.selection().select(*target);
    });
    connect(&document, &ImageDocument::opened, this, &DetailsPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &DetailsPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &DetailsPanel::refresh);
    refresh();
}

void DetailsPanel::refresh()
{
    if (!m_document.image()) {
        showEmpty(tr("What you select in an open image is explained here."));
        return;
    }
    HtmlPage page;
    page.setWarningColor(findingColor(isDark(palette())).name());
    writeDetails(page, *m_document.image(), *m_document.census(), m_document.selection().current());
    const QString html = page.html();
    if (html.isEmpty()) {
        showEmpty(tr("Select a field, a cluster or a structure: what it is and what it leads to is explained here."));
        return;
    }
    m_text->setHtml(html);
    showContent();
}

} // namespace cowscope::ui
