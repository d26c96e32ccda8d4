// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cowscope
{

/// A list of numbers kept as runs of neighbours: memory by the run, not by the number. The runs may come in any order,
/// for lists that are sorted by something else than the number.
class RunList
{
public:
    /// `count` numbers from `first` on; appended to a run that they continue.
    void append(std::uint64_t first, std::uint64_t count)
    {
        if (count == 0)
            return;
        if (!m_runs.empty() && m_runs.back().first + m_runs.back().count == first)
            m_runs.back().count += count;
        else {
            m_ascending = m_ascending && (m_runs.empty() || m_runs.back().first < first);
            m_runs.push_back({m_size, first, count});
        }
        m_size += count;
    }

    std::uint64_t size() const { return m_size; }
    std::size_t runs() const { return m_runs.size(); }

    /// The number at `position`, which is below size().
    std::uint64_t at(std::uint64_t position) const
    {
        const Run& run = *std::prev(std::ranges::upper_bound(m_runs, position, {}, &Run::position));
        return run.first + (position - run.position);
    }

    /// Where `number` stands, if it does. Fast in an ascending list, else one look at every run.
    std::optional<std::uint64_t> positionOf(std::uint64_t number) const
    {
        const auto holds = [number](const Run& run) { return number >= run.first && number - run.first < run.count; };
        auto run = m_runs.begin();
        if (!m_ascending) {
            run = std::ranges::find_if(m_runs, holds);
        } else if (run = std::ranges::upper_bound(m_runs, number, {}, &Run::first); run == m_runs.begin()) {
            return std::nullopt;
        } else if (--run; !holds(*run)) {
            return std::nullopt;
        }
        if (run == m_runs.end())
            return std::nullopt;
        return run->position + (number - run->first);
    }

private:
    struct Run {
        std::uint64_t position; ///< of its first number in the list
        std::uint64_t first;
        std::uint64_t count;
    };

    std::vector<Run> m_runs;
    std::uint64_t m_size = 0;
    bool m_ascending = true;
};

} // namespace cowscope
