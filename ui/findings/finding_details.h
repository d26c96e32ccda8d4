// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding_groups.h"
#include "ui/document/image_document.h"

#include <QTextBrowser>
#include <QTimer>

namespace cowscope::ui
{

/// Everything about one finding in words: what is wrong where, the rule, what a repair would do, and who refers to the
/// clusters concerned, which a job finds out.
class FindingDetails : public QTextBrowser
{
    Q_OBJECT

public:
    static constexpr std::uint64_t kClusters = 32; ///< of a run, whose referrers are looked up
    static constexpr std::size_t kMostEach = 8; ///< referrers listed for each

    explicit FindingDetails(QWidget* parent = nullptr);

    void showFinding(std::shared_ptr<const Image> image, const Finding& finding);
    void showGroup(const FindingGroup& group);
    void showNone(const QString& hint);

private:
    void startLooking();
    void writePage(const QString& referrers);
    void changeEvent(QEvent* event) override;

    std::shared_ptr<const Image> m_image;
    Finding m_finding;
    QString m_referrers; ///< as HTML
    QTimer m_pause; ///< a cursor that passes by starts no job
    std::unique_ptr<Job> m_job;
};

} // namespace cowscope::ui
