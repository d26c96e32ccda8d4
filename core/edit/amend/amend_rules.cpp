// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend_rules.h"

#include "core/edit/image/image_editor.h"
#include "core/format/limits.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

/// Findings that leave open which clusters are free, so that nothing may be written into free space.
constexpr std::array kStructuralDamage{FindingKind::L1EntryUnaligned, FindingKind::DataUnaligned,
    FindingKind::ReferencePastEnd, FindingKind::ReftableReserved, FindingKind::RefblockUnaligned,
    FindingKind::RefblockPastEnd, FindingKind::RefblockShared, FindingKind::SnapshotL1Unaligned,
    FindingKind::SnapshotL1TooLarge, FindingKind::BitmapTable, FindingKind::CompressedInDataFile,
    FindingKind::SubclusterContradiction, FindingKind::DoubleOwner, FindingKind::Unreadable};

constexpr std::uint64_t kSectorBytes = 512; ///< what a disk writes as a whole
constexpr std::uint64_t kMaxVersion2VmState = 0xffffffff;

/// Collects sentences.
class Reasons
{
public:
    void addIf(bool holds, std::string sentence)
    {
        if (holds)
            m_sentences.push_back(std::move(sentence));
    }
    std::vector<std::string> take() { return std::move(m_sentences); }

private:
    std::vector<std::string> m_sentences;
};

std::string nameBits(const Image& image, unsigned type, std::uint64_t bits)
{
    std::string names;
    for (unsigned bit = 0; bit < 64; ++bit) {
        if ((bits >> bit & 1) != 0)
            names += fmt::format("{}{}", names.empty() ? "" : ", ", featureName(image.extensions(), type, bit));
    }
    return names;
}

std::vector<std::byte> bytesOf(std::string_view text)
{
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// The header's place, left empty, and the extensions behind it.
std::vector<std::byte> extensionArea(std::uint64_t headerBytes, std::span<const RawExtension> extensions)
{
    std::vector<std::byte> area(headerBytes);
    const auto bytes = encodeExtensions(extensions);
    area.insert(area.end(), bytes.begin(), bytes.end());
    return area;
}

std::uint64_t headerBytesOf(const Image& image, std::uint32_t version)
{
    if (version == 2)
        return kHeaderBytesV2;
    return image.header().version == 2 ? kNewHeaderBytes : image.header().headerLength;
}

/// Whether switchHeader() can change the extensions without a moment in which they cannot be read: behind the first
/// sector nothing changes, or nothing is needed either before or after.
bool switchesAtOnce(const Image& image, const AmendTarget& target)
{
    const auto before = extensionArea(headerBytesOf(image, image.header().version), image.extensions().raw);
    const auto after = extensionArea(headerBytesOf(image, target.version), target.extensions);
    const bool sameName = target.backingFile == image.backingFile();
    return (sameName && before.size() <= kSectorBytes) || after.size() <= kSectorBytes
        || std::ranges::equal(std::span(before).subspan(kSectorBytes), std::span(after).subspan(kSectorBytes));
}

void dropFeatureNames(std::vector<RawExtension>& extensions)
{
    std::erase_if(extensions, [](const RawExtension& each) { return each.type == kExtensionFeatureNames; });
}

std::vector<RawExtension> targetExtensions(const Image& image, const AmendTarget& target)
{
    std::vector<RawExtension> extensions = image.extensions().raw;
    if (target.version == 2)
        dropFeatureNames(extensions);
    const auto format = std::ranges::find(extensions, kExtensionBackingFormat, &RawExtension::type);
    if (target.backingFormat.empty()) {
        if (format != extensions.end())
            extensions.erase(format);
    } else if (format != extensions.end()) {
        format->data = bytesOf(target.backingFormat);
    } else {
        extensions.insert(extensions.begin(), {kExtensionBackingFormat, {}, bytesOf(target.backingFormat)});
    }
    return extensions;
}

/// What version 2 cannot say.
void refuseVersion2(Reasons& reasons, const Image& image, const AmendRequest& request)
{
    const Header& header = image.header();
    const std::uint64_t lost = header.incompatibleFeatures & ~(kIncompatibleDirty | kIncompatibleCorrupt);
    reasons.addIf(lost != 0,
        fmt::format("compat=0.10 (version 2) has no feature bits, and the image needs: {}", nameBits(image, 0, lost)));
    const std::uint64_t unknown = header.compatibleFeatures & ~kCompatibleLazyRefcounts;
    reasons.addIf(
        unknown != 0, fmt::format("compat=0.10 would lose the compatible features: {}", nameBits(image, 1, unknown)));
    reasons.addIf(!image.bitmaps().empty(),
        fmt::format("compat=0.10 has no bitmaps, and the image has {}. Remove them first (bitmap --remove)",
            image.bitmaps().size()));
    reasons.addIf(request.order && *request.order != 4,
        fmt::format("compat=0.10 requires refcount_bits=16, not {}", 1U << request.order.value_or(4)));
    reasons.addIf(request.lazyRefcounts.value_or(false), "Lazy refcounts need compat=1.1");
    reasons.addIf(std::ranges::any_of(header.unknownTail, [](std::byte byte) { return byte != std::byte{0}; }),
        "The header has further fields that are not known, and compat=0.10 would lose them");
    const std::uint64_t size = request.size.value_or(image.geometry().virtualSize());
    for (const Snapshot& snapshot : image.snapshots()) {
        reasons.addIf(snapshot.diskSize.value_or(size) != size,
            fmt::format(
                "Snapshot '{}' has a disk of another size ({} bytes), which readers of compat=0.10 do not expect. "
                "Delete it first",
                snapshot.name, snapshot.diskSize.value_or(size)));
        reasons.addIf(snapshot.vmStateSize > kMaxVersion2VmState,
            fmt::format("Snapshot '{}' has a VM state of {} bytes, more than compat=0.10 can say. Delete it first",
                snapshot.name, snapshot.vmStateSize));
    }
}

/// The header's first sector is written at once; what lies behind it is not.
void refuseLongHeader(Reasons& reasons, const Image& image, const AmendTarget& target)
{
    const std::uint64_t end = extensionArea(headerBytesOf(image, target.version), target.extensions).size();
    reasons.addIf(!switchesAtOnce(image, target),
        fmt::format("The header extensions reach to byte {}, and only the first {} bytes of the header change at one "
                    "stroke",
            end, kSectorBytes));
    reasons.addIf(end + target.backingFile.size() > image.geometry().clusterSize(),
        "The header, its extensions and the backing file name do not fit one cluster");
}

void refuseWidth(
    Reasons& reasons, const Image& image, const Census& census, const AmendRequest& request, const AmendTarget& target)
{
    const unsigned bits = 1U << target.order;
    reasons.addIf(target.version == 2 && image.header().version == 2 && target.order != 4,
        "Images of compat 0.10 (version 2) always count in 16 bits. Ask for compat=1.1 as well");
    const WidthObstacles& obstacles = census.obstacles[target.order];
    if (obstacles.clusters == 0 || target.order == image.header().refcountOrder)
        return;
    if (!request.splitShared) {
        reasons.addIf(true,
            fmt::format("The counts of {} clusters do not fit {} {}, the first is {} of cluster {} (offset {:#x}). Ask "
                        "for --split-shared to copy what is shared",
                obstacles.clusters, bits, bits == 1 ? "bit" : "bits", obstacles.first.front().count,
                obstacles.first.front().cluster.value(),
                image.geometry().offset(obstacles.first.front().cluster).value()));
        return;
    }
    reasons.addIf(census.corruptions > 0 || census.leaks > 0,
        fmt::format("The counts are not those of the references ({} corruptions, {} leaks), so that it cannot be told "
                    "what is shared. Repair the image first: check -r all",
            census.corruptions, census.leaks));
}

} // namespace

AmendTarget amendTarget(const Image& image, const AmendRequest& request)
{
    const Header& header = image.header();
    AmendTarget target;
    target.version = request.version.value_or(header.version);
    target.order = request.order.value_or(target.version == 2 ? kVersion2RefcountOrder : header.refcountOrder);
    target.lazyRefcounts = target.version >= 3 && request.lazyRefcounts.value_or(header.hasLazyRefcounts());
    target.backingFile = request.backingFile.value_or(image.backingFile());
    target.backingFormat = request.backingFormat.value_or(
        target.backingFile.empty() ? "" : image.extensions().backingFormat.value_or(""));
    target.extensions = targetExtensions(image, target);
    if (!switchesAtOnce(image, target))
        dropFeatureNames(target.extensions); // they are for people, and can be done without
    return target;
}

std::vector<std::string> backingRefusals(const std::string& file, const std::string& format, bool rawDataFile)
{
    Reasons reasons;
    reasons.addIf(file.empty() && !format.empty(), "A backing format needs a backing file");
    reasons.addIf(!file.empty() && format.empty(), "A backing file needs its format: give backing_fmt (raw or qcow2)");
    reasons.addIf(file.size() > kMaxBackingNameBytes,
        fmt::format("The name of the backing file has {} bytes; {} is the limit", file.size(), kMaxBackingNameBytes));
    reasons.addIf(format.size() > kMaxBackingFormatBytes,
        fmt::format("The backing format has {} bytes; {} is the limit", format.size(), kMaxBackingFormatBytes));
    reasons.addIf(!file.empty() && rawDataFile,
        "A backing file and data_file_raw exclude each other: a raw data file holds all of the disk");
    return reasons.take();
}

std::vector<std::string> damageRefusals(const Image& image, const Census& census)
{
    Reasons reasons;
    const Header& header = image.header();
    reasons.addIf(
        !census.complete, "The check was stopped, so that not all counts are known. Check the whole image first");
    reasons.addIf(header.isCorrupt(),
        "The image is marked corrupt: its structures cannot be trusted. Repair it first: check -r all");
    reasons.addIf(
        header.isDirty(), "The image is marked dirty: its counts may be stale. Repair it first: check -r all");
    for (const Error& problem : image.problems())
        reasons.addIf(true, fmt::format("A part of the image cannot be used: {}", problem.text()));
    for (const FindingKind kind : kStructuralDamage) {
        reasons.addIf(census.count(kind) > 0,
            fmt::format("The image is damaged, so that free space cannot be told for sure: {} ({}). Repair it first: "
                        "check -r all",
                findingText(kind).title, census.count(kind)));
    }
    reasons.addIf(image.reftable().empty(), "The image has no refcount table. Repair it first: check -r all");
    return reasons.take();
}

std::vector<std::string> amendRefusals(const Image& image, const Census& census, const AmendRequest& request)
{
    const AmendTarget target = amendTarget(image, request);
    Reasons reasons;
    for (std::string& damage : damageRefusals(image, census))
        reasons.addIf(true, std::move(damage));
    if (target.version == 2 && image.header().version != 2)
        refuseVersion2(reasons, image, request);
    reasons.addIf(target.version == 2 && image.header().version == 2 && request.lazyRefcounts.value_or(false),
        "Lazy refcounts need compat=1.1");
    reasons.addIf(census.count(FindingKind::RefcountTooLow) > 0 && target.version != image.header().version,
        "The counts of some clusters are too low, so that they may be taken for free. Repair the image first: check "
        "-r all");
    refuseWidth(reasons, image, census, request, target);
    if (request.backingFile || request.backingFormat) {
        const bool raw = (image.header().autoclearFeatures & kAutoclearRawDataFile) != 0;
        for (std::string& reason : backingRefusals(target.backingFile, target.backingFormat, raw))
            reasons.addIf(true, std::move(reason));
    }
    refuseLongHeader(reasons, image, target);
    reasons.addIf(request.size.value_or(~std::uint64_t{0}) < image.geometry().virtualSize(),
        "amend only makes the disk larger. Use resize --shrink to make it smaller");
    const bool raw = (image.header().autoclearFeatures & kAutoclearRawDataFile) != 0;
    reasons.addIf(request.dataFileRaw.value_or(false) && !raw, "data_file_raw cannot be set on existing images");
    return reasons.take();
}

std::vector<std::string> amendWarnings(const Image& image, const Census& census, const AmendRequest& request)
{
    const AmendTarget target = amendTarget(image, request);
    Reasons reasons;
    reasons.addIf(target.backingFile != image.backingFile(),
        "Only the name of the backing file changes: what the guest sees is what the new one holds");
    reasons.addIf(target.version == 2 && image.header().version != 2 && image.header().hasLazyRefcounts(),
        "Lazy refcounts are switched off: compat 0.10 does not know them");
    reasons.addIf(target.order == 0,
        "At 1 bit no internal snapshot of guest data can be taken without copies, and no two compressed clusters can "
        "share a host cluster");
    reasons.addIf(census.leaks > 0, fmt::format("The image has {} leaked clusters; they stay", census.leaks));
    reasons.addIf((image.header().autoclearFeatures & ~kAutoclearKnown) != 0,
        "Unknown autoclear features will be switched off, as the format demands of every writer");
    return reasons.take();
}

Error refusedFor(std::string_view what, std::span<const std::string> reasons)
{
    std::string text;
    for (const std::string& reason : reasons)
        text += fmt::format("{}{}", text.empty() ? "" : ". ", reason);
    return {ErrorKind::Refused, fmt::format("{}: {}", what, text), std::nullopt, {}, {}};
}

} // namespace cowscope
