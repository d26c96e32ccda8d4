// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/preview/edit_desk.h"

#include <QWidget>

#include <array>

class QCheckBox;
class QLabel;
class QToolButton;

namespace cowscope::ui
{

class MapCells;
class MapLegend;
class MapView;

/// The clusters of a file before and after an edit, side by side at the same scale, by owner. What changes is brought
/// out. Zoom, position and what the mouse points at are the same in both.
class MapPair : public QWidget
{
    Q_OBJECT

public:
    explicit MapPair(QWidget* parent = nullptr);

    void setPreview(std::shared_ptr<const ShownPreview> preview); ///< null: nothing to show

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Side {
        MapCells* cells = nullptr;
        MapView* view = nullptr;
    };
    enum Which { Before, After };

    QWidget* makeSide(Which which);
    QWidget* makeBar();
    void recolor();
    void updateLegend();
    void updateMarks();
    void follow(Which moved);
    void point(Which at, const std::optional<ClusterRange>& range);

    std::shared_ptr<const ShownPreview> m_preview;
    std::array<Side, 2> m_sides;
    MapLegend* m_legend;
    QCheckBox* m_onlyChanges;
    QLabel* m_caption;
    bool m_following = false;
};

} // namespace cowscope::ui
