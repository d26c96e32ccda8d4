// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/navigator/go_to_box.h"

#include "ui/navigator/place.h"

#include <QAction>
#include <QCompleter>
#include <QKeyEvent>
#include <QStringListModel>

#include <algorithm>

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
    const auto place = parsePlace(text, *image);
    if (!place)
        return Q_EMIT refused(place.error());
    Selection& selection = m_document.selection();
    if (*place == selection.current())
        Q_EMIT selection.changed(); // it may be out of sight by now: the views show it once more
    else
        selection.select(*place);
    Q_EMIT reached();
}

/// An edit line takes keys for itself that are the program's, such as Ctrl+E.
bool GoToBox::event(QEvent* event)
{
    if (event->type() != QEvent::ShortcutOverride || !isShortcut(*static_cast<QKeyEvent*>(event)))
        return QLineEdit::event(event);
    event->ignore();
    return true;
}

/// Whether an action of the window answers to the key, wherever the focus is.
bool GoToBox::isShortcut(const QKeyEvent& event) const
{
    const QKeySequence keys(event.keyCombination());
    return std::ranges::any_of(window()->findChildren<QAction*>(), [&keys](const QAction* action) {
        return action->isEnabled() && action->shortcutContext() == Qt::WindowShortcut
            && action->shortcuts().contains(keys);
    });
}

} // namespace cowscope::ui
