// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/image/image.h"
#include "core/storage/storage.h"

#include <functional>
#include <vector>

namespace cowscope
{

/// New refcount structures, and where they go: one run of clusters that the image does not use.
struct RefcountSwitch {
    unsigned order = 4;
    HostCluster first; ///< of the run: refblocks in the order of their indexes, then the table
    std::vector<std::uint64_t> refblocks; ///< reftable indexes that get a refblock, ascending
    std::uint32_t reftableClusters = 0;
    std::uint64_t fileBytesBefore = 0;

    std::uint64_t clusters() const { return refblocks.size() + reftableClusters; } ///< of the run
};

/// Fills `counts` with what the new refblocks shall say of the clusters from `first` on; 0 for those of the new
/// structures, which get their count of 1 elsewhere. Called with ascending clusters.
using CountSource = std::function<Result<void>(HostCluster first, std::span<std::uint64_t> counts)>;

/// What new refcount structures append to a file is cut off again unless they are kept. Where that fails there are
/// bytes behind the old end that no count covers.
class AppendedRefcounts
{
public:
    AppendedRefcounts(Storage& storage, const RefcountSwitch& target)
        : m_storage(storage)
        , m_bytesBefore(target.fileBytesBefore)
    {
    }
    ~AppendedRefcounts()
    {
        if (!m_settled)
            (void)drop(); // whoever wants to know of a failure calls it
    }
    AppendedRefcounts(const AppendedRefcounts&) = delete;
    AppendedRefcounts& operator=(const AppendedRefcounts&) = delete;

    void keep() { m_settled = true; }
    Result<void> drop();

private:
    Storage& m_storage;
    std::uint64_t m_bytesBefore;
    bool m_settled = false;
};

/// Writes new refblocks and a new reftable beside everything in use, and flushes. Returns where the table is. On cancel
/// or failure the file gets its old length back.
///
/// Progress: bytes of work, from 0 to a total known at the start. Memory: a few MiB.
/// Errors: Cancelled, Io, NoSpace, Refused (the image has changed since, or a count does not fit), those of `counts`.
Result<HostOffset> writeRefcounts(const Geometry& geometry, Storage& storage, const RefcountSwitch& target,
    const CountSource& counts, const TaskContext& task);

/// Switches the header to what writeRefcounts() has written, with one write of its first 512 bytes, and flushes: at
/// every moment the file has the old counts or the new ones. This cannot be cancelled. If it fails and the old header
/// stands, the file gets its old length back. Errors: Io, NoSpace, Refused (the image has changed since).
Result<void> switchToRefcounts(
    const Image& image, Storage& storage, const RefcountSwitch& target, HostOffset table, const TaskContext& task);

/// writeRefcounts() and switchToRefcounts().
Result<void> switchRefcounts(const Image& image, Storage& storage, const RefcountSwitch& target,
    const CountSource& counts, const TaskContext& task);

/// Changes fields within the first 512 bytes of the file by one write, which the disk does wholly or not at all, and
/// flushes. Unknown autoclear features are switched off, as the format demands of every writer. `expected` is the
/// header that the file must still have. `whenOld` is called on failures after which the old header stands for sure.
Result<void> changeHeader(const Header& expected, Storage& storage,
    const std::function<void(std::span<std::byte> sector)>& change, const std::function<void()>& whenOld = {});

/// The error for an image that somebody has changed since it was looked at.
Error changedSincePlan(std::string_view what);

} // namespace cowscope
