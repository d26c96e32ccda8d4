// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/error.h"

#include <expected>
#include <utility>

namespace cowscope
{

/// Every fallible function of the engine returns this. No exception crosses a layer.
template <typename T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorKind::Invalid, "...", offset, "next");`
inline std::unexpected<Error> fail(
    ErrorKind kind, std::string what, std::optional<std::uint64_t> offset = {}, std::string next = {})
{
    return std::unexpected(Error{kind, std::move(what), offset, std::move(next)});
}

/// Hands on the error of another result: `if (!r) return failed(r);`
template <typename T>
std::unexpected<Error> failed(Result<T>& result)
{
    return std::unexpected(std::move(result.error()));
}

} // namespace cowscope
