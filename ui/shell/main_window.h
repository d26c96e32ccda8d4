// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/repair/repair.h"
#include "ui/document/image_document.h"
#include "ui/header_editor/header_history.h"
#include "ui/shell/views.h"

#include <QMainWindow>

class QAction;
class QLabel;
class QMenu;
class QStackedWidget;

namespace cowscope::ui
{

class FactsBar;
class GoToBox;
class JobBar;
class NoticeStrip;
class ReportExport;
class StartPage;

/// A window with one image, or with the start page. Deletes itself when closed.
class MainWindow : public QMainWindow
{
    Q_OBJECT

public:
    explicit MainWindow(QWidget* parent = nullptr);
    ~MainWindow() override;

    ImageDocument& document() { return m_document; }
    Views& views() { return *m_views; }

    /// Opens here, or in a new window if this one has an image already.
    void openPath(const QString& path);
    void openPaths(const QStringList& paths);

public Q_SLOTS:
    void chooseImage(); ///< the file dialog
    void closeImage(); ///< the image; the window if it has none
    static void closeAll(); ///< every window of the program, so that it ends
    void showAmendWizard();
    void showCreateDialog();
    void goTo(const QString& place);

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    bool closeDialogs();
    void makeActions();
    void makeFileMenu();
    void makeViewMenu();
    void makeGoMenu();
    void makeImageMenu();
    QAction* addRepairAction(QMenu& menu, const QString& objectName, const QString& text, RepairMode mode);
    void showAmendOptions();
    void showHeaderEditor();
    void showRefcountEditor();
    void showRepair(RepairMode mode);
    void makeHelpMenu();
    void makeToolBar();
    void makeCentre();
    void makeStatusBar();
    void connectDocument();
    void connectExport();
    void fillRecentMenu();
    bool isFree() const; ///< neither an image nor one being opened

    void imageOpened();
    QString openingNotice() const;
    void imageClosed();
    void openFailed(const Error& error);
    void showRefusal(const QString& why); ///< for a while, in the status bar
    void openEnded(); ///< in whichever way
    void updateState();
    void updateSelectionText();
    std::optional<HostCluster> oneSelectedCluster();

    ImageDocument m_document;
    HeaderHistory m_headerHistory; ///< outlives the dialog, so that what it wrote can be taken back later
    QString m_opening; ///< path of the image that is being opened

    QAction* m_open = nullptr;
    QAction* m_exportReport = nullptr;
    QAction* m_close = nullptr;
    QAction* m_reload = nullptr;
    QAction* m_amend = nullptr;
    QAction* m_amendOptions = nullptr;
    QAction* m_editHeader = nullptr;
    QAction* m_editRefcount = nullptr;
    QAction* m_repairLeaks = nullptr;
    QAction* m_repairAll = nullptr;
    QAction* m_createSnapshot = nullptr;
    QAction* m_back = nullptr;
    QAction* m_forward = nullptr;
    QMenu* m_recentMenu = nullptr;
    GoToBox* m_goTo = nullptr;
    QStackedWidget* m_centre = nullptr;
    StartPage* m_start = nullptr;
    FactsBar* m_facts = nullptr;
    NoticeStrip* m_notice = nullptr;
    Views* m_views = nullptr;
    QLabel* m_selectionText = nullptr;
    JobBar* m_jobBar = nullptr;
    ReportExport* m_export = nullptr;
};

} // namespace cowscope::ui
