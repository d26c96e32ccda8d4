// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/image_document.h"

#include <QMainWindow>

#include <array>

class QAction;
class QMenu;

namespace cowscope::ui
{

class ChainPanel;
class ClusterPanel;
class FindingsPanel;
class HeaderPanel;
class HexPanel;
class RefblockPanel;
class SnapshotsPanel;

/// All views of an image as docks that can be moved, tabbed, hidden and brought back.
class Views : public QMainWindow
{
    Q_OBJECT

public:
    enum class View {
        Map,
        Heatmap,
        Clusters,
        Reftable,
        Header,
        Charts,
        Structure,
        Details,
        Findings,
        Snapshots,
        Hex,
        Tables,
        Lookup,
        Ledger,
        Compatibility,
        Guest,
        References,
        Chain,
        Compare,
    };
    static constexpr int kViewCount = 19;

    explicit Views(ImageDocument& document, QWidget* parent = nullptr);

    void bringUp(View view); ///< shows it, in front of the docks that it is tabbed with, and gives it the focus
    void focusSelected(); ///< gives the focus to a view in front that shows what is selected
    QDockWidget* dock(View view) const { return m_docks[static_cast<std::size_t>(view)]; }

    /// Ctrl and a digit from 1 on; with Alt too once the digits are used up.
    static QKeyCombination key(View view);

    /// What can be done about findings: the buttons of their view.
    void setFindingActions(const QList<QAction*>& actions);

    /// What can be done with the header and with one cluster: in the context menus of the views that show them.
    void setEditActions(QAction* header, QAction* cluster);

    SnapshotsPanel& snapshots() { return *m_snapshots; }
    HexPanel& hex() { return *m_hex; }
    ChainPanel& chain() { return *m_chain; }

    /// Adds an action for each view, which shows and hides its dock.
    void fillMenu(QMenu& menu) const;

    void resetLayout();
    void saveLayout() const; ///< to the settings
    void restoreLayout();

protected:
    void showEvent(QShowEvent* event) override;
    void childEvent(QChildEvent* event) override;

private:
    void addView(View view, const QString& objectName, const QString& title, QWidget* panel, const QString& help);
    void arrange();
    void proportion();

    std::array<QDockWidget*, kViewCount> m_docks{};
    RefblockPanel* m_refblock;
    ClusterPanel* m_clusters;
    HeaderPanel* m_header;
    FindingsPanel* m_findings;
    SnapshotsPanel* m_snapshots;
    HexPanel* m_hex;
    ChainPanel* m_chain;
    bool m_fresh = true; ///< no saved layout: share the space out when the size is known
    bool m_shown = false; ///< at least once
};

} // namespace cowscope::ui
