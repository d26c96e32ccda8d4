// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <map>
#include <string>
#include <vector>

namespace cowscope::test
{

/// What a guest would find on a disk, read without the engine: the kind and the bytes of each cluster, wherever they
/// stand. Compressed clusters are taken as they are stored.
struct GuestState {
    std::uint64_t size = 0; ///< of the disk, bytes
    std::vector<std::string> clusters;

    bool operator==(const GuestState&) const = default;
};

/// The active disk (under the key "") and every snapshot (under its id) of a sound image.
std::map<std::string, GuestState> guestStates(const Bytes& image);

} // namespace cowscope::test
