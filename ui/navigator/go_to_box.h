// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/image_document.h"

#include <QLineEdit>

class QStringListModel;

namespace cowscope::ui
{

/// The box that takes a place, completes it, and selects it. What it cannot understand it keeps, and says why.
class GoToBox : public QLineEdit
{
    Q_OBJECT

public:
    explicit GoToBox(ImageDocument& document, QWidget* parent = nullptr);

    /// Selects the place that `text` names and emits reached(), or emits refused(). A place that is selected already
    /// is shown once more: Selection::changed() is emitted for it too.
    void goTo(const QString& text);

protected:
    bool event(QEvent* event) override;

Q_SIGNALS:
    void reached();
    void refused(const QString& why); ///< a sentence

private:
    void complete(const QString& text);
    bool isShortcut(const QKeyEvent& event) const;

    ImageDocument& m_document;
    QStringListModel* m_completions;
};

} // namespace cowscope::ui
