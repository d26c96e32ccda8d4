// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_panel.h"

#include "ui/cells/map_cells.h"
#include "ui/cells/map_legend.h"
#include "ui/cells/map_view.h"
#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/tool_button.h"
#include "ui/common/wrapping_layout.h"
#include "ui/document/selected_clusters.h"
#include "ui/map/map_hover.h"
#include "ui/map/minimap.h"

#include <QComboBox>
#include <QCursor>
#include <QEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QMessageBox>
#include <QScopedValueRollback>
#include <QSettings>
#include <QToolButton>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

namespace
{
const QString kColorByKey = QStringLiteral("map/colorBy");
const QString kKindKey = QStringLiteral("map/layout");
const QString kMinimapKey = QStringLiteral("map/minimap");
} // namespace

MapPanel::MapPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_cells(new MapCells(this))
    , m_view(new MapView(*m_cells, this))
    , m_minimap(new Minimap(*m_cells, this))
    , m_legend(new MapLegend(this))
    , m_hover(new MapHover(this))
    , m_colorBy(new QComboBox(this))
    , m_kind(new QComboBox(this))
    , m_state(new QLabel(this))
    , m_caption(new QLabel(this))
{
    m_caption->setObjectName(QStringLiteral("mapCaption"));
    m_caption->setAccessibleName(tr("What is under the mouse"));
    m_caption->setTextFormat(Qt::PlainText);
    m_caption->setWordWrap(true);
    m_caption->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_caption->setFixedHeight(2 * m_caption->fontMetrics().lineSpacing()); // the map must not jump about
    m_caption->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(6, 4, 6, 4);
    layout->setSpacing(4);
    auto* maps = new QHBoxLayout;
    maps->setSpacing(6);
    maps->addWidget(m_view, 1);
    maps->addWidget(m_minimap, 0, Qt::AlignTop);
    layout->addWidget(makeBar());
    layout->addLayout(maps, 1);
    layout->addWidget(m_caption);
    layout->addWidget(m_legend);
    setContent(content);
    restore();
    connectView();
    connect(&document, &ImageDocument::opened, this, &MapPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &MapPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, [this] {
        showSelection();
        if (!m_selecting)
            m_view->showSelected(); // also if it was selected before, and the map was moved since
    });
    refresh();
}

MapPanel::~MapPanel() = default;

QWidget* MapPanel::makeBar()
{
    m_colorBy->setObjectName(QStringLiteral("mapColorBy"));
    m_colorBy->setAccessibleName(tr("Colour by"));
    m_colorBy->setToolTip(tr("What the colours tell apart"));
    for (int i = 0; i < kMapColorByCount; ++i)
        m_colorBy->addItem(colorByText(static_cast<MapColorBy>(i)));
    m_kind->setObjectName(QStringLiteral("mapLayout"));
    m_kind->setAccessibleName(tr("Layout"));
    m_kind->setToolTip(tr("Rows run from left to right. A Hilbert curve keeps neighbours close in both directions."));
    m_kind->addItems({tr("Rows"), tr("Hilbert curve")});
    m_state->setObjectName(QStringLiteral("mapState"));
    m_stop = makeToolButton(QStringLiteral("mapStop"), tr("Stop"), tr("Stop summing up the map, or go on"), this);
    auto* out = makeToolButton(QStringLiteral("mapZoomOut"), tr("\u2212"), tr("Zoom out (-)"), this);
    auto* fit = makeToolButton(QStringLiteral("mapZoomFit"), tr("Fit"), tr("Show the whole file (0)"), this);
    auto* in = makeToolButton(QStringLiteral("mapZoomIn"), tr("+"), tr("Zoom in (+)"), this);
    m_showMinimap
        = makeToolButton(QStringLiteral("mapShowMinimap"), tr("Minimap"), tr("Show or hide the minimap"), this);
    m_showMinimap->setCheckable(true);
    m_export
        = makeToolButton(QStringLiteral("mapExport"), tr("Save\u2026"), tr("Save the whole map as PNG or SVG"), this);

    connect(m_colorBy, &QComboBox::currentIndexChanged, this, &MapPanel::recolor);
    connect(m_kind, &QComboBox::currentIndexChanged, this,
        [this](int index) { m_view->setKind(static_cast<MapLayout::Kind>(index)); });
    connect(m_showMinimap, &QToolButton::toggled, m_minimap, &QWidget::setVisible);
    connect(out, &QToolButton::clicked, m_view, &MapView::zoomOut);
    connect(fit, &QToolButton::clicked, m_view, &MapView::zoomToFit);
    connect(in, &QToolButton::clicked, m_view, &MapView::zoomIn);
    connect(m_export, &QToolButton::clicked, this, &MapPanel::chooseExport);
    connect(m_stop, &QToolButton::clicked, this, [this] {
        if (m_cells->job())
            m_cells->job()->cancel();
        else
            m_cells->resume();
    });

    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(0, 0, 0, 0);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_colorBy, m_kind, m_state, m_stop})
        layout->addWidget(widget);
    layout->addStretch();
    for (QWidget* widget : std::initializer_list<QWidget*>{out, fit, in, m_showMinimap, m_export})
        layout->addWidget(widget);
    return bar;
}

void MapPanel::connectView()
{
    connect(m_cells, &MapCells::changed, this, &MapPanel::cellsChanged);
    connect(m_legend, &MapLegend::broughtOutChanged, this, &MapPanel::bringOut);
    connect(m_view, &MapView::selectedByUser, this, [this](const ClusterRange& range, bool nudge) {
        const QScopedValueRollback selecting(m_selecting, true);
        m_document.selection().select(range, nudge ? Selection::Step::Nudge : Selection::Step::Jump);
    });
    connect(m_view, &MapView::viewChanged, this, [this] {
        m_minimap->follow(m_view->layoutOfMap(), m_view->visiblePart());
        showCell(std::nullopt);
    });
    connect(m_view, &MapView::hovered, this, &MapPanel::showCell);
    connect(m_view, &MapView::helpWanted, this, &MapPanel::showHelp);
    connect(m_minimap, &Minimap::pointed, this, [this](QPointF part) {
        const QSizeF whole = m_view->layoutOfMap().size();
        m_view->centerOn({part.x() * whole.width(), part.y() * whole.height()});
    });
    connect(m_hover, &MapHover::explained, this, [this](const QString& text) {
        if (QToolTip::isVisible())
            QToolTip::showText(QCursor::pos(), plainToolTip(text), m_view->viewport());
    });
    for (auto* choice : {m_colorBy, m_kind})
        connect(choice, &QComboBox::currentIndexChanged, this, &MapPanel::remember);
    connect(m_showMinimap, &QToolButton::toggled, this, &MapPanel::remember);
}

void MapPanel::restore()
{
    const QSettings settings;
    m_colorBy->setCurrentIndex(std::clamp(settings.value(kColorByKey).toInt(), 0, m_colorBy->count() - 1));
    m_kind->setCurrentIndex(std::clamp(settings.value(kKindKey).toInt(), 0, m_kind->count() - 1));
    m_showMinimap->setChecked(settings.value(kMinimapKey, true).toBool());
    m_minimap->setVisible(m_showMinimap->isChecked());
}

void MapPanel::remember() const
{
    QSettings settings;
    settings.setValue(kColorByKey, m_colorBy->currentIndex());
    settings.setValue(kKindKey, m_kind->currentIndex());
    settings.setValue(kMinimapKey, m_showMinimap->isChecked());
}

MapColorBy MapPanel::colorBy() const
{
    return static_cast<MapColorBy>(m_colorBy->currentIndex());
}

void MapPanel::refresh()
{
    m_exportJob.reset();
    if (!m_document.image()) {
        m_hover->setSource(nullptr);
        m_cells->setSource(nullptr);
        showEmpty(tr("A map of all clusters of an open image appears here."));
        return;
    }
    auto source = std::make_shared<CensusMapSource>(m_document.image(), m_document.census());
    m_hover->setSource(source);
    m_cells->setSource(std::move(source));
    showContent();
    recolor();
    showSelection();
}

void MapPanel::recolor()
{
    if (!m_document.image())
        return;
    MapColors colors(colorBy(), m_document.census()->largest.count,
        m_document.image()->geometry().refcountCodec().maximum(), isDark(palette()));
    m_view->setColors(colors);
    updateLegend();
    bringOut();
}

void MapPanel::cellsChanged()
{
    updateLegend();
    updateState();
}

void MapPanel::updateLegend()
{
    const CellStore* store = m_cells->store();
    if (!store)
        return;
    const MapColors& colors = m_view->colors();
    std::uint16_t present = 0;
    std::vector<std::uint64_t> totals;
    if (m_cells->isComplete()) {
        totals = classTotals(colors.colorBy(), store->pyramid()->totals());
        for (std::size_t i = 0; i < totals.size(); ++i)
            present |= static_cast<std::uint16_t>((totals[i] > 0 ? 1U : 0U) << i);
    } else if (m_cells->ready() > 0 && colors.colorBy() != MapColorBy::Refblock) {
        constexpr unsigned kWhole = 40; // a level with a single cell
        present = colors.classesIn(store->cell(kWhole, 0), RefblockFill::Missing);
    }
    m_legend->setClasses(colors, present, totals);
}

void MapPanel::updateState()
{
    const bool running = m_cells->job() != nullptr;
    const bool complete = m_cells->isComplete() || m_cells->clusters() == 0;
    m_state->setVisible(!complete);
    m_stop->setVisible(!complete);
    m_stop->setText(running ? tr("Stop") : tr("Go on"));
    m_export->setEnabled(m_cells->isComplete() && m_cells->clusters() > 0 && !m_exportJob);
    if (!complete)
        m_state->setText(running ? tr("Summing up: %1").arg(formatPercent(m_cells->ready(), m_cells->clusters()))
                                 : tr("Stopped at %1").arg(formatPercent(m_cells->ready(), m_cells->clusters())));
}

void MapPanel::bringOut()
{
    MapColors colors = m_view->colors();
    colors.bringOut(m_legend->broughtOut());
    m_view->setColors(colors);
    m_minimap->setColors(colors);
}

void MapPanel::showSelection()
{
    if (!m_selecting && m_document.image())
        m_view->setSelected(selectedClusters(m_document.selection().current(), *m_document.image()));
}

void MapPanel::showCell(const std::optional<ClusterRange>& range)
{
    const CellStore* store = m_cells->store();
    if (!store)
        return;
    const unsigned level = m_view->layoutOfMap().level();
    if (range) {
        const QString text = m_hover->line(*range, store->cell(level, range->first.value() >> level));
        m_caption->setText(text);
        m_view->setAccessibleDescription(text);
        return;
    }
    m_hover->stop();
    m_caption->setText(level == 0
            ? tr("Each cell is one cluster. Wheel: zoom, drag: move, click: select, Shift+drag: select a range.")
            : tr("Each cell is %1 clusters; what is rare or wrong in it shows. Wheel: zoom, drag: move, click: select.")
                  .arg(formatCount(std::uint64_t{1} << level)));
}

void MapPanel::showHelp(const ClusterRange& range, QPoint at)
{
    const unsigned level = m_view->layoutOfMap().level();
    const MapCell cell = m_cells->store()->cell(level, range.first.value() >> level);
    QToolTip::showText(at, plainToolTip(m_hover->explain(range, cell)), m_view->viewport());
}

/// Colours follow the theme.
void MapPanel::changeEvent(QEvent* event)
{
    EmptyState::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        recolor();
}

/// The minimap leaves the room to the map.
void MapPanel::resizeEvent(QResizeEvent* event)
{
    EmptyState::resizeEvent(event);
    const int side = std::clamp(width() / 5, 80, 160);
    m_minimap->setFixedSize(side, std::min(side, std::max(60, height() / 3)));
}

void MapPanel::chooseExport()
{
    auto* dialog = new QFileDialog(this, tr("Save the map"), {}, tr("PNG image (*.png);;SVG drawing (*.svg)"));
    dialog->setObjectName(QStringLiteral("mapExportDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("png"));
    dialog->selectFile(QFileInfo(m_document.path()).completeBaseName() + QStringLiteral("-map.png"));
    connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
        dialog->setDefaultSuffix(
            filter.contains(QStringLiteral("svg")) ? QStringLiteral("svg") : QStringLiteral("png"));
    });
    connect(dialog, &QFileDialog::fileSelected, this, &MapPanel::exportTo);
    dialog->open();
}

void MapPanel::exportTo(const QString& path)
{
    if (!m_cells->isComplete())
        return;
    MapExport wanted{m_cells->store()->pyramid(), QFileInfo(m_document.path()).fileName(), m_view->colors(),
        m_view->layoutOfMap().kind(), isDark(palette())};
    m_exportJob = std::make_unique<Job>(tr("Saving the map"), [wanted, path](const TaskContext&) -> Result<std::any> {
        if (auto saved = saveMap(wanted, path); !saved)
            return failed(saved);
        return std::any(true);
    });
    const auto end = [this] {
        m_exportJob.release()->deleteLater();
        updateState();
    };
    connect(m_exportJob.get(), &Job::finished, this, [this, end, path] {
        end();
        m_caption->setText(tr("The map was saved as %1").arg(path));
        Q_EMIT exported(path);
    });
    connect(m_exportJob.get(), &Job::failed, this, [this, end](const Error& error) {
        end();
        auto* box
            = new QMessageBox(QMessageBox::Warning, tr("Save the map"), errorText(error), QMessageBox::Close, this);
        box->setObjectName(QStringLiteral("mapExportError"));
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->open();
        Q_EMIT exportFailed(error);
    });
    m_exportJob->start();
    updateState();
}

} // namespace cowscope::ui
