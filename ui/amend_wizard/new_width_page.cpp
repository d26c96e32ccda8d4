// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/new_width_page.h"

#include "ui/amend_wizard/width_card.h"
#include "ui/amend_wizard/width_text.h"
#include "ui/common/format.h"

#include <QCheckBox>
#include <QGridLayout>
#include <QListWidget>
#include <QPushButton>
#include <QScrollArea>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kColumns = 4;

using Widths = std::array<WidthAssessment, kWidthCount>;

std::uint64_t mostMetadataBytes(const Widths& widths)
{
    return std::max_element(widths.begin(), widths.end(), [](const auto& a, const auto& b) {
        return a.metadataBytes < b.metadataBytes;
    })->metadataBytes;
}

struct Assessed {
    Widths widths;
    std::array<bool, kWidthCount> helpable;
};

Assessed assessAll(const Image& image, const Census& census)
{
    Assessed assessed{assessWidths(image, census), {}};
    for (const WidthAssessment& width : assessed.widths) {
        AmendRequest request;
        request.order = width.order;
        request.version = 3;
        request.splitShared = width.obstacles.clusters > 0;
        assessed.helpable[width.order] = amendRefusals(image, census, request).empty();
    }
    return assessed;
}

} // namespace

NewWidthPage::NewWidthPage(WizardState& state)
    : WizardPage(PageId::NewWidth, tr("New width"),
        tr("How many bits each count shall have. Arrow keys move between the widths."), state)
    , m_grid(new QGridLayout)
    , m_status(makeTextLabel(QStringLiteral("assessStatus"), this))
{
    auto* content = new QWidget;
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(8);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addWidget(m_status);
    layout->addLayout(m_grid);
    layout->addWidget(makeOptions());
    layout->addWidget(makeDetails(), 1);

    auto* area = new QScrollArea(this); // for windows that are too small for all of it
    area->setWidget(content);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setFocusPolicy(Qt::NoFocus);
    body().addWidget(area, 1);
}

QWidget* NewWidthPage::makeOptions()
{
    m_upgrade = new QCheckBox(tr("Bring the image to compat &1.1 in the same commit"));
    m_upgrade->setObjectName(QStringLiteral("upgradeCompat"));
    m_upgrade->setToolTip(tr("Version 2 of the format, compat 0.10, knows no other width than 16 bits"));
    m_split = new QCheckBox(tr("C&opy shared clusters until they fit"));
    m_split->setObjectName(QStringLiteral("splitShared"));
    m_split->setToolTip(
        tr("Where a count does not fit the width, snapshots get copies of what they share with the disk"));
    m_options = new QWidget;
    auto* layout = new QVBoxLayout(m_options);
    layout->setContentsMargins(0, 0, 0, 0);
    for (QCheckBox* box : {m_upgrade, m_split}) {
        layout->addWidget(box, 0, Qt::AlignLeft);
        connect(box, &QCheckBox::toggled, this, &NewWidthPage::optionsChanged);
    }
    m_options->hide();
    return m_options;
}

QWidget* NewWidthPage::makeDetails()
{
    m_cost = makeTextLabel(QStringLiteral("splitCost"));
    m_cost->setAccessibleName(tr("What the copies cost"));
    m_cost->hide();
    m_details = makeTextLabel(QStringLiteral("widthDetails"));
    m_details->setAccessibleName(tr("About the width that has the focus"));
    m_details->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_offenders = new QListWidget;
    m_offenders->setObjectName(QStringLiteral("offenders"));
    m_offenders->setMinimumHeight(100);
    m_offenders->setAccessibleName(tr("Clusters whose count does not fit"));
    m_showInMap = new QPushButton(tr("Show in &map"));
    m_showInMap->setObjectName(QStringLiteral("showInMap"));
    m_showInMap->setToolTip(tr("Selects the cluster in the main window"));
    connect(m_showInMap, &QPushButton::clicked, this, &NewWidthPage::showSelectedInMap);
    connect(m_offenders, &QListWidget::itemActivated, this, &NewWidthPage::showSelectedInMap);

    m_offenderBox = new QWidget;
    auto* box = new QVBoxLayout(m_offenderBox);
    box->setContentsMargins(0, 0, 0, 0);
    box->addWidget(m_offenders, 1);
    box->addWidget(m_showInMap);
    m_offenderBox->hide();

    auto* details = new QWidget;
    auto* layout = new QHBoxLayout(details);
    layout->setContentsMargins(0, 0, 0, 0);
    auto* texts = new QVBoxLayout;
    texts->addWidget(m_details);
    texts->addWidget(m_cost);
    texts->addStretch(1);
    layout->addLayout(texts, 3);
    layout->addWidget(m_offenderBox, 2);
    return details;
}

void NewWidthPage::initializePage()
{
    if (!state().widths && !m_job)
        assess();
}

void NewWidthPage::assess()
{
    m_status->setText(tr("Working out what each width means for this image\u2026"));
    m_job = new Job(
        tr("Assessing the widths"),
        [image = state().image, census = state().census](
            const TaskContext&) -> Result<std::any> { return std::any(assessAll(*image, *census)); },
        this);
    connect(m_job, &Job::finished, this, [this](const std::any& result) {
        const auto& assessed = std::any_cast<const Assessed&>(result);
        state().widths = assessed.widths;
        m_helpable = assessed.helpable;
        m_job->deleteLater();
        showCards();
    });
    connect(m_job, &Job::failed, this, [this](const Error& error) { m_status->setText(errorText(error)); });
    m_job->start();
}

void NewWidthPage::showCards()
{
    m_status->hide();
    const Widths& widths = *state().widths;
    const std::uint64_t most = mostMetadataBytes(widths);
    for (const WidthAssessment& width : widths) {
        auto* card = new WidthCard(width, stateOf(width), state().before.metadataBytes(), most, this);
        const unsigned order = width.order;
        connect(card, &WidthCard::focused, this, [this, order] { showDetails(order); });
        connect(card, &WidthCard::stepped, this, [this, order](int columns, int rows) { step(order, columns, rows); });
        connect(card, &WidthCard::toggled, this, [this, order](bool chosen) {
            if (chosen)
                choose(order);
        });
        m_grid->addWidget(card, static_cast<int>(order) / kColumns, static_cast<int>(order) % kColumns);
        card->show(); // at once, so that it can take the focus below
        m_cards << card;
    }
    auto* legend = makeTextLabel(QStringLiteral("cardLegend"), this);
    legend->setText(tr("The bar is what refblocks and table take; its mark is what they take today."));
    legend->setForegroundRole(QPalette::PlaceholderText);
    legend->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_grid->addWidget(legend, static_cast<int>(kWidthCount) / kColumns, static_cast<int>(kWidthCount) % kColumns);
    m_upgrade->setVisible(state().before.version < 3);
    m_split->setVisible(std::ranges::any_of(
        widths, [this](const WidthAssessment& each) { return each.obstacles.clusters > 0 && m_helpable[each.order]; }));
    m_options->setVisible(!m_upgrade->isHidden() || !m_split->isHidden());
    m_cards[static_cast<int>(state().before.order)]->setFocus();
    showDetails(state().before.order);
}

CardState NewWidthPage::stateOf(const WidthAssessment& width) const
{
    return cardState(
        width, state().before.version, {m_upgrade->isChecked(), m_split->isChecked()}, m_helpable[width.order]);
}

void NewWidthPage::optionsChanged()
{
    for (WidthCard* card : std::as_const(m_cards))
        card->setState(stateOf(card->width()));
    const auto checked = std::ranges::find_if(m_cards, [](const WidthCard* card) { return card->isChecked(); });
    if (checked != m_cards.end()) {
        choose((*checked)->width().order);
    } else {
        state().choice.reset();
        showDetails(state().before.order);
        Q_EMIT completeChanged();
    }
}

void NewWidthPage::choose(unsigned order)
{
    const WidthAssessment& width = (*state().widths)[order];
    state().choice = WizardChoice{
        order, state().before.version < 3, width.state == WidthState::Refused && width.obstacles.clusters > 0};
    showDetails(order);
    Q_EMIT completeChanged();
}

bool NewWidthPage::isComplete() const
{
    return state().choice.has_value();
}

/// The page "Preview" does the same and more.
bool NewWidthPage::validatePage()
{
    delete m_costJob;
    return true;
}

/// What the copies for the chosen width come to.
void NewWidthPage::findCost()
{
    if (m_costJob)
        m_costJob->deleteLater();
    if (state().hasPreview()) {
        m_cost->setText(splitText(std::any_cast<const AmendSummary&>(state().preview->edit.outcome)));
        return;
    }
    m_cost->setText(tr("Finding out what has to be copied\u2026"));
    m_costJob = new Job(
        tr("Finding out what has to be copied"),
        [desk = state().desk, edit = state().edit()](const TaskContext& task) -> Result<std::any> {
            auto preview = desk->preview(edit, task);
            return preview ? Result<std::any>(std::any(std::move(*preview))) : failed(preview);
        },
        this);
    connect(m_costJob, &Job::finished, this, [this, choice = *state().choice](const std::any& result) {
        if (state().choice != choice)
            return;
        state().preview = std::any_cast<const std::shared_ptr<const ShownPreview>&>(result);
        state().previewOf = choice;
        findCost();
    });
    connect(m_costJob, &Job::failed, this, [this, choice = *state().choice](const Error& error) {
        if (state().choice == choice)
            m_cost->setText(errorText(error));
    });
    m_costJob->start();
}

void NewWidthPage::step(unsigned order, int columns, int rows)
{
    const int target = static_cast<int>(order) + columns + rows * kColumns;
    if (target < 0 || target >= m_cards.size())
        return;
    WidthCard* card = m_cards[target];
    card->setFocus(Qt::TabFocusReason);
    if (card->isCheckable())
        card->setChecked(true);
}

void NewWidthPage::showDetails(unsigned order)
{
    const WidthAssessment& width = (*state().widths)[order];
    m_details->setText(widthDetails(width, m_cards[static_cast<int>(order)]->state(), state().before.metadataBytes()));
    showOffenders(width.obstacles);
    const bool costs = state().choice && state().choice->order == order && state().choice->split;
    m_cost->setVisible(costs);
    if (costs)
        findCost();
}

void NewWidthPage::showOffenders(const WidthObstacles& obstacles)
{
    m_offenders->clear();
    for (const CountedCluster& offender : obstacles.first) {
        auto* item = new QListWidgetItem(offenderText(offender, state().before.clusterBits), m_offenders);
        item->setData(Qt::UserRole, QVariant::fromValue<qulonglong>(offender.cluster.value()));
    }
    m_offenders->setCurrentRow(0);
    m_offenderBox->setVisible(!obstacles.first.empty());
}

void NewWidthPage::showSelectedInMap()
{
    if (const QListWidgetItem* item = m_offenders->currentItem())
        state().document.selection().select(ClusterRange{HostCluster(item->data(Qt::UserRole).toULongLong()), 1});
}

} // namespace cowscope::ui
