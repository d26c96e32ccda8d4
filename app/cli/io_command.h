// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"

#include <optional>
#include <string>

namespace cowscope::cli
{

enum class IoVerb { Read, Write, Discard, Flush, Alloc, Map, Length, Quit };

/// One command of `io`, with qemu-io's spelling.
struct IoCommand {
    IoVerb verb = IoVerb::Read;
    std::optional<std::uint8_t> pattern; ///< -P: what is written, or has to be read
    bool verbose = false; ///< -v of read: print the bytes
    bool quiet = false; ///< -q: print failures only
    bool zero = false; ///< -z of write: by the zero flag
    bool unmap = false; ///< -u of write -z: free the clusters
    bool compressed = false; ///< -c of write
    std::uint64_t offset = 0; ///< bytes of the guest
    std::uint64_t length = 0; ///< bytes

    bool changes() const { return verb == IoVerb::Write || verb == IoVerb::Discard; }
};

/// "write -P 0x5a 64k 1M". Errors: Invalid, in words for the user.
Result<IoCommand> parseIoCommand(const std::string& line);

/// What each command takes, a line each.
std::string ioCommandHelp();

} // namespace cowscope::cli
