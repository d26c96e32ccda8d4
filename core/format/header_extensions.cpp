// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/header_extensions.h"

#include "core/base/big_endian.h"
#include "core/base/checked_math.h"
#include "core/format/field_catalog.h"
#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::size_t kExtensionHeadBytes = 8;
constexpr std::size_t kFeatureNameBytes = 48;
constexpr std::size_t kMaxFeatureNamesBytes = 4080; // (Q) 85 names
constexpr std::size_t kBitmapsExtensionBytes = 24;
constexpr std::size_t kCryptoExtensionBytes = 16;

std::string text(std::span<const std::byte> bytes)
{
    const auto* begin = reinterpret_cast<const char*>(bytes.data());
    return {begin, begin + bytes.size()};
}

std::vector<FeatureName> decodeFeatureNames(std::span<const std::byte> data)
{
    std::vector<FeatureName> names;
    for (std::size_t at = 0; at + kFeatureNameBytes <= data.size(); at += kFeatureNameBytes) {
        const auto entry = data.subspan(at, kFeatureNameBytes);
        std::string name = text(entry.subspan(2));
        name.resize(std::min(name.size(), name.find('\0')));
        names.push_back(
            {std::to_integer<std::uint8_t>(entry[0]), std::to_integer<std::uint8_t>(entry[1]), std::move(name)});
    }
    return names;
}

Result<void> wrongLength(const RawExtension& extension)
{
    return fail(ErrorKind::Invalid,
        fmt::format("The header extension '{}' has a length of {} bytes, which cannot be",
            extensionName(extension.type), extension.data.size()),
        extension.offset.value());
}

Result<void> decodeKnown(HeaderExtensions& out, const RawExtension& extension)
{
    const std::span<const std::byte> data(extension.data);
    switch (extension.type) {
    case kExtensionBackingFormat:
        if (data.size() > kMaxBackingFormatBytes)
            return wrongLength(extension);
        out.backingFormat = text(data);
        break;
    case kExtensionDataFile:
        out.dataFile = text(data);
        break;
    case kExtensionFeatureNames:
        out.featureNames = decodeFeatureNames(data);
        break;
    case kExtensionBitmaps:
        if (data.size() != kBitmapsExtensionBytes)
            return wrongLength(extension);
        out.bitmaps = BitmapsExtension{loadBigEndian<std::uint32_t>(data, 0), loadBigEndian<std::uint64_t>(data, 8),
            HostOffset(loadBigEndian<std::uint64_t>(data, 16))};
        break;
    case kExtensionCrypto:
        if (data.size() != kCryptoExtensionBytes)
            return wrongLength(extension);
        out.crypto
            = CryptoExtension{HostOffset(loadBigEndian<std::uint64_t>(data, 0)), loadBigEndian<std::uint64_t>(data, 8)};
        break;
    default:
        break;
    }
    return {};
}

} // namespace

Result<HeaderExtensions> decodeExtensions(const Header& header, std::span<const std::byte> firstCluster)
{
    HeaderExtensions out;
    // The backing file name ends the area where there is one.
    std::size_t end = firstCluster.size();
    if (header.backingFileOffset.value() != 0)
        end = std::min<std::uint64_t>(end, header.backingFileOffset.value());
    std::size_t at = header.headerLength;
    while (at + kExtensionHeadBytes <= end) {
        RawExtension extension;
        extension.type = loadBigEndian<std::uint32_t>(firstCluster, at);
        extension.offset = HostOffset(at);
        const std::size_t length = loadBigEndian<std::uint32_t>(firstCluster, at + 4);
        if (extension.type == kExtensionEnd)
            break;
        at += kExtensionHeadBytes;
        if (length > end - at)
            return fail(ErrorKind::Invalid,
                fmt::format("The header extension '{}' claims {} bytes; there is room for {}",
                    extensionName(extension.type), length, end - at),
                extension.offset.value());
        if (extension.type == kExtensionFeatureNames && length > kMaxFeatureNamesBytes)
            return fail(ErrorKind::TooLarge,
                fmt::format("The feature name table claims {} bytes; {} is the limit", length, kMaxFeatureNamesBytes),
                extension.offset.value());
        const auto data = firstCluster.subspan(at, length);
        extension.data.assign(data.begin(), data.end());
        if (auto known = decodeKnown(out, extension); !known)
            return failed(known);
        out.raw.push_back(std::move(extension));
        at += alignUp(length, 8);
    }
    return out;
}

std::vector<std::byte> encodeExtensions(std::span<const RawExtension> extensions)
{
    std::vector<std::byte> out;
    for (const RawExtension& extension : extensions) {
        const std::size_t start = out.size();
        out.resize(start + kExtensionHeadBytes + alignUp(extension.data.size(), 8), std::byte{0});
        storeBigEndian(std::span(out), start, extension.type);
        storeBigEndian(std::span(out), start + 4, static_cast<std::uint32_t>(extension.data.size()));
        std::copy(extension.data.begin(), extension.data.end(),
            out.begin() + static_cast<std::ptrdiff_t>(start + kExtensionHeadBytes));
    }
    out.resize(out.size() + kExtensionHeadBytes, std::byte{0});
    return out;
}

std::string_view extensionName(std::uint32_t type)
{
    switch (type) {
    case kExtensionEnd:
        return "End of extensions";
    case kExtensionBackingFormat:
        return "Backing file format";
    case kExtensionFeatureNames:
        return "Feature name table";
    case kExtensionBitmaps:
        return "Bitmaps extension";
    case kExtensionCrypto:
        return "Full disk encryption header pointer";
    case kExtensionDataFile:
        return "External data file name";
    default:
        return "Unknown extension";
    }
}

std::string featureName(const HeaderExtensions& extensions, unsigned type, unsigned bit)
{
    for (const FeatureName& name : extensions.featureNames) {
        if (name.type == type && name.bit == bit)
            return name.name;
    }
    for (const FeatureBit& known : knownFeatureBits()) {
        if (known.type == type && known.bit == bit)
            return std::string(known.name);
    }
    return fmt::format("unknown bit {}", bit);
}

Result<void> refuseUnknownFeatures(const Header& header, const HeaderExtensions& extensions)
{
    const std::uint64_t unknown = header.incompatibleFeatures & ~kIncompatibleKnown;
    if (unknown == 0)
        return {};
    std::string names;
    for (unsigned bit = 0; bit < 64; ++bit) {
        if ((unknown >> bit & 1) != 0)
            names += fmt::format("{}{}", names.empty() ? "" : ", ", featureName(extensions, 0, bit));
    }
    return fail(ErrorKind::Unsupported,
        fmt::format("The image uses features that this version does not know: {}", names),
        header_field::kIncompatibleFeatures, "Open it with a newer version of Cowscope or of QEMU");
}

} // namespace cowscope
