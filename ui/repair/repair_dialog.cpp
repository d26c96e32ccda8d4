// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/repair/repair_dialog.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/text_label.h"
#include "ui/common/verdict.h"

#include <QCheckBox>
#include <QFile>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{

using Opener = ImageDocument::StorageOpener;

constexpr std::size_t kMostRemains = 6;

enum Column {
    WhatColumn,
    MendsColumn,
    PlacesColumn,
    DataColumn,
    ColumnCount,
};

RepairPreview previewOf(const Image& image, const Census& census, RepairMode mode)
{
    return {.plan = planRepair(image, census, mode),
        .verdict = verdictLine(census),
        .dirty = image.header().isDirty(),
        .corrupt = image.header().isCorrupt(),
        .tooNarrow = census.count(FindingKind::RefcountOverflow) > 0,
        .locked = {}};
}

/// Looks at the file as it is now, with the locks that the repair will take. Where these are refused, the plan is that
/// of the image as it was opened.
Result<std::any> findPreview(const Opener& opener, const std::string& path, const std::shared_ptr<const Image>& opened,
    const std::shared_ptr<const Census>& census, RepairMode mode, const TaskContext& task)
{
    auto storage = opener(path, Access::ReadWrite, Sharing::Locked);
    if (!storage) {
        RepairPreview preview = previewOf(*opened, *census, mode);
        preview.locked = std::move(storage.error()).in(path);
        return std::any(std::move(preview));
    }
    auto image = openForRepair(*storage, task);
    if (!image)
        return std::unexpected(std::move(image.error()).in(path));
    auto fresh = takeCensus(**image, task);
    if (!fresh)
        return std::unexpected(std::move(fresh.error()).in(path));
    return std::any(previewOf(**image, **fresh, mode));
}

Result<std::any> carryOut(
    const Opener& opener, const std::string& path, const RepairPlan& plan, const TaskContext& task)
{
    auto storage = opener(path, Access::ReadWrite, Sharing::Locked);
    if (!storage)
        return std::unexpected(std::move(storage.error()).in(path));
    auto result = repairImage(*storage, plan.mode, &plan, task);
    if (!result)
        return std::unexpected(std::move(result.error()).in(path));
    return std::any(RepairOutcome{result->leaksFixed, result->corruptionsFixed, verdictLine(*result->census),
        result->census->isClean(), result->plan.remains});
}

QTableWidgetItem* cell(const QString& text)
{
    auto* item = new QTableWidgetItem(text);
    item->setToolTip(plainToolTip(text));
    return item;
}

} // namespace

RepairDialog::RepairDialog(ImageDocument& document, RepairMode mode, QWidget* parent)
    : TaskDialog(QStringLiteral("repairDialog"),
        (mode == RepairMode::Leaks ? tr("Repair leaks of %1") : tr("Repair %1"))
            .arg(QFileInfo(document.path()).fileName()),
        mode == RepairMode::Leaks ? tr("&Repair leaks") : tr("&Repair"), parent)
    , m_document(document)
    , m_mode(mode)
    , m_path(QFile::encodeName(document.path()).toStdString())
    , m_headline(makeTextLabel(QStringLiteral("repairHeadline"), this))
    , m_actions(new QTableWidget(this))
    , m_givenUp(new NoticeBox(QStringLiteral("givenUp"), this))
    , m_givenUpList(new QListWidget(this))
    , m_accept(new QCheckBox(tr("I &understand that this is given up"), this))
    , m_remains(new NoticeBox(QStringLiteral("remains"), this))
    , m_amend(new QPushButton(tr("Change the &width\u2026"), this))
{
    makeBody();
    resize(760, 480);
    connect(this, &TaskDialog::writing, &document, [&document] { document.setEditing(true); });
    connect(this, &TaskDialog::written, &document, [&document] { document.setEditing(false); });
}

void RepairDialog::makeBody()
{
    m_headline->setText(tr("Looking at what a repair would do\u2026"));
    m_actions->setObjectName(QStringLiteral("repairActions"));
    m_actions->setAccessibleName(tr("What the repair does"));
    m_actions->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_actions->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_actions->setTabKeyNavigation(false);
    m_actions->setShowGrid(false);
    m_actions->setColumnCount(ColumnCount);
    m_actions->setHorizontalHeaderLabels({tr("Action"), tr("Mends"), tr("Places"), tr("Data")});
    m_actions->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_actions->horizontalHeader()->setSectionResizeMode(WhatColumn, QHeaderView::Stretch);
    m_actions->horizontalHeader()->setHighlightSections(false);
    m_actions->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_actions->verticalHeader()->hide();
    m_actions->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_actions->verticalHeader()->setDefaultSectionSize(m_actions->fontMetrics().height() + 6);
    m_givenUpList->setObjectName(QStringLiteral("givenUpList"));
    m_givenUpList->setAccessibleName(tr("What is given up"));
    m_givenUpList->setMinimumHeight(m_givenUpList->fontMetrics().height() * 3);
    m_givenUpList->hide();
    m_accept->setObjectName(QStringLiteral("accept"));
    m_accept->hide();
    connect(m_accept, &QCheckBox::toggled, this, &RepairDialog::updateReady);
    m_amend->setObjectName(QStringLiteral("changeWidth"));
    m_amend->hide();
    addButton(m_amend);
    connect(m_amend, &QPushButton::clicked, this, [this] {
        reject();
        Q_EMIT amendRequested();
    });
    body().addWidget(m_headline);
    body().addWidget(m_actions, 3);
    body().addWidget(m_givenUp);
    body().addWidget(m_givenUpList, 1);
    body().addWidget(m_accept);
    body().addWidget(m_remains);
    body().addStretch(0); // takes the room while there are no actions to list
}

void RepairDialog::prepare()
{
    setReady(false);
    m_document.whenIdle(this, [this] { findPlan(); });
}

void RepairDialog::findPlan()
{
    look(
        tr("Checking the image"),
        [opener = m_document.storageOpener(), path = m_path, image = m_document.image(), census = m_document.census(),
            mode = m_mode](const TaskContext& task) { return findPreview(opener, path, image, census, mode, task); },
        [this](const std::any& result) { showPreview(std::any_cast<const RepairPreview&>(result)); });
}

void RepairDialog::showPreview(RepairPreview preview)
{
    m_preview = std::move(preview);
    m_headline->setText(previewText(m_preview));
    showActions();
    showGivenUp();
    m_remains->setNotice(
        NoticeBox::Kind::Warning, listHtml(tr("What this repair cannot mend:"), m_preview.plan.remains, kMostRemains));
    m_amend->setVisible(m_preview.tooNarrow);
    if (m_preview.locked)
        showProblem(tr("<b>The image cannot be changed now.</b> %1").arg(errorText(*m_preview.locked)));
    updateReady();
}

void RepairDialog::showActions()
{
    const std::vector<RepairAction>& actions = m_preview.plan.actions;
    m_actions->setRowCount(static_cast<int>(actions.size()));
    int row = 0;
    for (const RepairAction& action : actions) {
        m_actions->setItem(row, WhatColumn, cell(toQString(action.what)));
        m_actions->setItem(row, MendsColumn, cell(toQString(findingText(action.kind).title)));
        m_actions->setItem(row, PlacesColumn, cell(action.places == 0 ? QString() : formatCount(action.places)));
        QTableWidgetItem* fate = cell(action.losesData ? tr("given up") : tr("kept"));
        if (action.losesData)
            fate->setForeground(findingColor(isDark(palette())));
        m_actions->setItem(row++, DataColumn, fate);
    }
    if (row > 0)
        m_actions->setCurrentCell(0, 0);
    m_actions->setVisible(row > 0);
}

void RepairDialog::showGivenUp()
{
    const bool any = givesUp(m_preview.plan);
    const std::vector<std::string>& lost = m_preview.plan.givenUp;
    m_givenUpList->clear();
    for (const std::string& line : lost)
        m_givenUpList->addItem(toQString(line));
    m_givenUpList->setVisible(!lost.empty());
    m_accept->setChecked(false);
    m_accept->setEnabled(true);
    m_accept->setVisible(any);
    m_givenUp->setNotice(NoticeBox::Kind::Danger,
        any ? tr("<b>Data is given up.</b> What follows cannot be kept: it is gone after the repair. Copy the image "
                 "first if it may still be needed.")
            : QString());
}

void RepairDialog::updateReady()
{
    const RepairPlan& plan = m_preview.plan;
    setReady(!plan.changesNothing() && !m_preview.locked && (!givesUp(plan) || m_accept->isChecked()));
}

void RepairDialog::go()
{
    m_accept->setEnabled(false);
    m_amend->hide();
    write(
        tr("Repairing"),
        [opener = m_document.storageOpener(), path = m_path, plan = m_preview.plan](
            const TaskContext& task) { return carryOut(opener, path, plan, task); },
        [this](const std::any& result) { showOutcome(std::any_cast<const RepairOutcome&>(result)); });
}

void RepairDialog::showOutcome(const RepairOutcome& outcome)
{
    m_outcome = outcome;
    m_headline->setText(outcomeText(outcome));
    m_accept->hide();
    m_givenUp->setNotice(
        NoticeBox::Kind::Danger, givesUp(m_preview.plan) ? tr("<b>This was given up:</b>") : QString());
    m_remains->setNotice(NoticeBox::Kind::Warning,
        outcome.clean ? QString() : listHtml(tr("What is left to do:"), outcome.remains, kMostRemains));
}

QString RepairDialog::remainsText() const
{
    return tr("What was done until then stays, and is sound. Try again to go on with the rest.");
}

} // namespace cowscope::ui
