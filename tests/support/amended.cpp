// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/amended.h"

#include "tests/support/naive_reader.h"

#include <algorithm>
#include <set>

namespace cowscope::test
{

namespace
{

/// Clusters of the reftable and the refblocks.
std::set<std::uint64_t> refcountClusters(const Bytes& bytes)
{
    const std::uint64_t clusterSize = std::uint64_t{1} << getNumber(bytes, 20, 4);
    const std::uint64_t table = getNumber(bytes, 48, 8);
    const std::uint64_t clusters = getNumber(bytes, 56, 4);
    std::set<std::uint64_t> out;
    for (std::uint64_t i = 0; i < clusters; ++i)
        out.insert(table / clusterSize + i);
    for (std::uint64_t i = 0; i < clusters * clusterSize / 8; ++i) {
        if (const std::uint64_t block = getNumber(bytes, table + i * 8, 8); block != 0)
            out.insert(block / clusterSize);
    }
    return out;
}

bool sameCluster(const Bytes& a, const Bytes& b, std::uint64_t cluster, std::uint64_t clusterSize)
{
    for (std::uint64_t at = cluster * clusterSize; at < (cluster + 1) * clusterSize; at += 8) {
        if (getNumber(a, at, 8) != getNumber(b, at, 8))
            return false;
    }
    return true;
}

std::string changedClusters(const Bytes& before, const Bytes& after, const std::set<std::uint64_t>& except)
{
    const NaiveReader old(before);
    for (const auto& [cluster, references] : old.references()) {
        if (!except.contains(cluster) && !sameCluster(before, after, cluster, old.clusterSize()))
            return "cluster " + std::to_string(cluster) + " has changed; ";
    }
    return {};
}

std::string changedHeader(Bytes before, Bytes after)
{
    const std::size_t clusterSize = std::size_t{1} << getNumber(before, 20, 4);
    before.resize(clusterSize);
    after.resize(clusterSize);
    for (Bytes* header : {&before, &after}) {
        put64(*header, 48, 0); // refcount_table_offset
        put32(*header, 56, 0); // refcount_table_clusters
        put32(*header, 96, 0); // refcount_order
        put64(*header, 88, getNumber(*header, 88, 8) & 3); // a writer clears what it does not know
    }
    return before == after ? "" : "the header has changed elsewhere; ";
}

std::string wrongCounts(const Bytes& bytes)
{
    const NaiveReader reader(bytes);
    const auto counts = reader.counts();
    const auto references = reader.references();
    if (counts == references)
        return {};
    for (const auto& [cluster, count] : counts) {
        const auto found = references.find(cluster);
        if (found == references.end() || found->second != count)
            return "cluster " + std::to_string(cluster) + " has count " + std::to_string(count) + " of "
                + std::to_string(found == references.end() ? 0 : found->second) + "; ";
    }
    return "a referenced cluster has no count; ";
}

} // namespace

std::string faultsOfAmended(const Bytes& before, const Bytes& after, unsigned order)
{
    std::string faults = wrongCounts(after);
    if (NaiveReader(after).refcountOrder() != order)
        faults += "refcount_order is " + std::to_string(NaiveReader(after).refcountOrder()) + "; ";
    if (NaiveReader(before).mapping() != NaiveReader(after).mapping())
        faults += "the mapping has changed; ";
    faults += changedHeader(before, after);
    auto except = refcountClusters(before);
    except.insert(0);
    return faults + changedClusters(before, after, except);
}

std::string faultsOfOldImage(const Bytes& before, const Bytes& after)
{
    if (after.size() < before.size())
        return "the file has become shorter; ";
    return wrongCounts(after) + changedClusters(before, after, {});
}

} // namespace cowscope::test
