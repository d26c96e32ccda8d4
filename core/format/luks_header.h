// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/base/strong_index.h"

#include <array>
#include <span>
#include <string>

namespace cowscope
{

inline constexpr std::size_t kLuksHeaderBytes = 592; ///< LUKS1 header up to and with its eight key slots

/// What a LUKS1 header says, as far as it can be shown without a password (LUKS1 on-disk format, "phdr").
struct LuksHeader {
    struct KeySlot {
        bool active = false;
        std::uint32_t iterations = 0;
        std::uint64_t keyOffset = 0; ///< bytes from the start of the LUKS header
        std::uint32_t stripes = 0;
    };

    std::string cipher; ///< "aes-256": algorithm and key bits
    std::string cipherMode; ///< "xts"
    std::string ivGenerator; ///< "plain64", "essiv"
    std::string ivHash; ///< hash of essiv; empty for the others
    std::string hash; ///< "sha256"
    std::uint32_t masterKeyIterations = 0;
    std::uint64_t payloadOffset = 0; ///< bytes
    std::string uuid;
    std::array<KeySlot, 8> slots;
};

/// Decodes the header at the start of `bytes`, which stands at `at` in the file. Errors: Truncated, Invalid,
/// Unsupported.
Result<LuksHeader> decodeLuksHeader(std::span<const std::byte> bytes, HostOffset at);

} // namespace cowscope
