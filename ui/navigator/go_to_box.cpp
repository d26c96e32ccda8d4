// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/navigator/go_to_box.h"

#include "ui/navigator/place.h"

#include <QCompleter>
#include <QStringListModel>

namespace cowscope::ui
{

GoToBox::GoToBox(ImageDocument& document, QWidget* parent)
    : QLineEdit(parent)
    , m_document(document)
    , m_completions(new QStringListModel(this))
{
    setObjectName(QStringLiteral("goTo"));
    setAccessibleName(tr("Go to"));
    setPlaceholderText(tr("Go to: 1234, 0x50000, g:12M, L2[3]"));
    setToolTip(tr("A cluster number, an offset (0x50000, 12M), an offset of the disk (g:12M), or a name: header, "
                  "refblock 3, L1[2], L2[3], snapshot NAME, cluster_bits (Ctrl+G)"));
    auto* completer = new QCompleter(m_completions, this);
    // The model holds only what fits already, and what contains the text counts too.
    completer->setCompletionMode(QCompleter::UnfilteredPopupCompletion);
    completer->setMaxVisibleItems(12);
    setCompleter(completer);
    connect(this, &QLineEdit::textEdited, this, &GoToBox::complete);
    connect(this, &QLineEdit::returnPressed, this, [this] { goTo(text()); });
    connect(completer, qOverload<const QString&>(&QCompleter::activated), this, &GoToBox::goTo);
}

void GoToBox::complete(const QString& text)
{
    const auto image = m_document.image();
    m_completions->setStringList(image && !text.trimmed().isEmpty() ? placeCompletions(text, *image) : QStringList());
}

void GoToBox::goTo(const QString& text)
{
    const auto image = m_document.image();
    if (!image || text.trimmed().isEmpty())
        return;
    if (const auto place = parsePlace(text, *image))
        m_document.selection().select(*place);
    else
        Q_EMIT refused(place.error());
}

} // namespace cowscope::ui
