// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend_layout.h"
#include "core/edit/amend/refcount_switch.h"
#include "core/edit/image/image_editor.h"

#include <algorithm>

namespace cowscope
{

// A commit that lays all counts out anew: see ImageEditor::commitAtWidth().

namespace
{

constexpr std::uint64_t kSliceCounts = 1U << 16;

/// The counts of an edited image without those of its refcount structures, which the commit replaces.
class CountsToKeep
{
public:
    explicit CountsToKeep(const RefcountStore& refcounts)
        : m_refcounts(refcounts)
        , m_structures(refcounts.structures())
    {
    }

    /// See CountSource.
    Result<void> operator()(HostCluster first, std::span<std::uint64_t> counts) const
    {
        if (auto read = m_refcounts.readCounts(first, counts); !read)
            return read;
        const HostCluster end = first + counts.size();
        for (auto old = std::ranges::lower_bound(m_structures, first); old != m_structures.end() && *old < end; ++old) {
            std::uint64_t& count = counts[*old - first];
            count -= count > 0 ? 1 : 0;
        }
        return {};
    }

private:
    const RefcountStore& m_refcounts;
    std::vector<HostCluster> m_structures;
};

/// What is in use, chunk by chunk; the new structures go behind it all.
Result<AmendSurvey> surveyCounts(const RefcountStore& refcounts, const Geometry& geometry, const CountsToKeep& source)
{
    AmendSurvey survey;
    survey.chunkClusters = geometry.clusterSize() / 8;
    survey.end = refcounts.end();
    const std::uint64_t entries = geometry.refblockEntries();
    std::vector<std::uint64_t> counts;
    for (std::uint64_t index = 0; index < refcounts.reftable().size(); ++index) {
        if (refcounts.reftable()[index] == 0)
            continue;
        for (std::uint64_t done = 0; done < entries; done += counts.size()) {
            counts.resize(std::min(entries - done, kSliceCounts));
            const HostCluster first(index * entries + done);
            if (auto read = source(first, counts); !read)
                return failed(read);
            for (std::uint64_t i = 0; i < counts.size(); i += survey.chunkClusters) {
                const auto chunk = std::span(counts).subspan(i, std::min(survey.chunkClusters, counts.size() - i));
                const std::uint64_t number = (first.value() + i) / survey.chunkClusters;
                const bool known = !survey.chunksInUse.empty() && survey.chunksInUse.back() == number;
                if (!known && std::ranges::any_of(chunk, [](std::uint64_t count) { return count > 0; }))
                    survey.chunksInUse.push_back(number);
            }
        }
    }
    return survey;
}

} // namespace

/// The new refblocks and the new reftable; the header that leads to them is written later.
Result<void> ImageEditor::relayCounts(unsigned order, const TaskContext& task)
{
    const CountsToKeep source(m_refcounts);
    auto survey = surveyCounts(m_refcounts, m_geometry, source);
    if (!survey)
        return failed(survey);
    AmendLayout layout = layOutRefcounts(m_geometry, *survey, order);
    const RefcountSwitch target{order, layout.first, std::move(layout.refblocks),
        static_cast<std::uint32_t>(layout.reftableClusters), m_committedBytes};
    auto table = writeRefcounts(m_geometry, *m_storage, target, source, task);
    if (!table)
        return failed(table);
    m_header.refcountTableOffset = *table;
    m_header.refcountTableClusters = target.reftableClusters;
    m_header.refcountOrder = order;
    return {};
}

Result<void> ImageEditor::commitAtWidth(unsigned order, const TaskContext& task)
{
    m_header.autoclearFeatures &= kAutoclearKnown;
    m_switching = true;
    if (auto written = writeFreshPages(task); !written)
        return written;
    for (auto step : {&ImageEditor::writeFreshL1, &ImageEditor::writeEntries}) {
        if (auto done = (this->*step)(); !done)
            return done;
    }
    if (auto written = relayCounts(order, task); !written)
        return written;
    if (auto switched = withTakeBack(&ImageEditor::writeHeader); !switched)
        return switched;
    return load({});
}

} // namespace cowscope
