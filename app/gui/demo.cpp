// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/demo.h"

#include "ui/amend_wizard/amend_wizard.h"
#include "ui/shell/main_window.h"

#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QDeadlineTimer>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QLabel>
#include <QPointer>
#include <QSettings>
#include <QTemporaryDir>
#include <QTextDocumentFragment>
#include <QTextStream>
#include <QThread>

#include <chrono>
#include <functional>

namespace cowscope
{

namespace
{

using namespace std::chrono_literals;

constexpr unsigned kBits = 64;
constexpr auto kPatience = 10min; ///< for one step on a large image
constexpr QSize kWindowSize(1440, 900);

QString tr(const char* text)
{
    return QCoreApplication::translate("demo", text);
}

void say(const QString& line)
{
    QTextStream(stdout) << line << Qt::endl;
}

bool complain(const QString& line)
{
    QTextStream(stderr) << QStringLiteral("cowscope: ") << line << Qt::endl;
    return false;
}

/// Runs the event loop until the condition holds; false when patience ends.
bool waitUntil(const std::function<bool()>& condition)
{
    const QDeadlineTimer deadline(kPatience);
    while (!condition()) {
        if (deadline.hasExpired())
            return complain(tr("a step took too long"));
        QCoreApplication::processEvents();
        QThread::msleep(5);
    }
    return true;
}

/// Lets layouts and paints that are due happen.
bool settle()
{
    const QDeadlineTimer pause(400ms);
    return waitUntil([&pause] { return pause.hasExpired() && !ui::Job::anyRunning(); });
}

class Demo
{
public:
    explicit Demo(const QString& outDir)
        : m_outDir(outDir)
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
    bool take(QWidget& widget, const QString& name);

    QDir m_outDir;
    QString m_copy;
    ui::MainWindow m_window;
    QPointer<ui::AmendWizard> m_wizard; ///< a user may close it
    int m_pictures = 0;
    bool m_good = false;
};

bool Demo::run(const QString& image)
{
    const bool ended = copy(image) && openWindow() && openWizard() && chooseWidth() && preview() && change() && result()
        && windowAfter();
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
    if (!m_outDir.mkpath(QStringLiteral(".")))
        return complain(tr("%1 cannot be made").arg(m_outDir.path()));
    m_copy = m_outDir.absoluteFilePath(info.completeBaseName() + QStringLiteral("-copy.qcow2"));
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
    return failure.isEmpty() ? take(m_window, QStringLiteral("window-before")) : complain(failure);
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
    if (!take(*m_wizard, QStringLiteral("new-width")))
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
        const QString path = m_outDir.filePath(QStringLiteral("report.") + QString::fromLatin1(suffix));
        if (const auto saved = ui::saveReport(*report, path); !saved)
            return complain(QString::fromStdString(saved.error().text()));
        say(tr("Saved %1").arg(path));
    }
    m_good = report->after.isClean() && report->after.bits() == kBits;
    return goForward();
}

bool Demo::windowAfter()
{
    return take(m_window, QStringLiteral("window-after"));
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
    return settle() && m_wizard && take(*m_wizard, name) && m_wizard;
}

/// A picture once all jobs have ended.
bool Demo::take(QWidget& widget, const QString& name)
{
    if (!settle())
        return false;
    const QString file
        = m_outDir.filePath(QStringLiteral("%1-%2.png").arg(++m_pictures, 2, 10, QLatin1Char('0')).arg(name));
    if (!widget.grab().save(file))
        return complain(tr("%1 cannot be written").arg(file));
    say(tr("Saved %1").arg(file));
    return true;
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
