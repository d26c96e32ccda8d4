// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/document/selected_clusters.h"

#include "core/image/guest_lookup.h"
#include "ui/common/overloaded.h"

#include <algorithm>

namespace cowscope::ui
{

ClusterRange clustersOf(const Geometry& geometry, HostOffset offset, std::uint64_t bytes)
{
    const HostCluster first = geometry.cluster(offset);
    if (bytes == 0)
        return {first, 1};
    const std::uint64_t last = checkedAdd(offset.value(), bytes - 1).value_or(UINT64_MAX);
    return {first, geometry.cluster(HostOffset(last)) - first + 1};
}

namespace
{

/// `count` bytes from `first` on, at least one, cut where 64 bits end.
ByteRange bytesFrom(HostOffset first, std::uint64_t count)
{
    return {first, std::clamp<std::uint64_t>(count, 1, std::max<std::uint64_t>(1, UINT64_MAX - first.value()))};
}

ByteRange bytesOf(const Geometry& geometry, const ClusterRange& range)
{
    const auto first = checkedMul(range.first.value(), geometry.clusterSize());
    const auto count = checkedMul(range.count, geometry.clusterSize());
    return bytesFrom(HostOffset(first.value_or(UINT64_MAX - 1)), count.value_or(UINT64_MAX));
}

/// Where the beginning of the range is in the image file. What is in a data file is in no byte of it.
std::optional<ByteRange> bytesOf(const Image& image, const GuestRange& range)
{
    const auto extent = lookUpGuest(image, range.snapshot, range.first, range.bytes);
    if (!extent || image.header().hasDataFile())
        return std::nullopt;
    if (extent->compressed)
        return bytesFrom(extent->compressed->offset, extent->compressed->maxBytes());
    if (!extent->host)
        return std::nullopt;
    return bytesFrom(*extent->host, extent->length);
}

} // namespace

std::optional<ByteRange> selectedBytes(const Selection::Value& value, const Image& image)
{
    using Range = std::optional<ByteRange>;
    const Geometry& geometry = image.geometry();
    return std::visit(Overloaded{
                          [](std::monostate) { return Range(); },
                          [](const ByteRange& range) { return Range(range); },
                          [&](const ClusterRange& range) { return Range(bytesOf(geometry, range)); },
                          [&](const FieldSelection& selected) {
                              const auto fields = fieldsOf(selected.structure);
                              if (selected.field >= fields.size())
                                  return Range();
                              const Field& field = fields[selected.field];
                              return Range(bytesFrom(selected.structureOffset + field.offset, field.bytes));
                          },
                          [&](const RefblockSelection& selected) {
                              if (selected.reftableIndex >= image.reftable().size())
                                  return Range();
                              const auto offset = image.usableRefblock(selected.reftableIndex);
                              return offset ? Range(bytesFrom(*offset, geometry.clusterSize())) : Range();
                          },
                          [&](const SnapshotSelection& selected) {
                              if (selected.index >= image.snapshots().size())
                                  return Range();
                              const Snapshot& snapshot = image.snapshots()[selected.index];
                              return Range(bytesFrom(snapshot.l1TableOffset, std::uint64_t{snapshot.l1Size} * 8));
                          },
                          [&](const BitmapSelection& selected) {
                              if (selected.index >= image.bitmaps().size())
                                  return Range();
                              const Bitmap& bitmap = image.bitmaps()[selected.index];
                              return Range(bytesFrom(bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8));
                          },
                          [&](const GuestRange& range) { return bytesOf(image, range); },
                      },
        value);
}

std::optional<ClusterRange> selectedClusters(const Selection::Value& value, const Image& image)
{
    if (const auto* range = std::get_if<ClusterRange>(&value))
        return *range;
    const auto bytes = selectedBytes(value, image);
    return bytes ? std::optional(clustersOf(image.geometry(), bytes->first, bytes->count)) : std::nullopt;
}

} // namespace cowscope::ui
