// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "ui/document/selection.h"

#include <optional>

namespace cowscope::ui
{

/// The bytes where the selected thing stands in the file: a refblock's own cluster, a snapshot's L1 table, the bytes of
/// a field, the bytes in a row that hold the beginning of a guest range (one small read of its tables). Nothing if
/// nothing is selected, or if the thing is not, or no longer, in the image. The range may reach
/// behind the end of the file.
std::optional<ByteRange> selectedBytes(const Selection::Value& value, const Image& image);

/// The clusters where the selected thing stands in the file: a refblock's own cluster, a snapshot's L1 table, the
/// cluster that holds a field. Nothing if nothing is selected, or if the thing is not, or no longer, in the image.
/// The range may reach behind the end of the file.
std::optional<ClusterRange> selectedClusters(const Selection::Value& value, const Image& image);

/// The clusters that `bytes` bytes from `offset` on touch; at least one.
ClusterRange clustersOf(const Geometry& geometry, HostOffset offset, std::uint64_t bytes);

} // namespace cowscope::ui
