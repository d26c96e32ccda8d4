// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/limits.h"

#include "tests/support/naive_reader.h"

#include <algorithm>
#include <map>

namespace cowscope::test::limits
{

namespace
{

using Counts = std::map<std::uint64_t, std::uint64_t>;

constexpr std::size_t kL1Size = 36; ///< bytes of the header
constexpr std::size_t kL1Offset = 40;
constexpr std::size_t kSnapshots = 60;
constexpr std::size_t kSnapshotTable = 64;

std::uint64_t maximum(const NaiveReader& reader)
{
    return ~std::uint64_t{0} >> (64 - (1U << reader.refcountOrder()));
}

/// The references that one L1 table makes to L2 tables and data: those that are gone when the table has no entries.
Counts referencesThrough(const Bytes& image, std::size_t l1OffsetAt, std::size_t l1SizeAt)
{
    Bytes without = image;
    put32(without, l1SizeAt, 0);
    const Counts all = NaiveReader(image).references();
    Counts rest = NaiveReader(without).references();
    const std::uint64_t clusterSize = NaiveReader(image).clusterSize();
    const std::uint64_t l1Bytes = getNumber(image, l1SizeAt, 4) * 8;
    for (std::uint64_t at = 0; at < l1Bytes; at += clusterSize)
        ++rest[(getNumber(image, l1OffsetAt, 8) + at) / clusterSize];
    Counts out;
    for (const auto& [cluster, count] : all) {
        if (const std::uint64_t through = count - rest[cluster]; through != 0)
            out[cluster] = through;
    }
    return out;
}

/// Where the entry of a snapshot begins; 0: there is none of that name.
std::size_t entryOf(const Bytes& image, const QString& snapshot)
{
    const QByteArray wanted = snapshot.toUtf8();
    std::size_t at = getNumber(image, kSnapshotTable, 8);
    for (std::uint64_t i = 0; i < getNumber(image, kSnapshots, 4); ++i) {
        const std::uint64_t idBytes = getNumber(image, at + 12, 2);
        const std::uint64_t nameBytes = getNumber(image, at + 14, 2);
        const std::uint64_t extra = getNumber(image, at + 36, 4);
        QByteArray name;
        for (std::uint64_t n = 0; n < nameBytes; ++n)
            name += static_cast<char>(getNumber(image, at + 40 + extra + idBytes + n, 1));
        if (name == wanted)
            return at;
        at += (40 + extra + idBytes + nameBytes + 7) / 8 * 8;
    }
    return 0;
}

} // namespace

std::uint64_t largestCount(const Bytes& image)
{
    std::uint64_t largest = 0;
    for (const auto& [cluster, count] : NaiveReader(image).counts())
        largest = std::max(largest, count);
    return largest;
}

bool snapshotOverflows(const Bytes& image)
{
    const NaiveReader reader(image);
    Counts counts = reader.counts();
    const Counts more = referencesThrough(image, kL1Offset, kL1Size);
    return std::ranges::any_of(
        more, [&](const auto& each) { return each.second > maximum(reader) - counts[each.first]; });
}

bool applyOverflows(const Bytes& image, const QString& snapshot, bool inBetween)
{
    const std::size_t entry = entryOf(image, snapshot);
    if (entry == 0)
        return false;
    const NaiveReader reader(image);
    Counts counts = reader.counts();
    if (!inBetween) {
        for (const auto& [cluster, count] : referencesThrough(image, kL1Offset, kL1Size))
            counts[cluster] -= count;
    }
    const Counts more = referencesThrough(image, entry, entry + 8);
    return std::ranges::any_of(
        more, [&](const auto& each) { return each.second > maximum(reader) - counts[each.first]; });
}

} // namespace cowscope::test::limits
