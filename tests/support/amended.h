// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <string>

namespace cowscope::test
{

/// What is wrong with an image whose counts a change of width has rewritten: "" if the second reader finds every count
/// equal to its references at that width, every table that maps guest data as it was, and every byte of the header and
/// of clusters in use as it was but for what the change is about.
std::string faultsOfAmended(const Bytes& before, const Bytes& after, unsigned order);

/// The same for a file that has to be the old image still: free clusters and bytes past its old end may differ.
std::string faultsOfOldImage(const Bytes& before, const Bytes& after);

} // namespace cowscope::test
