// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/header.h"

#include "core/base/big_endian.h"
#include "core/base/checked_math.h"
#include "core/format/field_catalog.h"
#include "core/format/limits.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

namespace at = header_field;

std::unexpected<Error> invalid(std::string what, std::size_t where)
{
    return fail(ErrorKind::Invalid, std::move(what), where);
}

std::unexpected<Error> tooLarge(std::string what, std::size_t where)
{
    return fail(ErrorKind::TooLarge, std::move(what), where);
}

Result<void> checkIdentity(std::span<const std::byte> bytes)
{
    if (bytes.size() < 8 || loadBigEndian<std::uint32_t>(bytes, at::kMagic) != kMagic)
        return fail(ErrorKind::NotQcow2, "This is not a qcow2 image: it does not begin with the letters QFI and 0xfb",
            at::kMagic, "Choose another file, or open a raw image with a hex editor");
    const auto version = loadBigEndian<std::uint32_t>(bytes, at::kVersion);
    if (version == 1)
        return fail(ErrorKind::Unsupported, "This is a version 1 image (the old qcow format)", at::kVersion,
            "Convert it with: qemu-img convert -f qcow -O qcow2");
    if (version != 2 && version != 3)
        return fail(
            ErrorKind::Unsupported, fmt::format("Version {} of the format is not known", version), at::kVersion);
    const std::size_t needed = version == 2 ? kHeaderBytesV2 : kHeaderBytesV3;
    if (bytes.size() < needed)
        return fail(ErrorKind::Truncated,
            fmt::format("The file ends inside the header: {} bytes of {}", bytes.size(), needed), bytes.size());
    return {};
}

void decodeCommon(Header& header, std::span<const std::byte> bytes)
{
    header.version = loadBigEndian<std::uint32_t>(bytes, at::kVersion);
    header.backingFileOffset = HostOffset(loadBigEndian<std::uint64_t>(bytes, at::kBackingFileOffset));
    header.backingFileSize = loadBigEndian<std::uint32_t>(bytes, at::kBackingFileSize);
    header.clusterBits = loadBigEndian<std::uint32_t>(bytes, at::kClusterBits);
    header.size = loadBigEndian<std::uint64_t>(bytes, at::kSize);
    header.cryptMethod = static_cast<CryptMethod>(loadBigEndian<std::uint32_t>(bytes, at::kCryptMethod));
    header.l1Size = loadBigEndian<std::uint32_t>(bytes, at::kL1Size);
    header.l1TableOffset = HostOffset(loadBigEndian<std::uint64_t>(bytes, at::kL1TableOffset));
    header.refcountTableOffset = HostOffset(loadBigEndian<std::uint64_t>(bytes, at::kRefcountTableOffset));
    header.refcountTableClusters = loadBigEndian<std::uint32_t>(bytes, at::kRefcountTableClusters);
    header.snapshotCount = loadBigEndian<std::uint32_t>(bytes, at::kNbSnapshots);
    header.snapshotsOffset = HostOffset(loadBigEndian<std::uint64_t>(bytes, at::kSnapshotsOffset));
    header.refcountOrder = kVersion2RefcountOrder;
    header.headerLength = kHeaderBytesV2;
}

Result<void> decodeVersion3(Header& header, std::span<const std::byte> bytes)
{
    header.incompatibleFeatures = loadBigEndian<std::uint64_t>(bytes, at::kIncompatibleFeatures);
    header.compatibleFeatures = loadBigEndian<std::uint64_t>(bytes, at::kCompatibleFeatures);
    header.autoclearFeatures = loadBigEndian<std::uint64_t>(bytes, at::kAutoclearFeatures);
    header.refcountOrder = loadBigEndian<std::uint32_t>(bytes, at::kRefcountOrder);
    header.headerLength = loadBigEndian<std::uint32_t>(bytes, at::kHeaderLength);
    if (header.headerLength < kHeaderBytesV3)
        return invalid(fmt::format("The header claims a length of {} bytes; version 3 needs at least {}",
                           header.headerLength, kHeaderBytesV3),
            at::kHeaderLength);
    if (header.headerLength > std::uint64_t{1} << header.clusterBits)
        return tooLarge(
            fmt::format("The header claims a length of {} bytes, more than its cluster", header.headerLength),
            at::kHeaderLength);
    if (header.headerLength > bytes.size())
        return fail(ErrorKind::Truncated, "The file ends inside the header", bytes.size());
    if (header.headerLength > at::kCompressionType) {
        header.compressionType = static_cast<CompressionType>(bytes[at::kCompressionType]);
        const auto tail = bytes.subspan(at::kCompressionType + 1, header.headerLength - at::kCompressionType - 1);
        header.unknownTail.assign(tail.begin(), tail.end());
    }
    return {};
}

/// A table of `bytes` bytes at `offset` must begin at a cluster and stay within 63 bits of file.
Result<void> checkTable(
    const Header& header, HostOffset offset, std::uint64_t bytes, std::string_view name, std::size_t where)
{
    const std::uint64_t clusterMask = (std::uint64_t{1} << header.clusterBits) - 1;
    if ((offset.value() & clusterMask) != 0)
        return invalid(
            fmt::format("The {} begins at {:#x}, which is not a multiple of the cluster size", name, offset.value()),
            where);
    const auto end = checkedAdd(offset.value(), bytes);
    if (!end || *end > static_cast<std::uint64_t>(INT64_MAX))
        return invalid(
            fmt::format("The {} claims to begin at {:#x}, past any possible file", name, offset.value()), where);
    return {};
}

Result<void> checkClusterBits(const Header& header)
{
    if (header.clusterBits < kMinClusterBits || header.clusterBits > kMaxClusterBits)
        return invalid(fmt::format("cluster_bits is {}; legal are {} (512 bytes) to {} (2 MiB)", header.clusterBits,
                           kMinClusterBits, kMaxClusterBits),
            at::kClusterBits);
    return {};
}

Result<void> checkFeatures(const Header& header)
{
    if (header.refcountOrder > kMaxRefcountOrder)
        return invalid(fmt::format("refcount_order is {}; legal are 0 to {} (1 to 64 bits)", header.refcountOrder,
                           kMaxRefcountOrder),
            at::kRefcountOrder);
    if (header.hasExtendedL2() && header.clusterBits < kMinExtendedL2ClusterBits)
        return invalid("Extended L2 entries need clusters of at least 16 KiB", at::kClusterBits);
    const bool hasTypeBit = (header.incompatibleFeatures & kIncompatibleCompression) != 0;
    if (hasTypeBit != (header.compressionType != CompressionType::Zlib))
        return invalid(hasTypeBit ? "The compression type bit is set, but compression_type is deflate"
                                  : "compression_type is not deflate, but the compression type bit is not set",
            at::kCompressionType);
    if (header.compressionType != CompressionType::Zlib && header.compressionType != CompressionType::Zstd)
        return fail(ErrorKind::Unsupported,
            fmt::format("Compression type {} is not known", static_cast<unsigned>(header.compressionType)),
            at::kCompressionType);
    if (header.cryptMethod > CryptMethod::Luks)
        return fail(ErrorKind::Unsupported,
            fmt::format("Encryption method {} is not known", static_cast<std::uint32_t>(header.cryptMethod)),
            at::kCryptMethod);
    return {};
}

Result<void> checkTables(const Header& header)
{
    const std::uint64_t clusterSize = std::uint64_t{1} << header.clusterBits;
    const std::uint64_t reftableBytes = std::uint64_t{header.refcountTableClusters} << header.clusterBits;
    if (reftableBytes > kMaxReftableBytes)
        return tooLarge(
            fmt::format("The refcount table claims {} bytes; {} is the limit", reftableBytes, kMaxReftableBytes),
            at::kRefcountTableClusters);
    if (auto r
        = checkTable(header, header.refcountTableOffset, reftableBytes, "refcount table", at::kRefcountTableOffset);
        !r)
        return r;

    const std::uint64_t l1Bytes = std::uint64_t{header.l1Size} * 8;
    if (l1Bytes > kMaxL1Bytes)
        return tooLarge(
            fmt::format("The active L1 table claims {} bytes; {} is the limit", l1Bytes, kMaxL1Bytes), at::kL1Size);
    if (auto r = checkTable(header, header.l1TableOffset, l1Bytes, "active L1 table", at::kL1TableOffset); !r)
        return r;
    if (header.size > kMaxVirtualBytes)
        return tooLarge(fmt::format("The virtual disk claims {} bytes", header.size), at::kSize);
    const std::uint64_t l2Coverage = clusterSize / (header.hasExtendedL2() ? 16 : 8) * clusterSize;
    if (divideUp(header.size, l2Coverage) > header.l1Size)
        return invalid(fmt::format("The active L1 table has {} entries, too few for a disk of {} bytes", header.l1Size,
                           header.size),
            at::kL1Size);

    if (header.snapshotCount > kMaxSnapshots)
        return tooLarge(
            fmt::format("The image claims {} snapshots; {} is the limit", header.snapshotCount, kMaxSnapshots),
            at::kNbSnapshots);
    if (header.snapshotCount > 0)
        return checkTable(header, header.snapshotsOffset, std::uint64_t{header.snapshotCount} * 40, "snapshot table",
            at::kSnapshotsOffset);
    return {};
}

Result<void> checkBackingFile(const Header& header)
{
    if (header.backingFileOffset.value() == 0)
        return {};
    const std::uint64_t clusterSize = std::uint64_t{1} << header.clusterBits;
    if (header.backingFileOffset.value() > clusterSize)
        return invalid("The name of the backing file begins outside the first cluster", at::kBackingFileOffset);
    const std::uint64_t room
        = std::min<std::uint64_t>(kMaxBackingNameBytes, clusterSize - header.backingFileOffset.value());
    if (header.backingFileSize > room)
        return tooLarge(fmt::format("The name of the backing file claims {} bytes; there is room for {}",
                            header.backingFileSize, room),
            at::kBackingFileSize);
    return {};
}

} // namespace

Result<Header> decodeHeader(std::span<const std::byte> bytes)
{
    if (auto r = checkIdentity(bytes); !r)
        return failed(r);
    Header header;
    decodeCommon(header, bytes);
    if (auto r = checkClusterBits(header); !r)
        return failed(r);
    if (header.version == 3) {
        if (auto r = decodeVersion3(header, bytes); !r)
            return failed(r);
    }
    for (auto* check : {checkFeatures, checkTables, checkBackingFile}) {
        if (auto r = check(header); !r)
            return failed(r);
    }
    return header;
}

std::vector<std::byte> encodeHeader(const Header& header)
{
    std::vector<std::byte> out(header.version == 2 ? kHeaderBytesV2 : header.headerLength, std::byte{0});
    const std::span bytes(out);
    storeBigEndian(bytes, at::kMagic, kMagic);
    storeBigEndian(bytes, at::kVersion, header.version);
    storeBigEndian(bytes, at::kBackingFileOffset, header.backingFileOffset.value());
    storeBigEndian(bytes, at::kBackingFileSize, header.backingFileSize);
    storeBigEndian(bytes, at::kClusterBits, header.clusterBits);
    storeBigEndian(bytes, at::kSize, header.size);
    storeBigEndian(bytes, at::kCryptMethod, static_cast<std::uint32_t>(header.cryptMethod));
    storeBigEndian(bytes, at::kL1Size, header.l1Size);
    storeBigEndian(bytes, at::kL1TableOffset, header.l1TableOffset.value());
    storeBigEndian(bytes, at::kRefcountTableOffset, header.refcountTableOffset.value());
    storeBigEndian(bytes, at::kRefcountTableClusters, header.refcountTableClusters);
    storeBigEndian(bytes, at::kNbSnapshots, header.snapshotCount);
    storeBigEndian(bytes, at::kSnapshotsOffset, header.snapshotsOffset.value());
    if (header.version == 2)
        return out;
    storeBigEndian(bytes, at::kIncompatibleFeatures, header.incompatibleFeatures);
    storeBigEndian(bytes, at::kCompatibleFeatures, header.compatibleFeatures);
    storeBigEndian(bytes, at::kAutoclearFeatures, header.autoclearFeatures);
    storeBigEndian(bytes, at::kRefcountOrder, header.refcountOrder);
    storeBigEndian(bytes, at::kHeaderLength, header.headerLength);
    if (out.size() > at::kCompressionType) {
        out[at::kCompressionType] = static_cast<std::byte>(header.compressionType);
        std::copy(header.unknownTail.begin(), header.unknownTail.end(), out.begin() + at::kCompressionType + 1);
    }
    return out;
}

} // namespace cowscope
