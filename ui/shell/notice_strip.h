// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;

namespace cowscope::ui
{

/// A strip above the views that says something about the open file and offers a reload; hidden while there is nothing
/// to say.
class NoticeStrip : public QFrame
{
    Q_OBJECT

public:
    explicit NoticeStrip(QWidget* parent = nullptr);

    void showNotice(const QString& text, bool dismissable);

Q_SIGNALS:
    void reloadRequested();

private:
    QLabel* m_text;
    QPushButton* m_dismiss;
};

} // namespace cowscope::ui
