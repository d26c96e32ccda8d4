// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QLabel;
class QListWidget;
class QPushButton;

namespace cowscope::ui
{

/// What a window shows while it has no image: open one, a recent one, or a sample.
class StartPage : public QWidget
{
    Q_OBJECT

public:
    explicit StartPage(QWidget* parent = nullptr);

    void refresh(); ///< reads the recent files again
    void setBusy(const QString& what); ///< says that an image is being opened; empty: no more

Q_SIGNALS:
    void openRequested();
    void createRequested();
    void pathChosen(const QString& path);

private:
    void openSample(int row);

    QLabel* m_title;
    QPushButton* m_open;
    QPushButton* m_create;
    QLabel* m_recentTitle;
    QListWidget* m_recent;
    QListWidget* m_samples;
};

} // namespace cowscope::ui
