// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/raw_refcount.h"

#include "core/edit/amend/amend_rules.h"
#include "core/edit/amend/refcount_switch.h"
#include "core/edit/image/revertible_storage.h"
#include "core/edit/repair/sector_patch.h"
#include "core/format/refcount_codec.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512; ///< what a disk writes as a whole

RefcountCodec codecOf(const Image& image)
{
    return RefcountCodec(image.header().refcountOrder);
}

std::string whyNoRefblock(const Image& image, HostCluster cluster)
{
    const std::uint64_t index = cluster.value() / codecOf(image).entriesIn(image.geometry().clusterSize());
    if (index >= image.reftable().size())
        return fmt::format("Cluster {} lies behind all that the refcount table can count", cluster.value());
    return fmt::format(
        "No usable refblock counts cluster {}: entry {} of the refcount table is {:#x}. A count can only "
        "be written where there is a block of them",
        cluster.value(), index, image.reftable()[index]);
}

void addRefusals(RawRefcountForecast& out, const Image& image, const RawRefcountChange& change)
{
    if (!out.entry)
        out.refusals.push_back(whyNoRefblock(image, change.cluster));
    else if (out.entry->count != change.before)
        out.refusals.push_back(fmt::format(
            "The count of cluster {} is {} by now, not {}", change.cluster.value(), out.entry->count, change.before));
    if (change.after > out.maximum)
        out.refusals.push_back(fmt::format("{} is more than {}, the most that {} {} hold", change.after, out.maximum,
            image.header().refcountBits(), image.header().refcountBits() == 1 ? "bit" : "bits"));
    if (change.after == change.before)
        out.refusals.push_back(fmt::format("The count is {} already", change.after));
}

CountForecast verdictOf(std::uint64_t count, std::uint64_t references)
{
    if (count == references)
        return CountForecast::Right;
    return count > references ? CountForecast::Leak : CountForecast::TooLow;
}

void addDangers(RawRefcountForecast& out, const RawRefcountChange& change, const ClusterState& state)
{
    if (out.verdict == CountForecast::TooLow && change.after == 0)
        out.dangers.push_back(fmt::format("A cluster in use ({}) counts as free: the next program that needs space "
                                          "writes over it",
            ownerName(state.owner)));
    else if (out.verdict == CountForecast::TooLow)
        out.dangers.push_back(
            "The count is lower than the references: once as many of them are gone, the cluster counts "
            "as free while others still use it, and is written over");
    if (change.after == 1 && *out.references > 1)
        out.dangers.push_back("A writer that sees a count of 1 writes in place, and with it into every snapshot that "
                              "shares the cluster");
    const bool flagged = (state.owner == ClusterOwner::L2Table || state.owner == ClusterOwner::Data) && state.active;
    if (flagged && (change.before == 1) != (change.after == 1))
        out.dangers.push_back("The copied flag of the entry that leads to the cluster no longer agrees with the count, "
                              "which the check reports as an error of its own");
}

} // namespace

Result<RawRefcountForecast> forecastRawRefcount(
    const Image& image, const Census* census, const RawRefcountChange& change)
{
    RawRefcountForecast out;
    auto entry = readRefblockEntry(image, change.cluster);
    if (!entry)
        return failed(entry);
    out.entry = std::move(*entry);
    out.maximum = codecOf(image).maximum();
    addRefusals(out, image, change);
    if (!census || !census->complete)
        return out;
    const bool inFile = change.cluster.value() < census->map.clusters();
    const ClusterState state = inFile ? census->map.state(change.cluster) : ClusterState{};
    out.references = state.references;
    out.verdict = inFile || change.after == 0 ? verdictOf(change.after, state.references) : CountForecast::PastEnd;
    addDangers(out, change, state);
    return out;
}

Result<void> writeRawRefcount(
    std::shared_ptr<Storage> storage, const RawRefcountChange& change, const TaskContext& task)
{
    auto image = Image::open(storage, task);
    if (!image)
        return failed(image);
    auto forecast = forecastRawRefcount(**image, nullptr, change);
    if (!forecast)
        return failed(forecast);
    if (!forecast->refusals.empty())
        return std::unexpected(refusedFor("Cannot write the count", forecast->refusals));
    if (auto go = task.step({Phase::Write, 0, 0}); !go)
        return go;
    if (((*image)->header().autoclearFeatures & ~kAutoclearKnown) != 0) {
        if (auto cleared = changeHeader((*image)->header(), *storage, [](std::span<std::byte>) {}); !cleared)
            return cleared;
    }
    const HostOffset sector(forecast->entry->offset.value() / kSectorBytes * kSectorBytes);
    auto patch = SectorPatch::read(*storage, sector, kSectorBytes);
    if (!patch)
        return failed(patch);
    const std::span<std::byte> bytes = patch->change(forecast->entry->offset - sector, forecast->entry->bytes.size());
    codecOf(**image).set(bytes, forecast->entry->firstBit / forecast->entry->bits, change.after);
    RevertibleStorage revertible(storage);
    revertible.begin();
    auto written = patch->write(revertible);
    if (written)
        written = revertible.flush();
    if (!written)
        (void)revertible.takeBack(); // the first error is the one to tell
    return written;
}

} // namespace cowscope
