// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/image_builder.h"

#include <random>

namespace cowscope::test
{

/// A sound image in which no cluster has a count above 1: data, zero and compressed clusters, holes in the file, a
/// bitmap and an unknown extension. Any refcount width holds it.
BuiltImage plainImage(unsigned clusterBits, unsigned order);

/// The same with internal snapshots and, where `shared`, several compressed clusters in a host cluster. The largest
/// count is snapshots + 1, or 3 * (snapshots + 1) with shared compressed clusters.
BuiltImage snapshotImage(unsigned clusterBits, unsigned order, unsigned snapshots, bool shared = false);

/// A sound image of random make: 8 to 64 bits, clusters of 512 bytes to 64 KiB, data in runs and scattered, holes, up
/// to four snapshots with writes between, compressed neighbours, a bitmap, extended entries.
BuiltImage randomImage(std::mt19937& random);

} // namespace cowscope::test
