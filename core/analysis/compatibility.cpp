// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/compatibility.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

/// What tells readers apart.
struct Needs {
    Needs(const Image& image, const Census& census)
        : version3(image.header().version >= 3)
        , width(image.header().refcountBits() != 16)
        , compressed(census.clustersByOwner[static_cast<std::size_t>(ClusterOwner::CompressedData)] > 0)
        , zstd(image.header().compressionType == CompressionType::Zstd)
        , subclusters(image.header().hasExtendedL2())
        , dataFile(image.header().hasDataFile())
        , luks(image.header().cryptMethod == CryptMethod::Luks)
        , aes(image.header().cryptMethod == CryptMethod::Aes)
        , snapshots(!image.snapshots().empty())
    {
    }

    bool version3;
    bool width;
    bool compressed;
    bool zstd;
    bool subclusters;
    bool dataFile;
    bool luks;
    bool aes;
    bool snapshots;
};

/// Collects what a reader says to each need that the image has.
class Verdict
{
public:
    Verdict(std::string_view reader, std::string_view source)
        : m_verdict{reader, Opens::Yes, {}, source}
    {
    }

    Verdict& when(bool needed, Opens opens, std::string reason)
    {
        if (needed) {
            m_verdict.opens = std::max(m_verdict.opens, opens);
            m_verdict.reasons.push_back(std::move(reason));
        }
        return *this;
    }

    ReaderVerdict take() { return std::move(m_verdict); }

private:
    ReaderVerdict m_verdict;
};

/// A span of QEMU versions that read the same things.
struct QemuSpan {
    std::string_view name;
    bool version3;
    bool width;
    bool luks;
    bool dataFile;
    bool zstd;
    bool subclusters;
};

constexpr std::array kQemu{
    QemuSpan{"QEMU 5.2 and later", true, true, true, true, true, true},
    QemuSpan{"QEMU 5.1", true, true, true, true, true, false},
    QemuSpan{"QEMU 4.0 to 5.0", true, true, true, true, false, false},
    QemuSpan{"QEMU 2.10 to 3.1", true, true, true, false, false, false},
    QemuSpan{"QEMU 2.3 to 2.9", true, true, false, false, false, false},
    QemuSpan{"QEMU 1.1 to 2.2", true, false, false, false, false, false},
    QemuSpan{"QEMU 0.10 to 1.0", false, false, false, false, false, false},
};

ReaderVerdict qemuVerdict(const QemuSpan& span, const Needs& needs)
{
    Verdict verdict(span.name, "QEMU: qapi/block-core.json (\"since\" notes), manual");
    verdict.when(needs.version3 && !span.version3, Opens::No, "Version 3 came with QEMU 1.1.")
        .when(needs.width && !span.width, Opens::No, "Refcount widths other than 16 bits came with QEMU 2.3.")
        .when(needs.luks && !span.luks, Opens::No, "LUKS encryption in qcow2 came with QEMU 2.10.")
        .when(needs.dataFile && !span.dataFile, Opens::No, "External data files came with QEMU 4.0.")
        .when(needs.zstd && !span.zstd, Opens::No, "zstd compression came with QEMU 5.1.")
        .when(needs.zstd && span.zstd, Opens::Partly, "Needs a build with zstd.")
        .when(needs.subclusters && !span.subclusters, Opens::No, "Subclusters came with QEMU 5.2.")
        .when(
            needs.aes && span.luks, Opens::Partly, "AES encryption: qemu-img converts it, virtual machines refuse it.");
    return verdict.take();
}

std::vector<ReaderVerdict> readersOf(const Needs& needs)
{
    std::vector<ReaderVerdict> readers;
    for (const QemuSpan& span : kQemu)
        readers.push_back(qemuVerdict(span, needs));
    readers.push_back(Verdict("libqcow (read-only)", "github.com/libyal/libqcow, README")
                          .when(needs.zstd && needs.compressed, Opens::Unlisted, "Lists zlib compression only.")
                          .when(needs.subclusters, Opens::Unlisted, "Does not list subclusters.")
                          .when(needs.luks, Opens::No, "LUKS encryption is unsupported.")
                          .when(needs.dataFile, Opens::No, "External data files are unsupported.")
                          .when(needs.snapshots, Opens::Partly, "Internal snapshots are unsupported.")
                          .take());
    readers.push_back(Verdict("go-qcow2reader (read-only)", "github.com/lima-vm/go-qcow2reader, README and source")
                          .when(needs.luks || needs.aes, Opens::No, "Encryption is unsupported.")
                          .when(needs.dataFile, Opens::No, "External data files are unsupported.")
                          .when(needs.zstd, Opens::Partly, "Only in programs that add a zstd decompressor.")
                          .when(needs.subclusters, Opens::Partly, "Subclusters are experimental.")
                          .take());
    const std::string_view source
        = "github.com/cloud-hypervisor/cloud-hypervisor, issue 3727, pull requests 7462, 7612, 7633";
    readers.push_back(Verdict("Cloud Hypervisor, since early 2026", source)
                          .when(needs.subclusters, Opens::No, "Subclusters are refused.")
                          .when(needs.dataFile, Opens::No, "External data files are refused.")
                          .when(needs.luks || needs.aes, Opens::Unlisted, "Encryption is not mentioned.")
                          .take());
    readers.push_back(
        Verdict("Cloud Hypervisor before 2026", source)
            .when(needs.width, Opens::No, "Reads 16-bit counts only.")
            .when(needs.compressed, Opens::Partly, "Before v50 compressed clusters fail when they are read.")
            .when(needs.subclusters, Opens::No, "Subclusters are unsupported.")
            .when(needs.dataFile, Opens::No, "External data files are unsupported.")
            .when(needs.luks || needs.aes, Opens::Unlisted, "Encryption is not mentioned.")
            .take());
    readers.push_back(Verdict("Any reader of 16-bit counts only", "the format: header, refcount_order")
                          .when(needs.width, Opens::No, "The counts are of another width.")
                          .take());
    readers.push_back(Verdict("Any reader of version 2 only (compat 0.10)", "the format: header, version")
                          .when(needs.version3, Opens::No, "The image is of version 3.")
                          .take());
    return readers;
}

std::string featureList(const Image& image, unsigned type, std::uint64_t bits)
{
    std::string names;
    for (unsigned bit = 0; bit < 64; ++bit) {
        if ((bits >> bit & 1) != 0)
            names += (names.empty() ? "" : ", ") + featureName(image.extensions(), type, bit);
    }
    return names.empty() ? "none" : names;
}

std::string encryptionName(CryptMethod method)
{
    switch (method) {
    case CryptMethod::None:
        return "none";
    case CryptMethod::Aes:
        return "AES";
    case CryptMethod::Luks:
        return "LUKS";
    }
    return "unknown";
}

std::vector<Demand> demandsOf(const Image& image, const Needs& needs)
{
    const Header& header = image.header();
    std::vector<Demand> demands;
    const auto add = [&demands](std::string name, std::string value, bool special, std::string meaning) {
        demands.push_back({std::move(name), std::move(value), special ? std::move(meaning) : std::string(), special});
    };
    add("Version", fmt::format("{} (compat {})", header.version, needs.version3 ? "1.1" : "0.10"), needs.version3,
        "A reader must know version 3: feature bits, zero clusters.");
    add("Refcount width", fmt::format("{} bit{}", header.refcountBits(), header.refcountBits() == 1 ? "" : "s"),
        needs.width, "Who writes to the image, or checks it, must know counts of that width.");
    add("Compressed clusters",
        !needs.compressed ? "none"
            : needs.zstd  ? "zstd"
                          : "zlib",
        needs.compressed && needs.zstd, "A reader must know zstd.");
    if (needs.zstd && !needs.compressed)
        add("Compression type", "zstd", true, "A reader must know zstd, though nothing is compressed yet.");
    add("Subclusters", needs.subclusters ? "yes" : "no", needs.subclusters,
        "A reader must know L2 entries of 16 bytes.");
    add("External data file", needs.dataFile ? "yes" : "no", needs.dataFile,
        "The guest's data is in another file, which must come along.");
    add("Encryption", encryptionName(header.cryptMethod), needs.luks || needs.aes,
        "A reader must know the encryption and be given the secret.");
    add("Backing file", image.backingFile().empty() ? "none" : image.backingFile(), !image.backingFile().empty(),
        "The image is not complete without it.");
    add("Internal snapshots", fmt::format("{}", header.snapshotCount), false, {});
    add("Incompatible features", featureList(image, 0, header.incompatibleFeatures), header.incompatibleFeatures != 0,
        "A reader that does not know one of them must not open the image.");
    add("Compatible features", featureList(image, 1, header.compatibleFeatures), false, {});
    add("Autoclear features", featureList(image, 2, header.autoclearFeatures), header.autoclearFeatures != 0,
        "A writer that does not know one of them clears it: what it stands for is void then.");
    return demands;
}

std::vector<CompatibilityChange> changesFor(const Image& image, const Needs& needs)
{
    std::vector<CompatibilityChange> changes;
    const auto add = [&changes](bool needed, std::string what, std::string how) {
        if (needed)
            changes.push_back({std::move(what), std::move(how)});
    };
    add(needs.width, "Bring the counts to 16 bits, which every reader knows.",
        "cowscope-cli amend -o refcount_bits=16 IMAGE");
    add(image.header().isDirty() || image.header().isCorrupt(),
        "Check the image, so that the dirty or corrupt bit can be cleared.", "cowscope-cli check -r all IMAGE");
    const bool convert = !needs.luks && !needs.aes;
    const std::string lost = needs.snapshots ? " Snapshots are not copied." : "";
    add(convert && needs.zstd, "Copy it with zlib compression." + lost,
        "cowscope-cli convert -O qcow2 -c -o compression_type=zlib IMAGE NEW");
    add(convert && needs.subclusters, "Copy it without subclusters." + lost,
        "cowscope-cli convert -O qcow2 -o extended_l2=off IMAGE NEW");
    add(convert && needs.dataFile, "Copy data and metadata into one file." + lost,
        "cowscope-cli convert -O qcow2 IMAGE NEW");
    const bool amends = !needs.zstd && !needs.subclusters && !needs.dataFile;
    add(convert && needs.version3 && amends,
        "For readers of version 2 only, bring it back to compat 0.10; the counts become 16 bits.",
        "cowscope-cli amend -o compat=0.10 IMAGE");
    add(convert && needs.version3 && !amends, "For readers of version 2 only, copy it to compat 0.10." + lost,
        "cowscope-cli convert -O qcow2 -o compat=0.10 IMAGE NEW");
    add(convert && needs.compressed, "For readers without compression, copy it uncompressed." + lost,
        "cowscope-cli convert -O qcow2 IMAGE NEW");
    add(!convert, "Copy it without encryption, given its secret.",
        "qemu-img convert --object secret,... (see its manual)");
    add(needs.snapshots, "For readers without snapshots, copy each snapshot that is wanted to a file of its own.",
        "cowscope-cli convert -l SNAPSHOT -O qcow2 IMAGE NEW");
    add(!image.backingFile().empty() && convert, "To do without the backing file, copy what the guest sees." + lost,
        "cowscope-cli convert -O qcow2 IMAGE NEW");
    return changes;
}

} // namespace

std::string_view opensName(Opens opens)
{
    constexpr std::array<std::string_view, 4> names{"yes", "partly", "not listed", "no"};
    return names[static_cast<std::size_t>(opens)];
}

CompatibilityCard compatibilityOf(const Image& image, const Census& census)
{
    const Needs needs(image, census);
    return {demandsOf(image, needs), readersOf(needs), changesFor(image, needs)};
}

} // namespace cowscope
