// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStackedWidget>

class QLabel;

namespace cowscope::ui
{

/// A panel that shows either its content or a sentence that says why there is none and what to do.
class EmptyState : public QStackedWidget
{
    Q_OBJECT

public:
    explicit EmptyState(QWidget* parent = nullptr);

    /// Called once; the content stays hidden until showContent().
    void setContent(QWidget* content);

    void showEmpty(const QString& sentence);
    void showContent();
    bool isEmpty() const { return currentIndex() == 0; }

private:
    QLabel* m_sentence;
};

} // namespace cowscope::ui
