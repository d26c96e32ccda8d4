// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_source.h"
#include "ui/document/selection.h"
#include "ui/jobs/job.h"

#include <QObject>

#include <memory>

namespace cowscope::ui
{

/// What a map says of the cell under the mouse: in one line at once, and at length for a tooltip, where a job looks up
/// who refers to a single cluster.
class MapHover : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    void setSource(std::shared_ptr<const CensusMapSource> source); ///< null: no image

    /// "cluster 1,234 (offset 0x4d2000): data, count 3 of 65,535"; `cell` is the sum of the range.
    QString line(const ClusterRange& range, const MapCell& cell) const;

    /// Several lines. For a single cluster in use a job starts that looks for its referrers; explained() follows.
    QString explain(const ClusterRange& range, const MapCell& cell);
    void stop(); ///< nobody wants to know any more

Q_SIGNALS:
    void explained(const QString& text);

private:
    QString clusterText(HostCluster cluster) const;
    QString rangeText(const ClusterRange& range, const MapCell& cell) const;
    void lookForReferrers(HostCluster cluster, const QString& text);

    std::shared_ptr<const CensusMapSource> m_source;
    std::unique_ptr<Job> m_job;
};

/// "right", "leaked", ...
QString mapVerdictText(MapVerdict verdict);

} // namespace cowscope::ui
