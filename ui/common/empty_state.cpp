// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/empty_state.h"

#include <QLabel>

namespace cowscope::ui
{

EmptyState::EmptyState(QWidget* parent)
    : QStackedWidget(parent)
    , m_sentence(new QLabel(this))
{
    m_sentence->setObjectName(QStringLiteral("emptyState"));
    m_sentence->setAlignment(Qt::AlignCenter);
    m_sentence->setWordWrap(true);
    m_sentence->setMargin(12);
    m_sentence->setForegroundRole(QPalette::PlaceholderText);
    addWidget(m_sentence);
}

void EmptyState::setContent(QWidget* content)
{
    addWidget(content);
}

void EmptyState::showEmpty(const QString& sentence)
{
    m_sentence->setText(sentence);
    setCurrentIndex(0);
}

void EmptyState::showContent()
{
    setCurrentIndex(1);
}

} // namespace cowscope::ui
