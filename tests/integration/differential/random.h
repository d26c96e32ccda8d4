// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <random>

namespace cowscope::test
{

/// The same numbers from the same seed with every compiler, which the distributions of the library do not promise.
class Random
{
public:
    explicit Random(std::uint64_t seed)
        : m_engine(seed)
    {
    }

    /// 0 to bound - 1; 0 when the bound is 0.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : m_engine() % bound; }

    bool percent(unsigned chance) { return below(100) < chance; }

    /// One of the values given.
    template <typename T, typename... More>
    T oneOf(T first, More... more)
    {
        const T values[] = {first, static_cast<T>(more)...};
        return values[below(1 + sizeof...(more))];
    }

private:
    std::mt19937_64 m_engine;
};

} // namespace cowscope::test
