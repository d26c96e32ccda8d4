// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/cells/map_cells.h"
#include "ui/cells/map_picture.h"

#include <QWidget>

namespace cowscope::ui
{

/// The whole map in small, with a frame around what the large one shows; pressing or dragging moves that.
class Minimap : public QWidget
{
    Q_OBJECT

public:
    explicit Minimap(MapCells& cells, QWidget* parent = nullptr);

    /// `visible` is in the coordinates of `layout`, the large map's.
    void follow(const MapLayout& layout, const QRectF& visible);
    void setColors(const MapColors& colors);

    QSize sizeHint() const override { return {150, 150}; }

Q_SIGNALS:
    void pointed(QPointF part); ///< the user wants to see this place, given in parts of the whole map

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;

private:
    void redraw();
    void render();
    void point(QPointF at);
    QRectF frame() const; ///< around what the large map shows

    MapCells& m_cells;
    MapColors m_colors;
    MapLayout m_large;
    QRectF m_visible;
    MapLayout m_layout;
    QPointF m_origin;
    QImage m_image;
};

} // namespace cowscope::ui
