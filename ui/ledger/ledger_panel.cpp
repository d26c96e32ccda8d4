// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/ledger/ledger_panel.h"

#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/table_export.h"
#include "ui/common/tool_button.h"
#include "ui/ledger/ledger_model.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QSplitter>
#include <QTableView>
#include <QToolButton>

#include <algorithm>

namespace cowscope::ui
{

LedgerPanel::LedgerPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new LedgerModel(this))
    , m_shareModel(new ShareModel(this))
    , m_view(makeTable(QStringLiteral("ledgerTable"), tr("Space ledger"), this))
    , m_shares(makeTable(QStringLiteral("shareTable"), tr("Space of snapshots"), this))
    , m_summary(new QLabel(this))
    , m_runText(new QLabel(this))
{
    m_view->setModel(m_model);
    m_shares->setModel(m_shareModel);
    setColumnWidths(*m_view, {44, 19, 9, 19, 14, 9});
    setColumnWidths(*m_shares, {44, 19, 19, 19});
    auto* splitter = new QSplitter(Qt::Vertical, this);
    splitter->addWidget(m_view);
    splitter->addWidget(m_shares);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 1);
    splitter->setChildrenCollapsible(false);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(splitter, 1);
    setContent(content);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &LedgerPanel::chooseLine);
    connect(m_shares->selectionModel(), &QItemSelectionModel::selectionChanged, this, &LedgerPanel::chooseShare);
    connect(&document, &ImageDocument::opened, this, &LedgerPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &LedgerPanel::refresh);
    refresh();
}

QWidget* LedgerPanel::makeBar()
{
    m_summary->setObjectName(QStringLiteral("ledgerSummary"));
    m_summary->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // its text must not widen the window
    m_runText->setObjectName(QStringLiteral("ledgerRun"));
    m_before = makeStep(QStringLiteral("previousRun"), Qt::LeftArrow, tr("The run of clusters before"), -1);
    m_next = makeStep(QStringLiteral("nextRun"), Qt::RightArrow, tr("The next run of clusters of this line"), 1);
    auto* bar = new QWidget(this);
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(6, 3, 6, 3);
    layout->addWidget(m_summary, 1);
    layout->addWidget(m_runText);
    layout->addWidget(m_before);
    layout->addWidget(m_next);
    layout->addWidget(makeTableButton(*m_view, this));
    setRuns({}, 0);
    return bar;
}

QToolButton* LedgerPanel::makeStep(const QString& objectName, Qt::ArrowType arrow, const QString& help, int step)
{
    auto* button = makeToolButton(objectName, {}, help, this);
    button->setArrowType(arrow);
    button->setFocusPolicy(Qt::StrongFocus);
    connect(button, &QToolButton::clicked, this, [this, step] { stepTo(m_run + step); });
    return button;
}

void LedgerPanel::showEvent(QShowEvent* event)
{
    EmptyState::showEvent(event);
    if (std::exchange(m_stale, false))
        startAdding();
}

void LedgerPanel::refresh()
{
    m_job.reset();
    showLedger(nullptr);
    if (!m_document.image()) {
        m_stale = false;
        showEmpty(tr("Where the space of an open image went appears here."));
        return;
    }
    showEmpty(tr("Adding up\u2026"));
    m_stale = !isVisible();
    if (!m_stale)
        startAdding();
}

void LedgerPanel::startAdding()
{
    m_job = std::make_unique<Job>(tr("Adding up the space"),
        [image = m_document.image(), census = m_document.census()](const TaskContext& task) -> Result<std::any> {
            auto ledger = takeLedger(*image, *census, task);
            if (!ledger)
                return failed(ledger);
            return std::any(std::make_shared<const SpaceLedger>(std::move(*ledger)));
        });
    connect(m_job.get(), &Job::finished, this, [this](const std::any& result) {
        showLedger(std::any_cast<std::shared_ptr<const SpaceLedger>>(result));
        showContent();
    });
    connect(m_job.get(), &Job::failed, this,
        [this](const Error& error) { showEmpty(tr("The space cannot be added up: %1").arg(toQString(error.text()))); });
    m_job->start();
}

void LedgerPanel::showLedger(std::shared_ptr<const SpaceLedger> ledger)
{
    setRuns({}, 0);
    m_model->setLedger(ledger);
    m_shareModel->setLedger(m_document.image(), ledger);
    m_shares->setVisible(ledger && !ledger->snapshots.empty());
    if (!ledger)
        return;
    QString summary = tr("%1 in all").arg(formatExactBytes(ledger->fileBytes));
    if (ledger->holes > 0)
        summary += tr(", %1 of them without disk blocks").arg(formatCount(ledger->holes));
    m_summary->setText(summary);
    m_summary->setToolTip(summary);
}

void LedgerPanel::chooseLine()
{
    const QModelIndexList rows = m_view->selectionModel()->selectedRows();
    if (rows.isEmpty())
        return;
    m_shares->clearSelection();
    const LedgerLine& line = m_model->line(rows.first().row());
    setRuns(line.runs, line.allRuns);
    stepTo(0);
}

void LedgerPanel::chooseShare()
{
    const QModelIndexList rows = m_shares->selectionModel()->selectedRows();
    if (rows.isEmpty())
        return;
    m_view->clearSelection();
    const std::vector<ClusterSpan>& runs = m_shareModel->share(rows.first().row()).firstRuns;
    setRuns(runs, runs.size());
    stepTo(0);
}

void LedgerPanel::setRuns(const std::vector<ClusterSpan>& runs, std::uint64_t all)
{
    m_runs = runs;
    m_allRuns = all;
    m_run = 0;
    m_runText->clear();
    m_before->setEnabled(false);
    m_next->setEnabled(false);
}

void LedgerPanel::stepTo(int run)
{
    const int count = static_cast<int>(m_runs.size());
    if (run < 0 || run >= count)
        return;
    m_run = run;
    const ClusterSpan& span = m_runs[static_cast<std::size_t>(run)];
    m_before->setEnabled(run > 0);
    m_next->setEnabled(run + 1 < count);
    m_runText->setText(m_allRuns > m_runs.size()
            ? tr("run %1 of %2 (the first %3)").arg(run + 1).arg(formatCount(m_allRuns)).arg(count)
            : tr("run %1 of %2").arg(run + 1).arg(count));
    m_document.selection().select(ClusterRange{span.first, std::max<std::uint64_t>(1, span.clusters)});
}

} // namespace cowscope::ui
