// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_hover.h"

#include "core/analysis/referrers.h"
#include "ui/common/format.h"

#include <utility>

namespace cowscope::ui
{

namespace
{
constexpr std::size_t kMostReferrers = 4;
} // namespace

QString mapVerdictText(MapVerdict verdict)
{
    switch (verdict) {
    case MapVerdict::Free:
        return MapHover::tr("free");
    case MapVerdict::Right:
        return MapHover::tr("right");
    case MapVerdict::Leaked:
        return MapHover::tr("leaked: counted, but nothing refers to it");
    case MapVerdict::TooHigh:
        return MapHover::tr("the count is too high");
    case MapVerdict::BadEntry:
        return MapHover::tr("an entry in it is wrong");
    case MapVerdict::SeveralOwners:
        return MapHover::tr("structures of different kinds claim it");
    case MapVerdict::TooLow:
        return MapHover::tr("the count is too low");
    case MapVerdict::Overflow:
        return MapHover::tr("it has more references than the width can count");
    }
    return {};
}

void MapHover::setSource(std::shared_ptr<const CensusMapSource> source)
{
    stop();
    m_source = std::move(source);
}

QString MapHover::clusterText(HostCluster cluster) const
{
    const Geometry& geometry = m_source->image().geometry();
    const ClusterState state = m_source->census().map.state(cluster);
    const QString count = formatCount(state.refcount);
    return tr("cluster %1 (offset %2): %3, count %4 of %5, references %6")
        .arg(formatCount(cluster.value()), formatOffset(geometry.offset(cluster)), ownerText(state.owner),
            state.exact ? count : tr("at least %1").arg(count), formatCount(geometry.refcountCodec().maximum()),
            formatCount(state.references));
}

QString MapHover::rangeText(const ClusterRange& range, const MapCell& cell) const
{
    const Geometry& geometry = m_source->image().geometry();
    QString text
        = tr("clusters %1 to %2 (offset %3, %4)")
              .arg(formatCount(range.first.value()), formatCount(range.first.value() + range.count - 1),
                  formatOffset(geometry.offset(range.first)), formatBytes(range.count * geometry.clusterSize()));
    if (cell.known)
        text += tr(": mostly %1, %2 in use, largest count %3")
                    .arg(ownerText(cell.dominant), formatPercent(cell.counted, range.count), formatCount(cell.largest));
    return text;
}

QString MapHover::line(const ClusterRange& range, const MapCell& cell) const
{
    if (!m_source)
        return {};
    QString text = range.count == 1 ? clusterText(range.first) : rangeText(range, cell);
    const MapVerdict verdict = range.count == 1 ? m_source->facts(range.first).verdict : cell.worst();
    if (verdict >= MapVerdict::Leaked)
        text += tr("; %1").arg(mapVerdictText(verdict));
    return text;
}

QString MapHover::explain(const ClusterRange& range, const MapCell& cell)
{
    stop();
    if (!m_source)
        return {};
    const QString text = line(range, cell).replace(QStringLiteral(": "), QStringLiteral("\n"));
    if (range.count > 1) {
        QStringList owners;
        for (std::size_t i = 1; i < kOwnerCount; ++i)
            if ((cell.owners >> i & 1) != 0)
                owners += ownerText(static_cast<ClusterOwner>(i));
        return owners.isEmpty() ? text : tr("%1\nholds: %2").arg(text, owners.join(QStringLiteral(", ")));
    }
    if (m_source->census().map.references(range.first) == 0)
        return text;
    lookForReferrers(range.first, text);
    return tr("%1\nlooking for who refers to it\u2026").arg(text);
}

void MapHover::stop()
{
    m_job.reset();
}

void MapHover::lookForReferrers(HostCluster cluster, const QString& text)
{
    m_job = std::make_unique<Job>(
        tr("Looking for references"), [source = m_source, cluster](const TaskContext& task) -> Result<std::any> {
            auto found = findReferrers(source->image(), std::span(&cluster, 1), kMostReferrers, task);
            if (!found)
                return failed(found);
            QStringList lines;
            for (const Referrer& referrer : *found)
                lines += toQString(referrer.text(source->image()));
            return std::any(lines);
        });
    connect(m_job.get(), &Job::finished, this, [this, cluster, text](const std::any& result) {
        QStringList lines = std::any_cast<const QStringList&>(result);
        const std::uint64_t references = m_source->census().map.references(cluster);
        if (static_cast<std::uint64_t>(lines.size()) < references && lines.size() == kMostReferrers)
            lines += tr("and %1 more").arg(formatCount(references - kMostReferrers));
        Q_EMIT explained(
            lines.isEmpty() ? text : tr("%1\nreferred to by %2").arg(text, lines.join(QStringLiteral(",\n"))));
    });
    m_job->start();
}

} // namespace cowscope::ui
