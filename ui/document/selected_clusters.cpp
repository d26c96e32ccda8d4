// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/document/selected_clusters.h"

#include "ui/common/overloaded.h"

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

std::optional<ClusterRange> selectedClusters(const Selection::Value& value, const Image& image)
{
    using Range = std::optional<ClusterRange>;
    const Geometry& geometry = image.geometry();
    return std::visit(
        Overloaded{
            [](std::monostate) { return Range(); },
            [](const ClusterRange& range) { return Range(range); },
            [&](const FieldSelection& selected) {
                const auto fields = fieldsOf(selected.structure);
                if (selected.field >= fields.size())
                    return Range();
                const Field& field = fields[selected.field];
                return Range(clustersOf(geometry, selected.structureOffset + field.offset, field.bytes));
            },
            [&](const RefblockSelection& selected) {
                if (selected.reftableIndex >= image.reftable().size())
                    return Range();
                const auto offset = image.usableRefblock(selected.reftableIndex);
                return offset ? Range(clustersOf(geometry, *offset, geometry.clusterSize())) : Range();
            },
            [&](const SnapshotSelection& selected) {
                if (selected.index >= image.snapshots().size())
                    return Range();
                const Snapshot& snapshot = image.snapshots()[selected.index];
                return Range(clustersOf(geometry, snapshot.l1TableOffset, std::uint64_t{snapshot.l1Size} * 8));
            },
            [&](const BitmapSelection& selected) {
                if (selected.index >= image.bitmaps().size())
                    return Range();
                const Bitmap& bitmap = image.bitmaps()[selected.index];
                return Range(clustersOf(geometry, bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8));
            },
        },
        value);
}

} // namespace cowscope::ui
