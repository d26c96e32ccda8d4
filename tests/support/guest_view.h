// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cowscope::test
{

/// What each cluster of a virtual disk reads as; nothing where it cannot be read. Compressed data stands as it is
/// packed, with the host sectors that it claims, and what a backing file would show as the letter B.
using DiskView = std::vector<std::optional<Bytes>>;

/// The active disk (by the empty name) and those of the snapshots (by id), read with a plain reader of its own that
/// expects damage anywhere. Snapshots whose L1 tables are out of reach are left out. Standard and extended L2 entries;
/// no external data files.
std::map<std::string, DiskView> viewGuests(const Bytes& image);

/// The first cluster that could be read before and reads otherwise now, or a snapshot that is gone though all of it
/// could be read; "" if there is none.
std::string lostGuestData(const std::map<std::string, DiskView>& before, const std::map<std::string, DiskView>& after);

} // namespace cowscope::test
