// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cowscope
{

/// The on-disk structures whose fields the catalogue names.
enum class Structure {
    Header, ///< "Header" and "Additional fields": 72, 104 or more bytes
    HeaderExtension, ///< "Header extensions": 8 bytes before the data of each
    FeatureName, ///< "Feature name table": 48 bytes an entry
    BitmapsExtension, ///< "Bitmaps extension": 24 bytes
    CryptoExtension, ///< "Full disk encryption header pointer": 16 bytes
    ReftableEntry, ///< "Host cluster management": 8 bytes
    L1Entry, ///< "L1 table entry": 8 bytes
    L2Entry, ///< "L2 table entry" with a standard descriptor: 8 bytes
    CompressedL2Entry, ///< "L2 table entry" with a compressed descriptor: 8 bytes
    SubclusterBitmap, ///< "Extended L2 Entries": the second 8 of 16 bytes
    SnapshotEntry, ///< "Snapshots": 40 bytes before extra data, id and name
    SnapshotExtra, ///< "Snapshots": known extra data, 24 bytes
    BitmapDirectoryEntry, ///< "Bitmap directory": 24 bytes before extra data and name
    BitmapTableEntry, ///< "Bitmap table": 8 bytes
};

/// What a field's number counts, and so how it is printed.
enum class FieldUnit {
    Plain, ///< a decimal number
    Offset, ///< bytes from the start of the file, in hex
    Bytes, ///< a size in bytes
    Clusters,
    Entries,
    Log2Bytes, ///< a binary logarithm of bytes
    Log2Bits, ///< a binary logarithm of bits
    Flags, ///< a set of bits, in hex
    Magic, ///< an identifier, in hex
    Seconds,
    Nanoseconds,
};

/// One field of one structure: the only place in the program where it is described. Header page, tooltips, `info
/// --fields`, decoder and tests read it here.
struct Field {
    std::string_view name; ///< the specification's name
    std::uint16_t offset; ///< first byte within the structure
    std::uint16_t bytes; ///< how many bytes hold it, at most 8 (46 for the name in FeatureName)
    FieldUnit unit;
    std::string_view meaning; ///< one or two sentences
    std::string_view legal; ///< legal values
    std::string_view section; ///< section of docs/interop/qcow2 that defines it
    std::uint8_t firstBit = 0; ///< within the big-endian number of `bytes` bytes, bit 0 the least significant
    std::uint8_t bits = 0; ///< how many bits of it; 0 means all
};

/// The fields of a structure in the order of their bytes (for entries: from the highest bit down).
std::span<const Field> fieldsOf(Structure structure);

/// "Header", "L1 entry", ...
std::string_view structureName(Structure structure);

/// The field's number; nothing where `structure` is too short to hold it or where the field is text.
struct FieldValue {
    std::uint64_t number = 0;
    bool present = false;
};
FieldValue readField(const Field& field, std::span<const std::byte> structure);

/// One bit of a feature field.
struct FeatureBit {
    std::uint8_t type; ///< 0 incompatible, 1 compatible, 2 autoclear, as in the feature name table
    std::uint8_t bit;
    std::string_view name; ///< as QEMU writes it into the feature name table
    std::string_view meaning;
};

/// All feature bits that the specification defines.
std::span<const FeatureBit> knownFeatureBits();

namespace header_field
{
inline constexpr std::size_t kMagic = 0;
inline constexpr std::size_t kVersion = 4;
inline constexpr std::size_t kBackingFileOffset = 8;
inline constexpr std::size_t kBackingFileSize = 16;
inline constexpr std::size_t kClusterBits = 20;
inline constexpr std::size_t kSize = 24;
inline constexpr std::size_t kCryptMethod = 32;
inline constexpr std::size_t kL1Size = 36;
inline constexpr std::size_t kL1TableOffset = 40;
inline constexpr std::size_t kRefcountTableOffset = 48;
inline constexpr std::size_t kRefcountTableClusters = 56;
inline constexpr std::size_t kNbSnapshots = 60;
inline constexpr std::size_t kSnapshotsOffset = 64;
inline constexpr std::size_t kIncompatibleFeatures = 72;
inline constexpr std::size_t kCompatibleFeatures = 80;
inline constexpr std::size_t kAutoclearFeatures = 88;
inline constexpr std::size_t kRefcountOrder = 96;
inline constexpr std::size_t kHeaderLength = 100;
inline constexpr std::size_t kCompressionType = 104;
} // namespace header_field

} // namespace cowscope
