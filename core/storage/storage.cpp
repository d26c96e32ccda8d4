// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/storage.h"

#include <algorithm>

namespace cowscope
{

Result<void> Storage::reserve(std::uint64_t offset, std::uint64_t length)
{
    auto bytes = size();
    if (!bytes)
        return failed(bytes);
    return *bytes < offset + length ? truncate(offset + length) : Result<void>{};
}

} // namespace cowscope
