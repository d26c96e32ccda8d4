// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/notice_box.h"

#include "ui/common/palette.h"
#include "ui/common/text_label.h"

#include <QAccessible>
#include <QEvent>
#include <QLabel>
#include <QTextDocumentFragment>
#include <QVBoxLayout>

namespace cowscope::ui
{

NoticeBox::NoticeBox(const QString& objectName, QWidget* parent)
    : QFrame(parent)
    , m_text(makeTextLabel(objectName + QStringLiteral("Text"), this))
{
    setObjectName(objectName);
    m_text->setTextFormat(Qt::RichText);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 6, 8, 6);
    layout->addWidget(m_text);
    paintEdge();
    hide();
}

void NoticeBox::setNotice(Kind kind, const QString& html)
{
    m_kind = kind;
    m_text->setText(html);
    paintEdge();
    setVisible(!html.isEmpty());
    if (html.isEmpty())
        return;
    setAccessibleName(QTextDocumentFragment::fromHtml(html).toPlainText());
    QAccessibleEvent alert(this, QAccessible::Alert); // who does not see the edge hears it
    QAccessible::updateAccessibility(&alert);
}

QString NoticeBox::text() const
{
    return m_text->text();
}

void NoticeBox::paintEdge()
{
    const bool dark = isDark(palette());
    const QColor color = m_kind == Kind::Danger ? findingColor(dark) : QColor::fromRgb(dark ? 0xfff4c95d : 0xffc98a00);
    const QString style
        = QStringLiteral("#%1{border:1px solid %2;border-left:5px solid %2}").arg(objectName(), color.name());
    if (style != styleSheet())
        setStyleSheet(style);
}

void NoticeBox::changeEvent(QEvent* event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        paintEdge();
}

} // namespace cowscope::ui
