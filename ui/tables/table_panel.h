// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/entry_list.h"
#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

#include <memory>

class QComboBox;
class QLabel;
class QSpinBox;
class QTableView;

namespace cowscope::ui
{

class EntryModel;

/// The L1 and L2 entries of the active disk or of a snapshot, decoded and filtered. Lists and pages come from jobs.
class TablePanel : public EmptyState
{
    Q_OBJECT

public:
    explicit TablePanel(ImageDocument& document, QWidget* parent = nullptr);

private:
    using List = std::shared_ptr<const RunList>;

    QWidget* makeBar();
    void refresh();
    EntryQuery query() const;
    void list();
    void setList(List list);
    void loadPage(std::uint64_t page);
    void showSelection();
    void showPosition(std::uint64_t position);
    std::optional<std::uint64_t> selectedIndex() const;
    std::optional<std::uint64_t> indexOfBytes(const ByteRange& bytes) const;
    std::optional<int> rowThatLeadsTo(const ClusterRange& clusters) const;
    void selectRow();
    void follow(const QModelIndex& index);
    std::uint64_t pages() const;

    ImageDocument& m_document;
    EntryModel* m_model;
    QTableView* m_view;
    QComboBox* m_disk;
    QComboBox* m_level;
    QComboBox* m_filter;
    QSpinBox* m_page;
    QLabel* m_shown;
    List m_list; ///< null until it has been made
    std::uint64_t m_shownPage = 0;
    std::unique_ptr<Job> m_job; ///< of the list or of a page
    bool m_showing = false; ///< a row is being selected to show the selection, not by the user
};

} // namespace cowscope::ui
