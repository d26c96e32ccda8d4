// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/guest_reader.h"

#include "core/format/compression.h"

#include <algorithm>

namespace cowscope
{

GuestReader::GuestReader(BackingChain chain)
    : m_chain(std::move(chain))
{
}

Result<void> GuestReader::read(std::uint64_t start, std::span<std::byte> out)
{
    while (!out.empty() && start < size()) {
        auto extent = m_chain.at(start, std::min<std::uint64_t>(out.size(), size() - start), Holes::Ignore);
        if (!extent)
            return failed(extent);
        if (auto done = readExtent(*extent, out.first(extent->length)); !done)
            return std::unexpected(std::move(done.error()).in(m_chain.path(extent->depth)));
        out = out.subspan(extent->length);
        start += extent->length;
    }
    std::ranges::fill(out, std::byte{0});
    return {};
}

Result<void> GuestReader::readExtent(const ChainExtent& extent, std::span<std::byte> out)
{
    if (extent.zero || !extent.data) {
        std::ranges::fill(out, std::byte{0});
        return {};
    }
    const Image* image = m_chain.image(extent.depth);
    if (image && image->header().cryptMethod != CryptMethod::None)
        return fail(ErrorKind::Unsupported, "The guest's data is encrypted, which this program does not read", {},
            "Use qemu-img with the image's secret");
    if (extent.compressed)
        return readCompressed(*image, extent, out);
    const Storage* data = m_chain.data(extent.depth);
    if (!data)
        return fail(ErrorKind::Refused, "The data file of the image is not open");
    if (auto read = data->read(*extent.offset, out); !read)
        return failed(read);
    return {};
}

/// `extent` lies within one cluster.
Result<void> GuestReader::readCompressed(const Image& image, const ChainExtent& extent, std::span<std::byte> out)
{
    const std::uint64_t clusterSize = image.geometry().clusterSize();
    const std::uint64_t within = extent.start & (clusterSize - 1);
    const std::pair wanted{extent.depth, extent.start - within};
    const CompressedDescriptor& place = *extent.compressed;
    if (m_inflated != wanted) {
        m_inflated.reset();
        m_packed.resize(place.maxBytes());
        m_cluster.resize(clusterSize);
        if (auto read = image.storage().read(place.offset.value(), m_packed); !read)
            return failed(read);
        auto done = decompressCluster(image.header().compressionType, m_packed, m_cluster, place.offset);
        if (!done)
            return done;
        m_inflated = wanted;
    }
    std::ranges::copy(std::span(m_cluster).subspan(within, out.size()), out.begin());
    return {};
}

} // namespace cowscope
