// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cerrno>
#include <fcntl.h>

namespace cowscope
{

/// Opens /dev/null in the place of each standard stream that the program was started without. Else the next file that
/// is opened, an image, would take that place, and what is printed would be written into it. First thing in main().
inline void openMissingStandardStreams()
{
    for (int stream = 0; stream <= 2; ++stream)
        if (fcntl(stream, F_GETFD) == -1 && errno == EBADF)
            open("/dev/null", O_RDWR); // takes the lowest number that is free: this one
}

} // namespace cowscope
