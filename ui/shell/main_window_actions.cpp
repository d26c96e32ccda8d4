// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/format.h"
#include "ui/export/report_export.h"
#include "ui/hex/hex_panel.h"
#include "ui/navigator/command_palette.h"
#include "ui/navigator/go_to_box.h"
#include "ui/shell/help.h"
#include "ui/shell/main_window.h"
#include "ui/shell/recent_files.h"
#include "ui/shell/start_page.h"
#include "ui/snapshots/snapshots_panel.h"

#include <QAction>
#include <QApplication>
#include <QDockWidget>
#include <QFileInfo>
#include <QMenu>
#include <QMenuBar>
#include <QShortcut>
#include <QStyle>
#include <QToolBar>
#include <QWhatsThis>

namespace cowscope::ui
{

namespace
{

/// While an action is not to be had, its keys do nothing: they must not reach a view, to which they are other keys.
void keepKeyFromViews(const QAction& action, QWidget& window)
{
    auto* idle = new QShortcut(action.shortcut(), &window);
    idle->setEnabled(!action.isEnabled());
    QObject::connect(&action, &QAction::enabledChanged, idle, [idle](bool enabled) { idle->setEnabled(!enabled); });
}

} // namespace

// The menus and the tool bar of MainWindow.

void MainWindow::makeActions()
{
    makeFileMenu();
    makeViewMenu();
    makeGoMenu();
    makeImageMenu();
    makeHelpMenu();
    makeToolBar();
}

void MainWindow::makeFileMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&File"));
    QAction* create = menu->addAction(tr("&New Image\u2026"), QKeySequence::New, this, &MainWindow::showCreateDialog);
    create->setObjectName(QStringLiteral("createAction"));
    m_open = menu->addAction(
        style()->standardIcon(QStyle::SP_DialogOpenButton), tr("&Open\u2026"), this, &MainWindow::chooseImage);
    m_open->setShortcut(QKeySequence::Open);
    m_open->setObjectName(QStringLiteral("openAction"));
    m_recentMenu = menu->addMenu(tr("Open &Recent"));
    connect(m_recentMenu, &QMenu::aboutToShow, this, &MainWindow::fillRecentMenu);
    menu->addAction(
        tr("New &Window"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_N), this, [] { (new MainWindow)->show(); });
    menu->addSeparator();
    m_exportReport = menu->addAction(tr("&Export Report\u2026"), this, [this] { m_export->choose(this); });
    m_exportReport->setObjectName(QStringLiteral("exportReportAction"));
    m_exportReport->setShortcut(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_R));
    m_exportReport->setToolTip(tr("Write all that there is to tell of the image as HTML, PDF or JSON"));
    menu->addSeparator();
    m_close = menu->addAction(tr("&Close"), QKeySequence(Qt::CTRL | Qt::Key_W), this, &MainWindow::closeImage);
    m_close->setObjectName(QStringLiteral("closeAction"));
    menu->addAction(tr("&Quit"), QKeySequence::Quit, this, &MainWindow::closeAll);
}

void MainWindow::fillRecentMenu()
{
    m_recentMenu->clear();
    const QStringList files = RecentFiles::list();
    for (const QString& path : files)
        m_recentMenu->addAction(QFileInfo(path).fileName(), this, [this, path] { openPath(path); })
            ->setToolTip(plainToolTip(path));
    if (files.isEmpty())
        m_recentMenu->addAction(tr("No recent images"))->setEnabled(false);
    else
        m_recentMenu->addSeparator();
    if (!files.isEmpty())
        m_recentMenu->addAction(tr("Clear List"), this, [this] {
            RecentFiles::clear();
            m_start->refresh();
        });
    m_recentMenu->setToolTipsVisible(true);
}

void MainWindow::makeViewMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&View"));
    m_views->fillMenu(*menu);
    menu->addSeparator();
    QMenu* show = menu->addMenu(tr("&Go to View"));
    for (int i = 0; i < Views::kViewCount; ++i) {
        const auto view = static_cast<Views::View>(i);
        show->addAction(m_views->dock(view)->windowTitle(), QKeySequence(Views::key(view)), this,
            [this, view] { m_views->bringUp(view); });
    }
    menu->addSeparator();
    menu->addAction(tr("Reset &Layout"), m_views, &Views::resetLayout)
        ->setObjectName(QStringLiteral("resetLayoutAction"));
}

void MainWindow::makeGoMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Go"));
    m_back = menu->addAction(
        style()->standardIcon(QStyle::SP_ArrowBack), tr("&Back"), &m_document.selection(), &Selection::back);
    m_back->setShortcut(QKeySequence(Qt::ALT | Qt::Key_Left));
    m_back->setObjectName(QStringLiteral("backAction"));
    m_back->setEnabled(false);
    m_forward = menu->addAction(
        style()->standardIcon(QStyle::SP_ArrowForward), tr("&Forward"), &m_document.selection(), &Selection::forward);
    m_forward->setShortcut(QKeySequence(Qt::ALT | Qt::Key_Right));
    m_forward->setObjectName(QStringLiteral("forwardAction"));
    m_forward->setEnabled(false);
    for (QAction* step : {m_back, m_forward})
        keepKeyFromViews(*step, *this);
    menu->addSeparator();
    menu->addAction(tr("&Go to\u2026"), QKeySequence(Qt::CTRL | Qt::Key_G), this, [this] {
        m_goTo->setFocus(Qt::ShortcutFocusReason);
        m_goTo->selectAll();
    });
    QAction* find = menu->addAction(tr("&Find Bytes or Text\u2026"), QKeySequence::Find, this, [this] {
        m_views->bringUp(Views::View::Hex);
        m_views->hex().startSearch();
    });
    find->setObjectName(QStringLiteral("findAction"));
    menu->addSeparator();
    QAction* palette = menu->addAction(tr("Command &Palette\u2026"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_P),
        this, [this] { (new CommandPalette(*this))->open(); });
    palette->setObjectName(QStringLiteral("paletteAction"));
}

void MainWindow::makeImageMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Image"));
    m_reload = menu->addAction(style()->standardIcon(QStyle::SP_BrowserReload), tr("&Reload and Check Again"),
        &m_document, &ImageDocument::reload);
    m_reload->setShortcut(QKeySequence(Qt::Key_F5));
    m_reload->setObjectName(QStringLiteral("reloadAction"));
    m_reload->setIconText(tr("Check again"));
    m_amend = menu->addAction(tr("&Change Refcount Width\u2026"), this, &MainWindow::showAmendWizard);
    m_amend->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_E));
    m_amend->setObjectName(QStringLiteral("amendAction"));
    m_amend->setToolTip(tr("Change the width of the reference counts, in steps that show first what would happen"));
    m_amendOptions = menu->addAction(tr("A&mend Options\u2026"), this, &MainWindow::showAmendOptions);
    m_amendOptions->setShortcut(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E));
    m_amendOptions->setObjectName(QStringLiteral("amendOptionsAction"));
    m_amendOptions->setToolTip(
        tr("Change compat level, width, lazy refcounts and the backing file's name at one stroke"));
    m_editHeader = menu->addAction(tr("Edit &Header\u2026"), this, &MainWindow::showHeaderEditor);
    m_editHeader->setShortcut(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_H));
    m_editHeader->setObjectName(QStringLiteral("editHeaderAction"));
    m_editHeader->setToolTip(tr("Change feature bits, names and extensions in the header by hand, with undo"));
    m_editRefcount = menu->addAction(tr("Edit Reference Cou&nt\u2026 (expert)"), this, &MainWindow::showRefcountEditor);
    m_editRefcount->setObjectName(QStringLiteral("editRefcountAction"));
    m_editRefcount->setToolTip(tr("Write the count of the selected cluster by hand. This can make the image corrupt"));
    m_views->setEditActions(m_editHeader, m_editRefcount);
    menu->addSeparator();
    m_repairLeaks
        = addRepairAction(*menu, QStringLiteral("repairLeaksAction"), tr("Repair &Leaks\u2026"), RepairMode::Leaks);
    m_repairLeaks->setToolTip(tr("Lower the counts that are too high, after showing which; nothing else is touched"));
    m_repairLeaks->setIconText(tr("Repair leaks\u2026"));
    m_repairAll = addRepairAction(*menu, QStringLiteral("repairAllAction"), tr("Re&pair All\u2026"), RepairMode::All);
    m_repairAll->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_R));
    m_repairAll->setToolTip(tr("Mend what the check found, after showing what that would do"));
    m_repairAll->setIconText(tr("Repair all\u2026"));
    m_views->setFindingActions({m_reload, m_repairLeaks, m_repairAll});
    menu->addSeparator();
    m_createSnapshot = menu->addAction(tr("Create &Snapshot\u2026"), this, [this] {
        m_views->bringUp(Views::View::Snapshots);
        m_views->snapshots().createSnapshot();
    });
    m_createSnapshot->setShortcut(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S));
    m_createSnapshot->setObjectName(QStringLiteral("createSnapshotAction"));
}

QAction* MainWindow::addRepairAction(QMenu& menu, const QString& objectName, const QString& text, RepairMode mode)
{
    QAction* action = menu.addAction(text, this, [this, mode] { showRepair(mode); });
    action->setObjectName(objectName);
    action->setEnabled(false);
    return action;
}

void MainWindow::makeHelpMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Help"));
    menu->addAction(tr("&Guide"), this, [this] { showGuide(this); })->setObjectName(QStringLiteral("guideAction"));
    menu->addAction(tr("&Keys"), QKeySequence::HelpContents, this, [this] { showKeys(this); });
    QAction* what = QWhatsThis::createAction(this);
    menu->addAction(what);
    menu->addSeparator();
    menu->addAction(tr("&About Cowscope"), this, [this] { showAbout(this); });
}

void MainWindow::makeToolBar()
{
    QToolBar* bar = addToolBar(tr("Tools"));
    bar->setObjectName(QStringLiteral("toolBar"));
    bar->setMovable(false);
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    bar->addAction(m_open);
    bar->addAction(m_reload);
    bar->addAction(m_back);
    bar->addAction(m_forward);
    m_goTo = new GoToBox(m_document, this);
    m_goTo->setMaximumWidth(280);
    connect(m_goTo, &GoToBox::refused, this, &MainWindow::showRefusal);
    connect(m_goTo, &GoToBox::reached, this, [this] {
        if (m_goTo->hasFocus())
            m_views->focusSelected();
    });
    bar->addWidget(m_goTo);
    auto* space = new QWidget(this);
    space->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(space);
    bar->addAction(m_amend);
}

} // namespace cowscope::ui
