// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/shell/main_window.h"

#include <QObject>
#include <QString>

namespace cowscope
{

/// Pictures of a window with every view in front once, and of the dialogs that show what an edit would do; for
/// documentation and for looking at. No edit is carried out.
class Screenshots : public QObject
{
    Q_OBJECT

public:
    /// Takes them into `folder` as soon as the window's image is open and all its jobs have ended.
    /// Dialogs get `dialogSize`, or the size of the window if it is invalid.
    Screenshots(ui::MainWindow& window, const QString& folder, QSize dialogSize, QObject* parent = nullptr);

Q_SIGNALS:
    void done(bool success);

private:
    void waitUntilQuiet();
    void select(ui::Views::View view);
    void takeAll();
    bool takeMaps();
    static void askForSomething(const QWidget& dialog);
    bool takeDialogs();
    bool takeWizard();

    ui::MainWindow& m_window;
    QString m_folder;
    QSize m_dialogSize;
};

} // namespace cowscope
