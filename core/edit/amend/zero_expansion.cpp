// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/zero_expansion.h"

#include <algorithm>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kMostUses = 4096; ///< of one cluster of zeros: leaves room for many snapshots

class ZeroExpander
{
public:
    ZeroExpander(ImageEditor& editor, TableRewriter& tables, bool hasBacking)
        : m_editor(editor)
        , m_tables(tables)
        , m_hasBacking(hasBacking)
        , m_mostUses(std::min(kMostUses, editor.refcounts().codec().maximum()))
    {
    }

    Result<ZeroExpansion> run(const TaskContext& task)
    {
        const auto tables = m_tables.tables();
        const std::uint64_t bytes = m_editor.geometry().clusterSize();
        for (std::size_t i = 0; i < tables.size(); ++i) {
            if (auto go = task.step({Phase::WalkTables, i * bytes, tables.size() * bytes}); !go)
                return failed(go);
            if (auto done = expandTable(tables[i]); !done)
                return failed(done);
        }
        return m_done;
    }

private:
    Result<void> expandTable(const TableRewriter::Table& table)
    {
        auto words = m_editor.l2Words(table.at);
        if (!words)
            return failed(words);
        if (std::ranges::none_of(*words, [](std::uint64_t raw) { return L2Entry{raw}.zeroFlag(); }))
            return {};
        for (std::uint64_t& raw : *words) {
            const L2Entry entry{raw};
            if (!entry.zeroFlag())
                continue;
            auto expanded = expand(entry, table.uses);
            if (!expanded)
                return failed(expanded);
            raw = *expanded;
            ++m_done.entries;
        }
        auto replaced = m_tables.replace(table, *words);
        return replaced ? Result<void>{} : failed(replaced);
    }

    Result<std::uint64_t> expand(L2Entry entry, std::uint64_t uses)
    {
        if (entry.hostOffset().value() != 0) {
            if (auto released = m_editor.release(entry.hostOffset(), m_editor.geometry().clusterSize(), uses);
                !released)
                return failed(released);
        }
        if (!m_hasBacking)
            return 0;
        return zeros(uses);
    }

    /// A cluster of zeros with so many more references.
    Result<std::uint64_t> zeros(std::uint64_t uses)
    {
        const Geometry& geometry = m_editor.geometry();
        std::uint64_t added = uses;
        if (m_uses == 0 || m_uses + uses > m_mostUses) {
            auto cluster = m_editor.allocate(1);
            if (!cluster)
                return failed(cluster);
            m_zeros = geometry.offset(*cluster);
            m_uses = 0;
            --added; // it comes with one
            ++m_done.clusters;
            if (auto written = m_editor.writeNew(m_zeros, std::vector<std::byte>(geometry.clusterSize())); !written)
                return failed(written);
        }
        m_uses += uses;
        if (added > 0) {
            if (auto counted = m_editor.refcounts().change(geometry.cluster(m_zeros), static_cast<std::int64_t>(added));
                !counted)
                return failed(counted);
        }
        return m_zeros.value();
    }

    ImageEditor& m_editor;
    TableRewriter& m_tables;
    bool m_hasBacking;
    std::uint64_t m_mostUses;
    HostOffset m_zeros; ///< the cluster of zeros that takes further references
    std::uint64_t m_uses = 0; ///< that it has
    ZeroExpansion m_done;
};

} // namespace

Result<ZeroExpansion> expandZeroClusters(
    ImageEditor& editor, TableRewriter& tables, bool hasBacking, const TaskContext& task)
{
    return ZeroExpander(editor, tables, hasBacking).run(task);
}

} // namespace cowscope
