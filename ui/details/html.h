// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/selection.h"

#include <QString>
#include <QUrl>

#include <optional>

namespace cowscope::ui
{

/// Builds the details page: a title, paragraphs, tables of facts, links that select something. Texts given as `text`
/// are escaped, those given as `html` are not.
class HtmlPage
{
public:
    void title(const QString& text);
    void heading(const QString& text);
    void paragraph(const QString& text);
    void warning(const QString& text); ///< something is wrong; in the colour of findings
    void fact(const QString& name, const QString& text) { factHtml(name, text.toHtmlEscaped()); }
    void factHtml(const QString& name, const QString& html);
    void factCode(const QString& name, const QString& text); ///< bytes and offsets, in a fixed-width font

    void setWarningColor(const QString& name) { m_warningColor = name; }
    QString html();

private:
    void endTable();

    QString m_html;
    QString m_warningColor = QStringLiteral("#d32f2f");
    bool m_inTable = false;
};

/// A link that selects clusters, a refblock, or a header field; its HTML.
QString clusterLink(HostCluster first, std::uint64_t count, const QString& text);
QString refblockLink(std::uint64_t index, const QString& text);
QString headerFieldLink(std::size_t fieldOffset, const QString& text); ///< by its byte in the header
QString snapshotLink(std::size_t index, const QString& text);

/// What a link selects, nothing if it is none of these.
std::optional<Selection::Value> linkTarget(const QUrl& url);

} // namespace cowscope::ui
