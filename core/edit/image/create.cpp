// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/create.h"

#include "core/base/big_endian.h"
#include "core/edit/guest/preallocate.h"
#include "core/edit/image/image_editor.h"
#include "core/format/field_catalog.h"
#include "core/format/header_extensions.h"
#include "core/format/limits.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kFeatureTableRoom = 4096; ///< (Q) with less room in the first cluster the table is left out
constexpr std::uint64_t kFirstClusters = 3; ///< header, reftable, first refblock

// What cannot be ----------------------------------------------------------------------------------------------------

bool isClusterSize(std::uint64_t bytes)
{
    return std::has_single_bit(bytes) && bytes >= std::uint64_t{1} << kMinClusterBits
        && bytes <= std::uint64_t{1} << kMaxClusterBits;
}

bool isWidth(std::uint64_t bits)
{
    return std::has_single_bit(bits) && bits <= std::uint64_t{1} << kMaxRefcountOrder;
}

Header headerOf(const CreateOptions& options)
{
    Header header;
    header.version = options.version;
    header.clusterBits = static_cast<std::uint32_t>(std::countr_zero(options.clusterSize));
    header.refcountOrder = static_cast<std::uint32_t>(std::countr_zero(options.refcountBits));
    header.headerLength = options.version == 2 ? static_cast<std::uint32_t>(kHeaderBytesV2) : kNewHeaderBytes;
    header.refcountTableOffset = HostOffset(options.clusterSize);
    header.refcountTableClusters = 1;
    header.compressionType = options.compression;
    if (options.version >= 3)
        header.unknownTail.resize(kNewHeaderBytes - header_field::kCompressionType - 1);
    if (options.compression != CompressionType::Zlib)
        header.incompatibleFeatures |= kIncompatibleCompression;
    if (options.extendedL2)
        header.incompatibleFeatures |= kIncompatibleExtendedL2;
    if (!options.dataFile.empty())
        header.incompatibleFeatures |= kIncompatibleDataFile;
    if (options.dataFileRaw)
        header.autoclearFeatures |= kAutoclearRawDataFile;
    if (options.lazyRefcounts)
        header.compatibleFeatures |= kCompatibleLazyRefcounts;
    return header;
}

std::vector<std::byte> bytesOf(std::string_view text)
{
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> featureNameTable()
{
    std::vector<std::byte> table;
    constexpr std::size_t kEntryBytes = 48; // type, bit, name
    for (const FeatureBit& feature : knownFeatureBits()) {
        auto name = bytesOf(feature.name);
        name.resize(kEntryBytes - 2);
        table.push_back(static_cast<std::byte>(feature.type));
        table.push_back(static_cast<std::byte>(feature.bit));
        table.insert(table.end(), name.begin(), name.end());
    }
    return table;
}

/// The header of an image without a disk, with its extensions and the backing file name: all that the first cluster
/// holds, in the order in which QEMU writes it.
std::vector<std::byte> firstCluster(const CreateOptions& options)
{
    std::vector<RawExtension> extensions;
    if (!options.backingFile.empty() && !options.backingFormat.empty())
        extensions.push_back({kExtensionBackingFormat, {}, bytesOf(options.backingFormat)});
    if (!options.dataFile.empty())
        extensions.push_back({kExtensionDataFile, {}, bytesOf(options.dataFile)});
    Header header = headerOf(options);
    const std::uint64_t taken = header.headerLength + encodeExtensions(extensions).size() - 8; // without the end marker
    if (options.version >= 3 && taken + kFeatureTableRoom <= options.clusterSize)
        extensions.push_back({kExtensionFeatureNames, {}, featureNameTable()});
    const auto extensionBytes = encodeExtensions(extensions);
    if (!options.backingFile.empty()) {
        header.backingFileOffset = HostOffset(header.headerLength + extensionBytes.size());
        header.backingFileSize = static_cast<std::uint32_t>(options.backingFile.size());
    }
    auto bytes = encodeHeader(header);
    bytes.insert(bytes.end(), extensionBytes.begin(), extensionBytes.end());
    const auto name = bytesOf(options.backingFile);
    bytes.insert(bytes.end(), name.begin(), name.end());
    return bytes;
}

/// Sentences, collected.
class Reasons
{
public:
    void addIf(bool wrong, std::string sentence)
    {
        if (!wrong)
            return;
        m_text += m_text.empty() ? "" : ". ";
        m_text += sentence;
    }

    Result<void> result() &&
    {
        if (m_text.empty())
            return {};
        return fail(ErrorKind::Refused, std::move(m_text));
    }

private:
    std::string m_text;
};

void checkVersion(Reasons& reasons, const CreateOptions& options)
{
    reasons.addIf(options.version != 2 && options.version != 3,
        fmt::format("Version {} of the format is not known; there are 2 and 3", options.version));
    if (options.version != 2)
        return;
    const auto needs = [&](bool wanted, std::string_view what) {
        reasons.addIf(wanted, fmt::format("{} need compat=1.1 (version 3 of the format)", what));
    };
    needs(isWidth(options.refcountBits) && options.refcountBits != 1U << kVersion2RefcountOrder,
        fmt::format("Refcount widths other than 16 bits, such as refcount_bits={},", options.refcountBits));
    needs(options.lazyRefcounts, "Lazy refcounts");
    needs(options.extendedL2, "Extended L2 entries");
    needs(options.compression != CompressionType::Zlib, "Compression types other than zlib");
    needs(!options.dataFile.empty(), "External data files");
}

void checkSizes(Reasons& reasons, const CreateOptions& options)
{
    const bool clusterSizeIsLegal = isClusterSize(options.clusterSize);
    reasons.addIf(!clusterSizeIsLegal,
        fmt::format("The cluster size must be a power of two between 512 and 2048k, not {}", options.clusterSize));
    reasons.addIf(!isWidth(options.refcountBits),
        fmt::format("The refcount width must be a power of two and may not exceed 64 bits: refcount_bits={} is none of "
                    "1, 2, 4, 8, 16, 32 and 64",
            options.refcountBits));
    if (!clusterSizeIsLegal)
        return;
    const std::uint64_t least = std::uint64_t{1} << kMinExtendedL2ClusterBits;
    reasons.addIf(options.extendedL2 && options.clusterSize < least,
        fmt::format("Extended L2 entries need a cluster size of at least {} bytes", least));
    // 2^22 entries of an L1 table, times at most 2^18 entries of an L2 table, times 2^21 bytes: 61 bits.
    const Geometry geometry(headerOf(options));
    const std::uint64_t largest = kMaxL1Bytes / 8 * geometry.l2Coverage();
    reasons.addIf(options.size > largest,
        fmt::format("A disk of {} bytes is too large for clusters of {} bytes{}, which reach to {}: its L1 table would "
                    "pass {} MiB. Use larger clusters",
            options.size, options.clusterSize, options.extendedL2 ? " with extended L2 entries" : "", largest,
            kMaxL1Bytes >> 20));
}

void checkNames(Reasons& reasons, const CreateOptions& options)
{
    const bool backing = !options.backingFile.empty();
    reasons.addIf(
        backing && options.backingFormat.empty(), "A backing file needs its format: give backing_fmt (raw or qcow2)");
    reasons.addIf(!backing && !options.backingFormat.empty(), "A backing format needs a backing file");
    reasons.addIf(options.backingFile.size() > kMaxBackingNameBytes,
        fmt::format("The name of the backing file has {} bytes; {} is the limit", options.backingFile.size(),
            kMaxBackingNameBytes));
    reasons.addIf(options.backingFormat.size() > kMaxBackingFormatBytes,
        fmt::format("The backing format '{}' is too long; {} bytes is the limit", options.backingFormat,
            kMaxBackingFormatBytes));
    reasons.addIf(options.dataFileRaw && options.dataFile.empty(), "data_file_raw needs data_file");
    reasons.addIf(options.dataFileRaw && backing,
        "A backing file and data_file_raw exclude each other: a raw data file holds all of the disk");
    reasons.addIf(backing && options.preallocation != Preallocation::Off && !options.extendedL2,
        "A backing file and preallocation go together only with extended_l2: else the new clusters would hide it");
    if (!isClusterSize(options.clusterSize))
        return;
    const std::uint64_t taken = firstCluster(options).size();
    reasons.addIf(taken > options.clusterSize,
        fmt::format("The names of backing file and data file do not fit the first cluster: {} bytes of {}", taken,
            options.clusterSize));
}

// Making it ---------------------------------------------------------------------------------------------------------

/// An image without a disk: header, reftable, one refblock.
Result<void> writeEmptyImage(const CreateOptions& options, Storage& storage)
{
    const Header header = headerOf(options);
    std::vector<std::byte> reftable(options.clusterSize);
    storeBigEndian(std::span(reftable), 0, 2 * options.clusterSize);
    std::vector<std::byte> refblock(options.clusterSize);
    for (std::uint64_t cluster = 0; cluster < kFirstClusters; ++cluster)
        RefcountCodec(header.refcountOrder).set(refblock, cluster, 1);
    auto first = firstCluster(options);
    first.resize(options.clusterSize);
    if (auto written = storage.write(options.clusterSize, reftable); !written)
        return written;
    if (auto written = storage.write(2 * options.clusterSize, refblock); !written)
        return written;
    return storage.write(0, first);
}

/// Gives an image without a disk one of `size` bytes. Not resizeDisk(): the backing file shall show through.
Result<void> setFirstSize(ImageEditor& editor, std::uint64_t size, const TaskContext& task)
{
    if (size == 0)
        return {};
    if (auto l1 = editor.replaceL1(std::vector<std::uint64_t>(editor.geometry().l1EntriesFor(size))); !l1)
        return l1;
    Header header = editor.header();
    header.size = size;
    editor.setHeader(header);
    return editor.commit(task);
}

} // namespace

Result<void> checkCreateOptions(const CreateOptions& options)
{
    Reasons reasons;
    checkSizes(reasons, options);
    checkVersion(reasons, options);
    checkNames(reasons, options);
    return std::move(reasons).result();
}

Result<void> createImage(const CreateOptions& options, std::shared_ptr<Storage> storage,
    std::shared_ptr<Storage> dataFile, const TaskContext& task)
{
    if (auto possible = checkCreateOptions(options); !possible)
        return possible;
    const std::uint64_t size = alignUp(options.size, kSectorBytes);
    if (auto written = writeEmptyImage(options, *storage); !written)
        return written;
    if (dataFile) {
        if (auto sized = dataFile->truncate(size); !sized)
            return sized;
    }
    auto editor = ImageEditor::open(std::move(storage), GuestFiles{nullptr, std::move(dataFile)}, task);
    if (!editor)
        return failed(editor);
    if (auto sized = setFirstSize(**editor, size, task); !sized)
        return sized;
    // A raw data file is read without the tables, but who reads it with them must find all of it.
    Preallocation preallocation = options.preallocation;
    if (options.dataFileRaw && preallocation == Preallocation::Off)
        preallocation = Preallocation::Metadata;
    if (auto reserved = preallocateDisk(**editor, 0, size, preallocation, task); !reserved)
        return reserved;
    return (*editor)->storage().flush();
}

} // namespace cowscope
