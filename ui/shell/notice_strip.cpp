// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/notice_strip.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace cowscope::ui
{

NoticeStrip::NoticeStrip(QWidget* parent)
    : QFrame(parent)
    , m_text(new QLabel(this))
    , m_dismiss(new QPushButton(tr("Dismiss"), this))
{
    setObjectName(QStringLiteral("noticeStrip"));
    // Amber with dark text reads well in both themes.
    setStyleSheet(QStringLiteral("#noticeStrip{background-color:#f4c95d}#noticeText{color:#2b2200}"));
    m_text->setObjectName(QStringLiteral("noticeText"));
    m_text->setTextFormat(Qt::PlainText);
    m_text->setWordWrap(true);
    auto* reload = new QPushButton(tr("Reload"), this);
    reload->setObjectName(QStringLiteral("noticeReload"));
    m_dismiss->setObjectName(QStringLiteral("noticeDismiss"));
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->addWidget(m_text, 1);
    layout->addWidget(reload);
    layout->addWidget(m_dismiss);
    connect(reload, &QPushButton::clicked, this, &NoticeStrip::reloadRequested);
    connect(m_dismiss, &QPushButton::clicked, this, &QWidget::hide);
    hide();
}

void NoticeStrip::showNotice(const QString& text, bool dismissable)
{
    m_text->setText(text);
    m_dismiss->setVisible(dismissable);
    show();
}

} // namespace cowscope::ui
