// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/result_page.h"

#include "core/edit/amend/undo_amend.h"
#include "ui/amend_wizard/width_text.h"
#include "ui/common/format.h"
#include "ui/common/plots/distribution_chart.h"
#include "ui/jobs/run_progress.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QProgressBar>
#include <QPushButton>
#include <QTableWidget>

namespace cowscope::ui
{

namespace
{

enum Column {
    BeforeColumn,
    AfterColumn,
    ColumnCount,
};

QTableWidgetItem* valueItem(const QString& text, std::uint64_t number)
{
    auto* item = new QTableWidgetItem(text);
    item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    item->setToolTip(formatCount(number));
    return item;
}

QTableWidget* makeTable(QWidget* parent)
{
    auto* table = new QTableWidget(parent);
    table->setObjectName(QStringLiteral("comparison"));
    table->setAccessibleName(ResultPage::tr("Before and after"));
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setTabKeyNavigation(false);
    table->setColumnCount(ColumnCount);
    table->setHorizontalHeaderLabels({ResultPage::tr("Before"), ResultPage::tr("After")});
    table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    table->verticalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 7);
    return table;
}

} // namespace

ResultPage::ResultPage(WizardState& state)
    : WizardPage(PageId::Result, tr("Result"), tr("The image after the change, opened and checked afresh."), state)
    , m_verdict(makeTextLabel(QStringLiteral("verdict"), this))
    , m_bar(new QProgressBar(this))
    , m_table(makeTable(this))
    , m_chart(new DistributionChart(this))
    , m_checkAgain(new QPushButton(tr("Check a&gain"), this))
    , m_undo(new QPushButton(tr("&Undo"), this))
    , m_show(new QPushButton(tr("Show in &map"), this))
    , m_save(new QPushButton(tr("&Save report\u2026"), this))
{
    m_bar->setAccessibleName(tr("Progress of the check"));
    m_bar->setRange(0, RunProgress::kSteps);
    m_checkAgain->setObjectName(QStringLiteral("checkAgain"));
    m_checkAgain->hide();
    m_show->setObjectName(QStringLiteral("showInMap"));
    m_show->setToolTip(tr("Closes this window and selects the new refcount table"));
    m_show->setEnabled(false);
    connect(m_show, &QPushButton::clicked, this, &ResultPage::showInMap);
    m_save->setObjectName(QStringLiteral("saveReport"));
    m_save->setEnabled(false);
    m_undo->setObjectName(QStringLiteral("undo"));
    m_undo->setEnabled(false);
    connect(m_undo, &QPushButton::clicked, this, &ResultPage::undo);
    connect(m_checkAgain, &QPushButton::clicked, this, &ResultPage::check);
    connect(m_save, &QPushButton::clicked, this, &ResultPage::askWhereToSave);

    auto* top = new QHBoxLayout;
    top->addWidget(m_verdict, 1);
    top->addWidget(m_checkAgain);
    top->addWidget(m_undo);
    top->addWidget(m_show);
    top->addWidget(m_save);
    auto* columns = new QHBoxLayout;
    columns->addWidget(m_table, 2, Qt::AlignTop);
    columns->addWidget(m_chart, 1);
    body().addLayout(top);
    body().addWidget(m_bar);
    body().addLayout(columns, 1);

    ImageDocument& document = state.document;
    connect(&document, &ImageDocument::jobStarted, this, &ResultPage::followJob);
    connect(&document, &ImageDocument::opened, this, [this] {
        if (m_checking)
            showResult();
    });
    connect(&document, &ImageDocument::failed, this, [this](const Error& error) { showFailure(errorText(error)); });
    connect(&document, &ImageDocument::cancelled, this, [this] { showFailure(tr("The check was cancelled.")); });
}

void ResultPage::check()
{
    m_verdict->setText(tr("Checking the image\u2026"));
    setChecking(true);
    state().document.reload();
}

void ResultPage::followJob(Job* job)
{
    if (!m_checking)
        return;
    const auto progress = std::make_shared<RunProgress>();
    connect(job, &Job::progressed, this, [this, progress](const Progress& report, double bytesPerSecond) {
        progress->add(report, bytesPerSecond);
        m_bar->setValue(progress->steps());
    });
}

void ResultPage::showResult()
{
    setChecking(false);
    const ImageDocument& document = state().document;
    m_report
        = AmendReport{state().path, std::nullopt, state().before, imageFacts(*document.image(), *document.census())};
    const std::any& outcome = state().preview->edit.outcome;
    if (const auto* plan = std::any_cast<AmendPlan>(&outcome))
        m_report->plan = *plan;
    if (const auto* summary = std::any_cast<AmendSummary>(&outcome))
        m_report->summary = *summary;
    const unsigned wanted = m_undone ? state().before.order : state().newOrder();
    const bool good = m_report->after.isClean() && m_report->after.order == wanted;
    const QString complete = m_undone ? tr("The old width is back.") : tr("The change is complete.");
    m_verdict->setText(tr("<b>%1</b> The fresh check says: %2.")
                           .arg(good ? complete : tr("The image needs attention."), verdictText(m_report->after)));
    showTable();
    m_chart->setHistogram(document.census()->histogram);
    m_show->setEnabled(true);
    m_save->setEnabled(true);
    if (!m_undone)
        lookForUndo();
    Q_EMIT checked();
}

/// The old structures stand in free clusters until something is written over them.
void ResultPage::lookForUndo()
{
    delete m_job;
    m_undo->setToolTip(tr("Looking whether the old structures are intact\u2026"));
    const ImageDocument& document = state().document;
    m_job = new Job(
        tr("Looking for the old refcounts"),
        [image = document.image(), census = document.census()](const TaskContext& task) -> Result<std::any> {
            auto found = findOldRefcounts(*image, *census, task);
            return found ? Result<std::any>(std::any(std::move(*found))) : failed(found);
        },
        this);
    connect(m_job, &Job::finished, this, [this, order = state().before.order](const std::any& result) {
        const auto& found = std::any_cast<const std::vector<OldRefcounts>&>(result);
        const bool intact
            = std::ranges::any_of(found, [order](const OldRefcounts& each) { return each.order == order; });
        m_undo->setEnabled(intact);
        m_undo->setToolTip(intact ? tr("Switches back to the old counts of %1, which are intact").arg(widthTitle(order))
                                  : tr("The old counts were written over or are no longer right"));
    });
    connect(m_job, &Job::failed, this, [this](const Error& error) { m_undo->setToolTip(errorText(error)); });
    m_job->start();
}

void ResultPage::undo()
{
    delete m_job;
    m_undo->setEnabled(false);
    m_undoing = true;
    m_verdict->setText(tr("Going back to the old counts\u2026"));
    Q_EMIT completeChanged();
    state().document.setEditing(true);
    m_job = new Job(
        tr("Undoing the change"),
        [opener = state().document.storageOpener(), path = state().nativePath(), order = state().before.order](
            const TaskContext& task) -> Result<std::any> {
            auto storage = opener(path, Access::ReadWrite, Sharing::Locked);
            if (!storage)
                return failed(storage);
            auto old = undoAmend(*storage, order, task);
            return old ? Result<std::any>(std::any()) : failed(old);
        },
        this);
    connect(m_job, &Job::finished, this, [this] { undoEnded({}); });
    connect(m_job, &Job::failed, this, [this](const Error& error) { undoEnded(errorText(error)); });
    connect(m_job, &Job::cancelled, this, [this] { undoEnded(tr("Cancelled.")); });
    m_job->start();
}

void ResultPage::undoEnded(const QString& problem)
{
    m_undoing = false;
    m_undone = problem.isEmpty();
    state().document.setEditing(false);
    if (m_undone)
        check();
    else
        m_verdict->setText(tr("<b>The change was not undone.</b> %1").arg(problem));
    Q_EMIT completeChanged();
}

void ResultPage::showFailure(const QString& text)
{
    if (!m_checking)
        return;
    setChecking(false);
    m_verdict->setText(tr("<b>The width was changed, but the fresh check did not end.</b> %1").arg(text));
    m_checkAgain->show();
}

void ResultPage::showTable()
{
    const QList<ComparedFact> facts = compareFacts(m_report->before, m_report->after);
    m_table->setRowCount(static_cast<int>(facts.size()));
    QStringList names;
    for (const ComparedFact& fact : facts) {
        const int row = static_cast<int>(names.size());
        names << fact.name;
        m_table->setItem(row, BeforeColumn, valueItem(fact.before, fact.beforeNumber));
        m_table->setItem(row, AfterColumn, valueItem(fact.after, fact.afterNumber));
    }
    m_table->setVerticalHeaderLabels(names);
    m_table->setFixedHeight(m_table->horizontalHeader()->sizeHint().height() + m_table->verticalHeader()->length()
        + 2 * m_table->frameWidth());
}

void ResultPage::showInMap()
{
    const Image& image = *state().document.image();
    const Header& header = image.header();
    state().document.selection().select(
        ClusterRange{image.geometry().cluster(header.refcountTableOffset), header.refcountTableClusters});
    Q_EMIT mapRequested();
}

void ResultPage::askWhereToSave()
{
    const QFileInfo image(state().path);
    const QString proposal
        = image.absolutePath() + QLatin1Char('/') + image.completeBaseName() + QStringLiteral("-width-report.html");
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Save report"), proposal, tr("HTML (*.html);;Text (*.txt);;JSON (*.json)"));
    if (path.isEmpty())
        return;
    const Result<void> saved = saveReport(*m_report, path);
    m_verdict->setText(saved ? tr("Report saved as %1.").arg(path.toHtmlEscaped()) : errorText(saved.error()));
}

void ResultPage::setChecking(bool checking)
{
    m_checking = checking;
    m_bar->setValue(0);
    m_bar->setVisible(checking);
    m_checkAgain->hide();
    Q_EMIT completeChanged();
}

} // namespace cowscope::ui
