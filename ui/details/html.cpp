// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/details/html.h"

#include <QStringList>

#include <algorithm>

namespace cowscope::ui
{

void HtmlPage::title(const QString& text)
{
    endTable();
    m_html += QStringLiteral("<h3>%1</h3>").arg(text.toHtmlEscaped());
}

void HtmlPage::heading(const QString& text)
{
    endTable();
    m_html += QStringLiteral("<p style=\"margin-bottom:2px\"><b>%1</b></p>").arg(text.toHtmlEscaped());
}

void HtmlPage::paragraph(const QString& text)
{
    endTable();
    m_html += QStringLiteral("<p style=\"margin-top:4px\">%1</p>").arg(text.toHtmlEscaped());
}

void HtmlPage::warning(const QString& text)
{
    endTable();
    m_html += QStringLiteral("<p style=\"color:%1\">\u26a0 %2</p>").arg(m_warningColor, text.toHtmlEscaped());
}

void HtmlPage::factHtml(const QString& name, const QString& html)
{
    if (!m_inTable)
        m_html += QStringLiteral("<table cellspacing=\"0\" cellpadding=\"1\">");
    m_inTable = true;
    m_html += QStringLiteral("<tr><td>%1&nbsp;&nbsp;</td><td>%2</td></tr>")
                  .arg(name.toHtmlEscaped().replace(u' ', QStringLiteral("&nbsp;")), html);
}

void HtmlPage::factCode(const QString& name, const QString& text)
{
    factHtml(name, QStringLiteral("<code>%1</code>").arg(text.toHtmlEscaped()));
}

void HtmlPage::endTable()
{
    if (m_inTable)
        m_html += QStringLiteral("</table>");
    m_inTable = false;
}

QString HtmlPage::html()
{
    endTable();
    return m_html;
}

namespace
{

QString link(const QString& target, const QString& text)
{
    return QStringLiteral("<a href=\"%1\">%2</a>").arg(target, text.toHtmlEscaped());
}

} // namespace

QString clusterLink(HostCluster first, std::uint64_t count, const QString& text)
{
    return link(QStringLiteral("clusters:%1,%2").arg(first.value()).arg(count), text);
}

QString refblockLink(std::uint64_t index, const QString& text)
{
    return link(QStringLiteral("refblock:%1").arg(index), text);
}

QString headerFieldLink(std::size_t fieldOffset, const QString& text)
{
    return link(QStringLiteral("header:%1").arg(fieldOffset), text);
}

QString snapshotLink(std::size_t index, const QString& text)
{
    return link(QStringLiteral("snapshot:%1").arg(index), text);
}

std::optional<Selection::Value> linkTarget(const QUrl& url)
{
    const QStringList numbers = url.path().split(u',');
    const std::uint64_t number = numbers.first().toULongLong();
    if (url.scheme() == QStringLiteral("clusters") && numbers.size() == 2)
        return ClusterRange{HostCluster(number), std::max<std::uint64_t>(1, numbers[1].toULongLong())};
    if (url.scheme() == QStringLiteral("refblock"))
        return RefblockSelection{number};
    if (url.scheme() == QStringLiteral("snapshot"))
        return SnapshotSelection{number};
    if (url.scheme() == QStringLiteral("header")) {
        const auto fields = fieldsOf(Structure::Header);
        const auto field = std::ranges::find(fields, number, &Field::offset);
        if (field != fields.end())
            return FieldSelection{
                Structure::Header, 0, HostOffset(0), static_cast<std::size_t>(field - fields.begin())};
    }
    return std::nullopt;
}

} // namespace cowscope::ui
