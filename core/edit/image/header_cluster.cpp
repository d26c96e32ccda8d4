// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/header_cluster.h"

#include <span>

namespace cowscope
{

namespace
{

std::uint64_t clusterSizeOf(const Header& header)
{
    return std::uint64_t{1} << header.clusterBits;
}

} // namespace

void placeBackingName(HeaderContents& contents, NamePlace old, bool sameName)
{
    Header& header = contents.header;
    header.backingFileSize = static_cast<std::uint32_t>(contents.backingFile.size());
    if (contents.backingFile.empty()) {
        header.backingFileOffset = HostOffset(0);
        return;
    }
    const std::uint64_t headerBytes = header.version == 2 ? kHeaderBytesV2 : header.headerLength;
    const std::uint64_t extensionsEnd = headerBytes + encodeExtensions(contents.extensions).size();
    header.backingFileOffset
        = HostOffset(placeOfName(old, contents.backingFile.size(), sameName, extensionsEnd, clusterSizeOf(header)));
}

Result<std::vector<std::byte>> encodeHeaderCluster(const HeaderContents& contents)
{
    auto bytes = encodeHeader(contents.header);
    const auto extensions = encodeExtensions(contents.extensions);
    bytes.insert(bytes.end(), extensions.begin(), extensions.end());
    if (!contents.backingFile.empty()) {
        bytes.resize(contents.header.backingFileOffset.value());
        const auto name = std::as_bytes(std::span(contents.backingFile));
        bytes.insert(bytes.end(), name.begin(), name.end());
    }
    if (bytes.size() > clusterSizeOf(contents.header))
        return fail(ErrorKind::Refused, "The header, its extensions and the backing file name do not fit one cluster");
    bytes.resize(clusterSizeOf(contents.header));
    return bytes;
}

} // namespace cowscope
