// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/field_catalog.h"

#include "core/base/checked_math.h"

namespace cowscope
{

namespace
{

using enum FieldUnit;
namespace at = header_field;

constexpr std::array kHeader{
    Field{"magic", at::kMagic, 4, Magic, "Says that the file is a qcow2 image: the letters QFI and the byte 0xfb.",
        "0x514649fb", "Header"},
    Field{"version", at::kVersion, 4, Plain,
        "Version of the format. Version 3 (compat 1.1) added feature bits, zero clusters and refcount widths.",
        "2 or 3", "Header"},
    Field{"backing_file_offset", at::kBackingFileOffset, 8, Offset,
        "Where the name of the backing file stands. Clusters that this image does not hold are read from that file.",
        "0 (no backing file), or within the first cluster", "Header"},
    Field{"backing_file_size", at::kBackingFileSize, 4, Bytes,
        "Length of the backing file's name. Without a backing file the value means nothing.", "0 to 1023", "Header"},
    Field{"cluster_bits", at::kClusterBits, 4, Log2Bytes,
        "Binary logarithm of the cluster size, the unit of every allocation and of every table.",
        "9 to 21 (512 bytes to 2 MiB); at least 14 with extended L2 entries", "Header"},
    Field{"size", at::kSize, 8, Bytes, "Size of the virtual disk, as the guest sees it.",
        "any that the L1 table can map", "Header"},
    Field{"crypt_method", at::kCryptMethod, 4, Plain, "How guest data is encrypted. Metadata never is.",
        "0 none, 1 AES, 2 LUKS", "Header"},
    Field{"l1_size", at::kL1Size, 4, Entries, "Number of entries in the active L1 table.",
        "enough to map the size; 8 bytes each, 32 MiB at most", "Header"},
    Field{"l1_table_offset", at::kL1TableOffset, 8, Offset,
        "Where the active L1 table begins: the root of the guest's current mapping.", "a multiple of the cluster size",
        "Header"},
    Field{"refcount_table_offset", at::kRefcountTableOffset, 8, Offset,
        "Where the refcount table begins: the root of all reference counts.", "a multiple of the cluster size",
        "Header"},
    Field{"refcount_table_clusters", at::kRefcountTableClusters, 4, Clusters,
        "Length of the refcount table. Each of its entries leads to one refblock.", "at least 1; 8 MiB at most",
        "Header"},
    Field{"nb_snapshots", at::kNbSnapshots, 4, Entries, "Number of internal snapshots in the image.", "0 to 65536",
        "Header"},
    Field{"snapshots_offset", at::kSnapshotsOffset, 8, Offset,
        "Where the snapshot table begins. Without snapshots the value means nothing.", "a multiple of the cluster size",
        "Header"},
    Field{"incompatible_features", at::kIncompatibleFeatures, 8, Flags,
        "Features that a reader must know to open the image: dirty, corrupt, external data file, compression type, "
        "extended L2 entries.",
        "no unknown bit", "Header"},
    Field{"compatible_features", at::kCompatibleFeatures, 8, Flags,
        "Features that a reader may ignore: lazy refcounts.", "any", "Header"},
    Field{"autoclear_features", at::kAutoclearFeatures, 8, Flags,
        "Features that a writer which does not know them must clear first: consistent bitmaps, raw external data.",
        "any", "Header"},
    Field{"refcount_order", at::kRefcountOrder, 4, Log2Bits,
        "Binary logarithm of the refcount width: every cluster's reference count takes 1 << refcount_order bits.",
        "0 to 6 (1 to 64 bits); version 2 images always have 4 (16 bits)", "Header"},
    Field{"header_length", at::kHeaderLength, 4, Bytes,
        "Length of this header. Header extensions begin right behind it.",
        "72 in version 2; at least 104, a multiple of 8", "Header"},
    Field{"compression_type", at::kCompressionType, 1, Plain,
        "Method of all compressed clusters. Anything but deflate needs the compression type bit.",
        "0 deflate (zlib), 1 zstd", "Additional fields"},
};

constexpr std::array kHeaderExtension{
    Field{"type", 0, 4, Magic, "What the extension holds. A reader skips types that it does not know.",
        "any; 0 ends the area", "Header extensions"},
    Field{"length", 4, 4, Bytes, "Length of the data that follows, without the padding to a multiple of 8.",
        "up to the end of the first cluster", "Header extensions"},
};

constexpr std::array kFeatureName{
    Field{"type", 0, 1, Plain, "Which feature field the name belongs to.", "0 incompatible, 1 compatible, 2 autoclear",
        "Feature name table"},
    Field{"bit", 1, 1, Plain, "Number of the bit that is named.", "0 to 63", "Feature name table"},
    Field{"name", 2, 46, Plain, "The name, padded with zero bytes.", "text", "Feature name table"},
};

constexpr std::array kBitmapsExtension{
    Field{"nb_bitmaps", 0, 4, Entries, "Number of bitmaps in the directory.", "1 to 65535", "Bitmaps extension"},
    Field{"reserved", 4, 4, Plain, "Reserved.", "0", "Bitmaps extension"},
    Field{"bitmap_directory_size", 8, 8, Bytes, "Length of all directory entries together.",
        "the sum of the entries; 64 MiB at most", "Bitmaps extension"},
    Field{"bitmap_directory_offset", 16, 8, Offset, "Where the bitmap directory begins.",
        "a multiple of the cluster size", "Bitmaps extension"},
};

constexpr std::array kCryptoExtension{
    Field{"offset", 0, 8, Offset, "Where the LUKS header and its key slots begin.", "a multiple of the cluster size",
        "Full disk encryption header pointer"},
    Field{"length", 8, 8, Bytes, "Length of the LUKS header with its key slots.", "within the file",
        "Full disk encryption header pointer"},
};

constexpr std::array kReftableEntry{
    Field{"refcount_block_offset", 0, 8, Offset,
        "Where the refblock begins. 0: the clusters that it would count all have count 0.",
        "0, or a multiple of the cluster size", "Host cluster management", 9, 55},
    Field{"reserved", 0, 8, Flags, "Reserved.", "0", "Host cluster management", 0, 9},
};

constexpr std::array kL1Entry{
    Field{"copied", 0, 8, Flags, "Set exactly when the count of the L2 table is 1, so that it may be written in place.",
        "0 or 1", "L1 table entry", 63, 1},
    Field{"reserved", 0, 8, Flags, "Reserved.", "0", "L1 table entry", 56, 7},
    Field{"l2_offset", 0, 8, Offset, "Where the L2 table begins. 0: nothing that it would map is allocated.",
        "0, or a multiple of the cluster size", "L1 table entry", 9, 47},
    Field{"reserved", 0, 8, Flags, "Reserved.", "0", "L1 table entry", 0, 9},
};

constexpr std::array kL2Entry{
    Field{"copied", 0, 8, Flags,
        "Set exactly when the count of the cluster is 1, so that it may be written in place. Never on compressed ones.",
        "0 or 1", "L2 table entry", 63, 1},
    Field{"compressed", 0, 8, Flags, "0: this is a standard descriptor.", "0", "L2 table entry", 62, 1},
    Field{"reserved", 0, 8, Flags, "Reserved.", "0", "L2 table entry", 56, 6},
    Field{"host_offset", 0, 8, Offset,
        "Where the guest's data is. 0: unallocated (with an external data file, offset 0 is allocated if copied is "
        "set).",
        "0, or a multiple of the cluster size", "Standard Cluster Descriptor", 9, 47},
    Field{"reserved", 0, 8, Flags, "Reserved.", "0", "Standard Cluster Descriptor", 1, 8},
    Field{"zero", 0, 8, Flags, "The cluster reads as zeros, whatever stands at its host offset. Not in version 2.",
        "0 or 1; 0 with extended L2 entries", "Standard Cluster Descriptor", 0, 1},
};

constexpr std::array kCompressedL2Entry{
    Field{
        "copied", 0, 8, Flags, "Never set: compressed clusters are always written anew.", "0", "L2 table entry", 63, 1},
    Field{"compressed", 0, 8, Flags, "1: this is a compressed descriptor.", "1", "L2 table entry", 62, 1},
    Field{"sectors_and_offset", 0, 8, Offset,
        "The low 62 - (cluster_bits - 8) bits are the byte offset of the data, the bits above it the number of further "
        "512-byte sectors that it touches.",
        "within the file", "Compressed Clusters Descriptor", 0, 62},
};

constexpr std::array kSubclusterBitmap{
    Field{"zero_bits", 0, 8, Flags, "Bit n: subcluster n reads as zeros.", "never both bits of a subcluster",
        "Extended L2 Entries", 32, 32},
    Field{"allocation_bits", 0, 8, Flags, "Bit n: subcluster n is held by this image.",
        "never both bits of a subcluster", "Extended L2 Entries", 0, 32},
};

constexpr std::array kSnapshotEntry{
    Field{"l1_table_offset", 0, 8, Offset, "Where the snapshot's own L1 table begins.",
        "a multiple of the cluster size", "Snapshots"},
    Field{"l1_size", 8, 4, Entries, "Number of entries in the snapshot's L1 table.", "32 MiB of entries at most",
        "Snapshots"},
    Field{"id_str_size", 12, 2, Bytes, "Length of the snapshot's id.", "any", "Snapshots"},
    Field{"name_size", 14, 2, Bytes, "Length of the snapshot's name.", "any", "Snapshots"},
    Field{"date_sec", 16, 4, Seconds, "When the snapshot was taken, since 1970.", "any", "Snapshots"},
    Field{"date_nsec", 20, 4, Nanoseconds, "When the snapshot was taken: the part below a second.",
        "below 1,000,000,000", "Snapshots"},
    Field{"vm_clock_nsec", 24, 8, Nanoseconds, "How long the guest had been running.", "any", "Snapshots"},
    Field{"vm_state_size", 32, 4, Bytes, "Size of the saved machine state, its low 32 bits.", "any", "Snapshots"},
    Field{"extra_data_size", 36, 4, Bytes, "Length of the extra data that follows.",
        "at least 16 in version 3; 1024 at most", "Snapshots"},
};

constexpr std::array kSnapshotExtra{
    Field{"vm_state_size_large", 0, 8, Bytes,
        "Size of the saved machine state. Takes precedence over the 32-bit field.", "any", "Snapshots"},
    Field{"disk_size", 8, 8, Bytes, "Size of the virtual disk when the snapshot was taken.", "any", "Snapshots"},
    Field{"icount", 16, 8, Plain, "Instruction count of a recorded guest, or -1.", "any", "Snapshots"},
};

constexpr std::array kBitmapDirectoryEntry{
    Field{"bitmap_table_offset", 0, 8, Offset, "Where the bitmap's table begins.", "a multiple of the cluster size",
        "Bitmap directory"},
    Field{"bitmap_table_size", 8, 4, Entries, "Number of entries in the bitmap's table.", "at least 1",
        "Bitmap directory"},
    Field{"flags", 12, 4, Flags, "Bit 0 in_use: the bitmap was not saved properly. Bit 1 auto: it records new writes.",
        "bits 0 to 2", "Bitmap directory"},
    Field{"type", 16, 1, Plain, "Kind of bitmap.", "1 (dirty tracking)", "Bitmap directory"},
    Field{"granularity_bits", 17, 1, Log2Bytes, "How many bytes of the disk one bit stands for, as a logarithm.",
        "9 to 31", "Bitmap directory"},
    Field{"name_size", 18, 2, Bytes, "Length of the bitmap's name.", "1 to 1023", "Bitmap directory"},
    Field{"extra_data_size", 20, 4, Bytes, "Length of extra data before the name.", "0 for type 1", "Bitmap directory"},
};

constexpr std::array kBitmapTableEntry{
    Field{"reserved", 0, 8, Flags, "Reserved.", "0", "Bitmap table", 56, 8},
    Field{"offset", 0, 8, Offset,
        "Where a cluster of the bitmap's bits is. 0: all its bits have the value of all_ones.",
        "0, or a multiple of the cluster size", "Bitmap table", 9, 47},
    Field{"reserved", 0, 8, Flags, "Reserved.", "0", "Bitmap table", 1, 8},
    Field{"all_ones", 0, 8, Flags, "Without an offset: 1 means that all bits are set. With one: reserved.", "0 or 1",
        "Bitmap table", 0, 1},
};

constexpr std::array kFeatureBits{
    FeatureBit{0, 0, "dirty bit", "Refcounts may be stale: the image was not closed cleanly while they were lazy."},
    FeatureBit{
        0, 1, "corrupt bit", "A writer found damaged structures. Nobody may write to the image but to repair it."},
    FeatureBit{0, 2, "external data file", "Guest data is in another file; this one holds metadata only."},
    FeatureBit{0, 3, "compression type", "Compressed clusters use another method than deflate."},
    FeatureBit{0, 4, "extended L2 entries", "L2 entries have 16 bytes and map 32 subclusters each."},
    FeatureBit{1, 0, "lazy refcounts", "Refcounts may be written late, with the dirty bit set meanwhile."},
    FeatureBit{2, 0, "bitmaps", "The bitmaps extension is consistent with the disk's contents."},
    FeatureBit{2, 1, "raw external data", "The external data file can be read as a raw image by itself."},
};

} // namespace

std::span<const Field> fieldsOf(Structure structure)
{
    switch (structure) {
    case Structure::Header:
        return kHeader;
    case Structure::HeaderExtension:
        return kHeaderExtension;
    case Structure::FeatureName:
        return kFeatureName;
    case Structure::BitmapsExtension:
        return kBitmapsExtension;
    case Structure::CryptoExtension:
        return kCryptoExtension;
    case Structure::ReftableEntry:
        return kReftableEntry;
    case Structure::L1Entry:
        return kL1Entry;
    case Structure::L2Entry:
        return kL2Entry;
    case Structure::CompressedL2Entry:
        return kCompressedL2Entry;
    case Structure::SubclusterBitmap:
        return kSubclusterBitmap;
    case Structure::SnapshotEntry:
        return kSnapshotEntry;
    case Structure::SnapshotExtra:
        return kSnapshotExtra;
    case Structure::BitmapDirectoryEntry:
        return kBitmapDirectoryEntry;
    case Structure::BitmapTableEntry:
        return kBitmapTableEntry;
    }
    return {};
}

std::string_view structureName(Structure structure)
{
    switch (structure) {
    case Structure::Header:
        return "Header";
    case Structure::HeaderExtension:
        return "Header extension";
    case Structure::FeatureName:
        return "Feature name";
    case Structure::BitmapsExtension:
        return "Bitmaps extension";
    case Structure::CryptoExtension:
        return "Encryption header pointer";
    case Structure::ReftableEntry:
        return "Reftable entry";
    case Structure::L1Entry:
        return "L1 entry";
    case Structure::L2Entry:
        return "L2 entry";
    case Structure::CompressedL2Entry:
        return "L2 entry, compressed";
    case Structure::SubclusterBitmap:
        return "Subcluster bitmap";
    case Structure::SnapshotEntry:
        return "Snapshot";
    case Structure::SnapshotExtra:
        return "Snapshot extra data";
    case Structure::BitmapDirectoryEntry:
        return "Bitmap";
    case Structure::BitmapTableEntry:
        return "Bitmap table entry";
    }
    return "";
}

FieldValue readField(const Field& field, std::span<const std::byte> structure)
{
    if (field.bytes > 8 || std::size_t{field.offset} + field.bytes > structure.size())
        return {};
    std::uint64_t number = 0;
    for (const std::byte byte : structure.subspan(field.offset, field.bytes))
        number = number << 8 | std::to_integer<std::uint64_t>(byte);
    if (field.bits != 0) {
        number &= bitRange(field.firstBit, field.bits);
        // An offset keeps its place in the entry: the bits below it are zero by alignment.
        if (field.unit != Offset)
            number >>= field.firstBit;
    }
    return {number, true};
}

std::span<const FeatureBit> knownFeatureBits()
{
    return kFeatureBits;
}

} // namespace cowscope
