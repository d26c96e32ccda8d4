// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/image/backing_chain.h"
#include "core/image/guest_lookup.h"

#include <array>
#include <atomic>
#include <vector>

namespace cowscope
{

/// From where a guest reads a piece of its disk. The order is that of legends.
enum class GuestUse : std::uint8_t {
    Data,
    Compressed,
    ZeroReserved, ///< reads as zeros, a host cluster is reserved
    Zero, ///< reads as zeros, no host cluster
    Backing, ///< from the backing file
    BackingDeeper, ///< from a backing file of the backing file, at whatever depth
    Reserved, ///< unallocated, though a host cluster is reserved (subclusters)
    Unallocated, ///< zeros, or from a backing file that is not looked at
    Broken, ///< the entry or its table cannot be followed
};
inline constexpr std::size_t kGuestUseCount = 9;

/// How many units of a stretch have which use, indexed by GuestUse.
struct GuestCell {
    std::array<std::uint64_t, kGuestUseCount> units{};

    std::uint64_t operator[](GuestUse use) const { return units[static_cast<std::size_t>(use)]; }
    std::uint64_t total() const;
    GuestCell& operator+=(const GuestCell& other);
};

/// The smallest piece of a disk that has a use of its own, in bytes: a cluster, or a subcluster where there are any.
std::uint64_t guestUnit(const Image& image);

/// Uses of a stretch of a disk, summed up in cells of equal size (the last one may be shorter). One thread fills it by
/// summarizeGuest(); others may read cells below done() meanwhile, which do not change any more.
class GuestSummary
{
public:
    /// Covers `units` units from number `firstUnit` on; `unitsPerCell` is at least 1.
    GuestSummary(std::uint64_t firstUnit, std::uint64_t units, std::uint64_t unitsPerCell);

    /// The finest cells of a power of two of units with which `units` units need at most `mostCells`.
    static std::uint64_t unitsPerCellFor(std::uint64_t units, std::uint64_t mostCells);

    std::uint64_t firstUnit() const { return m_firstUnit; }
    std::uint64_t units() const { return m_units; }
    std::uint64_t unitsPerCell() const { return m_unitsPerCell; }
    std::size_t cells() const { return m_cells.size(); }

    std::size_t done() const { return m_done.load(std::memory_order_acquire); }
    bool isComplete() const { return done() == cells(); }
    const GuestCell& cell(std::size_t index) const { return m_cells[index]; } ///< index below done()

    /// The cells from the one that holds `first` on that touch `units` units (at least 1), summed up; of what is not
    /// done, or outside, nothing.
    GuestCell sum(std::uint64_t first, std::uint64_t units) const;

    // For the one that fills it, in the order of units.
    void add(GuestUse use, std::uint64_t first, std::uint64_t units);
    void finishTo(std::uint64_t unit); ///< cells that end at or before `unit` are done

private:
    std::uint64_t m_firstUnit;
    std::uint64_t m_units;
    std::uint64_t m_unitsPerCell;
    std::vector<GuestCell> m_cells;
    std::atomic<std::size_t> m_done = 0;
};

/// Fills `summary` from the tables of a disk; each L2 table is read once. With `below`, the chain of backing files,
/// what the image does not hold is looked up there. A table that cannot be read is Broken and no error. Progress in
/// guest bytes. Errors: Cancelled; those of readSnapshotL1(); Io and Invalid of the layers below.
Result<void> summarizeGuest(
    const Image& image, DiskChoice disk, BackingChain* below, GuestSummary& summary, const TaskContext& task);

/// At most `most` extents of a stretch of a disk, in guest order. `complete` tells whether that is all of it.
struct GuestExtents {
    std::vector<GuestExtent> extents;
    bool complete = true;
};

/// Errors: Cancelled, and those of readSnapshotL1(). An entry that cannot be followed is left out.
Result<GuestExtents> listExtents(const Image& image, DiskChoice disk, GuestOffset first, std::uint64_t bytes,
    std::size_t most, const TaskContext& task);

} // namespace cowscope
