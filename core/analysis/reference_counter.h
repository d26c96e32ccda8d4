// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/analysis/finding_list.h"
#include "core/image/image.h"

namespace cowscope
{

/// From where a structure is referenced, and how often. What belongs to the image as such counts as active.
struct Uses {
    std::uint64_t active = 1;
    std::uint64_t snapshots = 0;

    std::uint64_t total() const { return active + snapshots; }
};

/// Whether [offset, offset + bytes) ends less than a cluster behind the end of the image's file, so that it can be
/// followed: the last cluster of a file may be partial or missing.
bool isWithinFile(const Image& image, HostOffset offset, std::uint64_t bytes);

/// Takes the references that a walk over the metadata meets, refusing (with a finding) what lies past the end of the
/// file. Whoever derives from it keeps the numbers, and the stored counts beside them.
class ReferenceCounter
{
public:
    ReferenceCounter(const Image& image, FindingList& findings)
        : m_image(image)
        , m_findings(findings)
    {
    }
    virtual ~ReferenceCounter() = default;
    ReferenceCounter(const ReferenceCounter&) = delete;
    ReferenceCounter& operator=(const ReferenceCounter&) = delete;

    /// isWithinFile(). If not, that becomes a finding about `slot`, the entry that claims the range.
    /// `guest` is the guest data concerned, where the caller knows it.
    bool isInFile(HostOffset offset, std::uint64_t bytes, ClusterOwner owner, Uses uses, HostOffset slot,
        std::optional<GuestOffset> guest = {});

    /// Counts every cluster that [offset, offset + bytes) touches, if isInFile().
    void add(HostOffset offset, std::uint64_t bytes, ClusterOwner owner, Uses uses, HostOffset slot,
        std::optional<GuestOffset> guest = {});

    /// Counts `count` clusters in a row; they end at most one cluster behind the file.
    virtual void addRun(HostCluster first, std::uint64_t count, ClusterOwner owner, Uses uses) = 0;

    /// Counts `count` whole clusters of data in a row, which lie within the file and whose L2 entries have the copied
    /// flag or not, all alike. False, and nothing is counted, if the active disk refers to them and a flag is wrong:
    /// it belongs exactly where the stored count is 1.
    virtual bool addDataRun(HostCluster first, std::uint64_t count, bool copied, Uses uses) = 0;

    virtual std::uint64_t refcount(HostCluster cluster) const = 0; ///< stored; `cluster` lies within the file
    virtual std::uint64_t references(HostCluster cluster) const = 0; ///< found so far

    /// Whether more clusters are in use than there is memory for: going on is of no use then.
    virtual bool isFull() const = 0;

protected:
    const Image& m_image;
    FindingList& m_findings;
};

} // namespace cowscope
