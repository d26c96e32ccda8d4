// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/cells/map_cells.h"
#include "ui/cells/map_picture.h"
#include "ui/document/selection.h"

#include <QAbstractScrollArea>
#include <QImage>

#include <optional>

class QGestureEvent;

namespace cowscope::ui
{

/// All clusters of a file as a map. The wheel, + - 0 and a pinch zoom, dragging pans, a click selects, dragging with
/// Shift selects a range; arrows move by cell, with Shift they extend. Draws only what is visible, into an image that
/// is kept until something changes.
class MapView : public QAbstractScrollArea
{
    Q_OBJECT

public:
    /// `cells` outlives the view.
    explicit MapView(MapCells& cells, QWidget* parent = nullptr);

    void setColors(const MapColors& colors);
    const MapColors& colors() const { return m_colors; }
    void setKind(MapLayout::Kind kind);
    void setSelected(const std::optional<ClusterRange>& range); ///< shows it, emits nothing
    void showSelected(); ///< moves the map if what is selected lies outside of what is shown
    std::optional<ClusterRange> selected() const { return m_selected; }

    /// Brings these clusters out; null: none, all is shown in full.
    void setMarked(std::shared_ptr<const MarkedClusters> marked);
    const std::shared_ptr<const MarkedClusters>& marked() const { return m_marked; }

    void setPointed(const std::optional<ClusterRange>& range); ///< outlines what is hovered in another map
    void showLike(const MapView& other); ///< the same zoom and part, of a map of as many clusters

    const MapLayout& layoutOfMap() const { return m_layout; }
    QRectF visiblePart() const; ///< in the layout's coordinates
    void centerOn(QPointF point); ///< of the layout

    /// The cell at a point of the viewport, as the clusters that it stands for.
    std::optional<ClusterRange> cellAt(QPointF point) const;
    QRectF cellRect(HostCluster cluster) const; ///< in the viewport; may lie outside of it

public Q_SLOTS:
    void zoomIn();
    void zoomOut();
    void zoomToFit();

Q_SIGNALS:
    /// The user selected a cell (with `nudge` by a key) or a range of cells.
    void selectedByUser(const cowscope::ui::ClusterRange& range, bool nudge);
    void viewChanged(); ///< another part, zoom or layout is shown
    void hovered(std::optional<cowscope::ui::ClusterRange> cell); ///< nothing: the mouse is on no cell
    void helpWanted(const cowscope::ui::ClusterRange& cell, QPoint globalPos); ///< the mouse rests on a cell

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    enum class Drag { None, Pressed, Panning, Selecting };

    /// What a zoom keeps in place. While the mouse rests, further steps keep the same cluster.
    struct ZoomAnchor {
        QPointF about; ///< in the viewport
        QPointF origin; ///< of the map after the last step
        HostCluster cluster;
    };

    void mapChanged();
    void relay(int zoom);
    void zoomBy(int steps, QPointF about);
    void pinch(double factor, QPointF about);
    bool gesture(QGestureEvent& event);
    void moveTo(QPointF origin);
    void updateScrollBars();
    void redraw();
    void render();
    void drawOutline(QPainter& painter, const ClusterRange& range, double width) const;
    void moveCursor(std::int64_t cells, bool extend);
    void moveCursor(int columns, int rows, bool extend);
    void putCursor(std::uint64_t cell, bool extend);
    void reveal(std::uint64_t cell);
    QPointF focusPoint() const;
    HostCluster clusterToKeep(QPointF about) const;
    ClusterRange clustersOf(std::uint64_t cell) const;
    std::uint64_t cellOf(HostCluster cluster) const;
    ClusterRange spanned(std::uint64_t cellA, std::uint64_t cellB) const;

    MapCells& m_cells;
    MapColors m_colors;
    MapLayout m_layout;
    QPointF m_origin; ///< the layout's point at the viewport's upper left; negative where the map is smaller
    bool m_settingBars = false;
    std::optional<ClusterRange> m_selected;
    std::optional<ClusterRange> m_pointed;
    std::shared_ptr<const MarkedClusters> m_marked;
    HostCluster m_anchor; ///< where a range of the user begins
    HostCluster m_cursor; ///< where it ends
    Drag m_drag = Drag::None;
    QPointF m_pressedAt;
    QPointF m_originPressed;
    double m_pinched = 1; ///< not yet a step of the zoom
    std::optional<ZoomAnchor> m_zoomAnchor;
    int m_wheel = 0; ///< likewise, eighths of a degree
    std::optional<ClusterRange> m_hovered;
    QImage m_image;
    VisibleCells m_visible;
};

} // namespace cowscope::ui
