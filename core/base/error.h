// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cowscope
{

/// What sort of failure it is. Front ends switch on it (exit codes, icons); people read Error::text().
enum class ErrorKind {
    Io, ///< the operating system refused a read, write, flush or truncate
    NotFound, ///< no file at that path
    NotQcow2, ///< the file does not begin with the qcow2 magic
    Truncated, ///< the file ends inside a structure it needs
    Invalid, ///< a value that the specification forbids
    Unsupported, ///< a feature or a kind of file that this program does not know
    TooLarge, ///< a claim past the limits of format/limits.h
    InUse, ///< another program holds the image
    NoSpace, ///< the disk is full
    Refused, ///< the edit would break the image or cannot be expressed in it; nothing was written
    Cancelled, ///< the user asked to stop; never shown as a failure
};

/// An error as a value: what went wrong, where, and what the user can do next.
struct Error {
    ErrorKind kind = ErrorKind::Io;
    std::string what; ///< a sentence without its full stop
    std::optional<std::uint64_t> offset; ///< host offset in bytes that the sentence speaks of
    std::string next = {}; ///< advice, a full sentence; empty when there is none
    std::string path = {}; ///< the file, empty until a layer that knows it adds it

    /// The same error, naming the file unless a deeper layer already did.
    Error in(std::string file) &&;

    /// "PATH: WHAT (at offset 0x...). NEXT"
    std::string text() const;
};

} // namespace cowscope
