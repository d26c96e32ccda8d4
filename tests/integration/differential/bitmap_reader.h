// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <QString>
#include <vector>

namespace cowscope::test
{

/// A persistent bitmap as an image file stores it.
struct StoredBitmap {
    QString name;
    bool inUse = false; ///< not saved properly
    bool records = false; ///< the "auto" flag
    std::vector<bool> bits; ///< one for each stretch of the disk, the first stretch first
};

/// The bitmaps of a sound image, read plainly; none where the extension is not there or not valid.
std::vector<StoredBitmap> readBitmaps(const Bytes& image);

} // namespace cowscope::test
