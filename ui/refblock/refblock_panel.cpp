// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/refblock/refblock_panel.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/tool_button.h"
#include "ui/common/wrapping_layout.h"
#include "ui/document/selected_clusters.h"
#include "ui/refblock/entry_text.h"
#include "ui/refblock/heatmap_view.h"

#include <QComboBox>
#include <QLabel>
#include <QScopedValueRollback>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <climits>

namespace cowscope::ui
{

RefblockPanel::RefblockPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_view(new HeatmapView(this))
    , m_extent(new QComboBox(this))
    , m_index(new QSpinBox(this))
    , m_colorBy(new QComboBox(this))
    , m_caption(new QLabel(this))
    , m_legend(new QLabel(this))
    , m_entry(new QLabel(this))
{
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(6, 4, 6, 4);
    layout->setSpacing(4);
    m_caption->setObjectName(QStringLiteral("heatmapCaption"));
    m_caption->setWordWrap(true);
    m_legend->setObjectName(QStringLiteral("heatmapLegend"));
    m_legend->setAccessibleName(tr("Legend"));
    m_legend->setTextFormat(Qt::RichText);
    m_legend->setWordWrap(true);
    layout->addWidget(makeBar());
    layout->addWidget(m_caption);
    layout->addWidget(m_view, 1);
    m_entry->setObjectName(QStringLiteral("refblockEntry"));
    m_entry->setAccessibleName(tr("Bytes and bits of the entry"));
    m_entry->setTextFormat(Qt::RichText);
    m_entry->setWordWrap(true);
    m_entry->setMinimumHeight(2 * m_entry->fontMetrics().lineSpacing()); // the grid must not jump about
    layout->addWidget(m_entry);
    layout->addWidget(m_legend);
    setContent(content);

    connect(m_view, &HeatmapView::selected, this, [this](const ClusterRange& range, bool nudge) {
        const QScopedValueRollback selecting(m_selecting, true);
        m_document.selection().select(range, nudge ? Selection::Step::Nudge : Selection::Step::Jump);
        showEntry(range);
    });
    connect(m_view, &HeatmapView::hovered, this, &RefblockPanel::showEntry);
    connect(m_view, &HeatmapView::zoomed, this, &RefblockPanel::updateTexts);
    connect(&document, &ImageDocument::opened, this, &RefblockPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &RefblockPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &RefblockPanel::showSelection);
    refresh();
}

void RefblockPanel::setActions(const QList<QAction*>& actions)
{
    m_view->addActions(actions);
    m_view->setContextMenuPolicy(Qt::ActionsContextMenu);
}

QWidget* RefblockPanel::makeBar()
{
    m_extent->setObjectName(QStringLiteral("heatmapExtent"));
    m_extent->setAccessibleName(tr("What the heatmap shows"));
    m_extent->addItems({tr("One refblock"), tr("Whole file")});
    m_index->setObjectName(QStringLiteral("refblockIndex"));
    m_index->setAccessibleName(tr("Number of the refblock"));
    m_index->setKeyboardTracking(false);
    m_index->setPrefix(tr("Refblock "));
    m_colorBy->setObjectName(QStringLiteral("heatmapColorBy"));
    m_colorBy->setAccessibleName(tr("Colour by"));
    m_colorBy->addItems({tr("Colour by count"), tr("Colour by owner")});
    m_previous = makeToolButton(QStringLiteral("previousRefblock"), tr("\u25c0"), tr("Previous refblock"), this);
    m_next = makeToolButton(QStringLiteral("nextRefblock"), tr("\u25b6"), tr("Next refblock"), this);
    auto* out = makeToolButton(QStringLiteral("heatmapZoomOut"), tr("\u2212"), tr("Zoom out (-)"), this);
    auto* fit = makeToolButton(QStringLiteral("heatmapZoomFit"), tr("Fit"), tr("Zoom to fit (0)"), this);
    auto* in = makeToolButton(QStringLiteral("heatmapZoomIn"), tr("+"), tr("Zoom in (+)"), this);

    connect(m_extent, &QComboBox::currentIndexChanged, this, [this] {
        showRange();
        showSelection();
    });
    connect(m_index, &QSpinBox::valueChanged, this, [this](int index) {
        showRange();
        m_document.selection().select(RefblockSelection{static_cast<std::uint64_t>(index)});
    });
    connect(m_colorBy, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_view->setColorBy(index == 0 ? HeatmapView::ColorBy::Count : HeatmapView::ColorBy::Owner);
        updateTexts();
    });
    connect(m_previous, &QToolButton::clicked, m_index, &QSpinBox::stepDown);
    connect(m_next, &QToolButton::clicked, m_index, &QSpinBox::stepUp);
    connect(out, &QToolButton::clicked, m_view, &HeatmapView::zoomOut);
    connect(fit, &QToolButton::clicked, m_view, &HeatmapView::zoomToFit);
    connect(in, &QToolButton::clicked, m_view, &HeatmapView::zoomIn);

    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(0, 0, 0, 0);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_extent, m_previous, m_index, m_next, m_colorBy})
        layout->addWidget(widget);
    layout->addStretch();
    for (QWidget* widget : {out, fit, in})
        layout->addWidget(widget);
    return bar;
}

bool RefblockPanel::wholeFile() const
{
    return m_extent->currentIndex() == 1;
}

std::uint64_t RefblockPanel::blocks() const
{
    const std::uint64_t perBlock = m_document.image()->geometry().refblockEntries();
    return std::max<std::uint64_t>(1, divideUp(m_document.census()->map.clusters(), perBlock));
}

void RefblockPanel::refresh()
{
    m_job.reset();
    const auto image = m_document.image();
    if (!image) {
        m_view->setCensus(nullptr, 0, 1);
        showEmpty(tr("The reference counts of an open image appear here."));
        return;
    }
    m_view->setCensus(
        m_document.census(), image->geometry().clusterBits(), image->geometry().refcountCodec().maximum());
    {
        const QSignalBlocker quiet(m_index);
        m_index->setRange(0, static_cast<int>(std::min<std::uint64_t>(blocks() - 1, INT_MAX)));
        m_index->setSuffix(tr(" of %1").arg(formatCount(blocks())));
    }
    showContent();
    showRange();
    showSelection();
    startSummaries();
}

void RefblockPanel::startSummaries()
{
    m_job = std::make_unique<Job>(
        tr("Summarizing clusters"), [census = m_document.census()](const TaskContext& task) -> Result<std::any> {
            auto summaries = ClusterSummaries::build(census->map, task);
            if (!summaries)
                return failed(summaries);
            return std::any(std::move(*summaries));
        });
    connect(m_job.get(), &Job::finished, this,
        [this](const std::any& result) { m_view->setSummaries(std::any_cast<const ClusterSummaries&>(result)); });
    m_job->start();
}

void RefblockPanel::showRange()
{
    if (!m_document.image())
        return;
    const std::uint64_t clusters = m_document.census()->map.clusters();
    const std::uint64_t perBlock = m_document.image()->geometry().refblockEntries();
    const auto first = wholeFile() ? 0 : std::min(static_cast<std::uint64_t>(m_index->value()) * perBlock, clusters);
    m_view->setRange(HostCluster(first), wholeFile() ? clusters : std::min(perBlock, clusters - first));
    for (QWidget* widget : std::initializer_list<QWidget*>{m_previous, m_index, m_next})
        widget->setEnabled(!wholeFile() && blocks() > 1);
    updateTexts();
}

void RefblockPanel::showSelection()
{
    if (m_selecting || !m_document.image())
        return;
    const Selection::Value& value = m_document.selection().current();
    const std::uint64_t perBlock = m_document.image()->geometry().refblockEntries();
    auto range = selectedClusters(value, *m_document.image());
    std::optional<std::uint64_t> block;
    if (const auto* refblock = std::get_if<RefblockSelection>(&value)) {
        // Here a refblock is what it counts, not the cluster where it stands.
        block = refblock->reftableIndex;
        range = wholeFile() ? std::optional(ClusterRange{HostCluster(*block * perBlock), perBlock}) : std::nullopt;
    } else if (range) {
        block = range->first.value() / perBlock;
    }
    if (block && *block < blocks()) {
        const QSignalBlocker quiet(m_index);
        m_index->setValue(static_cast<int>(*block));
        showRange();
    }
    m_view->setSelected(range);
    showEntry(range);
}

void RefblockPanel::showEntry(const std::optional<ClusterRange>& cell)
{
    if (!m_document.image())
        return;
    const auto shown = cell ? cell : selectedClusters(m_document.selection().current(), *m_document.image());
    if (!shown || shown->count != 1) {
        m_entry->setText(tr("Point at an entry to see its bytes and bits."));
        return;
    }
    auto entry = readRefblockEntry(*m_document.image(), shown->first);
    m_entry->setText(!entry ? toQString(entry.error().text()).toHtmlEscaped()
            : *entry        ? entryText(**entry, palette())
                     : tr("No refblock counts cluster %1, so its count is 0.").arg(formatCount(shown->first.value())));
}

void RefblockPanel::updateTexts()
{
    if (!m_document.image())
        return;
    const std::uint64_t perBlock = m_document.image()->geometry().refblockEntries();
    const std::uint64_t first = m_view->firstCluster().value();
    QString text = m_view->clusters() == 0
        ? tr("No cluster of the file is counted here.")
        : tr("Clusters %1 to %2").arg(formatCount(first), formatCount(first + m_view->clusters() - 1));
    if (!wholeFile()) {
        const auto index = static_cast<std::uint64_t>(m_index->value());
        const auto offset
            = index < m_document.image()->reftable().size() ? m_document.image()->usableRefblock(index) : std::nullopt;
        text += offset ? tr("; refblock at offset %1").arg(formatOffset(*offset))
                       : tr("; there is no refblock, so every count is 0");
        if (m_view->clusters() < perBlock)
            text += tr("; %1 entries behind the end of the file").arg(formatCount(perBlock - m_view->clusters()));
    }
    if (m_view->clustersPerCell() > 1)
        text += tr("; each cell stands for %1 clusters and shows the rarest")
                    .arg(formatCount(m_view->clustersPerCell()));
    m_caption->setText(text);
    m_legend->setText(legend());
}

QString RefblockPanel::legend() const
{
    const bool dark = isDark(palette());
    QStringList parts;
    const auto add = [&](const QColor& color, const QString& sign, const QString& text) {
        parts += QStringLiteral("<span style=\"background-color:%1;color:%2\">&nbsp;%3&nbsp;</span>&nbsp;%4")
                     .arg(color.name(), textColorOn(color).name(), sign,
                         QString(text).replace(u' ', QStringLiteral("&nbsp;")));
    };
    const Census& census = *m_document.census();
    if (m_colorBy->currentIndex() == 1) {
        for (std::size_t i = 0; i < kOwnerCount; ++i)
            if (census.clustersByOwner[i] > 0) {
                const auto owner = static_cast<ClusterOwner>(i);
                add(ownerColor(owner, dark), QString(QLatin1Char(ownerLetter(owner))), ownerText(owner));
            }
    } else {
        const std::uint64_t maximum = m_document.image()->geometry().refcountCodec().maximum();
        const std::uint64_t largest = census.largest.count;
        const auto addCount = [&](std::uint64_t count, const QString& text) {
            add(countColor(count, largest, maximum, dark), QStringLiteral("&nbsp;"), text);
        };
        addCount(0, tr("0 free"));
        addCount(1, tr("1"));
        for (std::uint64_t count = 2; count < std::max<std::uint64_t>(3, largest) && count < maximum && count != 0;
             count *= 4)
            addCount(count, formatCount(count));
        if (largest > 2 && largest < maximum)
            addCount(largest, tr("%1 (the largest)").arg(formatCount(largest)));
        if (maximum > 1)
            addCount(maximum, tr("%1 (the width's maximum)").arg(formatCount(maximum)));
    }
    const QColor bad = findingColor(dark);
    parts += QStringLiteral("<span style=\"color:%1\">\u25a3</span>&nbsp;%2").arg(bad.name(), tr("wrong&nbsp;count"));
    return parts.join(QStringLiteral("&nbsp;&nbsp; "));
}

} // namespace cowscope::ui
