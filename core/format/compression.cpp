// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/compression.h"

#include <limits>
#include <memory>
#include <zlib.h>
#include <zstd.h>

namespace cowscope
{

namespace
{

constexpr int kWindowBits = -12; // raw deflate, 4 KiB: readers use no larger window
constexpr int kMemoryLevel = 9; // the fastest; it costs memory, not size

static_assert(sizeof(uInt) >= 4, "a cluster (2 MiB) and its compressed data fit zlib's counters");

struct FreeCompressor {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// zlib asks for writable input, though it only reads it.
Bytef* zlibInput(std::span<const std::byte> bytes)
{
    return reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
}

/// How many bytes `out` got, or nothing where it is too small.
std::optional<std::size_t> deflateInto(std::span<const std::byte> cluster, std::span<std::byte> out)
{
    z_stream stream = {};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK)
        return std::nullopt;
    stream.next_in = zlibInput(cluster);
    stream.avail_in = static_cast<uInt>(cluster.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = deflate(&stream, Z_FINISH);
    const std::size_t size = out.size() - stream.avail_out;
    deflateEnd(&stream);
    return ended == Z_STREAM_END ? std::optional(size) : std::nullopt;
}

std::optional<std::size_t> zstdInto(std::span<const std::byte> cluster, std::span<std::byte> out)
{
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx()); // costly to make
    if (!context)
        return std::nullopt;
    const std::size_t size
        = ZSTD_compressCCtx(context.get(), out.data(), out.size(), cluster.data(), cluster.size(), ZSTD_CLEVEL_DEFAULT);
    return ZSTD_isError(size) != 0 ? std::nullopt : std::optional(size);
}

std::unexpected<Error> damaged(HostOffset at, std::string what)
{
    return fail(ErrorKind::Invalid, std::move(what), at.value(), "Check the image; this cluster's contents are lost");
}

/// Bytes of `cluster` that were filled. The stream's own end is not asked for: a full cluster is all that counts.
std::size_t inflateInto(std::span<const std::byte> data, std::span<std::byte> cluster)
{
    z_stream stream = {};
    stream.next_in = zlibInput(data);
    stream.avail_in = static_cast<uInt>(data.size());
    if (inflateInit2(&stream, kWindowBits) != Z_OK)
        return 0;
    stream.next_out = reinterpret_cast<Bytef*>(cluster.data());
    stream.avail_out = static_cast<uInt>(cluster.size());
    // Stops when the output is full, the stream ends, the input ends, or an error is met: all told by what is filled.
    (void)inflate(&stream, Z_FINISH);
    const std::size_t filled = cluster.size() - stream.avail_out;
    inflateEnd(&stream);
    return filled;
}

/// The same. Other writers may have used several frames, so the end of one is no end yet.
std::size_t unzstdInto(std::span<const std::byte> data, std::span<std::byte> cluster)
{
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx()); // costly to make
    if (!context)
        return 0;
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
    ZSTD_inBuffer input{data.data(), data.size(), 0};
    ZSTD_outBuffer output{cluster.data(), cluster.size(), 0};
    while (output.pos < output.size) {
        const std::size_t inputBefore = input.pos;
        const std::size_t outputBefore = output.pos;
        if (ZSTD_isError(ZSTD_decompressStream(context.get(), &output, &input)) != 0)
            break;
        if (input.pos == inputBefore && output.pos == outputBefore) // the data has ended
            break;
    }
    return output.pos;
}

} // namespace

std::optional<std::vector<std::byte>> compressCluster(CompressionType type, std::span<const std::byte> cluster)
{
    if (cluster.empty())
        return std::nullopt;
    std::vector<std::byte> out(cluster.size() - 1);
    const auto size = type == CompressionType::Zlib ? deflateInto(cluster, out) : zstdInto(cluster, out);
    if (!size)
        return std::nullopt;
    out.resize(*size);
    return out;
}

Result<void> decompressCluster(
    CompressionType type, std::span<const std::byte> data, std::span<std::byte> cluster, HostOffset at)
{
    const std::size_t filled = type == CompressionType::Zlib ? inflateInto(data, cluster) : unzstdInto(data, cluster);
    if (filled != cluster.size())
        return damaged(at, "Compressed data is damaged or ends before its cluster is full");
    return {};
}

} // namespace cowscope
