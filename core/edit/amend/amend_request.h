// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cowscope
{

/// What an amend shall change; what is absent stays as it is. Names follow `qemu-img amend -o`.
struct AmendRequest {
    std::optional<unsigned> order; ///< refcount_bits = 1 << order
    std::optional<std::uint32_t> version; ///< compat: 2 for 0.10, 3 for 1.1
    std::optional<bool> lazyRefcounts;
    std::optional<std::uint64_t> size; ///< of the disk, bytes; only larger
    std::optional<std::string> backingFile; ///< only the name: contents are not rebased. Empty: none
    std::optional<std::string> backingFormat; ///< empty: none
    std::optional<bool> dataFileRaw; ///< only to switch it off
    bool splitShared = false; ///< copy clusters whose counts do not fit the width

    /// Whether it changes the refcount width and nothing else, without copying anything: see amend.h.
    bool onlyWidth() const
    {
        return order && !version && !lazyRefcounts && !size && !backingFile && !backingFormat && !dataFileRaw
            && !splitShared;
    }
};

} // namespace cowscope
