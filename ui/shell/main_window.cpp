// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/main_window.h"

#include "ui/amend_options/amend_options_dialog.h"
#include "ui/amend_wizard/amend_wizard.h"
#include "ui/chain/chain_panel.h"
#include "ui/common/format.h"
#include "ui/common/guest_text.h"
#include "ui/create/create_dialog.h"
#include "ui/document/selected_clusters.h"
#include "ui/export/report_export.h"
#include "ui/header_editor/header_editor_dialog.h"
#include "ui/header_editor/refcount_dialog.h"
#include "ui/jobs/job_bar.h"
#include "ui/navigator/go_to_box.h"
#include "ui/repair/repair_dialog.h"
#include "ui/shell/facts_bar.h"
#include "ui/shell/notice_strip.h"
#include "ui/shell/recent_files.h"
#include "ui/shell/start_page.h"
#include "ui/snapshots/snapshots_panel.h"

#include <QAction>
#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimer>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{

const QString kGeometryKey = QStringLiteral("layout/window");
constexpr int kMessageMilliseconds = 15'000;

/// Opens a dialog for an edit; what it has done is told in `bar`.
template <typename Dialog>
void openEdit(Dialog* dialog, QStatusBar* bar)
{
    constexpr int kMilliseconds = 8'000;
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(dialog, &Dialog::finishedWith, bar,
        [bar](const QString& sentence) { bar->showMessage(sentence, kMilliseconds); });
    dialog->open();
}

QStringList localFiles(const QMimeData* data)
{
    QStringList files;
    const QList<QUrl> urls = data->urls();
    for (const QUrl& url : urls)
        if (url.isLocalFile())
            files += url.toLocalFile();
    return files;
}

} // namespace

MainWindow::MainWindow(QWidget* parent)
    : QMainWindow(parent)
    , m_document(this)
{
    setObjectName(QStringLiteral("mainWindow"));
    setAttribute(Qt::WA_DeleteOnClose);
    setAcceptDrops(true);
    resize(1200, 780);
    makeCentre();
    makeActions();
    makeStatusBar();
    connectDocument();
    connectExport();
    restoreGeometry(QSettings().value(kGeometryKey).toByteArray());
    m_views->restoreLayout();
    updateState();
}

MainWindow::~MainWindow()
{
    // Children would be destroyed after the members; but panels and the wizard hold on to the document.
    qDeleteAll(findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly));
}

void MainWindow::makeCentre()
{
    m_start = new StartPage(this);
    m_facts = new FactsBar(m_document, this);
    m_notice = new NoticeStrip(this);
    m_views = new Views(m_document, this);
    auto* opened = new QWidget(this);
    auto* layout = new QVBoxLayout(opened);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_facts);
    layout->addWidget(m_notice);
    layout->addWidget(m_views, 1);
    m_centre = new QStackedWidget(this);
    m_centre->addWidget(m_start);
    m_centre->addWidget(opened);
    setCentralWidget(m_centre);
    connect(m_start, &StartPage::openRequested, this, &MainWindow::chooseImage);
    connect(m_start, &StartPage::pathChosen, this, &MainWindow::openPath);
    connect(m_notice, &NoticeStrip::reloadRequested, &m_document, &ImageDocument::reload);
    connect(m_start, &StartPage::createRequested, this, &MainWindow::showCreateDialog);
    connect(&m_views->snapshots(), &SnapshotsPanel::amendRequested, this, &MainWindow::showAmendWizard);
    connect(&m_views->snapshots(), &SnapshotsPanel::repairRequested, this, [this] { showRepair(RepairMode::All); });
    connect(&m_views->chain(), &ChainPanel::openRequested, this, &MainWindow::openPath);
    connect(m_facts, &FactsBar::verdictClicked, this, [this] { m_views->bringUp(Views::View::Findings); });
}

void MainWindow::makeStatusBar()
{
    m_selectionText = new QLabel(this);
    m_selectionText->setObjectName(QStringLiteral("selectionText"));
    m_selectionText->setAccessibleName(tr("Selection"));
    m_selectionText->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // its text must not widen the window
    m_jobBar = new JobBar(this);
    statusBar()->addWidget(m_selectionText, 1);
    statusBar()->addPermanentWidget(m_jobBar);
}

void MainWindow::connectDocument()
{
    connect(&m_document, &ImageDocument::jobStarted, this, [this](Job* job) {
        m_jobBar->setJob(job);
        m_start->setBusy(job->title() + u'\u2026');
        updateState();
    });
    connect(&m_document, &ImageDocument::opened, this, &MainWindow::imageOpened);
    connect(&m_document, &ImageDocument::failed, this, &MainWindow::openFailed);
    connect(&m_document, &ImageDocument::cancelled, this, &MainWindow::openEnded);
    connect(&m_document, &ImageDocument::closed, this, &MainWindow::imageClosed);
    connect(&m_document, &ImageDocument::changedOnDisk, this, [this] {
        m_notice->showNotice(QFileInfo::exists(m_document.path())
                ? tr("The file has changed on disk. What is shown is its state before that.")
                : tr("The file is gone: it was deleted, renamed or moved. What is shown is its last state. Reload once "
                     "it is back."),
            true);
    });
    connect(&m_document.selection(), &Selection::changed, this, [this] {
        updateSelectionText();
        m_editRefcount->setEnabled(!m_document.job() && oneSelectedCluster());
        m_back->setEnabled(m_document.selection().canGoBack());
        m_forward->setEnabled(m_document.selection().canGoForward());
    });
}

void MainWindow::connectExport()
{
    m_export = new ReportExport(m_document, this);
    connect(m_export, &ReportExport::jobStarted, m_jobBar, &JobBar::setJob);
    connect(m_export, &ReportExport::saved, this, [this](const QString& path) {
        statusBar()->showMessage(tr("The report was saved as %1").arg(path), kMessageMilliseconds);
    });
    connect(m_export, &ReportExport::failed, this, [this](const Error& error) {
        auto* box = new QMessageBox(
            QMessageBox::Warning, tr("The report cannot be saved"), errorText(error), QMessageBox::Close, this);
        box->setObjectName(QStringLiteral("reportError"));
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->setTextFormat(Qt::RichText);
        box->open();
    });
}

bool MainWindow::isFree() const
{
    return !m_document.image() && !m_document.job();
}

void MainWindow::openPath(const QString& path)
{
    if (isFree()) {
        m_opening = path;
        m_document.open(path);
        return;
    }
    auto* window = new MainWindow;
    window->show();
    window->openPath(path);
}

void MainWindow::openPaths(const QStringList& paths)
{
    for (const QString& path : paths)
        openPath(path);
}

void MainWindow::chooseImage()
{
    auto* dialog = new QFileDialog(this, tr("Open an image"));
    dialog->setObjectName(QStringLiteral("openDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    dialog->setNameFilters({tr("qcow2 images (*.qcow2 *.qcow *.img)"), tr("All files (*)")});
    if (!m_document.path().isEmpty())
        dialog->setDirectory(QFileInfo(m_document.path()).absolutePath());
    connect(dialog, &QFileDialog::filesSelected, this, &MainWindow::openPaths);
    dialog->open();
}

void MainWindow::closeImage()
{
    if (isFree())
        close();
    else
        m_document.close();
}

void MainWindow::showAmendWizard()
{
    if (!m_document.image())
        return;
    auto* wizard = new AmendWizard(m_document, this);
    wizard->setAttribute(Qt::WA_DeleteOnClose);
    connect(wizard, &AmendWizard::mapRequested, this, [this] { m_views->bringUp(Views::View::Map); });
    wizard->open();
}

void MainWindow::showAmendOptions()
{
    if (!m_document.image())
        return;
    openEdit(new AmendOptionsDialog(m_document, this), statusBar());
}

void MainWindow::showHeaderEditor()
{
    if (!m_document.image())
        return;
    openEdit(new HeaderEditorDialog(m_document, m_headerHistory, this), statusBar());
}

void MainWindow::showRefcountEditor()
{
    const auto cluster = oneSelectedCluster();
    if (!cluster)
        return;
    openEdit(new RefcountDialog(m_document, *cluster, this), statusBar());
}

/// The cluster that is selected, if it is one and not a range.
std::optional<HostCluster> MainWindow::oneSelectedCluster()
{
    const auto image = m_document.image();
    const auto range = image ? selectedClusters(m_document.selection().current(), *image) : std::nullopt;
    return range && range->count == 1 ? std::optional(range->first) : std::nullopt;
}

void MainWindow::showRepair(RepairMode mode)
{
    if (!m_document.image())
        return;
    auto* dialog = new RepairDialog(m_document, mode, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &RepairDialog::amendRequested, this, &MainWindow::showAmendWizard);
    dialog->open();
}

void MainWindow::showCreateDialog()
{
    const QString folder = m_document.path().isEmpty() ? QDir::homePath() : QFileInfo(m_document.path()).absolutePath();
    auto* dialog = new CreateDialog(folder, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &CreateDialog::created, this, &MainWindow::openPath);
    dialog->open();
}

void MainWindow::goTo(const QString& place)
{
    m_goTo->goTo(place);
}

void MainWindow::showRefusal(const QString& why)
{
    constexpr int kReadMilliseconds = 15000;
    statusBar()->showMessage(why, kReadMilliseconds);
    const auto clear = [this, why] {
        if (statusBar()->currentMessage() == why)
            statusBar()->clearMessage();
    };
    connect(&m_document.selection(), &Selection::changed, this, clear, Qt::SingleShotConnection);
}

void MainWindow::imageOpened()
{
    RecentFiles::add(m_document.path());
    // An event of its own: showing all views for the first time takes as long as filling them.
    QTimer::singleShot(0, this, [this] { m_centre->setCurrentIndex(m_document.image() ? 1 : 0); });
    if (const QString notice = openingNotice(); notice.isEmpty())
        m_notice->hide();
    else
        m_notice->showNotice(notice, !m_document.isShared());
    openEnded();
}

/// What the user has to know about the image that was opened; empty in the ordinary case.
QString MainWindow::openingNotice() const
{
    QStringList notices;
    if (m_document.isShared())
        notices
            += tr("Opened although another program uses the image: it may be changing, and what is shown may be out of "
                  "date or contradict itself.");
    if (const auto problems = m_document.image()->problems(); !problems.empty())
        notices += tr("Not all of this image can be read: %1. The end of the Header view lists each problem.")
                       .arg(toQString(problems.front().what));
    return notices.join(u'\n');
}

void MainWindow::imageClosed()
{
    m_centre->setCurrentIndex(0);
    m_notice->hide();
    openEnded();
}

void MainWindow::openEnded()
{
    m_jobBar->setJob(nullptr);
    m_start->setBusy(QString());
    m_start->refresh();
    updateState();
}

void MainWindow::openFailed(const Error& error)
{
    openEnded();
    auto* box = new QMessageBox(
        QMessageBox::Warning, tr("The image cannot be opened"), errorText(error), QMessageBox::Close, this);
    box->setObjectName(QStringLiteral("openError"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::RichText);
    if (error.kind == ErrorKind::InUse) {
        const QString path = m_document.path().isEmpty() ? m_opening : m_document.path();
        QPushButton* anyway = box->addButton(tr("Open anyway (may be changing)"), QMessageBox::AcceptRole);
        anyway->setObjectName(QStringLiteral("openAnyway"));
        connect(anyway, &QPushButton::clicked, this, [this, path] { m_document.open(path, Sharing::Unlocked); });
    }
    box->open();
}

void MainWindow::updateState()
{
    const bool open = m_document.image() != nullptr;
    m_reload->setEnabled(open);
    m_exportReport->setEnabled(open);
    for (QAction* edit : {m_amend, m_amendOptions, m_editHeader, m_repairLeaks, m_repairAll, m_createSnapshot})
        edit->setEnabled(open && !m_document.job());
    m_editRefcount->setEnabled(!m_document.job() && oneSelectedCluster());
    m_goTo->setEnabled(open);
    setWindowTitle(
        open ? tr("%1 (read-only) \u2013 Cowscope").arg(QFileInfo(m_document.path()).fileName()) : tr("Cowscope"));
    setWindowFilePath(m_document.path());
    updateSelectionText();
}

void MainWindow::updateSelectionText()
{
    const auto image = m_document.image();
    const auto range = image ? selectedClusters(m_document.selection().current(), *image) : std::nullopt;
    const auto* guest = m_document.selection().as<GuestRange>();
    if (!range) {
        m_selectionText->setText(image && guest ? guestRangeText(guest->first, guest->bytes) : QString());
        return;
    }
    const HostCluster cluster = range->first;
    const ClusterMap& map = m_document.census()->map;
    const QString offset = formatOffset(image->geometry().offset(cluster));
    if (range->count > 1)
        m_selectionText->setText(tr("clusters %1 to %2 \u00b7 %3 \u00b7 %4")
                                     .arg(formatCount(cluster.value()), formatCount(cluster.value() + range->count - 1),
                                         offset, formatBytes(range->count * image->geometry().clusterSize())));
    else if (cluster.value() >= map.clusters())
        m_selectionText->setText(
            tr("cluster %1 \u00b7 %2 \u00b7 behind the end of the file").arg(formatCount(cluster.value()), offset));
    else
        m_selectionText->setText(
            tr("cluster %1 \u00b7 %2 \u00b7 %3 \u00b7 refcount %4 of %5")
                .arg(formatCount(cluster.value()), offset, ownerText(map.owner(cluster)),
                    formatCount(map.refcount(cluster)), formatCount(image->geometry().refcountCodec().maximum())));
    if (guest)
        m_selectionText->setText(
            tr("%1 \u00b7 %2").arg(guestRangeText(guest->first, guest->bytes), m_selectionText->text()));
}

/// Asks the dialogs of this window to close. One that writes first stops its edit: the window then closes after it.
bool MainWindow::closeDialogs()
{
    bool closed = true;
    const auto dialogs = findChildren<QDialog*>(QString(), Qt::FindDirectChildrenOnly);
    for (QDialog* dialog : dialogs) {
        if (!dialog->isVisible() || dialog->close())
            continue;
        closed = false;
        connect(dialog, &QObject::destroyed, this, &MainWindow::close,
            static_cast<Qt::ConnectionType>(Qt::QueuedConnection | Qt::UniqueConnection));
    }
    return closed;
}

void MainWindow::closeAll()
{
    const auto windows = QApplication::topLevelWidgets();
    for (QWidget* each : windows)
        if (auto* window = qobject_cast<MainWindow*>(each))
            window->close();
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (!closeDialogs()) {
        event->ignore();
        return;
    }
    QSettings().setValue(kGeometryKey, saveGeometry());
    m_views->saveLayout();
    QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    if (!localFiles(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event)
{
    const QStringList files = localFiles(event->mimeData());
    if (files.isEmpty())
        return;
    event->acceptProposedAction();
    openPaths(files);
}

} // namespace cowscope::ui
