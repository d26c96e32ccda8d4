// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preview/diff_model.h"

#include "ui/common/format.h"
#include "ui/common/guest_text.h"

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr std::array kParts{DiffModel::Part::Header, DiffModel::Part::Names, DiffModel::Part::L1,
    DiffModel::Part::Mapping, DiffModel::Part::Counts, DiffModel::Part::Contents};

QString absentText()
{
    return DiffModel::tr("absent");
}

QString fieldText(const Field& field, std::optional<std::uint64_t> value)
{
    return value ? formatField(field, *value) : absentText();
}

QString nameText(const std::optional<std::string>& value)
{
    return value ? toQString(*value) : absentText();
}

QString stateText(const EntryState& state)
{
    QString text = state.kind ? mappingText(*state.kind) : DiffModel::tr("cannot be followed");
    if (state.host)
        text = DiffModel::tr("%1 at %2").arg(text, formatOffset(*state.host));
    if (state.copied)
        text = DiffModel::tr("%1, copied flag").arg(text);
    if (state.subclusters != 0)
        text = DiffModel::tr("%1, subclusters %2").arg(text, formatHex(state.subclusters));
    return text;
}

QString rangeText(const QString& one, const QString& many, std::uint64_t first, std::uint64_t count)
{
    return count == 1 ? one.arg(formatCount(first)) : many.arg(formatCount(first), formatCount(first + count - 1));
}

} // namespace

void DiffModel::setComparison(std::shared_ptr<const Comparison> comparison)
{
    beginResetModel();
    m_comparison = std::move(comparison);
    endResetModel();
}

void DiffModel::setPart(std::optional<Part> part)
{
    beginResetModel();
    m_part = part;
    endResetModel();
}

void DiffModel::setTitles(const QString& first, const QString& second)
{
    m_first = first;
    m_second = second;
    Q_EMIT headerDataChanged(Qt::Horizontal, FirstColumn, SecondColumn);
}

std::size_t DiffModel::count(Part part) const
{
    if (!m_comparison)
        return 0;
    const ImageDiff& diff = m_comparison->metadata;
    switch (part) {
    case Part::Header:
        return diff.fields.size();
    case Part::Names:
        return diff.names.size();
    case Part::L1:
        return diff.l1.size();
    case Part::Mapping:
        return diff.mapping.size();
    case Part::Counts:
        return diff.counts.size();
    case Part::Contents:
        return m_comparison->contents ? m_comparison->contents->runs.size() : 0;
    }
    return 0;
}

QString DiffModel::partText(Part part)
{
    switch (part) {
    case Part::Header:
        return tr("Header");
    case Part::Names:
        return tr("Names");
    case Part::L1:
        return tr("L1 table");
    case Part::Mapping:
        return tr("L2 entries");
    case Part::Counts:
        return tr("Counts");
    case Part::Contents:
        return tr("Contents");
    }
    return {};
}

DiffModel::At DiffModel::at(int row) const
{
    auto index = static_cast<std::size_t>(row);
    if (m_part)
        return {*m_part, index};
    for (const Part part : kParts) {
        if (index < count(part))
            return {part, index};
        index -= count(part);
    }
    return {};
}

int DiffModel::rowCount(const QModelIndex& parent) const
{
    if (parent.isValid())
        return 0;
    std::size_t rows = 0;
    for (const Part part : kParts)
        rows += !m_part || *m_part == part ? count(part) : 0;
    return static_cast<int>(rows);
}

int DiffModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

std::array<QString, 3> DiffModel::texts(const At& at) const
{
    const ImageDiff& diff = m_comparison->metadata;
    switch (at.part) {
    case Part::Header: {
        const FieldDifference& each = diff.fields[at.index];
        return {toQString(each.field->name), fieldText(*each.field, each.first), fieldText(*each.field, each.second)};
    }
    case Part::Names: {
        const NamedDifference& each = diff.names[at.index];
        return {toQString(each.name), nameText(each.first), nameText(each.second)};
    }
    case Part::L1: {
        const L1Difference& each = diff.l1[at.index];
        return {rangeText(tr("entry %1"), tr("entries %1 to %2"), each.index, each.count), formatHex(each.first),
            formatHex(each.second)};
    }
    case Part::Mapping: {
        const MappingDifference& each = diff.mapping[at.index];
        return {tr("%1 (%2)").arg(guestRangeText(each.start, each.bytes), formatBytes(each.bytes)),
            stateText(each.first), stateText(each.second)};
    }
    case Part::Counts: {
        const CountDifference& each = diff.counts[at.index];
        return {rangeText(tr("cluster %1"), tr("clusters %1 to %2"), each.cluster.value(), each.clusters),
            formatCount(each.first), formatCount(each.second)};
    }
    case Part::Contents: {
        const ContentRun& each = m_comparison->contents->runs[at.index];
        return {tr("%1 (%2)").arg(guestRangeText(GuestOffset(each.start), each.length), formatBytes(each.length)),
            tr("differs"), tr("differs")};
    }
    }
    return {};
}

QString DiffModel::text(const At& at, int column) const
{
    return column == PartColumn ? partText(at.part) : texts(at)[static_cast<std::size_t>(column - PlaceColumn)];
}

QVariant DiffModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    if (role == Qt::DisplayRole)
        return text(at(index.row()), index.column());
    if (role == Qt::ToolTipRole)
        return plainToolTip(text(at(index.row()), index.column()));
    return {};
}

QVariant DiffModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case PartColumn:
        return tr("Part");
    case PlaceColumn:
        return tr("Place");
    case FirstColumn:
        return m_first;
    case SecondColumn:
        return m_second;
    default:
        return {};
    }
}

Selection::Value DiffModel::place(int row, bool second) const
{
    const At found = at(row);
    const Image& image = second ? *m_comparison->second : *m_comparison->first;
    const ImageDiff& diff = m_comparison->metadata;
    const auto guest = [&image](std::uint64_t start, std::uint64_t bytes) {
        const std::uint64_t size = diskSize(image, {});
        return start < size ? Selection::Value(GuestRange{GuestOffset(start), std::min(bytes, size - start), {}})
                            : Selection::Value();
    };
    switch (found.part) {
    case Part::Header: {
        const auto fields = fieldsOf(Structure::Header);
        return FieldSelection{Structure::Header, 0, HostOffset(0),
            static_cast<std::size_t>(diff.fields[found.index].field - fields.data())};
    }
    case Part::Names:
        return {};
    case Part::L1: {
        const L1Difference& each = diff.l1[found.index];
        if (each.index >= image.l1Table().size())
            return {};
        const std::uint64_t entries = std::min(each.count, image.l1Table().size() - each.index);
        return ByteRange{image.header().l1TableOffset + each.index * 8, entries * 8};
    }
    case Part::Mapping:
        return guest(diff.mapping[found.index].start.value(), diff.mapping[found.index].bytes);
    case Part::Counts: {
        const CountDifference& each = diff.counts[found.index];
        return each.cluster.value() < image.fileClusters() ? Selection::Value(
                   ClusterRange{each.cluster, std::min(each.clusters, image.fileClusters() - each.cluster.value())})
                                                           : Selection::Value();
    }
    case Part::Contents: {
        const ContentRun& each = m_comparison->contents->runs[found.index];
        return guest(each.start, each.length);
    }
    }
    return {};
}

} // namespace cowscope::ui
