// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compare/compare_panel.h"

#include "ui/common/chosen_row.h"
#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/text_label.h"
#include "ui/common/wrapping_layout.h"
#include "ui/compare/change_map.h"
#include "ui/preview/diff_model.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QTime>
#include <QVBoxLayout>

namespace cowscope::ui
{

ComparePanel::ComparePanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_file(new QPushButton(tr("Compare with a file\u2026"), this))
    , m_remember(new QPushButton(tr("Remember this state"), this))
    , m_before(new QPushButton(tr("Compare with before"), this))
    , m_contents(new QCheckBox(tr("Contents too"), this))
    , m_summary(makeTextLabel(QStringLiteral("compareSummary"), this))
    , m_map(new ChangeMap(this))
    , m_part(new QComboBox(this))
    , m_view(makeTable(QStringLiteral("compareTable"), tr("Differences"), this))
    , m_model(new DiffModel(this))
    , m_result(new EmptyState(this))
{
    m_summary->setTextFormat(Qt::PlainText);
    m_summary->setContentsMargins(6, 2, 6, 2);
    m_part->setObjectName(QStringLiteral("comparePart"));
    m_part->setAccessibleName(tr("Show differences of this part"));
    m_view->setModel(m_model);
    setColumnWidths(*m_view, {12, 40, 34, 34});
    auto* differences = new QWidget(this);
    auto* inner = new QVBoxLayout(differences);
    inner->setContentsMargins(0, 0, 0, 0);
    inner->setSpacing(0);
    inner->addWidget(m_map);
    inner->addWidget(m_part, 0, Qt::AlignLeft);
    inner->addWidget(m_view, 1);
    m_result->setContent(differences);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_summary);
    layout->addWidget(m_result, 1);
    setContent(content);
    connect(m_part, &QComboBox::currentIndexChanged, this, [this] {
        const QVariant part = m_part->currentData();
        m_model->setPart(part.isValid() ? std::optional(static_cast<DiffModel::Part>(part.toInt())) : std::nullopt);
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this,
        [this] { goTo(chosenRow(*m_view).row()); });
    connect(m_view, &QTableView::clicked, this, [this](const QModelIndex& index) { goTo(index.row()); });
    connect(m_map, &ChangeMap::guestChosen, this, [this](std::uint64_t byte) {
        if (byte < m_document.image()->geometry().virtualSize())
            m_document.selection().select(GuestRange{GuestOffset(byte), 1, {}});
    });
    connect(m_map, &ChangeMap::hostChosen, this, [this](HostCluster cluster) {
        if (cluster.value() < m_document.image()->fileClusters())
            m_document.selection().select(ClusterRange{cluster, 1});
    });
    connect(&document, &ImageDocument::opened, this, &ComparePanel::refresh);
    connect(&document, &ImageDocument::closed, this, &ComparePanel::refresh);
    refresh();
}

QWidget* ComparePanel::makeBar()
{
    m_file->setObjectName(QStringLiteral("compareFile"));
    m_file->setToolTip(tr("Compares header, tables and counts with those of another qcow2 image"));
    m_remember->setObjectName(QStringLiteral("rememberState"));
    m_remember->setToolTip(tr("Keeps a copy of the metadata, without guest data, until the window is closed: after an "
                              "edit it can be compared with what the image is then"));
    m_before->setObjectName(QStringLiteral("compareBefore"));
    m_before->setToolTip(tr("Compares the remembered state with the image as it is now"));
    m_contents->setObjectName(QStringLiteral("compareContents"));
    m_contents->setToolTip(tr("Also reads what the guests see in both files and opens their backing files for that; "
                              "this may take long"));
    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(4, 4, 4, 4);
    for (QWidget* each : std::initializer_list<QWidget*>{m_file, m_contents, m_remember, m_before})
        layout->addWidget(each);
    connect(m_file, &QPushButton::clicked, this, &ComparePanel::chooseFile);
    connect(m_remember, &QPushButton::clicked, this, &ComparePanel::remember);
    connect(m_before, &QPushButton::clicked, this, &ComparePanel::compareWithRemembered);
    return bar;
}

void ComparePanel::refresh()
{
    m_job.reset();
    if (!m_document.image() || m_document.path() != m_rememberedPath)
        m_remembered = {};
    if (!m_document.image()) {
        clearResult({});
        showEmpty(tr("An open image can be compared here: with another file, or with itself before an edit."));
        return;
    }
    clearResult(m_remembered.image
            ? tr("A state of this image is remembered: compare with it to see what has changed since.")
            : tr("Compare with another file; or remember this state, edit the image, and compare with before."));
    showContent();
    updateButtons();
}

void ComparePanel::clearResult(const QString& text)
{
    m_comparison.reset();
    m_model->setComparison(nullptr);
    m_summary->setText(text);
    m_result->showEmpty(tr("Differences appear here."));
}

void ComparePanel::updateButtons()
{
    const bool idle = !m_job || !m_job->isRunning();
    for (QPushButton* each : {m_file, m_remember})
        each->setEnabled(idle);
    m_before->setEnabled(idle && m_remembered.image);
}

void ComparePanel::startJob(const QString& title, Job::Work work, std::function<void(const std::any&)> done)
{
    clearResult(title + QStringLiteral("\u2026"));
    m_job = std::make_unique<Job>(title, std::move(work));
    connect(m_job.get(), &Job::progressed, this, [this, title](const Progress& progress) {
        if (progress.total > 0)
            m_summary->setText(tr("%1: %2").arg(title, formatPercent(progress.done, progress.total)));
    });
    connect(m_job.get(), &Job::finished, this, [this, done = std::move(done)](const std::any& result) {
        done(result);
        updateButtons();
    });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) {
        clearResult(toQString(error.text()));
        updateButtons();
    });
    m_job->start();
    updateButtons();
}

void ComparePanel::chooseFile()
{
    auto* dialog = new QFileDialog(this, tr("Compare with"));
    dialog->setObjectName(QStringLiteral("compareDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("qcow2 images (*.qcow2 *.qcow *.img)"), tr("All files (*)")});
    dialog->setDirectory(QFileInfo(m_document.path()).absolutePath());
    connect(dialog, &QFileDialog::fileSelected, this, &ComparePanel::compareWith);
    dialog->open();
}

void ComparePanel::compareWith(const QString& path)
{
    if (!m_document.image())
        return;
    const ComparedImage image{m_document.image(), QFile::encodeName(m_document.path()).toStdString(),
        m_document.isShared() ? Sharing::Unlocked : Sharing::Locked};
    const QString other = QFileInfo(path).fileName();
    startJob(tr("Comparing with %1").arg(other),
        compareFilesWork(image, QFile::encodeName(path).toStdString(), m_contents->isChecked()),
        [this, other](const std::any& result) {
            showResult(std::any_cast<const std::shared_ptr<const Comparison>&>(result), tr("This image"), other, false);
        });
}

void ComparePanel::remember()
{
    RememberedState state{
        std::make_unique<QTemporaryFile>(QDir::temp().filePath(QStringLiteral("cowscope-XXXXXX"))), {}};
    if (!state.file->open()) {
        clearResult(tr("No temporary file can be made: %1").arg(state.file->errorString()));
        return;
    }
    m_remembered = std::move(state);
    m_rememberedPath = m_document.path();
    startJob(tr("Remembering this state"),
        rememberWork(m_document.image(), QFile::encodeName(m_remembered.file->fileName()).toStdString()),
        [this](const std::any& result) {
            m_remembered.image = std::any_cast<const std::shared_ptr<const Image>&>(result);
            clearResult(tr("The state of %1 is remembered. Edit the image, then compare with before.")
                            .arg(QTime::currentTime().toString(QStringLiteral("HH:mm:ss"))));
        });
}

void ComparePanel::compareWithRemembered()
{
    startJob(tr("Comparing with before"), compareStatesWork(m_remembered.image, m_document.image()),
        [this](const std::any& result) {
            showResult(std::any_cast<const std::shared_ptr<const Comparison>&>(result), tr("Before"), tr("Now"), true);
        });
}

void ComparePanel::showResult(
    std::shared_ptr<const Comparison> comparison, const QString& first, const QString& second, bool imageIsSecond)
{
    m_comparison = std::move(comparison);
    m_imageIsSecond = imageIsSecond;
    m_summary->setText(summary(*m_comparison));
    m_model->setTitles(first, second);
    m_model->setComparison(m_comparison);
    fillParts();
    const ImageDiff& diff = m_comparison->metadata;
    m_map->setChanges(diff.guest, diff.host, m_comparison->first->geometry().clusterBits());
    if (m_model->rowCount() == 0)
        m_result->showEmpty(tr("There is no difference."));
    else
        m_result->showContent();
}

QString ComparePanel::summary(const Comparison& comparison) const
{
    const ImageDiff& diff = comparison.metadata;
    QString text = diff.isSame()
        ? tr("The metadata is identical.")
        : tr("%1 header fields, %2 names, %3 L1 entries, the entries of %4 of the disk and the counts of %5 clusters "
             "differ.")
              .arg(formatCount(diff.fields.size()), formatCount(diff.names.size()), formatCount(diff.l1Entries),
                  formatBytes(diff.guestBytes), formatCount(diff.clusters));
    if (!diff.sameClusters)
        text += tr(" The clusters are not of the same size: neither L1 tables nor counts were compared.");
    if (diff.runsDropped > 0)
        text += tr(" %1 more differences are not listed.").arg(formatCount(diff.runsDropped));
    if (!comparison.contents)
        return text;
    const ContentDiff& contents = *comparison.contents;
    text += u' ';
    text += contents.runs.empty() ? tr("The guests see the same.")
        : contents.complete       ? tr("The guests see %1 that differ.").arg(formatBytes(contents.bytes))
                                  : tr("The guests see at least %1 that differ.").arg(formatBytes(contents.bytes));
    if (contents.sizesDiffer())
        text += tr(" The disks are not of the same size.");
    return text;
}

/// Offers the parts that differ.
void ComparePanel::fillParts()
{
    m_part->clear();
    m_part->addItem(tr("All differences"));
    for (std::size_t i = 0; i < DiffModel::kPartCount; ++i) {
        const auto part = static_cast<DiffModel::Part>(i);
        if (m_model->count(part) > 0)
            m_part->addItem(
                tr("%1 (%2)").arg(DiffModel::partText(part), formatCount(m_model->count(part))), static_cast<int>(i));
    }
}

void ComparePanel::goTo(int row)
{
    if (row < 0 || !m_comparison || !m_document.image())
        return;
    const Selection::Value place = m_model->place(row, m_imageIsSecond);
    if (!std::holds_alternative<std::monostate>(place))
        m_document.selection().select(place);
}

} // namespace cowscope::ui
