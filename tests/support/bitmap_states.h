// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <map>
#include <set>
#include <string>

namespace cowscope::test
{

/// What a bitmap of an image says, read without the engine.
struct BitmapState {
    unsigned flags = 0;
    unsigned granularityBits = 0;
    std::set<std::uint64_t> bits; ///< those that are set; wherever they stand, also behind the end of the disk

    bool operator==(const BitmapState&) const = default;

    /// Sets the bits of guest bytes [start, start + length).
    void mark(std::uint64_t start, std::uint64_t length);

    /// Forgets the bits behind the end of a disk of `size` bytes.
    void cut(std::uint64_t size);
};

/// All bitmaps of a sound image whose extension is valid, by name; none otherwise.
std::map<std::string, BitmapState> bitmapStates(const Bytes& image);

} // namespace cowscope::test
