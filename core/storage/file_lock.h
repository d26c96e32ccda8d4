// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"

#include <string>

namespace cowscope
{

/// QEMU's image locks: OFD locks on single bytes of the image file. A holder read-locks byte 100 + n for each
/// permission n that it uses, and byte 200 + n for each permission that it does not let others use; then it tests the
/// opposite byte of each for somebody else's lock. They are advisory and vanish with the descriptor.
enum class ImagePermission : unsigned {
    ConsistentRead = 0,
    Write = 1,
    WriteUnchanged = 2,
    Resize = 3,
};

/// Takes the locks of a reader (uses consistent read; nobody else may write or resize) on an open descriptor.
/// Errors: InUse, naming the permission in the way and, where /proc/locks tells, the process that holds it.
/// File systems without OFD locks are used without locks, as QEMU does.
Result<void> lockForReading(int descriptor, const std::string& path);

/// Takes the locks of a writer (uses consistent read, write and resize; nobody else may write or resize).
Result<void> lockForWriting(int descriptor, const std::string& path);

/// Releases every image lock of the descriptor.
void unlockImage(int descriptor);

} // namespace cowscope
