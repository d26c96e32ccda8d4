// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/new_width_page.h"

#include "ui/amend_wizard/width_card.h"
#include "ui/amend_wizard/width_text.h"
#include "ui/common/format.h"

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
    layout->addWidget(makeDetails(), 1);

    auto* area = new QScrollArea(this); // for windows that are too small for all of it
    area->setWidget(content);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setFocusPolicy(Qt::NoFocus);
    body().addWidget(area, 1);
}

QWidget* NewWidthPage::makeDetails()
{
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
    layout->addWidget(m_details, 3);
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
            const TaskContext&) -> Result<std::any> { return std::any(assessWidths(*image, *census)); },
        this);
    connect(m_job, &Job::finished, this, [this](const std::any& result) {
        state().widths = std::any_cast<Widths>(result);
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
        const CardState cardIs = cardState(width, state().before.version);
        auto* card = new WidthCard(width, cardIs, state().before.metadataBytes(), most, this);
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
    m_cards[static_cast<int>(state().before.order)]->setFocus();
    showDetails(state().before.order);
}

void NewWidthPage::choose(unsigned order)
{
    state().order = order;
    Q_EMIT completeChanged();
}

bool NewWidthPage::isComplete() const
{
    return state().order.has_value();
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
