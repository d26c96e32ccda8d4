// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/edit_demo.h"

#include "ui/jobs/task_dialog.h"

#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>
#include <QTextDocumentFragment>

namespace cowscope
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("demo", text);
}

template <typename T>
T* find(QWidget& parent, const char* name)
{
    T* found = parent.findChild<T*>(QString::fromLatin1(name));
    if (!found)
        complain(tr("there is no %1").arg(QString::fromLatin1(name)));
    return found;
}

/// Triggers an action as its menu does and waits until the dialog that it opens has found out what it needs.
ui::TaskDialog* openDialog(ui::MainWindow& window, const char* action)
{
    auto* trigger = find<QAction>(window, action);
    if (!trigger || !waitUntil([trigger] { return trigger->isEnabled(); }))
        return nullptr;
    trigger->trigger();
    auto* dialog = window.findChild<ui::TaskDialog*>();
    if (!dialog)
        complain(tr("%1 opens no dialog").arg(QString::fromLatin1(action)));
    return dialog && settle() ? dialog : nullptr;
}

bool click(QWidget& dialog, const char* name)
{
    auto* button = find<QPushButton>(dialog, name);
    if (!button)
        return false;
    if (!button->isEnabled() || !button->isVisible())
        return complain(
            tr("%1 cannot be clicked: %2")
                .arg(QString::fromLatin1(name),
                    QTextDocumentFragment::fromHtml(dialog.findChild<ui::NoticeBox*>(QStringLiteral("problem"))->text())
                        .toPlainText()));
    button->click();
    return true;
}

/// Waits until the window shows the image after an edit.
bool isClean(ui::MainWindow& window)
{
    if (!settle() || !waitUntil([&window] { return window.document().census() != nullptr; }))
        return false;
    if (!window.document().census()->isClean())
        return complain(tr("%1 is not clean").arg(window.document().path()));
    return true;
}

bool takeSnapshot(ui::MainWindow& window, PictureBook& book)
{
    QPointer<ui::TaskDialog> dialog = openDialog(window, "createSnapshotAction");
    if (!dialog)
        return false;
    auto* name = find<QLineEdit>(*dialog, "snapshotName");
    if (!name)
        return false;
    name->setText(QStringLiteral("after the change"));
    if (!book.take(*dialog, QStringLiteral("snapshot-cost")) || !click(*dialog, "go")
        || !waitUntil([&dialog] { return !dialog; }))
        return false;
    window.views().bringUp(ui::Views::View::Snapshots);
    return isClean(window) && book.take(window, QStringLiteral("window-snapshots"));
}

bool repairSample(QSize size, PictureBook& book)
{
    const QString path = book.folder().absoluteFilePath(QStringLiteral("damaged-copy.qcow2"));
    QFile::remove(path);
    if (!QFile::copy(QStringLiteral(":/samples/damaged.qcow2"), path))
        return complain(tr("%1 cannot be written").arg(path));
    QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner);
    ui::MainWindow window;
    window.setAttribute(Qt::WA_DeleteOnClose, false);
    window.resize(size);
    window.show();
    window.openPath(path);
    if (!waitUntil([&window] { return window.document().image() != nullptr; }))
        return false;
    window.views().bringUp(ui::Views::View::Findings);
    if (!book.take(window, QStringLiteral("window-damaged")))
        return false;
    QPointer<ui::TaskDialog> dialog = openDialog(window, "repairAllAction");
    if (!dialog)
        return false;
    if (auto* accept = find<QCheckBox>(*dialog, "accept"); accept && accept->isVisible())
        accept->click();
    if (!book.take(*dialog, QStringLiteral("repair-preview")) || !click(*dialog, "go")
        || !book.take(*dialog, QStringLiteral("repair-result")))
        return false;
    if (const auto* headline = find<QLabel>(*dialog, "repairHeadline"))
        say(QTextDocumentFragment::fromHtml(headline->text()).toPlainText());
    return click(*dialog, "close") && isClean(window) && book.take(window, QStringLiteral("window-repaired"));
}

bool createImage(QSize size, PictureBook& book)
{
    const QString path = book.folder().absoluteFilePath(QStringLiteral("created.qcow2"));
    QFile::remove(path);
    ui::MainWindow window;
    window.setAttribute(Qt::WA_DeleteOnClose, false);
    window.resize(size);
    window.show();
    QPointer<ui::TaskDialog> dialog = openDialog(window, "createAction");
    if (!dialog)
        return false;
    auto* file = find<QLineEdit>(*dialog, "path");
    auto* width = find<QComboBox>(*dialog, "width");
    if (!file || !width)
        return false;
    file->setText(path);
    width->setCurrentIndex(0); // 1 bit
    return book.take(*dialog, QStringLiteral("create")) && click(*dialog, "go")
        && waitUntil([&] { return !dialog && window.document().image(); }) && isClean(window)
        && book.take(window, QStringLiteral("window-created"));
}

} // namespace

bool runEditDemo(ui::MainWindow& window, PictureBook& book)
{
    return takeSnapshot(window, book) && repairSample(window.size(), book) && createImage(window.size(), book);
}

} // namespace cowscope
