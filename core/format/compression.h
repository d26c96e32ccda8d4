// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/base/strong_index.h"
#include "core/format/header.h"

#include <optional>
#include <span>
#include <vector>

namespace cowscope
{

/// Compresses the contents of one cluster: raw deflate in a 4 KiB window (zlib), or one frame (zstd). Nothing where the
/// result would not be smaller than the cluster: such a cluster is stored as it is.
std::optional<std::vector<std::byte>> compressCluster(CompressionType type, std::span<const std::byte> cluster);

/// Fills `cluster` from compressed bytes that begin `data`; what follows them is ignored, since the length of
/// compressed data is known in sectors only. Never writes past `cluster`. Errors: Invalid, with `at` as the place, for
/// data that is damaged or ends before the cluster is full.
Result<void> decompressCluster(
    CompressionType type, std::span<const std::byte> data, std::span<std::byte> cluster, HostOffset at);

} // namespace cowscope
