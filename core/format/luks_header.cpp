// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/luks_header.h"

#include "core/base/big_endian.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::array<unsigned char, 6> kLuksMagic{'L', 'U', 'K', 'S', 0xba, 0xbe};
constexpr std::uint32_t kSlotActive = 0x00ac71f3;
constexpr std::size_t kSlotsAt = 208;
constexpr std::size_t kSlotBytes = 48;

std::string textAt(std::span<const std::byte> bytes, std::size_t at, std::size_t length)
{
    const auto* begin = reinterpret_cast<const char*>(bytes.data()) + at;
    return {begin, std::find(begin, begin + length, '\0')};
}

} // namespace

Result<LuksHeader> decodeLuksHeader(std::span<const std::byte> bytes, HostOffset at)
{
    if (bytes.size() < kLuksHeaderBytes)
        return fail(ErrorKind::Truncated, "The file ends inside the LUKS header", at.value());
    if (std::memcmp(bytes.data(), kLuksMagic.data(), kLuksMagic.size()) != 0)
        return fail(ErrorKind::Invalid, "There is no LUKS header where the encryption header should be", at.value());
    if (const auto version = loadBigEndian<std::uint16_t>(bytes, 6); version != 1)
        return fail(
            ErrorKind::Unsupported, fmt::format("LUKS version {} is not one that qcow2 uses", version), at.value());

    LuksHeader header;
    const auto keyBytes = loadBigEndian<std::uint32_t>(bytes, 108);
    std::string mode = textAt(bytes, 40, 32); // "xts-plain64", "cbc-essiv:sha256"
    if (const auto colon = mode.find(':'); colon != std::string::npos) {
        header.ivHash = mode.substr(colon + 1);
        mode.resize(colon);
    }
    if (const auto dash = mode.find('-'); dash != std::string::npos) {
        header.ivGenerator = mode.substr(dash + 1);
        mode.resize(dash);
    }
    header.cipherMode = mode;
    // XTS splits its key in two, so that 64 bytes of key are AES-256.
    header.cipher = fmt::format("{}-{}", textAt(bytes, 8, 32), std::uint64_t{keyBytes} * (mode == "xts" ? 4 : 8));
    header.hash = textAt(bytes, 72, 32);
    header.payloadOffset = std::uint64_t{loadBigEndian<std::uint32_t>(bytes, 104)} * 512;
    header.masterKeyIterations = loadBigEndian<std::uint32_t>(bytes, 164);
    header.uuid = textAt(bytes, 168, 40);
    for (std::size_t i = 0; i < header.slots.size(); ++i) {
        const auto slot = bytes.subspan(kSlotsAt + i * kSlotBytes, kSlotBytes);
        header.slots[i].active = loadBigEndian<std::uint32_t>(slot, 0) == kSlotActive;
        header.slots[i].iterations = loadBigEndian<std::uint32_t>(slot, 4);
        header.slots[i].keyOffset = std::uint64_t{loadBigEndian<std::uint32_t>(slot, 40)} * 512;
        header.slots[i].stripes = loadBigEndian<std::uint32_t>(slot, 44);
    }
    return header;
}

} // namespace cowscope
