// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/demo.h"

#include "app/gui/demo_support.h"
#include "app/gui/edit_demo.h"
#include "ui/amend_wizard/amend_wizard.h"
#include "ui/shell/main_window.h"

#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QFile>
#include <QFileInfo>
#include <QLabel>
#include <QPointer>
#include <QSettings>
#include <QTemporaryDir>
#include <QTextDocumentFragment>

namespace cowscope
{

namespace
{

constexpr unsigned kBits = 64;
constexpr QSize kWindowSize(1440, 900);

QString tr(const char* text)
{
    return QCoreApplication::translate("demo", text);
}

class Demo
{
public:
    explicit Demo(const QString& outDir)
        : m_book(outDir)
    {
        m_window.setAttribute(Qt::WA_DeleteOnClose, false);
    }

    bool run(const QString& image);

private:
    bool copy(const QString& image);
    bool openWindow();
    bool openWizard();
    bool chooseWidth();
    bool preview();
    bool change();
    bool result();
    bool windowAfter();

    QAbstractButton* forward() const;
    bool goForward() const;
    QString pageText(const char* label) const;
    bool takePage(const QString& name);

    PictureBook m_book;
    QString m_copy;
    ui::MainWindow m_window;
    QPointer<ui::AmendWizard> m_wizard; ///< a user may close it
    bool m_good = false;
};

bool Demo::run(const QString& image)
{
    const bool ended = copy(image) && openWindow() && openWizard() && chooseWidth() && preview() && change() && result()
        && windowAfter() && runEditDemo(m_window, m_book);
    if (ended && !m_good)
        return complain(tr("the image is not clean at a width of %1 bits").arg(kBits));
    return ended;
}

/// A copy under another name, so that the image itself is never opened for writing, wherever it lies.
bool Demo::copy(const QString& image)
{
    const QString source = image.isEmpty() ? QStringLiteral(":/samples/snapshots.qcow2") : image;
    const QFileInfo info(source);
    if (!info.isFile())
        return complain(tr("%1 is not a file").arg(source));
    if (!m_book.folder().mkpath(QStringLiteral(".")))
        return complain(tr("%1 cannot be made").arg(m_book.folder().path()));
    m_copy = m_book.folder().absoluteFilePath(info.completeBaseName() + QStringLiteral("-copy.qcow2"));
    if (QFileInfo(m_copy).canonicalFilePath() == info.canonicalFilePath())
        return complain(tr("%1 is a copy of an earlier run").arg(source));
    QFile::remove(m_copy);
    if (!QFile::copy(source, m_copy))
        return complain(tr("%1 cannot be copied to %2").arg(source, m_copy));
    QFile::setPermissions(m_copy, QFile::permissions(m_copy) | QFile::ReadOwner | QFile::WriteOwner);
    say(tr("Copied %1 to %2").arg(source, m_copy));
    return true;
}

bool Demo::openWindow()
{
    QString failure;
    const QObject context;
    QObject::connect(&m_window.document(), &ui::ImageDocument::failed, &context,
        [&failure](const Error& error) { failure = QString::fromStdString(error.text()); });
    m_window.views().resetLayout();
    m_window.resize(kWindowSize);
    m_window.show();
    m_window.openPath(m_copy);
    if (!waitUntil([&] { return m_window.document().image() || !failure.isEmpty(); }))
        return false;
    return failure.isEmpty() ? m_book.take(m_window, QStringLiteral("window-before")) : complain(failure);
}

bool Demo::openWizard()
{
    auto* action = m_window.findChild<QAction*>(QStringLiteral("amendAction"));
    if (!action || !waitUntil([action] { return action->isEnabled(); }))
        return complain(tr("the wizard cannot be opened"));
    action->trigger();
    m_wizard = m_window.findChild<ui::AmendWizard*>();
    return takePage(QStringLiteral("now")) && goForward();
}

bool Demo::chooseWidth()
{
    const auto card
        = [this] { return m_wizard->currentPage()->findChild<QAbstractButton*>(QStringLiteral("width%1").arg(kBits)); };
    if (!waitUntil([&card] { return card() && card()->isVisible(); }))
        return false;
    card()->setFocus();
    card()->click();
    if (!m_book.take(*m_wizard, QStringLiteral("new-width")))
        return false;
    return card()->isChecked() ? goForward() : complain(pageText("widthDetails"));
}

bool Demo::preview()
{
    if (!takePage(QStringLiteral("preview")))
        return false;
    return forward()->isEnabled() ? goForward() : complain(pageText("lockState"));
}

bool Demo::change()
{
    if (!takePage(QStringLiteral("run")))
        return false;
    say(pageText("phase"));
    return forward()->isEnabled() ? goForward() : complain(tr("the width was not changed"));
}

bool Demo::result()
{
    if (!takePage(QStringLiteral("result")))
        return false;
    say(pageText("verdict"));
    const std::optional<ui::AmendReport> report = m_wizard->report();
    if (!report)
        return complain(tr("the check did not end"));
    for (const char* suffix : {"txt", "json", "html"}) {
        const QString path = m_book.folder().filePath(QStringLiteral("report.") + QString::fromLatin1(suffix));
        if (const auto saved = ui::saveReport(*report, path); !saved)
            return complain(QString::fromStdString(saved.error().text()));
        say(tr("Saved %1").arg(path));
    }
    m_good = report->after.isClean() && report->after.bits() == kBits;
    return goForward();
}

bool Demo::windowAfter()
{
    return m_book.take(m_window, QStringLiteral("window-after"));
}

QAbstractButton* Demo::forward() const
{
    for (const auto which : {QWizard::CommitButton, QWizard::FinishButton}) {
        if (m_wizard->button(which)->isVisible())
            return m_wizard->button(which);
    }
    return m_wizard->button(QWizard::NextButton);
}

bool Demo::goForward() const
{
    QAbstractButton* button = forward();
    if (!button->isVisible() || !button->isEnabled())
        return complain(tr("the wizard does not go on"));
    button->click();
    return true;
}

/// The text of a label of the present page, without its markup.
QString Demo::pageText(const char* label) const
{
    const auto* found = m_wizard->currentPage()->findChild<QLabel*>(QString::fromLatin1(label));
    return found ? QTextDocumentFragment::fromHtml(found->text()).toPlainText() : QString();
}

bool Demo::takePage(const QString& name)
{
    return settle() && m_wizard && m_book.take(*m_wizard, name) && m_wizard;
}

} // namespace

int runDemo(const QString& image, const QString& outDir)
{
    // The user's settings, recent files above all, are not the demo's to change.
    const QTemporaryDir settings;
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, settings.path());
    return Demo(outDir).run(image) ? 0 : 1;
}

} // namespace cowscope
