// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace cowscope
{

/// a + b, or nothing where 64 bits do not hold it.
constexpr std::optional<std::uint64_t> checkedAdd(std::uint64_t a, std::uint64_t b)
{
    std::uint64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        return std::nullopt;
    return sum;
}

/// a * b, or nothing where 64 bits do not hold it.
constexpr std::optional<std::uint64_t> checkedMul(std::uint64_t a, std::uint64_t b)
{
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product))
        return std::nullopt;
    return product;
}

/// a / b rounded up; b is not zero. Never overflows.
constexpr std::uint64_t divideUp(std::uint64_t a, std::uint64_t b)
{
    return a / b + (a % b != 0 ? 1 : 0);
}

/// The next multiple of a power of two at or after `value`; `value` is at least one `unit` below 2^64.
constexpr std::uint64_t alignUp(std::uint64_t value, std::uint64_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

/// A mask of `count` ones from bit `first` on; first + count <= 64.
constexpr std::uint64_t bitRange(unsigned first, unsigned count)
{
    return (count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1) << first;
}

} // namespace cowscope
