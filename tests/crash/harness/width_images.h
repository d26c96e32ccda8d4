// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/image_builder.h"

#include <array>

namespace cowscope::test
{

/// What an image holds, for tests that go through all of them.
enum class ImageKind { Fresh, Full, Fragmented, Snapshotted, Compressed };
inline constexpr std::array kImageKinds{
    ImageKind::Fresh, ImageKind::Full, ImageKind::Fragmented, ImageKind::Snapshotted, ImageKind::Compressed};

const char* name(ImageKind kind);

/// A sound image of some hundred clusters at most, without bitmaps. No count is above `most` (1 or
/// more): so much is shared between snapshots and between compressed clusters. At 1 the snapshots are of an empty disk.
ImageBuilder builderOf(ImageKind kind, unsigned clusterBits, unsigned order, std::uint64_t most);

/// The same with a bitmap, unless it is fresh.
BuiltImage imageOf(ImageKind kind, unsigned clusterBits, unsigned order, std::uint64_t most);

} // namespace cowscope::test
