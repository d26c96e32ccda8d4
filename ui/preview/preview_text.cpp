// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preview/preview_text.h"

#include "ui/common/format.h"
#include "ui/common/verdict.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::PreviewText)
};

QString arrow(const QString& from, const QString& to)
{
    return QStringLiteral("%1 \u2192 %2").arg(from, to);
}

QString amount(std::uint64_t count, const QString& one, const QString& many)
{
    return count == 1 ? one : many.arg(formatCount(count));
}

QString fileText(std::uint64_t before, std::uint64_t after)
{
    if (before == after)
        return Text::tr("file stays at %1").arg(formatBytes(before));
    const QString change = after > before ? Text::tr("%1 more").arg(formatBytes(after - before))
                                          : Text::tr("%1 less").arg(formatBytes(before - after));
    return Text::tr("file: %1 (%2)").arg(arrow(formatBytes(before), formatBytes(after)), change);
}

QString differencesText(const ImageDiff& diff, unsigned clusterBits)
{
    QStringList parts;
    if (const std::uint64_t fields = diff.fields.size() + diff.names.size(); fields > 0)
        parts += amount(fields, Text::tr("1 header field or name"), Text::tr("%1 header fields and names"));
    if (diff.l1Entries > 0)
        parts += amount(diff.l1Entries, Text::tr("1 L1 entry"), Text::tr("%1 L1 entries"));
    if (diff.guestBytes > 0)
        parts += amount(std::max<std::uint64_t>(1, diff.guestBytes >> clusterBits), Text::tr("1 L2 entry"),
            Text::tr("%1 L2 entries"));
    if (diff.clusters > 0)
        parts += amount(diff.clusters, Text::tr("1 count"), Text::tr("%1 counts"));
    return parts.isEmpty() ? Text::tr("no entry changes") : Text::tr("changed: %1").arg(parts.join(Text::tr(", ")));
}

QString stateText(const CensusMapSource& source, HostCluster cluster)
{
    if (cluster.value() >= source.clusters())
        return Text::tr("not in the file");
    const ClusterState state = source.census().map.state(cluster);
    return Text::tr("%1, count %2").arg(ownerText(state.owner), formatCount(state.refcount));
}

} // namespace

QString previewSummary(const EditPreview& preview)
{
    const QString before = verdictLine(*preview.before.census);
    const QString after = verdictLine(*preview.after.census);
    const QString check = before == after ? Text::tr("Check: <b>%1</b>, before and after").arg(before)
                                          : Text::tr("Check: <b>%1</b>").arg(arrow(before, after));
    const QString writes = Text::tr("%1 in %2 written")
                               .arg(formatBytes(preview.bytesWritten()),
                                   amount(preview.clustersWritten(), Text::tr("1 cluster"), Text::tr("%1 clusters")));
    return QStringList{check, fileText(preview.fileBytesBefore(), preview.fileBytesAfter()), writes,
        differencesText(preview.diff, preview.after.image->geometry().clusterBits())}
        .join(QStringLiteral(" \u00b7 "));
}

QString previewHarm(const EditPreview& preview)
{
    if (preview.isSound())
        return {};
    return Text::tr("<b>The image would be worse than it is.</b> A check of the result says: %1. It is not offered; "
                    "repair the image first.")
        .arg(verdictLine(*preview.after.census));
}

QString changeText(const ShownPreview& preview, const ClusterRange& range)
{
    if (range.count == 1) {
        const QString before = stateText(*preview.before, range.first);
        const QString after = stateText(*preview.after, range.first);
        const QString text = before == after ? before : arrow(before, after);
        const bool written = preview.changed->touches(range.first.value(), 1);
        return Text::tr("cluster %1: %2").arg(formatCount(range.first.value()), text)
            + (written && before == after ? Text::tr(", written") : QString());
    }
    std::uint64_t changed = 0;
    const std::uint64_t end = range.first.value() + range.count;
    for (const ClusterRange& run : preview.changed->runs()) {
        const std::uint64_t from = std::max(run.first.value(), range.first.value());
        const std::uint64_t to = std::min(run.first.value() + run.count, end);
        changed += to > from ? to - from : 0;
    }
    return Text::tr("clusters %1 to %2: %3 of %4 change")
        .arg(formatCount(range.first.value()), formatCount(end - 1), formatCount(changed), formatCount(range.count));
}

} // namespace cowscope::ui
