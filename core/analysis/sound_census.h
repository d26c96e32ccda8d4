// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/analysis/compact_counts.h"
#include "core/analysis/single_uses.h"
#include "core/analysis/table_list.h"
#include "core/base/two_threads.h"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace cowscope
{

/// What a census of an image finds in which nothing is wrong.
struct SoundCensus {
    /// As takeCensus() has it, but nothing is known of single clusters: `map` has its size only, `histogram` and
    /// `clustersByOwner` are 0.
    Census census;
    CompactCounts counts; ///< of all clusters of the file: stored and found alike
};

/// Proves in a fraction of takeCensus()'s time and memory that nothing is wrong with an image: on two threads, which
/// count references of their own that must add up to the stored counts. Memory: a quarter of a byte a cluster; around
/// counts above 1 three bytes, and four more where data is compressed.
///
/// In steps, so that a caller can get on with the counts while the references are walked. Where a step gives nothing or
/// false, that cannot be proved: because something is wrong, or because the image has what is too rare to be fast for
/// (an external data file, counts above 254, a file of more than kMaxSoundClusters, one that ends before its last
/// cluster); then takeCensus() tells. Errors of all steps: Cancelled, Io. The image must outlive this.
class SoundnessProof
{
public:
    /// Lists the L2 tables.
    static Result<std::unique_ptr<SoundnessProof>> begin(const Image& image, const TaskContext& task);
    ~SoundnessProof();
    SoundnessProof(const SoundnessProof&) = delete;
    SoundnessProof& operator=(const SoundnessProof&) = delete;

    std::uint64_t bytesToRead() const; ///< work of readCounts()
    std::uint64_t bytesToWalk() const; ///< work of walk()

    /// Reads the stored counts of all clusters. True only if none of them, no refblock and no L2 table lies behind the
    /// end of the file: nothing of a file that was cut off, unless it is found by walk().
    Result<bool> readCounts(const TaskContext& task);
    const CompactCounts& counts() const { return m_stored; } ///< after readCounts()

    /// After readCounts() what the stored counts alone tell: the largest, the obstacles, the end of the image.
    /// After walk() what SoundCensus has.
    const Census& census() const { return m_census; }

    /// Walks all references. counts(), but not census(), may be read meanwhile.
    Result<bool> walk(const TaskContext& task);

    SoundCensus take() && { return {std::move(m_census), std::move(m_stored)}; } ///< after walk()

private:
    struct Worker;

    explicit SoundnessProof(const Image& image);

    bool ended() const { return m_unsure || m_stopped; }
    Result<bool> outcome() const;
    template <typename Piece>
    void share(const TaskContext& task, Phase phase, std::uint64_t count, std::uint64_t bytes, const Piece& piece);
    std::uint64_t pageBytes() const;
    bool nothingCountedBehind() const;
    bool nothingListedBehind() const;
    bool readPage(HostCluster first, std::vector<std::uint64_t>& counts);
    Result<void> countRoots(const TaskContext& task);
    void walkTables(const TaskContext& task);
    void compare(const TaskContext& task);
    void lookAtCounts();
    void addObstacles(HostCluster first);
    void lookAtReferences();
    std::set<std::pair<std::uint64_t, std::uint64_t>> compressedCounts() const;

    const Image& m_image;
    std::vector<TableUse> m_tables;
    CompactCounts m_stored;
    Census m_census;
    std::unique_ptr<SingleUses> m_singles;
    std::array<std::unique_ptr<Worker>, kWorkers> m_workers;
    std::uint64_t m_total = 0; ///< bytes of work of the step
    std::atomic<std::uint64_t> m_done{0};
    std::atomic<bool> m_unsure{false};
    std::atomic<bool> m_stopped{false};
};

/// The whole proof, or nothing.
Result<std::optional<SoundCensus>> takeSoundCensus(const Image& image, const TaskContext& task);

inline constexpr std::uint64_t kMaxSoundClusters = std::uint64_t{1} << 28;

/// For whoever wants to know what is wrong, and no single clusters where nothing is: takeSoundCensus(), and only where
/// that does not settle it takeCensus(). `map`, `histogram` and `clustersByOwner` may be empty. With
/// options.keepPartial a stop gives an incomplete census.
Result<std::shared_ptr<const Census>> checkImage(
    const Image& image, const TaskContext& task, const CensusOptions& options = {});

} // namespace cowscope
