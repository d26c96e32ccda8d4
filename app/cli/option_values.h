// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace cowscope::cli
{

// The values of -o NAME=VALUE, as qemu-img reads them. Errors: Invalid, naming what the name takes.

/// A number of bytes as qemu-img reads one: decimal with an optional fraction and an optional suffix b, k, M, G, T, P
/// or E (either case, K = 1024), or hexadecimal after 0x. A fraction of a byte is cut off, but "1.5" without a suffix
/// is refused. Errors: Invalid for anything else and for 2^63 bytes and more.
Result<std::uint64_t> parseSize(const std::string& text);

Result<std::uint64_t> parseNumber(std::string_view name, const std::string& value);
Result<bool> parseSwitch(std::string_view name, const std::string& value);
Result<unsigned> parseCompat(const std::string& value); ///< the version of the format: 2 or 3

std::unexpected<Error> badValue(std::string_view name, const std::string& value, std::string_view wanted);

/// Puts a value that could be read into its place.
template <typename T, typename U>
Result<void> store(T& place, Result<U> value)
{
    if (!value)
        return failed(value);
    place = std::move(*value);
    return {};
}

} // namespace cowscope::cli
