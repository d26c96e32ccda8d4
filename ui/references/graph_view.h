// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/references/cluster_references.h"

#include <QAbstractScrollArea>

namespace cowscope::ui
{

/// A ReferenceGraph as boxes and lines. Arrows move between boxes, Enter or a click chooses one. Screen readers hear
/// the box that the cursor is on, and what leads where; the list beside the graph says all of it as text.
class GraphView : public QAbstractScrollArea
{
    Q_OBJECT

public:
    explicit GraphView(QWidget* parent = nullptr);

    void setGraph(ReferenceGraph graph);
    const ReferenceGraph& graph() const { return m_graph; }
    QRect nodeRect(std::size_t node) const; ///< in the viewport; may lie outside of it
    QString describe(std::size_t node) const; ///< "L2 table in cluster 9, column 3 of 5"

Q_SIGNALS:
    void chosen(cowscope::HostCluster first, std::uint64_t clusters);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    std::size_t columns() const { return m_graph.left.size(); }
    QSize contents() const;
    int columnWidth() const;
    int rows() const; ///< of the fullest column
    int rowHeight() const; ///< pixels
    void updateScrollBars();
    void moveCursor(int columns, int rows);
    void setCursorNode(std::size_t node);
    std::optional<std::size_t> nodeAt(QPoint point) const;
    void drawEdges(QPainter& painter) const;
    void drawNode(QPainter& painter, std::size_t node) const;
    void drawLeftOut(QPainter& painter) const;

    ReferenceGraph m_graph;
    std::size_t m_cursor = 0;
};

} // namespace cowscope::ui
