// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/space_ledger.h"
#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QLabel;
class QTableView;
class QToolButton;

namespace cowscope::ui
{

class LedgerModel;
class ShareModel;

/// Where the space of the file went: every byte in one line, and what each snapshot uses alone. Selecting a line
/// selects its first run of clusters; two buttons step through the runs.
class LedgerPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit LedgerPanel(ImageDocument& document, QWidget* parent = nullptr);

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeBar();
    QToolButton* makeStep(const QString& objectName, Qt::ArrowType arrow, const QString& help, int step);
    void refresh();
    void startAdding();
    void showLedger(std::shared_ptr<const SpaceLedger> ledger);
    void chooseLine();
    void chooseShare();
    void setRuns(const std::vector<ClusterSpan>& runs, std::uint64_t all);
    void stepTo(int run);

    ImageDocument& m_document;
    LedgerModel* m_model;
    ShareModel* m_shareModel;
    QTableView* m_view;
    QTableView* m_shares;
    QLabel* m_summary;
    QLabel* m_runText;
    QToolButton* m_before = nullptr;
    QToolButton* m_next = nullptr;
    std::vector<ClusterSpan> m_runs; ///< of the chosen line
    std::uint64_t m_allRuns = 0; ///< listed or not
    int m_run = 0;
    bool m_stale = false; ///< an image was opened while the panel was hidden
    std::unique_ptr<Job> m_job;
};

} // namespace cowscope::ui
