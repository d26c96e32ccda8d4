// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/header/header_commit.h"

#include "core/base/big_endian.h"
#include "core/edit/amend/amend_rules.h"
#include "core/edit/amend/refcount_switch.h"
#include "core/edit/header/header_rules.h"
#include "core/edit/image/header_cluster.h"
#include "core/edit/image/revertible_storage.h"
#include "core/format/field_catalog.h"

#include <algorithm>

namespace cowscope
{

namespace
{

using Bytes = std::vector<std::byte>;

Bytes bytesOf(std::string_view text)
{
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// The first cluster as readers see it: what a file lacks of it is zeros.
Bytes wholeCluster(std::span<const std::byte> held, std::uint64_t clusterSize)
{
    Bytes bytes(held.begin(), held.end());
    bytes.resize(clusterSize);
    return bytes;
}

HeaderContents contentsOf(const Image& image)
{
    return {image.header(), image.extensions().raw, image.backingFile()};
}

Result<HeaderContents> contentsIn(std::span<const std::byte> cluster)
{
    auto header = decodeHeader(cluster);
    if (!header)
        return failed(header);
    auto extensions = decodeExtensions(*header, cluster);
    if (!extensions)
        return failed(extensions);
    HeaderContents contents{std::move(*header), std::move(extensions->raw), {}};
    const Header& fields = contents.header;
    if (fields.backingFileOffset.value() != 0) {
        const auto name = cluster.subspan(fields.backingFileOffset.value(), fields.backingFileSize);
        contents.backingFile.assign(reinterpret_cast<const char*>(name.data()), name.size());
    }
    return contents;
}

/// Gives an extension its text; an empty one takes it out.
void setText(std::vector<RawExtension>& extensions, std::uint32_t type, const std::string& text)
{
    const auto found = std::ranges::find(extensions, type, &RawExtension::type);
    if (text.empty()) {
        std::erase_if(extensions, [type](const RawExtension& each) { return each.type == type; });
    } else if (found != extensions.end()) {
        found->data = bytesOf(text);
    } else {
        extensions.insert(extensions.begin(), {type, {}, bytesOf(text)});
    }
}

HeaderContents contentsAfter(const Image& image, const HeaderEdit& edit)
{
    HeaderContents contents = contentsOf(image);
    for (const auto& [feature, on] : edit.features) {
        const std::uint64_t mask = std::uint64_t{1} << feature.bit;
        std::uint64_t& word = featureWord(contents.header, feature.type);
        word = on ? word | mask : word & ~mask;
    }
    std::erase_if(contents.extensions, [&](const RawExtension& each) { return edit.dropped.contains(each.type); });
    if (edit.backingFormat)
        setText(contents.extensions, kExtensionBackingFormat, *edit.backingFormat);
    if (edit.dataFile)
        setText(contents.extensions, kExtensionDataFile, *edit.dataFile);
    if (edit.backingFile)
        contents.backingFile = *edit.backingFile;
    return contents;
}

bool sameBehindFields(const HeaderContents& a, const HeaderContents& b)
{
    return a.backingFile == b.backingFile
        && std::ranges::equal(a.extensions, b.extensions,
            [](const RawExtension& x, const RawExtension& y) { return x.type == y.type && x.data == y.data; });
}

void storeFeatures(std::span<std::byte> cluster, const Header& header)
{
    storeBigEndian(cluster, header_field::kIncompatibleFeatures, header.incompatibleFeatures);
    storeBigEndian(cluster, header_field::kCompatibleFeatures, header.compatibleFeatures);
    storeBigEndian(cluster, header_field::kAutoclearFeatures, header.autoclearFeatures);
}

/// The first cluster that holds `wanted` in place of what is there.
Result<HeaderChange> changeTo(const Image& image, HeaderContents wanted)
{
    HeaderChange change;
    change.before = wholeCluster(image.headerCluster(), image.geometry().clusterSize());
    wanted.header.autoclearFeatures &= kAutoclearKnown;
    if (sameBehindFields(wanted, contentsOf(image))) {
        change.after = change.before;
        if (image.header().version >= 3)
            storeFeatures(change.after, wanted.header);
        return change;
    }
    const NamePlace old{image.header().backingFileOffset.value(), image.header().backingFileSize};
    placeBackingName(wanted, old, wanted.backingFile == image.backingFile());
    auto after = encodeHeaderCluster(wanted);
    if (!after)
        return failed(after);
    change.after = std::move(*after);
    if (!switchesWhole(change.before, change.after))
        return fail(ErrorKind::Refused,
            "The header, its extensions and the name reach behind the first 512 bytes, which alone change at one "
            "stroke: a crash could leave a mixture of old and new. Change fewer of them at a time, or drop the feature "
            "name table first");
    return change;
}

/// Writes a change, and takes it back if the disk fails in its middle.
Result<void> writeChange(const std::shared_ptr<Storage>& storage, const HeaderChange& change)
{
    RevertibleStorage revertible(storage);
    revertible.begin();
    auto switched = switchHeader(revertible, change.after);
    if (switched) {
        revertible.end();
        return {};
    }
    if (!revertible.takeBack())
        switched.error().next = "The disk has neither confirmed the new header nor the old one. Check the image";
    return switched;
}

Result<void> checkExpected(const Image& image, std::span<const std::byte> expected)
{
    const std::uint64_t clusterSize = image.geometry().clusterSize();
    if (expected.empty() || wholeCluster(expected, clusterSize) == wholeCluster(image.headerCluster(), clusterSize))
        return {};
    return std::unexpected(changedSincePlan("its header was written meanwhile"));
}

/// A stretch of the header that has a name.
struct NamedPart {
    std::string name;
    std::uint64_t offset = 0;
    Bytes bytes;
};

std::vector<NamedPart> namedParts(std::span<const std::byte> cluster)
{
    std::vector<NamedPart> parts;
    auto contents = contentsIn(cluster);
    if (!contents)
        return parts;
    const auto take = [cluster](std::uint64_t offset, std::uint64_t bytes) {
        const auto part = cluster.subspan(offset, bytes);
        return Bytes(part.begin(), part.end());
    };
    for (const Field& field : fieldsOf(Structure::Header)) {
        if (field.offset + field.bytes <= contents->header.headerLength)
            parts.push_back({std::string(field.name), field.offset, take(field.offset, field.bytes)});
    }
    constexpr std::uint64_t kHead = 8; ///< of an extension: type and length
    for (const RawExtension& extension : contents->extensions) {
        const std::uint64_t bytes = std::min(kHead + extension.data.size(), cluster.size() - extension.offset.value());
        parts.push_back({std::string(extensionName(extension.type)), extension.offset.value(),
            take(extension.offset.value(), bytes)});
    }
    if (!contents->backingFile.empty())
        parts.push_back(
            {"backing file name", contents->header.backingFileOffset.value(), bytesOf(contents->backingFile)});
    return parts;
}

} // namespace

Result<HeaderChange> planHeaderEdit(const Image& image, const HeaderEdit& edit)
{
    return changeTo(image, contentsAfter(image, edit));
}

std::vector<ChangedBytes> changedBytes(const HeaderChange& change)
{
    std::vector<ChangedBytes> out;
    std::vector<NamedPart> before = namedParts(change.before);
    for (NamedPart& part : namedParts(change.after)) {
        const auto old = std::ranges::find(before, part.name, &NamedPart::name);
        if (old == before.end()) {
            out.push_back({part.name, part.offset, {}, std::move(part.bytes)});
            continue;
        }
        if (old->bytes != part.bytes || old->offset != part.offset)
            out.push_back({part.name, part.offset, std::move(old->bytes), std::move(part.bytes)});
        before.erase(old);
    }
    for (NamedPart& part : before)
        out.push_back({part.name, part.offset, std::move(part.bytes), {}});
    return out;
}

Result<HeaderChange> applyHeaderEdit(std::shared_ptr<Storage> storage, const HeaderEdit& edit,
    std::span<const std::byte> expected, const TaskContext& task)
{
    auto image = Image::open(storage, task);
    if (!image)
        return failed(image);
    if (auto same = checkExpected(**image, expected); !same)
        return failed(same);
    std::vector<std::string> refusals;
    for (const HeaderNote& note : headerEditNotes(**image, nullptr, edit)) {
        if (note.level == NoteLevel::Refusal)
            refusals.push_back(note.text);
    }
    if (!refusals.empty())
        return std::unexpected(refusedFor("Cannot edit the header", refusals));
    auto change = planHeaderEdit(**image, onlyChanges(**image, edit));
    if (!change)
        return change;
    if (auto go = task.step({Phase::Switch, 0, 0}); !go)
        return failed(go);
    if (auto written = writeChange(storage, *change); !written)
        return failed(written);
    return change;
}

Result<HeaderChange> undoHeaderEdit(
    std::shared_ptr<Storage> storage, const HeaderChange& change, const TaskContext& task)
{
    auto image = Image::open(storage, task);
    if (!image)
        return failed(image);
    if (auto same = checkExpected(**image, change.after); !same)
        return failed(same);
    auto wanted = contentsIn(change.before);
    if (!wanted)
        return failed(wanted);
    auto back = changeTo(**image, std::move(*wanted));
    if (!back)
        return back;
    if (auto go = task.step({Phase::Switch, 0, 0}); !go)
        return failed(go);
    if (auto written = writeChange(storage, *back); !written)
        return failed(written);
    return back;
}

HeaderEdit editBack(const Image& image, const HeaderChange& change)
{
    HeaderEdit edit;
    auto wanted = contentsIn(change.before);
    if (!wanted)
        return edit;
    for (const HeaderFieldState& state : headerFields(image)) {
        if (state.field.kind == HeaderField::Kind::Feature)
            edit.features[state.field.feature] = hasFeature(wanted->header, state.field.feature);
    }
    edit.backingFile = wanted->backingFile;
    auto extensions = decodeExtensions(wanted->header, change.before);
    if (extensions) {
        edit.backingFormat = extensions->backingFormat.value_or("");
        edit.dataFile = extensions->dataFile.value_or("");
    }
    return onlyChanges(image, std::move(edit));
}

} // namespace cowscope
