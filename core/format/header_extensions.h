// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/base/strong_index.h"
#include "core/format/header.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cowscope
{

// Specification, "Header extensions".
inline constexpr std::uint32_t kExtensionEnd = 0;
inline constexpr std::uint32_t kExtensionBackingFormat = 0xe2792aca;
inline constexpr std::uint32_t kExtensionFeatureNames = 0x6803f857;
inline constexpr std::uint32_t kExtensionBitmaps = 0x23852875;
inline constexpr std::uint32_t kExtensionCrypto = 0x0537be77;
inline constexpr std::uint32_t kExtensionDataFile = 0x44415441;

/// One extension as it stands in the file, known or not: nothing is lost on the way through.
struct RawExtension {
    std::uint32_t type = 0;
    HostOffset offset; ///< of its 8-byte head; the data follows
    std::vector<std::byte> data; ///< without padding
};

/// "Feature name table", one entry.
struct FeatureName {
    std::uint8_t type = 0; ///< 0 incompatible, 1 compatible, 2 autoclear
    std::uint8_t bit = 0;
    std::string name;
};

/// "Bitmaps extension".
struct BitmapsExtension {
    std::uint32_t bitmapCount = 0;
    std::uint64_t directorySize = 0; ///< bytes
    HostOffset directoryOffset;
};

/// "Full disk encryption header pointer".
struct CryptoExtension {
    HostOffset offset;
    std::uint64_t length = 0; ///< bytes
};

/// All extensions of an image: decoded where known, raw in any case and in their order.
struct HeaderExtensions {
    std::vector<RawExtension> raw;
    std::optional<std::string> backingFormat;
    std::optional<std::string> dataFile;
    std::vector<FeatureName> featureNames;
    std::optional<BitmapsExtension> bitmaps;
    std::optional<CryptoExtension> crypto;
};

/// Decodes the extension area of `firstCluster` (from header.headerLength on). Errors: Invalid, TooLarge.
Result<HeaderExtensions> decodeExtensions(const Header& header, std::span<const std::byte> firstCluster);

/// The extension area on disk: each extension padded to 8 bytes, then the end marker.
std::vector<std::byte> encodeExtensions(std::span<const RawExtension> extensions);

/// "Backing file format", ...; "Unknown extension" where the type is not known.
std::string_view extensionName(std::uint32_t type);

/// The name of a feature bit: the image's own table first, then the specification's, else "unknown bit N".
std::string featureName(const HeaderExtensions& extensions, unsigned type, unsigned bit);

/// An Unsupported error that names every unknown incompatible bit that is set, if any is.
Result<void> refuseUnknownFeatures(const Header& header, const HeaderExtensions& extensions);

} // namespace cowscope
