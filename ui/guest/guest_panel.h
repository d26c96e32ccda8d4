// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"
#include "ui/guest/guest_jobs.h"

#include <QTimer>

#include <memory>

class QCheckBox;
class QComboBox;
class QLabel;
class QTableView;

namespace cowscope::ui
{

class ExtentModel;
class GuestLegend;
class GuestView;

/// The virtual disk in guest order, of now or of a snapshot, and the places of a selected stretch in the file.
///
/// A summary of the whole disk is made in a job when the panel is first seen, a finer one of what is in view where that
/// is too coarse. What is selected elsewhere is looked up in the tables in a job, and framed here.
class GuestPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit GuestPanel(ImageDocument& document, QWidget* parent = nullptr);

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeBar();
    void connectViews();
    void refresh();
    void fillDisks();
    DiskChoice disk() const;
    GuestDiskView diskView() const;
    std::uint64_t units() const;
    void showDisk(); ///< the chosen one, from the beginning
    void startOverview();
    void updateLegend();
    void startDetail();
    void selectStretch(std::uint64_t firstByte, std::uint64_t bytes, bool nudge);
    void selectExtent();
    void showSelection();
    void showGuestRange(const GuestRange& range);
    void lookUpSelection(); ///< after a pause, for a selection that may still move on
    void startExtents(const GuestRange& range);
    void startLinks();
    void setNote(const QString& note);

    ImageDocument& m_document;
    GuestView* m_view;
    GuestLegend* m_legend;
    QComboBox* m_disk;
    QCheckBox* m_layers;
    QLabel* m_hover;
    QLabel* m_note;
    QTableView* m_extents;
    ExtentModel* m_extentModel;
    std::shared_ptr<GuestSummary> m_overview;
    std::shared_ptr<GuestSummary> m_detail;
    std::unique_ptr<Job> m_overviewJob;
    std::unique_ptr<Job> m_detailJob;
    std::unique_ptr<Job> m_lookupJob;
    QTimer m_settleView;
    QTimer m_settleSelection;
    bool m_stale = true; ///< the disk is to be shown when somebody looks
    bool m_lookupDue = false; ///< what is selected is to be looked up when somebody looks
    bool m_fromTable = false; ///< the selection comes from the table of extents, which stays as it is
};

} // namespace cowscope::ui
