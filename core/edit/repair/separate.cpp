// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/separate.h"

#include "core/analysis/referrers.h"
#include "core/format/compression.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

namespace cowscope
{

namespace
{

constexpr std::size_t kMostClusters = 4096; ///< with two owners; more are left alone
constexpr std::size_t kMostReferrers = 4096; ///< of one cluster

std::vector<HostCluster> clustersWithTwoOwners(const ClusterMap& map)
{
    std::vector<HostCluster> found;
    const HostCluster end(map.clusters());
    for (HostCluster at = map.nextKnown(HostCluster(0)); at < end && found.size() < kMostClusters;
         at = map.nextKnown(at + 1)) {
        if (map.hasSeveralOwners(at))
            found.push_back(at);
    }
    return found;
}

class Separator
{
public:
    explicit Separator(const Image& image)
        : m_image(image)
    {
    }

    /// All who refer to one cluster.
    Result<void> add(std::span<const Referrer> referrers)
    {
        std::set<ClusterOwner> owners;
        for (const Referrer& each : referrers)
            owners.insert(each.as);
        for (const ClusterOwner moving : {ClusterOwner::Data, ClusterOwner::CompressedData}) {
            if (owners.size() < 2 || !owners.contains(moving))
                continue;
            const auto other = std::ranges::find_if(owners, [](ClusterOwner owner) {
                return owner != ClusterOwner::Data && owner != ClusterOwner::CompressedData;
            });
            auto moved = moveAll(referrers, moving, other == owners.end() ? ClusterOwner::Data : *other);
            if (!moved)
                return failed(moved);
            if (*moved)
                owners.erase(moving);
        }
        if (owners.size() < 2)
            return {};
        std::string names;
        for (const ClusterOwner owner : owners)
            names += fmt::format("{}{}", names.empty() ? "" : " and ", ownerName(owner));
        const HostCluster cluster = referrers.front().cluster;
        m_result.unresolved.push_back(fmt::format("Cluster {} (offset {:#x}) is {}: writing to one destroys the other",
            cluster.value(), m_image.geometry().offset(cluster).value(), names));
        return {};
    }

    Separation take()
    {
        for (const auto& [slot, move] : m_moves)
            m_result.moves.push_back(move);
        return std::move(m_result);
    }

private:
    /// False where the data is bound to its place or cannot be read.
    Result<bool> moveAll(std::span<const Referrer> referrers, ClusterOwner as, ClusterOwner other)
    {
        const CryptMethod crypt = m_image.header().cryptMethod;
        if (crypt == CryptMethod::Luks) // its key stream depends on the place
            return false;
        std::map<HostOffset, Move> moves;
        for (const Referrer& each : referrers) {
            if (each.as != as || m_moves.contains(each.slot))
                continue;
            auto [at, isNew] = moves.try_emplace(each.slot);
            if (isNew) {
                auto move = readEntry(each.slot);
                if (!move)
                    return failed(move);
                if (as == ClusterOwner::CompressedData && !movedContents(m_image, *move))
                    return false;
                at->second = *move;
                at->second.guest = each.guest;
                at->second.other = other;
            }
            ++at->second.uses;
            at->second.active = at->second.active || !each.snapshot;
        }
        m_moves.merge(moves);
        return true;
    }

    Result<Move> readEntry(HostOffset slot) const
    {
        std::array<std::uint64_t, 2> words{};
        if (auto read = m_image.readWords(slot, std::span(words).first(m_image.geometry().l2EntryBytes() / 8)); !read)
            return failed(read);
        return Move{.slot = slot, .entry = {words[0]}, .bitmap = {words[1]}};
    }

    const Image& m_image;
    std::map<HostOffset, Move> m_moves; ///< by slot
    Separation m_result;
};

} // namespace

Result<Separation> planSeparation(const Image& image, const Census& census, bool refcountsMove, const TaskContext& task)
{
    const std::vector<HostCluster> clusters = clustersWithTwoOwners(census.map);
    auto referrers = findReferrers(image, clusters, kMostReferrers, task);
    if (!referrers)
        return failed(referrers);
    if (refcountsMove)
        std::erase_if(*referrers, [](const Referrer& each) {
            return each.as == ClusterOwner::Reftable || each.as == ClusterOwner::Refblock;
        });
    Separator separator(image);
    for (auto first = referrers->begin(); first != referrers->end();) {
        const auto last = std::find_if(
            first, referrers->end(), [&](const Referrer& each) { return each.cluster != first->cluster; });
        if (auto added = separator.add({first, last}); !added)
            return failed(added);
        first = last;
    }
    return separator.take();
}

Result<std::vector<std::byte>> movedContents(const Image& image, const Move& move)
{
    std::vector<std::byte> cluster(image.geometry().clusterSize());
    if (!move.entry.compressed()) {
        if (auto read = image.storage().read(move.entry.hostOffset().value(), cluster); !read)
            return failed(read);
        return cluster;
    }
    const CompressedDescriptor data = move.entry.compressedDescriptor(image.geometry().clusterBits());
    std::vector<std::byte> packed(data.maxBytes());
    if (auto read = image.storage().read(data.offset.value(), packed); !read)
        return failed(read);
    if (auto done = decompressCluster(image.header().compressionType, packed, cluster, data.offset); !done)
        return failed(done);
    return cluster;
}

} // namespace cowscope
