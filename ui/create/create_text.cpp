// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/create/create_text.h"

#include "core/base/checked_math.h"
#include "ui/common/format.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

constexpr double kNotableShare = 0.005; ///< of the file that counts may take without a word
constexpr std::uint64_t kSmallCluster = 4096;

QString tr(const char* text)
{
    return QCoreApplication::translate("Create", text);
}

} // namespace

QString widthText(unsigned bits)
{
    const QString maximum = formatCount(bitRange(0, bits));
    if (bits == 1)
        return tr("Counts up to 1: no cluster can be shared. Snapshots need copies, and compressed clusters take a "
                  "cluster each.");
    if (bits >= 32)
        return tr("Counts up to %1: no limit that matters.").arg(maximum);
    return tr("Counts up to %1: the disk and %2 snapshots can share a cluster.")
        .arg(maximum, formatCount(bitRange(0, bits) - 1));
}

QStringList createNotes(const CreateOptions& options)
{
    QStringList notes;
    const double share = static_cast<double>(options.refcountBits) / 8 / static_cast<double>(options.clusterSize);
    if (share >= kNotableShare)
        notes += tr("The counts take about %1 % of the file.").arg(share * 100, 0, 'f', 1);
    if (options.clusterSize < kSmallCluster)
        notes += tr("Clusters this small make large tables: the disk is slow, and its largest size is small.");
    if (options.lazyRefcounts)
        notes += tr("Lazy refcounts: after a crash the image is marked dirty, and its counts must be repaired before "
                    "it is written again.");
    if (options.extendedL2)
        notes += tr("Extended L2 entries: QEMU older than 5.2 cannot open the image.");
    if (options.compression == CompressionType::Zstd)
        notes += tr("zstd: QEMU older than 5.1 cannot open the image.");
    if (options.version == 2)
        notes += tr("Compat 0.10 is for programs older than QEMU 1.1: no zero clusters, and 16-bit counts only.");
    if (!options.dataFile.empty())
        notes += tr("With a data file no internal snapshots can be taken.");
    return notes;
}

QString preallocationText(Preallocation preallocation)
{
    switch (preallocation) {
    case Preallocation::Off:
        return tr("off: the file grows as the disk is written");
    case Preallocation::Metadata:
        return tr("metadata: all tables now, data later");
    case Preallocation::Falloc:
        return tr("falloc: all space reserved");
    case Preallocation::Full:
        return tr("full: all space written with zeros");
    }
    return {};
}

} // namespace cowscope::ui
