// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding.h"

#include <array>
#include <vector>

namespace cowscope
{

/// Collects findings while an analysis runs: joins neighbours that are wrong in the same way, keeps at most `limit`
/// of them, and counts all of them by severity.
class FindingList
{
public:
    explicit FindingList(std::size_t limit)
        : m_limit(limit)
    {
    }

    void add(Finding finding);

    std::uint64_t corruptions() const { return m_corruptions; }
    std::uint64_t leaks() const { return m_leaks; }
    std::uint64_t checkErrors() const { return m_checkErrors; }
    /// How many of each kind, by FindingKind; a run of clusters counts once for each of them.
    const std::array<std::uint64_t, kFindingKindCount>& byKind() const { return m_byKind; }
    std::uint64_t dropped() const { return m_dropped; }

    std::vector<Finding> take() { return std::move(m_findings); }

private:
    bool joinsLast(const Finding& finding) const;

    std::size_t m_limit;
    std::vector<Finding> m_findings;
    std::array<std::uint64_t, kFindingKindCount> m_byKind{};
    std::uint64_t m_corruptions = 0;
    std::uint64_t m_leaks = 0;
    std::uint64_t m_checkErrors = 0;
    std::uint64_t m_dropped = 0;
};

} // namespace cowscope
