// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/table_sharing.h"

#include "core/base/checked_math.h"

#include <algorithm>
#include <fmt/format.h>
#include <string>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::size_t kMaxBeyond = 1U << 16; ///< clusters that are remembered for the advice on widths
constexpr std::string_view kRepairFirst = "Repair the image first: check -r all";

/// The narrowest width that holds the count.
unsigned widthFor(std::uint64_t count)
{
    unsigned order = 0;
    while (count > RefcountCodec(order).maximum())
        ++order;
    return 1U << order;
}

} // namespace

TableUses tableUses(std::span<const std::uint64_t> l1)
{
    TableUses uses;
    for (const std::uint64_t raw : l1) {
        if (const HostOffset table = L1Entry{raw}.l2Offset(); table.value() != 0)
            ++uses[table.value()];
    }
    return uses;
}

/// The host clusters that hold what L2 entries in a row refer to, in their order.
struct TableSharing::Reference {
    ClusterRun run; ///< empty: they refer to nothing
    bool compressed = false; ///< then it is one entry's
    std::size_t words = 0; ///< of the entries
};

/// What the first entries of `words` refer to, as far as that is one run of clusters. They stand at `slot`.
Result<TableSharing::Reference> TableSharing::referenceOf(std::span<const std::uint64_t> words, HostOffset slot) const
{
    const Geometry& geometry = m_editor.geometry();
    const L2Entry entry{words[0]};
    Reference reference{{}, entry.compressed(), entryWords()};
    if (reference.compressed) {
        const auto data = entry.compressedDescriptor(geometry.clusterBits());
        reference.run.first = geometry.cluster(data.offset);
        reference.run.count = geometry.cluster(data.offset + (data.maxBytes() - 1)) - reference.run.first + 1;
    } else if (const std::uint64_t first = entry.hostOffset().value(); first != 0) {
        if (!geometry.isAligned(entry.hostOffset()))
            return fail(ErrorKind::Invalid,
                fmt::format("The L2 entry {:#x} refers to a cluster that is not aligned", entry.raw), slot.value(),
                std::string(kRepairFirst));
        reference.run = {geometry.cluster(entry.hostOffset()), 1};
        for (std::uint64_t next = first + geometry.clusterSize(); reference.words < words.size();
             next += geometry.clusterSize()) {
            const L2Entry following{words[reference.words]};
            if (following.compressed() || following.hostOffset().value() != next)
                break;
            ++reference.run.count;
            reference.words += entryWords();
        }
    }
    return reference;
}

/// Calls `visit(reference)`, which returns a Result, for all that a table refers to, until one fails.
template <typename Visit>
Result<void> TableSharing::forReferences(HostOffset table, std::span<const std::uint64_t> words, Visit visit) const
{
    for (std::size_t i = 0; i < words.size();) {
        auto reference = referenceOf(words.subspan(i), table + i * 8);
        if (!reference)
            return failed(reference);
        i += reference->words;
        if (reference->run.count == 0)
            continue;
        if (auto visited = visit(*reference); !visited)
            return failed(visited);
    }
    return {};
}

/// Counts that do not tell of all references must not make a table of the image a free cluster.
Result<void> TableSharing::checkIsData(ClusterRun run) const
{
    const auto what = m_editor.metadataIn(run);
    if (what.empty())
        return {};
    while (m_editor.metadataAt(run.first).empty())
        ++run.first;
    return fail(ErrorKind::Invalid, fmt::format("An L2 entry refers to {} as guest data", what),
        m_editor.geometry().offset(run.first).value(), std::string(kRepairFirst));
}

/// Puts what a table refers to into the batch; has the counts changed when that is full.
template <typename Change>
Result<void> TableSharing::batch(
    HostOffset table, std::span<const std::uint64_t> words, std::uint64_t times, Change change)
{
    return forReferences(table, words, [&](const Reference& reference) -> Result<void> {
        m_batch.add({reference.run.first, static_cast<std::uint32_t>(reference.run.count),
            static_cast<std::uint32_t>(times), reference.compressed});
        return m_batch.isFull() ? (this->*change)() : Result<void>{};
    });
}

// Walking ------------------------------------------------------------------------------------------------------------

Result<std::vector<std::uint64_t>> TableSharing::walk(HostOffset table)
{
    m_progress.done = std::min(m_progress.total, m_walked++ * m_editor.geometry().clusterSize());
    if (auto go = m_task.step(m_progress); !go)
        return failed(go);
    const auto what = m_editor.metadataAt(m_editor.geometry().cluster(table));
    if (!what.empty() && what != ImageEditor::kL2Table)
        return fail(ErrorKind::Invalid, fmt::format("An L1 entry refers to {} as an L2 table", what), table.value(),
            std::string(kRepairFirst));
    return m_editor.l2Words(table);
}

Result<void> TableSharing::finish()
{
    m_progress.done = m_progress.total;
    return m_task.step(m_progress);
}

/// Where the active L1 table of the image on disk refers to the table.
auto TableSharing::slotsOf(HostOffset table) const
{
    return std::ranges::equal_range(m_slots, table.value(), {}, &std::pair<std::uint64_t, std::size_t>::first);
}

// Adding references --------------------------------------------------------------------------------------------------

Result<std::unordered_map<std::uint64_t, std::uint64_t>> TableSharing::share(const TableUses& uses, Holder holder)
{
    // In the order of the file, so that counts and tables are read forwards.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ordered(uses.begin(), uses.end());
    std::ranges::sort(ordered);
    std::unordered_map<std::uint64_t, std::uint64_t> entries;
    for (const auto& [table, times] : ordered) {
        auto entry = shareTable(HostOffset(table), times, holder);
        if (!entry)
            return failed(entry);
        entries.emplace(table, *entry);
    }
    if (auto raised = raiseBatch(); !raised)
        return failed(raised);
    return entries;
}

Result<std::uint64_t> TableSharing::shareTable(HostOffset table, std::uint64_t uses, Holder holder)
{
    auto words = walk(table);
    if (!words)
        return failed(words);
    if (m_options.onOverflow == OnOverflow::Refuse)
        return shareOrRefuse(table, std::move(*words), uses, holder);
    auto raised = raiseTable(table, *words, uses);
    if (!raised)
        return failed(raised);
    if (*raised) {
        auto shared = clearCopied(table, std::move(*words), holder, uses);
        return shared ? Result<std::uint64_t>(shared->value()) : failed(shared);
    }
    if (uses > 1)
        return fail(ErrorKind::Refused,
            fmt::format("An L2 table is used {} times in one L1 table, so it cannot be copied", uses), table.value(),
            "Change the refcount width instead");
    auto copy = copyTable(table, std::move(*words), holder);
    if (!copy)
        return failed(copy);
    return copy->value() | (holder == Holder::ActiveDisk ? kCopiedFlag : 0);
}

/// Where nothing is copied it does not matter which counts rise first: those of the data wait in the batch.
Result<std::uint64_t> TableSharing::shareOrRefuse(
    HostOffset table, std::vector<std::uint64_t> words, std::uint64_t uses, Holder holder)
{
    if (auto raised = raiseRun({m_editor.geometry().cluster(table), 1}, false, uses); !raised)
        return failed(raised);
    if (auto batched = batch(table, words, uses, &TableSharing::raiseBatch); !batched)
        return failed(batched);
    if (m_overflow)
        return table.value(); // it comes to nothing
    auto shared = clearCopied(table, std::move(words), holder, uses);
    return shared ? Result<std::uint64_t>(shared->value()) : failed(shared);
}

Result<void> TableSharing::raiseBatch()
{
    return m_batch.drain([this](const ReferenceBatch::Item& item) -> Result<void> {
        auto raised = raise({{item.first, item.count}, item.compressed, 0}, item.times);
        return raised ? Result<void>{} : failed(raised);
    });
}

/// Raises the counts of the table and of all that it refers to, or none of them: then false.
Result<bool> TableSharing::raiseTable(HostOffset table, std::span<const std::uint64_t> words, std::uint64_t uses)
{
    const ClusterRun self{m_editor.geometry().cluster(table), 1};
    std::vector<Reference> done;
    bool fits = true;
    auto raised = raiseRun(self, false, uses);
    if (!raised || !*raised)
        return raised;
    auto visited = forReferences(table, words, [&](const Reference& reference) -> Result<void> {
        if (!fits)
            return {};
        auto each = raise(reference, uses);
        if (!each)
            return failed(each);
        fits = *each;
        if (fits)
            done.push_back(reference);
        return {};
    });
    if (!visited)
        return failed(visited);
    if (fits)
        return true;
    done.push_back({self, false, 0});
    for (const Reference& back : done) {
        if (auto lowered = lower(back, uses); !lowered)
            return failed(lowered);
    }
    return false;
}

Result<bool> TableSharing::raise(const Reference& reference, std::uint64_t by)
{
    if (auto isData = checkIsData(reference.run); !isData)
        return failed(isData);
    return raiseRun(reference.run, reference.compressed, by);
}

/// Raises the counts of all clusters of the run, or of none: then false. Where overflows are refused they are only
/// noted.
Result<bool> TableSharing::raiseRun(ClusterRun run, bool compressed, std::uint64_t by)
{
    RefcountStore& refcounts = m_editor.refcounts();
    for (HostCluster at = run.first;; ++at) {
        auto raised = refcounts.raise({at, run.end() - at}, by);
        if (!raised)
            return failed(raised);
        at = at + *raised;
        if (at == run.end())
            return true;
        auto count = refcounts.count(at);
        if (!count)
            return failed(count);
        if (*count == 0) {
            if (auto changed = refcounts.change(at, 1); !changed) // says what is wrong
                return failed(changed);
        }
        if (m_options.onOverflow == OnOverflow::Refuse) {
            note(at, *count, by, compressed);
            continue;
        }
        if (auto undone = lower({{run.first, at - run.first}, compressed, 0}, by); !undone)
            return failed(undone);
        return false;
    }
}

void TableSharing::note(HostCluster cluster, std::uint64_t count, std::uint64_t by, bool compressed)
{
    const auto plus = [](std::uint64_t a, std::uint64_t b) { return checkedAdd(a, b).value_or(~std::uint64_t{0}); };
    std::uint64_t wanted = plus(count, by);
    // Several entries may refer to the same compressed data: what they want adds up.
    if (compressed && (m_beyond.size() < kMaxBeyond || m_beyond.contains(cluster.value())))
        wanted = plus(count, m_beyond[cluster.value()] += by);
    if (!m_overflow)
        m_overflow = Overflow{cluster, count, wanted, wanted};
    if (m_overflow->cluster == cluster)
        m_overflow->wanted = wanted;
    m_overflow->largest = std::max(m_overflow->largest, wanted);
}

Result<void> TableSharing::overflow() const
{
    if (!m_overflow || m_options.onOverflow == OnOverflow::Copy)
        return {};
    const RefcountCodec codec = m_editor.refcounts().codec();
    const std::string copy = "let the clusters be copied whose counts would overflow (--copy-on-overflow)";
    return fail(ErrorKind::Refused,
        fmt::format(
            "The reference count of cluster {} is {} and would have to become {}, but counts of {} {} end at {}",
            m_overflow->cluster.value(), m_overflow->count, m_overflow->wanted, codec.bits(),
            codec.bits() == 1 ? "bit" : "bits", codec.maximum()),
        m_editor.geometry().offset(m_overflow->cluster).value(),
        codec.bits() == 64 ? fmt::format("No width counts further; {}", copy)
                           : fmt::format("Amend the image to {0} bits (amend -o refcount_bits={0}), or {1}",
                               widthFor(m_overflow->largest), copy));
}

/// Clears the copied flags of a table of which all is shared now. Returns where it is then.
Result<HostOffset> TableSharing::clearCopied(
    HostOffset table, std::vector<std::uint64_t> words, Holder holder, std::uint64_t added)
{
    bool changed = false;
    for (std::size_t i = 0; i < words.size(); i += entryWords()) {
        const L2Entry entry{words[i]};
        if (!entry.copied() || entry.compressed())
            continue;
        words[i] = entry.raw & ~kCopiedFlag;
        changed = true;
    }
    if (holder == Holder::Snapshot) {
        for (const auto& [unused, index] : slotsOf(table))
            m_l1[index] &= ~kCopiedFlag;
    }
    return changed ? rewrite(table, words, holder, added) : Result<HostOffset>(table);
}

/// Gives a table other words, of which only copied flags are new. Returns where it is then: a table of the active disk
/// moves. One that an older snapshot shares as well has no flags to lose in a sound image, and stays where it is.
/// `added` references are new, of the holder.
Result<HostOffset> TableSharing::rewrite(
    HostOffset table, std::span<const std::uint64_t> words, Holder holder, std::uint64_t added)
{
    auto count = m_editor.refcounts().count(m_editor.geometry().cluster(table));
    if (!count)
        return failed(count);
    const std::uint64_t uses = slotsOf(table).size();
    if (holder == Holder::Snapshot && uses > 0 && *count == uses + added)
        return move(table, words, *count);
    for (std::size_t i = 0; i < words.size(); i += entryWords()) {
        if (auto set = m_editor.setL2Word(table, i, words[i]); !set)
            return failed(set);
    }
    return table;
}

/// Puts a table into a new cluster, with all its `count` references.
Result<HostOffset> TableSharing::move(HostOffset table, std::span<const std::uint64_t> words, std::uint64_t count)
{
    const Geometry& geometry = m_editor.geometry();
    auto place = newTable(words);
    if (!place)
        return place;
    if (count > 1) {
        const auto more = static_cast<std::int64_t>(count - 1);
        if (auto raised = m_editor.refcounts().change(geometry.cluster(*place), more); !raised)
            return failed(raised);
    }
    if (auto released = m_editor.release(table, geometry.clusterSize(), count); !released)
        return failed(released);
    for (const auto& [unused, index] : slotsOf(table))
        m_l1[index] = place->value() | (count == 1 ? kCopiedFlag : 0);
    return place;
}

/// A new table with these words. Where nothing may be written it is only counted.
Result<HostOffset> TableSharing::newTable(std::span<const std::uint64_t> words)
{
    if (!m_options.writeCopies) {
        auto cluster = m_editor.allocate(1);
        return cluster ? Result<HostOffset>(m_editor.geometry().offset(*cluster)) : failed(cluster);
    }
    return m_editor.newL2Table(words);
}

Result<void> TableSharing::replaceActiveL1()
{
    return std::ranges::equal(m_l1, m_editor.l1Table()) ? Result<void>{} : m_editor.replaceL1(m_l1);
}

// Copies -------------------------------------------------------------------------------------------------------------

Result<HostOffset> TableSharing::copyTable(HostOffset table, std::vector<std::uint64_t> words, Holder holder)
{
    std::vector<std::uint64_t> copy = words;
    bool changed = false;
    for (std::size_t i = 0; i < words.size(); i += entryWords()) {
        auto reference = referenceOf(std::span(words).subspan(i, entryWords()), table + i * 8);
        if (!reference)
            return failed(reference);
        if (reference->run.count == 0)
            continue;
        auto shared = raise(*reference, 1);
        if (!shared)
            return failed(shared);
        if (!*shared) {
            auto copied = copyOf(*reference, words[i], entryWords() == 2 ? words[i + 1] : 0, holder);
            if (!copied)
                return failed(copied);
            copy[i] = *copied;
        } else if (!reference->compressed && L2Entry{words[i]}.copied()) {
            words[i] &= ~kCopiedFlag;
            copy[i] = words[i];
            changed = true;
        }
    }
    ++m_copied;
    if (changed) {
        if (auto rewritten = rewrite(table, words, holder, 0); !rewritten)
            return rewritten;
    }
    return newTable(copy);
}

/// The entry for a copy of what an entry refers to.
Result<std::uint64_t> TableSharing::copyOf(
    const Reference& reference, std::uint64_t raw, std::uint64_t bitmap, Holder holder)
{
    const L2Entry entry{raw};
    const Geometry& geometry = m_editor.geometry();
    if (reference.compressed) {
        const auto data = entry.compressedDescriptor(geometry.clusterBits());
        auto copy = copyCompressed(data.offset, data.sectors);
        if (!copy)
            return failed(copy);
        return encodeCompressed({*copy, data.sectors}, geometry.clusterBits());
    }
    const std::uint64_t rest = raw & ~(kCopiedFlag | kTableOffsetMask);
    const bool reserved = geometry.extendedL2() ? SubclusterBitmap{bitmap}.allocated() == 0 : entry.zeroFlag();
    if (reserved)
        return rest; // the cluster is only kept for later writes: nobody reads it
    auto copy = copyData(entry.hostOffset());
    if (!copy)
        return failed(copy);
    return rest | copy->value() | (holder == Holder::ActiveDisk ? kCopiedFlag : 0);
}

Result<HostOffset> TableSharing::copyData(HostOffset from)
{
    if (m_editor.header().cryptMethod == CryptMethod::Luks)
        return fail(ErrorKind::Refused,
            "The count of an encrypted cluster would overflow, and encrypted with LUKS it "
            "can be read at its own place only: it cannot be copied",
            from.value(), "Change the refcount width instead");
    auto cluster = m_editor.allocate(1);
    if (!cluster)
        return failed(cluster);
    ++m_copied;
    const HostOffset to = m_editor.geometry().offset(*cluster);
    if (auto copied = copyBytes(from, to, m_editor.geometry().clusterSize()); !copied)
        return failed(copied);
    return to;
}

/// Copies whole sectors: where in them the data ends is not known without decompressing it.
Result<HostOffset> TableSharing::copyCompressed(HostOffset from, std::uint64_t sectors)
{
    auto to = roomForSectors(sectors);
    if (!to)
        return to;
    ++m_copied;
    const std::uint64_t inSector = from.value() % kSectorBytes;
    if (auto copied = copyBytes(HostOffset(from.value() - inSector), *to, sectors * kSectorBytes); !copied)
        return failed(copied);
    return *to + inSector;
}

/// Room behind the copy before while its cluster can take one more reference, else in new clusters.
Result<HostOffset> TableSharing::roomForSectors(std::uint64_t sectors)
{
    const Geometry& geometry = m_editor.geometry();
    const std::uint64_t bytes = sectors * kSectorBytes;
    const std::uint64_t used = geometry.offsetInCluster(m_packedEnd);
    if (used != 0 && bytes <= geometry.clusterSize() - used) {
        auto shared = raiseRun({geometry.cluster(m_packedEnd), 1}, true, 1);
        if (!shared)
            return failed(shared);
        if (*shared)
            return std::exchange(m_packedEnd, m_packedEnd + bytes);
    }
    auto first = m_editor.allocate(geometry.clustersFor(bytes));
    if (!first)
        return failed(first);
    m_packedEnd = geometry.offset(*first) + bytes;
    return geometry.offset(*first);
}

Result<void> TableSharing::copyBytes(HostOffset from, HostOffset to, std::uint64_t bytes)
{
    if (!m_options.writeCopies)
        return {};
    if (auto go = m_task.step(m_progress); !go)
        return go;
    m_bytes.resize(bytes);
    if (auto read = m_editor.storage().read(from.value(), m_bytes); !read)
        return failed(read);
    return m_editor.writeNew(to, m_bytes);
}

// Taking references --------------------------------------------------------------------------------------------------

Result<void> TableSharing::release(const TableUses& uses)
{
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ordered(uses.begin(), uses.end());
    std::ranges::sort(ordered);
    for (const auto& [offset, times] : ordered) {
        const HostOffset table(offset);
        auto words = walk(table);
        if (!words)
            return failed(words);
        if (auto batched = batch(table, *words, times, &TableSharing::lowerBatch); !batched)
            return batched;
        if (auto lowered = lowerTable(table, times); !lowered)
            return lowered;
    }
    return lowerBatch();
}

Result<void> TableSharing::lowerBatch()
{
    return m_batch.drain([this](const ReferenceBatch::Item& item) -> Result<void> {
        if (auto isData = checkIsData({item.first, item.count}); !isData)
            return isData;
        return lower({{item.first, item.count}, item.compressed, 0}, item.times);
    });
}

Result<void> TableSharing::lower(const Reference& reference, std::uint64_t by)
{
    auto left = m_editor.releaseData(reference.run, by);
    if (!left)
        return failed(left);
    m_single += reference.compressed ? 0 : left->ones;
    return {};
}

Result<void> TableSharing::lowerTable(HostOffset table, std::uint64_t by)
{
    if (auto released = m_editor.release(table, m_editor.geometry().clusterSize(), by); !released)
        return released;
    auto count = m_editor.refcounts().count(m_editor.geometry().cluster(table));
    if (!count)
        return failed(count);
    m_single += *count == 1;
    return {};
}

// Copied flags -------------------------------------------------------------------------------------------------------

Result<void> TableSharing::markCopied(std::span<const std::uint64_t> likely)
{
    const auto isLikely
        = [&](std::uint64_t index) { return index < likely.size() && L1Entry{likely[index]}.l2Offset().value() != 0; };
    const std::uint64_t entries = m_editor.l1Table().size();
    for (const bool first : {true, false}) {
        for (std::uint64_t index = 0; index < entries && m_single > 0; ++index) {
            if (isLikely(index) != first)
                continue;
            if (auto marked = markEntry(index); !marked)
                return marked;
        }
    }
    return {};
}

Result<void> TableSharing::markEntry(std::uint64_t index)
{
    const L1Entry entry{m_l1[index]};
    if (entry.l2Offset().value() == 0)
        return {};
    auto count = m_editor.refcounts().count(m_editor.geometry().cluster(entry.l2Offset()));
    if (!count)
        return failed(count);
    // What a shared table refers to is shared, too.
    if (*count != 1 || !m_marked.insert(entry.l2Offset().value()).second)
        return {};
    if (!entry.copied()) {
        m_l1[index] |= kCopiedFlag;
        m_single -= m_single > 0;
    }
    auto marked = markTable(entry.l2Offset());
    if (!marked)
        return failed(marked);
    m_marked.insert(marked->value());
    return {};
}

/// Returns where the table is then.
Result<HostOffset> TableSharing::markTable(HostOffset table)
{
    auto words = walk(table);
    if (!words)
        return failed(words);
    bool changed = false;
    for (std::size_t i = 0; i < words->size(); i += entryWords()) {
        const L2Entry entry{(*words)[i]};
        if (entry.compressed() || entry.copied() || entry.hostOffset().value() == 0)
            continue;
        auto count = m_editor.refcounts().count(m_editor.geometry().cluster(entry.hostOffset()));
        if (!count)
            return failed(count);
        if (*count != 1)
            continue;
        (*words)[i] |= kCopiedFlag;
        changed = true;
        m_single -= m_single > 0;
    }
    return changed ? move(table, *words, 1) : Result<HostOffset>(table);
}

} // namespace cowscope
