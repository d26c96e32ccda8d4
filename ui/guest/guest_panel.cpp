// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/guest_panel.h"

#include "ui/common/chosen_row.h"
#include "ui/common/format.h"
#include "ui/common/guest_text.h"
#include "ui/common/splitter.h"
#include "ui/common/table.h"
#include "ui/common/tool_button.h"
#include "ui/common/wrapping_layout.h"
#include "ui/document/selected_clusters.h"
#include "ui/guest/extent_model.h"
#include "ui/guest/guest_legend.h"
#include "ui/guest/guest_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QScopedValueRollback>
#include <QSignalBlocker>
#include <QSplitter>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{
constexpr std::uint64_t kOverviewCells = 1U << 18;
constexpr std::size_t kListedExtents = 1000;
constexpr int kSettleViewMilliseconds = 60;
constexpr int kSettleSelectionMilliseconds = 150;
} // namespace

GuestPanel::GuestPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_view(new GuestView(this))
    , m_legend(new GuestLegend(this))
    , m_disk(new QComboBox(this))
    , m_layers(new QCheckBox(tr("Backing files"), this))
    , m_hover(new QLabel(this))
    , m_note(new QLabel(this))
    , m_extents(makeTable(QStringLiteral("guestExtents"), tr("Places of the selected stretch"), this))
    , m_extentModel(new ExtentModel(this))
{
    m_extents->setModel(m_extentModel);
    setColumnWidths(*m_extents, {16, 11, 26, 16, 12});
    for (QLabel* label : {m_hover, m_note}) {
        label->setTextFormat(Qt::PlainText);
        label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // a text must not widen the window
        label->setContentsMargins(6, 2, 6, 2);
    }
    m_hover->setObjectName(QStringLiteral("guestHover"));
    m_note->setObjectName(QStringLiteral("guestNote"));
    m_note->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* lower = new QWidget(this);
    auto* lowerLayout = new QVBoxLayout(lower);
    lowerLayout->setContentsMargins(0, 0, 0, 0);
    lowerLayout->setSpacing(0);
    lowerLayout->addWidget(m_note);
    lowerLayout->addWidget(m_extents, 1);
    auto* splitter = new QSplitter(Qt::Vertical, this);
    splitter->setObjectName(QStringLiteral("guestSplitter"));
    splitter->addWidget(m_view);
    splitter->addWidget(lower);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 1);
    splitter->setChildrenCollapsible(false);
    rememberSizes(*splitter);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_legend);
    layout->addWidget(splitter, 1);
    layout->addWidget(m_hover);
    setContent(content);
    connectViews();
    refresh();
}

QWidget* GuestPanel::makeBar()
{
    m_disk->setObjectName(QStringLiteral("guestDisk"));
    m_disk->setAccessibleName(tr("Disk to show"));
    m_disk->setToolTip(tr("The disk as it is now, or as a snapshot keeps it"));
    m_disk->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_disk->setMinimumContentsLength(16);
    m_layers->setObjectName(QStringLiteral("guestLayers"));
    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addWidget(m_disk);
    layout->addWidget(m_layers);
    layout->addStretch();
    const auto addZoom = [&](const char* name, const QString& text, const QString& help, void (GuestView::*zoom)()) {
        auto* button = makeToolButton(QString::fromLatin1(name), text, help, this);
        button->setFocusPolicy(Qt::TabFocus);
        connect(button, &QToolButton::clicked, m_view, zoom);
        layout->addWidget(button);
    };
    addZoom("guestZoomOut", QStringLiteral("\u2212"), tr("Zoom out (-)"), &GuestView::zoomOut);
    addZoom("guestZoomIn", QStringLiteral("+"), tr("Zoom in (+)"), &GuestView::zoomIn);
    addZoom("guestZoomFit", tr("Fit"), tr("Show the whole disk (0)"), &GuestView::zoomToFit);
    return bar;
}

void GuestPanel::connectViews()
{
    m_settleView.setSingleShot(true);
    m_settleView.setInterval(kSettleViewMilliseconds);
    m_settleSelection.setSingleShot(true);
    m_settleSelection.setInterval(kSettleSelectionMilliseconds);
    connect(&m_settleView, &QTimer::timeout, this, &GuestPanel::startDetail);
    connect(&m_settleSelection, &QTimer::timeout, this, &GuestPanel::lookUpSelection);
    connect(m_view, &GuestView::viewChanged, this, [this] { m_settleView.start(); });
    connect(m_view, &GuestView::selected, this, &GuestPanel::selectStretch);
    connect(m_view, &GuestView::hovered, m_hover, &QLabel::setText);
    connect(
        m_legend, &GuestLegend::toggled, m_view, [this](GuestUse use, bool shown) { m_view->setHidden(use, !shown); });
    connect(m_disk, &QComboBox::currentIndexChanged, this, &GuestPanel::showDisk);
    connect(m_layers, &QCheckBox::toggled, this, &GuestPanel::showDisk);
    connect(m_extents->selectionModel(), &QItemSelectionModel::selectionChanged, this, &GuestPanel::selectExtent);
    connect(&m_document, &ImageDocument::opened, this, &GuestPanel::refresh);
    connect(&m_document, &ImageDocument::closed, this, &GuestPanel::refresh);
    connect(&m_document.selection(), &Selection::changed, this, &GuestPanel::showSelection);
}

void GuestPanel::refresh()
{
    for (std::unique_ptr<Job>* job : {&m_overviewJob, &m_detailJob, &m_lookupJob})
        job->reset();
    m_extentModel->setExtents({}, 0);
    setNote({});
    if (!m_document.image()) {
        m_overview.reset();
        m_detail.reset();
        m_view->setDisk(0, 1);
        showEmpty(tr("The guest's disk of an open image appears here: what is data, zeros, compressed or not there."));
        return;
    }
    const std::string& backing = m_document.image()->backingFile();
    {
        const QSignalBlocker quiet(m_layers);
        m_layers->setChecked(false); // other files are opened when the user asks, and for this image
    }
    m_layers->setVisible(!backing.empty());
    m_layers->setToolTip(plainToolTip(
        tr("Opens the backing files, the first of which the image names as \"%1\", to show what comes from them")
            .arg(toQString(backing))));
    fillDisks();
    m_stale = true;
    showContent();
    if (isVisible())
        showDisk();
}

void GuestPanel::fillDisks()
{
    const QSignalBlocker quiet(m_disk);
    const int chosen = std::max(0, m_disk->currentIndex());
    m_disk->clear();
    m_disk->addItem(tr("Active disk"));
    const auto image = m_document.image();
    for (std::size_t i = 0; i < image->snapshots().size(); ++i)
        m_disk->addItem(diskText(*image, i));
    m_disk->setCurrentIndex(chosen < m_disk->count() ? chosen : 0);
    m_disk->setEnabled(m_disk->count() > 1);
}

DiskChoice GuestPanel::disk() const
{
    return m_disk->currentIndex() > 0 ? DiskChoice(static_cast<std::size_t>(m_disk->currentIndex() - 1)) : std::nullopt;
}

GuestDiskView GuestPanel::diskView() const
{
    return {m_document.image(), disk(), QFile::encodeName(m_document.path()).toStdString(),
        m_document.isShared() ? Sharing::Unlocked : Sharing::Locked, m_layers->isChecked()};
}

std::uint64_t GuestPanel::units() const
{
    return divideUp(diskSize(*m_document.image(), disk()), guestUnit(*m_document.image()));
}

void GuestPanel::showEvent(QShowEvent* event)
{
    EmptyState::showEvent(event);
    if (m_stale && m_document.image())
        showDisk();
    if (m_lookupDue)
        m_settleSelection.start();
}

void GuestPanel::showDisk()
{
    if (!m_document.image())
        return;
    m_stale = false;
    m_detailJob.reset();
    m_detail.reset();
    m_view->setDisk(units(), guestUnit(*m_document.image()));
    startOverview();
    showSelection();
}

void GuestPanel::startOverview()
{
    m_overview = std::make_shared<GuestSummary>(0, units(), GuestSummary::unitsPerCellFor(units(), kOverviewCells));
    m_view->setOverview(m_overview);
    m_overviewJob = std::make_unique<Job>(tr("Looking at the guest's disk"), summarizeWork(diskView(), m_overview));
    connect(m_overviewJob.get(), &Job::progressed, this, [this] {
        m_view->summaryGrew();
        updateLegend();
    });
    connect(m_overviewJob.get(), &Job::finished, this, [this] {
        m_view->summaryGrew();
        updateLegend();
        startDetail();
    });
    connect(m_overviewJob.get(), &Job::failed, this, [this](const Error& error) { setNote(toQString(error.text())); });
    m_overviewJob->start();
    updateLegend();
}

void GuestPanel::updateLegend()
{
    m_legend->setUses(m_overview->sum(0, m_overview->units()), m_view->unitBytes());
}

/// A finer summary of what is in view, and of as much before and behind it, where the overview is too coarse.
void GuestPanel::startDetail()
{
    if (!m_overview || !m_overview->isComplete() || m_overview->unitsPerCell() <= m_view->unitsPerColumn())
        return;
    const GuestView::Stretch shown = m_view->visible();
    const auto covers = [&](const GuestSummary& summary) {
        return summary.unitsPerCell() <= m_view->unitsPerColumn() && summary.firstUnit() <= shown.first
            && shown.first + shown.units <= summary.firstUnit() + summary.units();
    };
    if (shown.units == 0 || (m_detail && covers(*m_detail)))
        return;
    const std::uint64_t perCell = m_view->unitsPerColumn();
    const std::uint64_t before = shown.first - std::min(shown.first, shown.units);
    const std::uint64_t first = before - before % perCell;
    const std::uint64_t wanted = shown.first + 2 * shown.units - first;
    m_detail = std::make_shared<GuestSummary>(first, std::min(wanted, m_overview->units() - first), perCell);
    m_view->setDetail(m_detail);
    m_detailJob = std::make_unique<Job>(tr("Looking at a part of the disk"), summarizeWork(diskView(), m_detail));
    connect(m_detailJob.get(), &Job::progressed, m_view, &GuestView::summaryGrew);
    connect(m_detailJob.get(), &Job::finished, m_view, &GuestView::summaryGrew);
    m_detailJob->start();
}

void GuestPanel::selectStretch(std::uint64_t firstByte, std::uint64_t bytes, bool nudge)
{
    const std::uint64_t size = diskSize(*m_document.image(), disk());
    m_document.selection().select(
        GuestRange{GuestOffset(firstByte), std::max<std::uint64_t>(1, std::min(bytes, size - firstByte)), disk()},
        nudge ? Selection::Step::Nudge : Selection::Step::Jump);
}

void GuestPanel::selectExtent()
{
    const int row = chosenRow(*m_extents).row();
    if (row < 0)
        return;
    const GuestExtent& extent = m_extentModel->extents()[static_cast<std::size_t>(row)];
    const QScopedValueRollback fromTable(m_fromTable, true);
    m_document.selection().select(GuestRange{extent.start, extent.length, disk()});
}

void GuestPanel::showSelection()
{
    if (!m_document.image() || m_stale)
        return;
    const auto* range = m_document.selection().as<GuestRange>();
    if (range && range->snapshot != disk()) {
        const int index = range->snapshot ? static_cast<int>(*range->snapshot) + 1 : 0;
        if (index < m_disk->count())
            m_disk->setCurrentIndex(index); // shows the disk, and comes back here
        return;
    }
    m_view->setLinked({});
    m_view->setSelected(range ? std::optional(GuestLink{range->first, range->bytes}) : std::nullopt);
    if (m_fromTable)
        return;
    m_lookupJob.reset();
    m_extentModel->setExtents({}, 0);
    setNote({});
    m_settleSelection.start();
}

void GuestPanel::lookUpSelection()
{
    m_lookupDue = !isVisible(); // tables are walked for those who look
    if (!m_document.image() || m_lookupDue)
        return;
    if (const auto* range = m_document.selection().as<GuestRange>())
        startExtents(*range);
    else
        startLinks();
}

void GuestPanel::startExtents(const GuestRange& range)
{
    m_lookupJob = std::make_unique<Job>(
        tr("Looking up extents"), extentsWork(diskView(), {range.first, range.bytes}, kListedExtents));
    connect(m_lookupJob.get(), &Job::finished, this, [this, range](const std::any& result) {
        const auto& list = std::any_cast<const GuestExtents&>(result);
        m_extentModel->setExtents(list.extents, m_document.image()->geometry().clusterBits());
        const QString count = formatCount(list.extents.size());
        setNote(tr("%1, %2: %3")
                    .arg(guestRangeText(range.first, range.bytes), formatBytes(range.bytes),
                        !list.complete                 ? tr("the first %1 extents").arg(count)
                            : list.extents.size() == 1 ? tr("one extent")
                                                       : tr("%1 extents").arg(count)));
    });
    connect(m_lookupJob.get(), &Job::failed, this, [this](const Error& error) { setNote(toQString(error.text())); });
    m_lookupJob->start();
}

/// From a place of the file to the places of the disk that it serves.
void GuestPanel::startLinks()
{
    const auto clusters = selectedClusters(m_document.selection().current(), *m_document.image());
    if (!clusters)
        return;
    setNote(tr("Looking up which parts of the disk lead to the selected clusters\u2026"));
    m_lookupJob = std::make_unique<Job>(
        tr("Looking up the guest's side"), linksWork(diskView(), clusters->first, clusters->count));
    connect(m_lookupJob.get(), &Job::finished, this, [this, clusters](const std::any& result) {
        const auto& links = std::any_cast<const std::vector<GuestLink>&>(result);
        QString note = links.empty() ? tr("No part of this disk leads to the selected clusters.")
            : links.size() == 1
            ? tr("The selected clusters serve %1.").arg(guestRangeText(links.front().start, links.front().bytes))
            : tr("The selected clusters serve %1 parts of the disk; the first is %2.")
                  .arg(formatCount(links.size()), guestRangeText(links.front().start, links.front().bytes));
        if (clusters->count > kMostLinkedClusters)
            note += tr(" Only the first %1 clusters were looked up.").arg(formatCount(kMostLinkedClusters));
        setNote(note);
        m_view->setLinked(links);
    });
    connect(m_lookupJob.get(), &Job::failed, this, [this](const Error& error) { setNote(toQString(error.text())); });
    m_lookupJob->start();
}

void GuestPanel::setNote(const QString& note)
{
    m_note->setText(note.isEmpty() ? tr("Select a stretch of the disk to see where it is in the file.") : note);
    m_note->setToolTip(plainToolTip(note));
}

} // namespace cowscope::ui
