// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/views.h"

#include "ui/chain/chain_panel.h"
#include "ui/charts/charts_panel.h"
#include "ui/clusters/cluster_panel.h"
#include "ui/compare/compare_panel.h"
#include "ui/compatibility/compatibility_panel.h"
#include "ui/details/details_panel.h"
#include "ui/findings/findings_panel.h"
#include "ui/guest/guest_panel.h"
#include "ui/header/header_panel.h"
#include "ui/hex/hex_panel.h"
#include "ui/ledger/ledger_panel.h"
#include "ui/lookup/lookup_panel.h"
#include "ui/map/map_panel.h"
#include "ui/refblock/refblock_panel.h"
#include "ui/references/references_panel.h"
#include "ui/reftable/reftable_panel.h"
#include "ui/snapshots/snapshots_panel.h"
#include "ui/structure/structure_panel.h"
#include "ui/tables/table_panel.h"

#include <QAbstractItemView>
#include <QAction>
#include <QChildEvent>
#include <QDockWidget>
#include <QMenu>
#include <QSettings>
#include <QTabBar>

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr int kLayoutVersion = 6; ///< a layout saved by a program with other docks is not restored
constexpr int kFindingsHeight = 120; ///< buttons and a few rows
const QString kLayoutKey = QStringLiteral("layout/views");
} // namespace

Views::Views(ImageDocument& document, QWidget* parent)
    : QMainWindow(parent, Qt::Widget)
    , m_refblock(new RefblockPanel(document, this))
    , m_clusters(new ClusterPanel(document, this))
    , m_header(new HeaderPanel(document, this))
    , m_findings(new FindingsPanel(document, this))
    , m_snapshots(new SnapshotsPanel(document, this))
    , m_hex(new HexPanel(document, this))
    , m_chain(new ChainPanel(document, this))
{
    setObjectName(QStringLiteral("views"));
    setDockNestingEnabled(true);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    setDocumentMode(true);
    addView(View::Structure, QStringLiteral("structureDock"), tr("Structure"), new StructurePanel(document, this),
        tr("The structures of the image as a tree: header, refcount table, L1 table, snapshots, bitmaps. Selecting one "
           "shows it in every other view."));
    addView(View::Map, QStringLiteral("mapDock"), tr("Map"), new MapPanel(document, this),
        tr("Every cluster of the file in one picture, from all of them down to single ones. The wheel zooms, dragging "
           "moves, a click selects, Shift and dragging selects a range; the legend brings out what is clicked."));
    addView(View::Heatmap, QStringLiteral("heatmapDock"), tr("Refblock"), m_refblock,
        tr("The reference counts of one refblock, or of the whole file, as a grid with one cell for each cluster."));
    addView(View::Guest, QStringLiteral("guestDock"), tr("Guest"), new GuestPanel(document, this),
        tr("The virtual disk in guest order: what is data, zeros, compressed or not there, now or in a snapshot. "
           "Selecting a stretch shows where it is in the file, and the other way round."));
    addView(View::Clusters, QStringLiteral("clustersDock"), tr("Clusters"), m_clusters,
        tr("Every cluster of the file with its owner, its stored count and the references that the structures really "
           "make."));
    addView(View::Reftable, QStringLiteral("reftableDock"), tr("Reftable"), new ReftablePanel(document, this),
        tr("The refcount table: each entry leads to a refblock, which holds the counts of a stretch of clusters."));
    addView(View::Header, QStringLiteral("headerDock"), tr("Header"), m_header,
        tr("The image header field by field: its bytes, its value, and what it means."));
    addView(View::Charts, QStringLiteral("chartsDock"), tr("Charts"), new ChartsPanel(document, this),
        tr("How often which count occurs, what the file is used for, what each refcount width would cost, how full the "
           "refblocks and how long the runs of data are, and what each snapshot uses alone."));
    addView(View::Ledger, QStringLiteral("ledgerDock"), tr("Space"), new LedgerPanel(document, this),
        tr("Where the space went: every byte of the file in one line, and what each snapshot uses alone and shares. "
           "Selecting a line shows its clusters in every other view."));
    addView(View::Compatibility, QStringLiteral("compatibilityDock"), tr("Compatibility"),
        new CompatibilityPanel(document, this),
        tr("What the image demands of a reader, which readers can open it, and what would have to change."));
    addView(View::Details, QStringLiteral("detailsDock"), tr("Details"), new DetailsPanel(document, this),
        tr("Explains what is selected, with links to what it refers to."));
    addView(View::Findings, QStringLiteral("findingsDock"), tr("Findings"), m_findings,
        tr("What is wrong with the image, what it means and who refers to it. A double click goes to the clusters "
           "concerned; Repair shows first what it would do."));
    addView(View::Snapshots, QStringLiteral("snapshotsDock"), tr("Snapshots"), m_snapshots,
        tr("The internal snapshots. Creating, applying and deleting one shows first what it costs."));
    addView(View::Hex, QStringLiteral("hexDock"), tr("Hex"), m_hex,
        tr("The bytes of the file, coloured by what they belong to, with the structure around the cursor decoded "
           "beside "
           "them. Enter goes to what an entry leads to."));
    addView(View::Tables, QStringLiteral("tablesDock"), tr("Tables"), new TablePanel(document, this),
        tr("The L1 and L2 entries of the active disk or of a snapshot, decoded. Enter goes to what an entry leads "
           "to."));
    addView(View::Lookup, QStringLiteral("lookupDock"), tr("Lookup"), new LookupPanel(document, this),
        tr("How a guest offset is looked up, step by step with its arithmetic and bytes, and back from a host offset "
           "to "
           "who refers to it."));
    addView(View::References, QStringLiteral("referencesDock"), tr("References"), new ReferencesPanel(document, this),
        tr("Who refers to the selected cluster and what it refers to: a graph from the header to the data, and a list. "
           "Arrows move in the graph, Enter follows."));
    addView(View::Chain, QStringLiteral("chainDock"), tr("Chain"), m_chain,
        tr("Backing and data files as the headers name them. None is opened before you ask for it."));
    addView(View::Compare, QStringLiteral("compareDock"), tr("Compare"), new ComparePanel(document, this),
        tr("How this image differs from another file, or from what it was before an edit."));
    arrange();
}

void Views::addView(View view, const QString& objectName, const QString& title, QWidget* panel, const QString& help)
{
    auto* dock = new QDockWidget(title, this);
    dock->setObjectName(objectName);
    dock->setWidget(panel);
    dock->setWhatsThis(help);
    dock->toggleViewAction()->setToolTip(help);
    m_docks[static_cast<std::size_t>(view)] = dock;
}

void Views::arrange()
{
    for (QDockWidget* each : m_docks) {
        removeDockWidget(each);
        each->setFloating(false);
    }
    addDockWidget(Qt::LeftDockWidgetArea, dock(View::Structure));
    splitDockWidget(dock(View::Structure), dock(View::Map), Qt::Horizontal);
    splitDockWidget(dock(View::Map), dock(View::Details), Qt::Horizontal);
    for (const View view : {View::Heatmap, View::Guest, View::Clusters, View::Tables, View::Hex, View::Header,
             View::Reftable, View::Charts, View::Ledger, View::Snapshots, View::Compare})
        tabifyDockWidget(dock(View::Map), dock(view));
    for (const View view : {View::Lookup, View::Compatibility})
        tabifyDockWidget(dock(View::Details), dock(view));
    tabifyDockWidget(dock(View::Structure), dock(View::Chain));
    addDockWidget(Qt::BottomDockWidgetArea, dock(View::Findings));
    tabifyDockWidget(dock(View::Findings), dock(View::References));
    for (QDockWidget* each : m_docks)
        each->show();
    for (const View view : {View::Map, View::Details, View::Structure, View::Findings})
        dock(view)->raise();
    proportion();
}

/// Shares the space out. Before the window has its size this has no lasting effect: see showEvent().
void Views::proportion()
{
    resizeDocks({dock(View::Structure), dock(View::Map), dock(View::Details)},
        {width() * 18 / 100, width() * 55 / 100, width() * 27 / 100}, Qt::Horizontal);
    const int findings = std::min(std::max(height() * 22 / 100, kFindingsHeight), height() / 2);
    resizeDocks({dock(View::Map), dock(View::Findings)}, {height() - findings, findings}, Qt::Vertical);
}

void Views::showEvent(QShowEvent* event)
{
    QMainWindow::showEvent(event);
    m_shown = true;
    if (std::exchange(m_fresh, false))
        proportion();
}

/// The bars of tabbed docks come and go. Their titles are never cut off: a bar that is too narrow scrolls.
void Views::childEvent(QChildEvent* event)
{
    QMainWindow::childEvent(event);
    auto* bar = event->type() == QEvent::ChildPolished ? qobject_cast<QTabBar*>(event->child()) : nullptr;
    if (bar == nullptr)
        return;
    bar->setElideMode(Qt::ElideNone);
    bar->setUsesScrollButtons(true);
    bar->setExpanding(false);
}

void Views::bringUp(View view)
{
    QDockWidget* shown = dock(view);
    shown->show();
    shown->raise();
    const QWidget* panel = shown->widget();
    for (QWidget* each = panel->nextInFocusChain(); each != panel; each = each->nextInFocusChain())
        if (panel->isAncestorOf(each) && each->isVisibleTo(panel) && each->isEnabled()
            && (each->focusPolicy() & Qt::TabFocus)) {
            each->setFocus(Qt::ShortcutFocusReason);
            return;
        }
}

namespace
{

/// What a dock is there for: its map, table or text, not the controls above it. Null while it shows none.
QAbstractScrollArea* contentOf(const QDockWidget& dock)
{
    const auto areas = dock.widget()->findChildren<QAbstractScrollArea*>();
    const auto found = std::ranges::find_if(areas, [](const QAbstractScrollArea* each) {
        return !each->visibleRegion().isEmpty() && each->isEnabled() && each->focusPolicy() & Qt::TabFocus;
    });
    return found == areas.end() ? nullptr : *found;
}

} // namespace

void Views::focusSelected()
{
    // These list a few places; the others show every one, if need be as soon as they have loaded it.
    for (const View view : {View::Header, View::Reftable, View::Snapshots})
        if (auto* list = qobject_cast<QAbstractItemView*>(contentOf(*dock(view)));
            list && list->selectionModel()->hasSelection())
            return list->setFocus(Qt::ShortcutFocusReason);
    for (const View view :
        {View::Map, View::Heatmap, View::Clusters, View::Hex, View::Guest, View::Tables, View::Details})
        if (QAbstractScrollArea* content = contentOf(*dock(view)))
            return content->setFocus(Qt::ShortcutFocusReason);
    bringUp(View::Map);
}

QKeyCombination Views::key(View view)
{
    constexpr int kDigits = 9;
    const int number = static_cast<int>(view);
    const auto digit = static_cast<Qt::Key>(Qt::Key_1 + number % kDigits);
    if (number < kDigits)
        return Qt::CTRL | digit;
    return number < 2 * kDigits ? Qt::CTRL | Qt::ALT | digit : Qt::CTRL | Qt::ALT | Qt::SHIFT | digit;
}

void Views::setFindingActions(const QList<QAction*>& actions)
{
    m_findings->setActions(actions);
}

void Views::setEditActions(QAction* header, QAction* cluster)
{
    m_header->setActions({header});
    m_clusters->setActions({cluster});
    m_refblock->setActions({cluster});
}

void Views::fillMenu(QMenu& menu) const
{
    for (const QDockWidget* each : m_docks)
        menu.addAction(each->toggleViewAction());
}

void Views::resetLayout()
{
    arrange();
    QSettings().remove(kLayoutKey);
}

void Views::saveLayout() const
{
    if (m_shown) // else it has no layout yet, and the one of the last time stays
        QSettings().setValue(kLayoutKey, saveState(kLayoutVersion));
}

void Views::restoreLayout()
{
    const QByteArray state = QSettings().value(kLayoutKey).toByteArray();
    m_fresh = state.isEmpty() || !restoreState(state, kLayoutVersion);
}

} // namespace cowscope::ui
