// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <map>

namespace cowscope
{

/// What was learned of where a storage has data and holes, so that it is asked once for each stretch and not once for
/// each question: the file system takes its time. Only for a storage that nobody writes meanwhile. One thread at a
/// time.
class KnownExtents
{
public:
    static constexpr std::size_t kMost = std::size_t{1} << 18; ///< stretches that are remembered: some 16 MiB

    /// As storage.extentAt(offset) has it. The storage is always the same one.
    Result<StorageExtent> at(const Storage& storage, std::uint64_t offset);

private:
    struct Stretch {
        std::uint64_t begin; ///< as far as it was asked for
        bool data;
    };
    std::map<std::uint64_t, Stretch> m_byEnd; ///< those of bytes in the file; they do not overlap
};

} // namespace cowscope
