// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/navigator/place.h"

#include "core/image/guest_lookup.h"
#include "ui/common/format.h"
#include "ui/common/parse.h"
#include "ui/document/selected_clusters.h"

#include <QCoreApplication>
#include <QRegularExpression>

#include <algorithm>
#include <optional>

namespace cowscope::ui
{

namespace
{

using Place = std::expected<Selection::Value, QString>;

constexpr std::size_t kL2OffsetField = 2; ///< of an L1 entry
constexpr std::size_t kListedNames = 1000; ///< of snapshots and bitmaps, for completion

QString tr(const char* text)
{
    return QCoreApplication::translate("Place", text);
}

QRegularExpression pattern(const QString& text)
{
    return QRegularExpression(QRegularExpression::anchoredPattern(text), QRegularExpression::CaseInsensitiveOption);
}

std::unexpected<QString> notUnderstood(const QString& text)
{
    return std::unexpected(tr("\"%1\" is no place. Type a cluster (1234), an offset (0x50000, 12M), an offset of the "
                              "disk (g:12M), header, reftable, refblock 3, L1[2], L2[3], snapshot NAME, bitmap NAME or "
                              "a field such as cluster_bits.")
                               .arg(text));
}

std::unexpected<QString> noSuch(const QString& what, std::uint64_t index, std::uint64_t count)
{
    return std::unexpected(count == 0
            ? tr("The image has no %1.").arg(what)
            : tr("There is no %1 %2: the last one is %3.").arg(what, formatCount(index), formatCount(count - 1)));
}

Place clusterPlace(const Image& image, std::uint64_t cluster)
{
    if (cluster >= image.fileClusters())
        return std::unexpected(tr("Cluster %1 is behind the end of the file; the last one is %2.")
                                   .arg(formatCount(cluster), formatCount(image.fileClusters() - 1)));
    return ClusterRange{HostCluster(cluster), 1};
}

Place hostPlace(const Image& image, std::uint64_t offset)
{
    const HostCluster cluster = image.geometry().cluster(HostOffset(offset));
    if (cluster.value() >= image.fileClusters())
        return std::unexpected(tr("Offset %1 is behind the end of the file, which has %2.")
                                   .arg(formatHex(offset), formatExactBytes(image.fileSize())));
    if (image.geometry().isAligned(HostOffset(offset)))
        return ClusterRange{cluster, 1};
    return ByteRange{HostOffset(offset), 1};
}

Place guestPlace(const Image& image, std::uint64_t offset)
{
    const std::uint64_t size = diskSize(image, std::nullopt);
    if (offset >= size)
        return std::unexpected(tr("Guest offset %1 is behind the end of the disk, which has %2.")
                                   .arg(formatHex(offset), formatExactBytes(size)));
    const std::uint64_t cluster = image.geometry().clusterSize();
    return GuestRange{GuestOffset(offset), std::min(cluster - offset % cluster, size - offset)};
}

/// The field of the header with this name.
std::optional<Selection::Value> headerField(const QString& name)
{
    const auto fields = fieldsOf(Structure::Header);
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (toQString(fields[i].name).compare(name, Qt::CaseInsensitive) == 0)
            return FieldSelection{Structure::Header, 0, HostOffset(0), i};
    return std::nullopt;
}

/// A structure without a number behind it.
std::optional<Place> wholeStructure(const QString& name, const Image& image)
{
    const Geometry& geometry = image.geometry();
    const QString word = name.toLower();
    if (word == QStringLiteral("header"))
        return ClusterRange{HostCluster(0), 1};
    if (word == QStringLiteral("reftable"))
        return clustersOf(geometry, image.header().refcountTableOffset, image.reftable().size() * 8);
    if (word == QStringLiteral("l1"))
        return clustersOf(geometry, image.header().l1TableOffset, image.l1Table().size() * 8);
    if (word == QStringLiteral("snapshots"))
        return image.snapshots().empty()
            ? Place(noSuch(tr("snapshot"), 0, 0))
            : clustersOf(geometry, image.header().snapshotsOffset, image.snapshotTableBytes());
    if (word == QStringLiteral("bitmaps"))
        return image.bitmaps().empty() ? Place(noSuch(tr("bitmap"), 0, 0))
                                       : clustersOf(geometry, image.extensions().bitmaps->directoryOffset,
                                           image.extensions().bitmaps->directorySize);
    return std::nullopt;
}

Place l2Place(const Image& image, std::uint64_t index, const QString& entryText)
{
    const auto l1 = image.l1Table();
    if (index >= l1.size())
        return noSuch(tr("L1 entry"), index, l1.size());
    const HostOffset table = L1Entry{l1[index]}.l2Offset();
    if (table.value() == 0)
        return std::unexpected(tr("L1 entry %1 leads to no L2 table.").arg(formatCount(index)));
    const Geometry& geometry = image.geometry();
    if (entryText.isEmpty())
        return clustersOf(geometry, table, geometry.clusterSize());
    const auto entry = parseNumber(entryText).value_or(UINT64_MAX);
    if (entry >= geometry.l2Entries())
        return noSuch(tr("L2 entry"), entry, geometry.l2Entries());
    return ByteRange{table + entry * geometry.l2EntryBytes(), geometry.l2EntryBytes()};
}

/// "refblock 3", "reftable[2]", "L1[2]", "L2[3][17]".
std::optional<Place> numberedStructure(const QString& text, const Image& image)
{
    static const QRegularExpression form = pattern(
        QStringLiteral("(reftable|refblock|l1|l2)\\s*\\[?\\s*([0-9][0-9,_]*)\\s*\\]?(?:\\s*\\[([0-9]+)\\])?"));
    const auto match = form.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    const QString word = match.captured(1).toLower();
    const std::uint64_t index = parseNumber(match.captured(2)).value_or(UINT64_MAX);
    if (word == QStringLiteral("l2"))
        return l2Place(image, index, match.captured(3));
    if (!match.captured(3).isEmpty())
        return std::nullopt;
    if (word == QStringLiteral("l1")) {
        if (index >= image.l1Table().size())
            return noSuch(tr("L1 entry"), index, image.l1Table().size());
        return FieldSelection{Structure::L1Entry, index, image.header().l1TableOffset + index * 8, kL2OffsetField};
    }
    if (index >= image.reftable().size())
        return noSuch(
            word == QStringLiteral("refblock") ? tr("refblock") : tr("reftable entry"), index, image.reftable().size());
    if (word == QStringLiteral("refblock"))
        return RefblockSelection{index};
    return FieldSelection{Structure::ReftableEntry, index, image.header().refcountTableOffset + index * 8, 0};
}

bool hasName(const std::string& name, const QString& wanted)
{
    return toQString(name).compare(wanted, Qt::CaseInsensitive) == 0;
}

std::optional<Place> namedStructure(const QString& text, const Image& image)
{
    static const QRegularExpression form = pattern(QStringLiteral("(snapshot|bitmap)\\s+(.+)"));
    const auto match = form.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    const QString name = match.captured(2);
    if (match.captured(1).compare(QStringLiteral("bitmap"), Qt::CaseInsensitive) == 0) {
        const auto bitmaps = image.bitmaps();
        const auto found = std::ranges::find_if(bitmaps, [&](const Bitmap& each) { return hasName(each.name, name); });
        if (found == bitmaps.end())
            return std::unexpected(tr("The image has no bitmap \"%1\".").arg(name));
        return BitmapSelection{static_cast<std::size_t>(found - bitmaps.begin())};
    }
    const auto snapshots = image.snapshots();
    auto found = std::ranges::find_if(snapshots, [&](const Snapshot& each) { return hasName(each.name, name); });
    if (found == snapshots.end())
        found = std::ranges::find_if(snapshots, [&](const Snapshot& each) { return hasName(each.id, name); });
    if (found == snapshots.end())
        return std::unexpected(tr("The image has no snapshot \"%1\".").arg(name));
    return SnapshotSelection{static_cast<std::size_t>(found - snapshots.begin())};
}

} // namespace

Place parsePlace(const QString& typed, const Image& image)
{
    static const QRegularExpression guest = pattern(QStringLiteral("(?:g\\s*:|guest\\s)\\s*(.+)"));
    static const QRegularExpression cluster = pattern(QStringLiteral("(?:cluster|c)\\s*([0-9].*)"));
    const QString text = typed.simplified();
    if (const auto match = guest.match(text); match.hasMatch()) {
        const QString offset = match.captured(1);
        const auto bytes = parseBytes(offset);
        const auto place = bytes ? bytes : parseNumber(offset);
        return place ? guestPlace(image, *place) : notUnderstood(text);
    }
    if (const auto bytes = parseBytes(text))
        return hostPlace(image, *bytes);
    const auto match = cluster.match(text);
    if (const auto number = parseNumber(match.hasMatch() ? match.captured(1) : text))
        return clusterPlace(image, *number);
    if (const auto place = wholeStructure(text, image))
        return *place;
    if (const auto place = numberedStructure(text, image))
        return *place;
    if (const auto place = namedStructure(typed.trimmed(), image))
        return *place;
    if (const auto field = headerField(text))
        return *field;
    return notUnderstood(text);
}

QStringList placeCompletions(const QString& typed, const Image& image, qsizetype most)
{
    const QString text = typed.trimmed();
    QStringList names{QStringLiteral("header"), QStringLiteral("reftable"), QStringLiteral("refblock 0"),
        QStringLiteral("L1"), QStringLiteral("L1[0]"), QStringLiteral("L2[0]"), QStringLiteral("cluster 0"),
        QStringLiteral("g:0")};
    if (!image.snapshots().empty())
        names += QStringLiteral("snapshots");
    for (const Snapshot& each : image.snapshots().first(std::min(kListedNames, image.snapshots().size())))
        names += QStringLiteral("snapshot ") + toQString(each.name.empty() ? each.id : each.name);
    if (!image.bitmaps().empty())
        names += QStringLiteral("bitmaps");
    for (const Bitmap& each : image.bitmaps().first(std::min(kListedNames, image.bitmaps().size())))
        names += QStringLiteral("bitmap ") + toQString(each.name);
    for (const Field& field : fieldsOf(Structure::Header))
        names += toQString(field.name);
    if (text.isEmpty())
        return names.mid(0, most);
    QStringList first;
    QStringList others;
    for (const QString& name : names) {
        if (name.startsWith(text, Qt::CaseInsensitive))
            first += name;
        else if (name.contains(text, Qt::CaseInsensitive))
            others += name;
    }
    return (first + others).mid(0, most);
}

} // namespace cowscope::ui
