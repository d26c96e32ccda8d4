// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/bitmaps.h"

#include <algorithm>

namespace cowscope
{

Result<void> recordWrite(ImageEditor& editor, GuestOffset, std::uint64_t, const TaskContext&)
{
    const bool records = std::ranges::any_of(editor.bitmaps(),
        [](const Bitmap& bitmap) { return (bitmap.flags & kBitmapAuto) != 0 && (bitmap.flags & kBitmapInUse) == 0; });
    if (records)
        return fail(ErrorKind::Refused, "The image has a bitmap that records writes");
    return {};
}

} // namespace cowscope
