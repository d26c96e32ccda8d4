// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preview/map_pair.h"

#include "ui/cells/map_cells.h"
#include "ui/cells/map_legend.h"
#include "ui/cells/map_view.h"
#include "ui/common/palette.h"
#include "ui/common/tool_button.h"
#include "ui/preview/aligned_source.h"
#include "ui/preview/preview_text.h"

#include <QCheckBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QScopedValueRollback>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

MapPair::MapPair(QWidget* parent)
    : QWidget(parent)
    , m_legend(new MapLegend(this))
    , m_onlyChanges(new QCheckBox(tr("Bring out &changes"), this))
    , m_caption(new QLabel(this))
{
    setObjectName(QStringLiteral("mapPair"));
    m_caption->setObjectName(QStringLiteral("pairCaption"));
    m_caption->setAccessibleName(tr("What is under the mouse"));
    m_caption->setTextFormat(Qt::PlainText);
    m_caption->setForegroundRole(QPalette::PlaceholderText);
    m_caption->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* maps = new QHBoxLayout;
    maps->setSpacing(8);
    maps->addWidget(makeSide(Before), 1);
    maps->addWidget(makeSide(After), 1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    layout->addLayout(maps, 1);
    layout->addWidget(m_legend);
    layout->addWidget(makeBar());
    connect(m_legend, &MapLegend::broughtOutChanged, this, &MapPair::recolor);
}

QWidget* MapPair::makeSide(Which which)
{
    Side& side = m_sides[which];
    const QString title = which == Before ? tr("Before") : tr("After");
    side.cells = new MapCells(this);
    side.view = new MapView(*side.cells, this);
    side.view->setObjectName(which == Before ? QStringLiteral("mapBefore") : QStringLiteral("mapAfter"));
    side.view->setAccessibleName(
        which == Before ? tr("Map of all clusters before the edit") : tr("Map of all clusters after the edit"));
    side.view->setMinimumSize(120, 64);
    side.view->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored); // takes what the dialog has to spare
    auto* box = new QWidget(this);
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    auto* label = new QLabel(QStringLiteral("<b>%1</b>").arg(title), box);
    label->setBuddy(side.view);
    layout->addWidget(label);
    layout->addWidget(side.view, 1);
    connect(side.cells, &MapCells::changed, this, &MapPair::updateLegend);
    connect(side.view, &MapView::viewChanged, this, [this, which] { follow(which); });
    connect(side.view, &MapView::hovered, this,
        [this, which](const std::optional<ClusterRange>& range) { point(which, range); });
    connect(side.view, &MapView::selectedByUser, this, [this, which](const ClusterRange& range) {
        m_sides[which == Before ? After : Before].view->setSelected(range);
        point(which, range);
    });
    return box;
}

QWidget* MapPair::makeBar()
{
    m_onlyChanges->setObjectName(QStringLiteral("onlyChanges"));
    m_onlyChanges->setToolTip(tr("Clusters that are not written and whose use stays the same are pale"));
    m_onlyChanges->setChecked(true);
    auto* out = makeToolButton(QStringLiteral("pairZoomOut"), tr("\u2212"), tr("Zoom out (-)"), this);
    auto* fit = makeToolButton(QStringLiteral("pairZoomFit"), tr("Fit"), tr("Show the whole file (0)"), this);
    auto* in = makeToolButton(QStringLiteral("pairZoomIn"), tr("+"), tr("Zoom in (+)"), this);
    MapView* after = m_sides[After].view; // the other one follows
    connect(out, &QToolButton::clicked, after, &MapView::zoomOut);
    connect(fit, &QToolButton::clicked, after, &MapView::zoomToFit);
    connect(in, &QToolButton::clicked, after, &MapView::zoomIn);
    connect(m_onlyChanges, &QCheckBox::toggled, this, &MapPair::updateMarks);
    auto* bar = new QWidget(this);
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_onlyChanges);
    layout->addWidget(m_caption, 1);
    for (QWidget* each : std::initializer_list<QWidget*>{out, fit, in})
        layout->addWidget(each);
    return bar;
}

void MapPair::setPreview(std::shared_ptr<const ShownPreview> preview)
{
    m_preview = std::move(preview);
    for (const Side& side : m_sides) {
        side.view->setSelected(std::nullopt);
        side.view->setPointed(std::nullopt);
        side.view->setMarked(nullptr);
    }
    if (!m_preview) {
        for (const Side& side : m_sides)
            side.cells->setSource(nullptr);
        m_caption->clear();
        return;
    }
    const std::uint64_t clusters = std::max(m_preview->before->clusters(), m_preview->after->clusters());
    m_sides[Before].cells->setSource(std::make_shared<AlignedSource>(m_preview->before, clusters));
    m_sides[After].cells->setSource(std::make_shared<AlignedSource>(m_preview->after, clusters));
    recolor();
    updateMarks();
    point(After, std::nullopt);
}

void MapPair::recolor()
{
    if (!m_preview)
        return;
    for (const Which which : {Before, After}) {
        const CensusMapSource& source = which == Before ? *m_preview->before : *m_preview->after;
        MapColors colors(MapColorBy::Owner, source.census().largest.count, source.maximum(), isDark(palette()));
        colors.bringOut(m_legend->broughtOut());
        m_sides[which].view->setColors(colors);
    }
    updateLegend();
}

/// The classes of both maps; how many there are of each would be two numbers.
void MapPair::updateLegend()
{
    if (!m_preview)
        return;
    constexpr unsigned kWhole = 40; // a level with a single cell
    std::uint16_t present = 0;
    for (const Side& side : m_sides)
        if (side.cells->store() && side.cells->ready() > 0)
            present |= side.cells->store()->cell(kWhole, 0).owners;
    m_legend->setClasses(m_sides[After].view->colors(), present, {});
}

void MapPair::updateMarks()
{
    for (const Side& side : m_sides)
        side.view->setMarked(m_preview && m_onlyChanges->isChecked() ? m_preview->changed : nullptr);
}

void MapPair::follow(Which moved)
{
    if (m_following)
        return;
    const QScopedValueRollback following(m_following, true);
    m_sides[moved == Before ? After : Before].view->showLike(*m_sides[moved].view);
}

void MapPair::point(Which at, const std::optional<ClusterRange>& range)
{
    m_sides[at == Before ? After : Before].view->setPointed(range);
    m_sides[at].view->setPointed(std::nullopt);
    if (!m_preview)
        return;
    m_caption->setText(range ? changeText(*m_preview, *range) : tr("Wheel and drag move both maps."));
}

/// Colours follow the theme.
void MapPair::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        recolor();
}

} // namespace cowscope::ui
