// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/table_rewriter.h"

#include "core/edit/image/snapshot_l1.h"

#include <algorithm>

namespace cowscope
{

Result<TableRewriter> TableRewriter::open(ImageEditor& editor)
{
    TableRewriter rewriter(editor);
    rewriter.m_l1s.emplace_back(editor.l1Table().begin(), editor.l1Table().end());
    for (const Snapshot& snapshot : editor.snapshots()) {
        auto l1 = readSnapshotL1(editor, snapshot);
        if (!l1)
            return failed(l1);
        rewriter.m_l1s.push_back(std::move(*l1));
    }
    rewriter.m_changed.resize(rewriter.m_l1s.size());
    return rewriter;
}

std::vector<TableRewriter::Table> TableRewriter::tables()
{
    m_slots.clear();
    for (std::uint32_t l1 = 0; l1 < m_l1s.size(); ++l1) {
        for (std::uint32_t index = 0; index < m_l1s[l1].size(); ++index) {
            if (const HostOffset table = L1Entry{m_l1s[l1][index]}.l2Offset(); table.value() != 0)
                m_slots.push_back({table.value(), l1, index});
        }
    }
    std::ranges::sort(m_slots);
    std::vector<Table> tables;
    for (const Slot& slot : m_slots) {
        if (tables.empty() || tables.back().at.value() != slot.table)
            tables.push_back({HostOffset(slot.table), 0, slot.l1 == 0});
        ++tables.back().uses;
    }
    return tables;
}

Result<HostOffset> TableRewriter::newTable(const Part& part)
{
    auto at = m_editor->newL2Table(*part.words);
    if (!at)
        return at;
    ++m_moved;
    if (part.uses > 1) {
        const HostCluster cluster = m_editor->geometry().cluster(*at);
        if (auto raised = m_editor->refcounts().change(cluster, static_cast<std::int64_t>(part.uses - 1)); !raised)
            return failed(raised);
    }
    return at;
}

Result<HostOffset> TableRewriter::replace(const Table& table, std::span<const std::uint64_t> words)
{
    auto fresh = m_editor->refcounts().isFreeOnDisk(m_editor->geometry().cluster(table.at));
    if (!fresh)
        return failed(fresh);
    if (*fresh) { // it has moved already
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (auto set = m_editor->setL2Word(table.at, i, words[i]); !set)
                return failed(set);
        }
        return table.at;
    }
    const Part all{table.uses, std::vector(words.begin(), words.end())};
    if (auto done = split(table, {&all, 1}); !done)
        return failed(done);
    const auto slot = std::ranges::lower_bound(m_slots, table.at.value(), {}, &Slot::table);
    return L1Entry{m_l1s[slot->l1][slot->index]}.l2Offset();
}

Result<void> TableRewriter::split(const Table& table, std::span<const Part> parts)
{
    auto slot = std::ranges::lower_bound(m_slots, table.at.value(), {}, &Slot::table);
    std::uint64_t leaving = 0;
    for (const Part& part : parts) {
        if (!part.words) {
            slot += static_cast<std::ptrdiff_t>(part.uses);
            continue;
        }
        auto at = newTable(part);
        if (!at)
            return failed(at);
        leaving += part.uses;
        for (const auto end = slot + static_cast<std::ptrdiff_t>(part.uses); slot != end; ++slot) {
            const bool copied = part.uses == 1 && slot->l1 == 0;
            m_l1s[slot->l1][slot->index] = at->value() | (copied ? kCopiedFlag : 0);
            m_changed[slot->l1] = true;
        }
    }
    return m_editor->release(table.at, m_editor->geometry().clusterSize(), leaving);
}

// Copied flags -------------------------------------------------------------------------------------------------------

Result<bool> TableRewriter::hasCountOne(HostOffset offset)
{
    auto count = m_editor->refcounts().count(m_editor->geometry().cluster(offset));
    return count ? Result<bool>(*count == 1) : failed(count);
}

/// Whether it had to change any word of a table of the disk.
Result<bool> TableRewriter::correctFlags(std::vector<std::uint64_t>& words, HostOffset table)
{
    const Geometry& geometry = m_editor->geometry();
    bool changed = false;
    for (std::size_t i = 0; i < words.size(); i += geometry.l2EntryBytes() / 8) {
        const L2Entry entry{words[i]};
        if (entry.compressed() || entry.hostOffset().value() == 0)
            continue;
        if (!geometry.isAligned(entry.hostOffset()))
            return fail(ErrorKind::Invalid, "An L2 entry does not point to the start of a cluster",
                (table + i * 8).value(), "Repair the image first: check -r all");
        auto single = hasCountOne(entry.hostOffset());
        if (!single)
            return single;
        if (entry.copied() == *single)
            continue;
        words[i] ^= kCopiedFlag;
        changed = true;
    }
    return changed;
}

Result<void> TableRewriter::correctCopiedFlags()
{
    for (const Table& table : tables()) {
        if (!table.active)
            continue;
        auto words = m_editor->l2Words(table.at);
        if (!words)
            return failed(words);
        auto changed = correctFlags(*words, table.at);
        if (!changed)
            return failed(changed);
        if (*changed) {
            if (auto replaced = replace(table, *words); !replaced)
                return failed(replaced);
        }
    }
    for (std::uint64_t& raw : m_l1s.front()) {
        if (L1Entry{raw}.l2Offset().value() == 0)
            continue;
        auto single = hasCountOne(L1Entry{raw}.l2Offset());
        if (!single)
            return failed(single);
        const std::uint64_t right = L1Entry{raw}.l2Offset().value() | (*single ? kCopiedFlag : 0);
        m_changed.front() = m_changed.front() || right != raw;
        raw = right;
    }
    return {};
}

// The end ------------------------------------------------------------------------------------------------------------

Result<void> TableRewriter::finish()
{
    if (m_changed.front()) {
        if (auto replaced = m_editor->replaceL1(m_l1s.front()); !replaced)
            return replaced;
    }
    if (std::ranges::none_of(m_changed.begin() + 1, m_changed.end(), std::identity()))
        return {};
    std::vector<Snapshot> snapshots(m_editor->snapshots().begin(), m_editor->snapshots().end());
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
        if (!m_changed[i + 1])
            continue;
        auto at = placeSnapshotL1(*m_editor, m_l1s[i + 1]);
        if (!at)
            return failed(at);
        if (auto released = m_editor->release(snapshots[i].l1TableOffset, std::uint64_t{snapshots[i].l1Size} * 8);
            !released)
            return released;
        snapshots[i].l1TableOffset = *at;
    }
    return m_editor->replaceSnapshots(std::move(snapshots));
}

} // namespace cowscope
