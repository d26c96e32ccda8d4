// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "ui/document/selection.h"
#include "ui/refblock/cluster_summaries.h"
#include "ui/refblock/grid_layout.h"

#include <QAbstractScrollArea>
#include <QImage>

#include <memory>
#include <optional>

namespace cowscope::ui
{

/// Clusters as a grid of coloured cells. Draws only what is visible, into an image that is reused until something
/// changes. Click selects, dragging selects a range; arrows move by cell, with Shift they extend; + - 0 zoom, as does
/// the wheel with Ctrl.
class HeatmapView : public QAbstractScrollArea
{
    Q_OBJECT

public:
    enum class ColorBy { Count, Owner };

    explicit HeatmapView(QWidget* parent = nullptr);

    /// Shows nothing of it until setRange(). `maximum` is the largest count of the image's width. Null: empty.
    void setCensus(std::shared_ptr<const Census> census, unsigned clusterBits, std::uint64_t maximum);
    void setSummaries(ClusterSummaries summaries);
    void setRange(HostCluster first, std::uint64_t clusters); ///< `first` is a multiple of a power of two >= clusters
    void setColorBy(ColorBy colorBy);
    void setSelected(const std::optional<ClusterRange>& range); ///< shows it, emits nothing

    HostCluster firstCluster() const { return m_first; }
    std::uint64_t clusters() const { return m_clusters; }
    std::uint64_t clustersPerCell() const { return m_layout.clustersPerCell(); }

    /// The cell at a point of the viewport, as the clusters that it stands for.
    std::optional<ClusterRange> cellAt(QPoint point) const;
    QRect cellRect(HostCluster cluster) const; ///< in the viewport; may lie outside of it

    /// What the tooltip says of a cell.
    QString describeCell(const ClusterRange& cell) const;

public Q_SLOTS:
    void zoomIn();
    void zoomOut();
    void zoomToFit();

Q_SIGNALS:
    /// The user selected a cell (with `nudge` by a key) or a range of cells.
    void selected(const cowscope::ui::ClusterRange& range, bool nudge);
    void hovered(std::optional<cowscope::ui::ClusterRange> cell); ///< nothing: the mouse is on no cell
    void zoomed(); ///< clustersPerCell() or the size of cells may have changed

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    void setLayout(const GridLayout& layout, bool fitted);
    void updateScrollBar();
    void redraw();
    void render();
    void drawCell(QPainter& painter, const QRect& rect, const CellSummary& cell) const;
    void drawSelection(QPainter& painter) const;
    void moveCursor(std::int64_t cells, bool extend);
    void scrollTo(HostCluster cluster);
    std::uint64_t cells() const;
    ClusterRange cell(std::uint64_t index) const;
    std::uint64_t cellIndex(HostCluster cluster) const;
    ClusterRange spanned(std::uint64_t cellA, std::uint64_t cellB) const;

    std::shared_ptr<const Census> m_census;
    unsigned m_clusterBits = 16;
    std::uint64_t m_maximum = 1;
    ClusterSummaries m_summaries;
    HostCluster m_first;
    std::uint64_t m_clusters = 0;
    ColorBy m_colorBy = ColorBy::Count;
    std::optional<ClusterRange> m_selected;
    GridLayout m_layout;
    bool m_fitted = true; ///< the layout follows the size of the viewport
    std::uint64_t m_anchor = 0; ///< cell where a range begins
    std::uint64_t m_cursor = 0; ///< cell where it ends
    bool m_dragging = false;
    std::optional<ClusterRange> m_hovered;
    QImage m_image;
};

} // namespace cowscope::ui
