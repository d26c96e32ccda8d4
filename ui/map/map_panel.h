// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"
#include "ui/map/map_export.h"

#include <memory>

class QComboBox;
class QLabel;
class QToolButton;

namespace cowscope::ui
{

class MapCells;
class MapHover;
class MapLegend;
class MapView;
class Minimap;

/// All clusters of the file as a map, with the ways to colour and lay it out, a legend that filters, and a minimap.
class MapPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit MapPanel(ImageDocument& document, QWidget* parent = nullptr);
    ~MapPanel() override;

    /// Saves the whole map in a job, by the ending of `path` as SVG or as PNG; exported() or exportFailed() follows.
    void exportTo(const QString& path);

Q_SIGNALS:
    void exported(const QString& path);
    void exportFailed(const cowscope::Error& error);

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeBar();
    void connectView();
    void restore();
    void remember() const;
    void refresh();
    void recolor();
    void cellsChanged();
    void updateLegend();
    void updateState();
    void bringOut();
    void showSelection();
    void showCell(const std::optional<ClusterRange>& range);
    void showHelp(const ClusterRange& range, QPoint at);
    void chooseExport();
    MapColorBy colorBy() const;

    ImageDocument& m_document;
    MapCells* m_cells;
    MapView* m_view;
    Minimap* m_minimap;
    MapLegend* m_legend;
    MapHover* m_hover;
    QComboBox* m_colorBy;
    QComboBox* m_kind;
    QToolButton* m_showMinimap = nullptr;
    QToolButton* m_export = nullptr;
    QToolButton* m_stop = nullptr; ///< stops summing up, or goes on
    QLabel* m_state; ///< how far that is
    QLabel* m_caption; ///< what is under the mouse or the cursor, else what a cell stands for
    std::unique_ptr<Job> m_exportJob;
    bool m_selecting = false; ///< the selection comes from the map itself: it shows it already
};

} // namespace cowscope::ui
