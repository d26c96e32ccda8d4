// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/repair/repair_dialog.h"

#include "core/edit/session/edits.h"
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
        .locked = {},
        .shown = {}};
}

/// Looks at the file as it is now, with the locks that the repair will take, and tries the repair. Where the locks are
/// refused, the plan is that of the image as it was opened.
Result<std::any> findPreview(EditDesk& desk, const CheckedImage& opened, RepairMode mode, const TaskContext& task)
{
    auto session = desk.session();
    if (!session) {
        RepairPreview preview = previewOf(*opened.image, *opened.census, mode);
        preview.locked = std::move(session.error());
        return std::any(std::move(preview));
    }
    auto now = (*session)->before(task);
    if (!now)
        return failed(now);
    RepairPreview preview = previewOf(*now->image, *now->census, mode);
    if (preview.plan.changesNothing()) {
        desk.leave();
        return std::any(std::move(preview));
    }
    auto shown = desk.preview(repairEdit(mode, preview.plan), task);
    if (!shown)
        return failed(shown);
    preview.shown = std::move(*shown);
    return std::any(std::move(preview));
}

Result<std::any> carryOut(EditDesk& desk, const ShownPreview& preview, const TaskContext& task)
{
    auto done = desk.commit(preview, task);
    if (!done)
        return failed(done);
    const auto& result = std::any_cast<const RepairResult&>(*done);
    return std::any(RepairOutcome{result.leaksFixed, result.corruptionsFixed, verdictLine(*result.census),
        result.census->isClean(), result.plan.remains});
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
    , m_desk(std::make_shared<EditDesk>(document.storageOpener(), QFile::encodeName(document.path()).toStdString()))
    , m_headline(makeTextLabel(QStringLiteral("repairHeadline"), this))
    , m_actions(new QTableWidget(this))
    , m_givenUp(new NoticeBox(QStringLiteral("givenUp"), this))
    , m_givenUpList(new QListWidget(this))
    , m_accept(new QCheckBox(tr("I &understand that this is given up"), this))
    , m_remains(new NoticeBox(QStringLiteral("remains"), this))
    , m_panel(new PreviewPanel(this))
    , m_amend(new QPushButton(tr("Change the &width\u2026"), this))
{
    makeBody();
    resize(860, 640);
    connect(this, &TaskDialog::writing, &document, [&document] { document.setEditing(true); });
    connect(this, &TaskDialog::written, &document, [&document] { document.setEditing(false); });
}

void RepairDialog::makeBody()
{
    m_headline->setText(tr("Looking at what a repair would do\u2026"));
    m_panel->hide();
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
    body().addWidget(m_actions, 2);
    body().addWidget(m_givenUp);
    body().addWidget(m_givenUpList, 1);
    body().addWidget(m_accept);
    body().addWidget(m_remains);
    body().addWidget(m_panel, 3);
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
        [desk = m_desk, opened = CheckedImage{m_document.image(), m_document.census()}, mode = m_mode](
            const TaskContext& task) { return findPreview(*desk, opened, mode, task); },
        [this](const std::any& result) { showPreview(std::any_cast<const RepairPreview&>(result)); });
}

void RepairDialog::showPreview(RepairPreview preview)
{
    m_preview = std::move(preview);
    m_headline->setText(previewText(m_preview));
    showActions();
    showGivenUp();
    m_remains->setNotice(NoticeBox::Kind::Warning,
        listHtml(tr("What to know first:"), m_preview.plan.cautions, kMostRemains)
            + listHtml(tr("What this repair cannot mend:"), m_preview.plan.remains, kMostRemains));
    m_amend->setVisible(m_preview.tooNarrow);
    m_panel->setVisible(m_preview.shown != nullptr);
    m_panel->setPreview(m_preview.shown);
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
        QTableWidgetItem* fate = cell(action.losesData ? tr("given up")
                : action.isDoubtful                    ? tr("in doubt")
                                                       : tr("kept"));
        if (action.losesData || action.isDoubtful)
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
    setReady(m_panel->isSound() && !plan.changesNothing() && (!givesUp(plan) || m_accept->isChecked()));
}

void RepairDialog::go()
{
    m_accept->setEnabled(false);
    m_amend->hide();
    write(
        tr("Repairing"),
        [desk = m_desk, preview = m_preview.shown](const TaskContext& task) { return carryOut(*desk, *preview, task); },
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
