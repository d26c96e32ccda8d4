// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/json_report.h"

#include "core/format/field_catalog.h"
#include "core/image/backing_chain.h"

namespace cowscope
{

namespace
{

using Json = nlohmann::json;

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kNoIcount = ~std::uint64_t{0};

/// Names in an image may hold any bytes; JSON must be UTF-8. Bytes that are not become U+FFFD when dumped.
Json text(const std::string& bytes)
{
    return bytes;
}

Json luksJson(const LuksHeader& luks)
{
    Json slots = Json::array();
    for (const LuksHeader::KeySlot& slot : luks.slots) {
        Json each{{"active", slot.active}, {"key-offset", slot.keyOffset}};
        if (slot.active) {
            each["iters"] = slot.iterations;
            each["stripes"] = slot.stripes;
        }
        slots.push_back(std::move(each));
    }
    Json out{{"format", "luks"}, {"cipher-alg", luks.cipher}, {"cipher-mode", luks.cipherMode}, {"hash-alg", luks.hash},
        {"ivgen-alg", luks.ivGenerator}, {"master-key-iters", luks.masterKeyIterations},
        {"payload-offset", luks.payloadOffset}, {"slots", std::move(slots)}, {"uuid", luks.uuid}};
    if (!luks.ivHash.empty())
        out["ivgen-hash-alg"] = luks.ivHash;
    return out;
}

Json bitmapsJson(const Image& image)
{
    Json out = Json::array();
    for (const Bitmap& bitmap : image.bitmaps()) {
        Json flags = Json::array();
        if ((bitmap.flags & kBitmapInUse) != 0)
            flags.push_back("in-use");
        if ((bitmap.flags & kBitmapAuto) != 0)
            flags.push_back("auto");
        out.push_back({{"flags", std::move(flags)}, {"name", text(bitmap.name)},
            {"granularity", std::uint64_t{1} << bitmap.granularityBits}});
    }
    return out;
}

Json formatSpecificJson(const Image& image)
{
    const Header& header = image.header();
    Json data{{"compat", header.version == 2 ? "0.10" : "1.1"},
        {"compression-type", header.compressionType == CompressionType::Zstd ? "zstd" : "zlib"},
        {"refcount-bits", header.refcountBits()}};
    if (header.version >= 3) {
        data["lazy-refcounts"] = header.hasLazyRefcounts();
        data["corrupt"] = header.isCorrupt();
        data["extended-l2"] = header.hasExtendedL2();
        if (header.hasDataFile()) {
            if (image.extensions().dataFile)
                data["data-file"] = text(*image.extensions().dataFile);
            data["data-file-raw"] = (header.autoclearFeatures & kAutoclearRawDataFile) != 0;
        }
        if (!image.bitmaps().empty())
            data["bitmaps"] = bitmapsJson(image);
    }
    if (header.cryptMethod == CryptMethod::Aes)
        data["encrypt"] = {{"format", "aes"}};
    else if (image.luks())
        data["encrypt"] = luksJson(*image.luks());
    return {{"type", "qcow2"}, {"data", std::move(data)}};
}

Json findingJson(const Finding& finding, unsigned clusterBits)
{
    const FindingText& entry = findingText(finding.kind);
    Json out{{"severity", severityName(entry.severity)}, {"title", entry.title}, {"rule", entry.rule},
        {"repair", entry.repair}, {"cluster", finding.cluster.value()}, {"clusters", finding.clusters},
        {"offset", finding.offset ? finding.offset->value() : finding.cluster.value() << clusterBits},
        {"expected", finding.expected}, {"actual", finding.actual}, {"text", text(describe(finding, clusterBits))}};
    if (!finding.detail.empty())
        out["detail"] = text(finding.detail);
    return out;
}

Json countedJson(const CountedCluster& counted, const Geometry& geometry)
{
    return {{"cluster", counted.cluster.value()}, {"offset", geometry.offset(counted.cluster).value()},
        {"refcount", counted.count}};
}

} // namespace

Json snapshotsJson(const Image& image)
{
    constexpr std::uint64_t kBillion = 1'000'000'000;
    Json out = Json::array();
    for (const Snapshot& snapshot : image.snapshots()) {
        Json each{{"id", text(snapshot.id)}, {"name", text(snapshot.name)}, {"vm-state-size", snapshot.vmStateSize},
            {"date-sec", snapshot.dateSeconds}, {"date-nsec", snapshot.dateNanoseconds},
            {"vm-clock-sec", snapshot.vmClockNanoseconds / kBillion},
            {"vm-clock-nsec", snapshot.vmClockNanoseconds % kBillion}};
        if (snapshot.icount && *snapshot.icount != kNoIcount)
            each["icount"] = *snapshot.icount;
        out.push_back(std::move(each));
    }
    return out;
}

Json infoJson(const Image& image, const std::string& path)
{
    const Header& header = image.header();
    Json out{{"filename", text(path)}, {"format", "qcow2"}, {"virtual-size", image.geometry().virtualSize()},
        {"cluster-size", image.geometry().clusterSize()}, {"dirty-flag", header.isDirty()},
        {"format-specific", formatSpecificJson(image)}};
    if (const auto allocated = image.storage().allocatedBytes())
        out["actual-size"] = *allocated;
    if (header.cryptMethod != CryptMethod::None)
        out["encrypted"] = true;
    if (!image.backingFile().empty()) {
        out["backing-filename"] = text(image.backingFile());
        out["full-backing-filename"] = text(resolveBackingPath(path, image.backingFile()));
    }
    if (image.extensions().backingFormat && !image.backingFile().empty())
        out["backing-filename-format"] = text(*image.extensions().backingFormat);
    if (!image.snapshots().empty())
        out["snapshots"] = snapshotsJson(image);
    return out;
}

Json rawInfoJson(const Storage& storage, const std::string& path)
{
    return {{"filename", text(path)}, {"format", "raw"}, {"dirty-flag", false},
        {"virtual-size", alignUp(storage.size().value_or(0), kSectorBytes)},
        {"actual-size", storage.allocatedBytes().value_or(0)}};
}

Json headerFieldsJson(const Image& image)
{
    Json out = Json::array();
    for (const Field& field : fieldsOf(Structure::Header)) {
        const FieldValue value = readField(field, image.headerCluster().first(image.header().headerLength));
        if (!value.present)
            continue;
        out.push_back({{"name", field.name}, {"offset", field.offset}, {"bytes", field.bytes}, {"value", value.number},
            {"meaning", field.meaning}, {"legal", field.legal}, {"section", field.section}});
    }
    return out;
}

Json checkJson(const Image& image, const Census& census, const std::string& path)
{
    Json out{{"filename", text(path)}, {"format", "qcow2"}, {"check-errors", census.checkErrors},
        {"image-end-offset", census.imageEndOffset}};
    // As qemu-img: figures that are zero are left out.
    const auto addNonZero = [&out](const char* name, std::uint64_t value) {
        if (value != 0)
            out[name] = value;
    };
    addNonZero("corruptions", census.corruptions);
    addNonZero("leaks", census.leaks);
    addNonZero("total-clusters", census.allocation.total);
    addNonZero("allocated-clusters", census.allocation.allocated);
    addNonZero("fragmented-clusters", census.allocation.fragmented);
    addNonZero("compressed-clusters", census.allocation.compressed);
    if (!census.findings.empty()) {
        Json findings = Json::array();
        for (const Finding& finding : census.findings)
            findings.push_back(findingJson(finding, image.geometry().clusterBits()));
        out["findings"] = std::move(findings);
        addNonZero("findings-dropped", census.findingsDropped);
    }
    return out;
}

Json assessmentJson(const Image& image, const WidthAssessment& assessment, const std::string& path)
{
    const AmendPlan& plan = assessment.plan;
    const Geometry& geometry = image.geometry();
    const std::uint64_t clusterSize = geometry.clusterSize();
    const bool possible = assessment.state != WidthState::Refused;
    Json out{{"filename", text(path)}, {"format", "qcow2"}, {"refcount-bits", image.header().refcountBits()},
        {"new-refcount-bits", assessment.bits()}, {"possible", possible}, {"warnings", assessment.warnings},
        {"refusals", assessment.refusals}, {"maximum-refcount", assessment.maximum},
        {"largest-refcount", countedJson(plan.largest, geometry)}, {"snapshots-that-fit", assessment.snapshotsThatFit},
        {"refcount-metadata-size", plan.oldClusters() * clusterSize}, {"file-size", plan.fileBytesBefore}};
    Json obstacles = Json::array();
    for (const CountedCluster& each : assessment.obstacles.first)
        obstacles.push_back(countedJson(each, geometry));
    out["clusters-that-do-not-fit"] = assessment.obstacles.clusters;
    out["first-clusters-that-do-not-fit"] = std::move(obstacles);
    if (!possible)
        return out;
    out["new-refcount-metadata-size"] = assessment.metadataBytes;
    out["new-file-size"] = plan.fileBytesAfter;
    if (!plan.changesNothing()) {
        out["write"]
            = {{"offset", geometry.offset(plan.firstNewCluster).value()}, {"bytes", plan.newClusters() * clusterSize},
                {"refblocks", plan.newRefblocks.size()}, {"reftable-clusters", plan.newReftableClusters}};
        out["free"] = {{"bytes", plan.oldClusters() * clusterSize}, {"refblocks", plan.oldRefblocks.size()},
            {"reftable-clusters", plan.oldReftableClusters}};
    }
    return out;
}

} // namespace cowscope
