// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header/header_rows.h"

#include "ui/common/format.h"
#include "ui/document/selected_clusters.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QTimeZone>

#include <algorithm>
#include <bit>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("HeaderRows", text);
}

QString hexBytes(std::span<const std::byte> bytes, std::size_t most = 16)
{
    QString text;
    for (const std::byte byte : bytes.first(std::min(bytes.size(), most)))
        text += QStringLiteral("%1 ").arg(std::to_integer<unsigned>(byte), 2, 16, QLatin1Char('0'));
    if (bytes.size() > most)
        text += u'\u2026';
    return text.trimmed();
}

QString byteRange(std::uint64_t first, std::uint64_t bytes)
{
    return bytes <= 1 ? formatCount(first)
                      : QStringLiteral("%1\u2013%2").arg(formatCount(first), formatCount(first + bytes - 1));
}

void addTitle(std::vector<HeaderRow>& rows, const QString& name)
{
    HeaderRow row;
    row.isTitle = true;
    row.name = name;
    rows.push_back(std::move(row));
}

void addFact(std::vector<HeaderRow>& rows, const QString& name, const QString& value, const QString& meaning = {},
    const Selection::Value& selection = {})
{
    HeaderRow row;
    row.name = name;
    row.value = value;
    row.meaning = meaning;
    row.selection = selection;
    rows.push_back(std::move(row));
}

QString namedValue(const Field& field, std::uint64_t number)
{
    if (field.offset == header_field::kCryptMethod)
        return number == 0 ? tr("0 (none)")
            : number == 1  ? tr("1 (AES)")
            : number == 2  ? tr("2 (LUKS)")
                           : formatCount(number);
    if (field.offset == header_field::kCompressionType)
        return number == 0 ? tr("0 (deflate)") : number == 1 ? tr("1 (zstd)") : formatCount(number);
    if (field.offset == header_field::kVersion)
        return number == 2 ? tr("2 (compat 0.10)") : number == 3 ? tr("3 (compat 1.1)") : formatCount(number);
    return formatField(field, number);
}

void addFields(std::vector<HeaderRow>& rows, const Image& image)
{
    const auto bytes = image.headerCluster();
    const std::size_t length = std::min<std::size_t>(bytes.size(), image.header().headerLength);
    const auto fields = fieldsOf(Structure::Header);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Field& field = fields[i];
        const FieldValue value = readField(field, bytes.first(length));
        if (!value.present)
            continue;
        HeaderRow row;
        row.name = toQString(field.name);
        row.bytes = byteRange(field.offset, field.bytes);
        row.raw = hexBytes(bytes.subspan(field.offset, field.bytes));
        row.value = namedValue(field, value.number);
        row.meaning = toQString(field.meaning);
        row.legal = toQString(field.legal);
        row.selection = FieldSelection{Structure::Header, 0, HostOffset(0), i};
        rows.push_back(std::move(row));
    }
    const auto& tail = image.header().unknownTail;
    if (!tail.empty()) {
        HeaderRow row;
        row.name = tr("unknown bytes");
        row.bytes = byteRange(length - tail.size(), tail.size());
        row.raw = hexBytes(tail);
        row.value = formatExactBytes(tail.size());
        row.meaning = tr("Bytes behind the fields that this program knows. They are kept as they are.");
        rows.push_back(std::move(row));
    }
}

void addFeatures(std::vector<HeaderRow>& rows, const Image& image)
{
    struct Kind {
        std::uint64_t bits;
        const char* name;
        std::size_t fieldOffset;
    };
    const Header& header = image.header();
    const Kind kinds[]{
        {header.incompatibleFeatures, "incompatible bit %1", header_field::kIncompatibleFeatures},
        {header.compatibleFeatures, "compatible bit %1", header_field::kCompatibleFeatures},
        {header.autoclearFeatures, "autoclear bit %1", header_field::kAutoclearFeatures},
    };
    const auto fields = fieldsOf(Structure::Header);
    addTitle(rows, tr("Features that are set"));
    bool any = false;
    for (unsigned type = 0; type < std::size(kinds); ++type)
        for (std::uint64_t rest = kinds[type].bits; rest != 0; rest &= rest - 1) {
            const unsigned bit = static_cast<unsigned>(std::countr_zero(rest));
            const auto known = std::ranges::find_if(knownFeatureBits(),
                [&](const FeatureBit& feature) { return feature.type == type && feature.bit == bit; });
            const auto field = std::ranges::find(fields, kinds[type].fieldOffset, &Field::offset);
            addFact(rows, toQString(featureName(image.extensions(), type, bit)), tr(kinds[type].name).arg(bit),
                known == knownFeatureBits().end() ? tr("The specification does not define this bit.")
                                                  : toQString(known->meaning),
                FieldSelection{Structure::Header, 0, HostOffset(0), static_cast<std::size_t>(field - fields.begin())});
            any = true;
        }
    if (!any)
        addFact(rows, tr("none"), QString(), tr("No feature bit is set."));
}

void addExtensions(std::vector<HeaderRow>& rows, const Image& image)
{
    const HeaderExtensions& extensions = image.extensions();
    addTitle(rows, tr("Header extensions"));
    if (extensions.raw.empty())
        addFact(rows, tr("none"), QString(), tr("The header has no extensions."));
    for (std::size_t i = 0; i < extensions.raw.size(); ++i) {
        const RawExtension& extension = extensions.raw[i];
        HeaderRow row;
        row.name = toQString(extensionName(extension.type));
        row.bytes = byteRange(extension.offset.value(), 8 + extension.data.size());
        row.raw = hexBytes(extension.data);
        row.value = tr("type %1, %2").arg(formatHex(extension.type), formatExactBytes(extension.data.size()));
        if (extension.type == kExtensionBackingFormat && extensions.backingFormat)
            row.meaning = tr("The backing file's format is \"%1\".").arg(toQString(*extensions.backingFormat));
        else if (extension.type == kExtensionDataFile && extensions.dataFile)
            row.meaning
                = tr("Guest data is in the file \"%1\", which is not opened.").arg(toQString(*extensions.dataFile));
        else if (extension.type == kExtensionFeatureNames)
            row.meaning = tr("Names of %1 feature bits, for programs that do not know them.")
                              .arg(extensions.featureNames.size());
        else if (extension.type == kExtensionBitmaps && extensions.bitmaps)
            row.meaning = tr("%1 bitmaps; their directory is at %2.")
                              .arg(extensions.bitmaps->bitmapCount)
                              .arg(formatOffset(extensions.bitmaps->directoryOffset));
        else if (extension.type == kExtensionCrypto && extensions.crypto)
            row.meaning = tr("The LUKS header is at %1.").arg(formatOffset(extensions.crypto->offset));
        else
            row.meaning = tr("Not known to this program; kept as it is.");
        row.selection = FieldSelection{Structure::HeaderExtension, i, extension.offset, 0};
        rows.push_back(std::move(row));
    }
}

void addBacking(std::vector<HeaderRow>& rows, const Image& image)
{
    addTitle(rows, tr("Backing file"));
    if (image.backingFile().empty()) {
        addFact(rows, tr("none"), QString(), tr("The image stands alone."));
        return;
    }
    addFact(rows, tr("name"), toQString(image.backingFile()),
        tr("As the image names it. It is not opened: an image is not trusted to choose files."),
        clustersOf(image.geometry(), image.header().backingFileOffset, image.header().backingFileSize));
}

void addSnapshots(std::vector<HeaderRow>& rows, const Image& image)
{
    addTitle(rows, tr("Snapshots"));
    if (image.snapshots().empty())
        addFact(rows, tr("none"), QString(), tr("The image has no internal snapshot."));
    for (std::size_t i = 0; i < image.snapshots().size(); ++i) {
        const Snapshot& snapshot = image.snapshots()[i];
        const QDateTime date = QDateTime::fromSecsSinceEpoch(snapshot.dateSeconds, QTimeZone::utc());
        addFact(rows, tr("%1 (id %2)").arg(toQString(snapshot.name), toQString(snapshot.id)),
            date.toString(QStringLiteral("yyyy-MM-dd HH:mm:ss 'UTC'")),
            tr("Disk size %1, VM state %2, L1 table at %3")
                .arg(formatBytes(snapshot.diskSize.value_or(image.header().size)), formatBytes(snapshot.vmStateSize),
                    formatOffset(snapshot.l1TableOffset)),
            SnapshotSelection{i});
    }
}

void addEncryption(std::vector<HeaderRow>& rows, const Image& image)
{
    if (!image.luks())
        return;
    const LuksHeader& luks = *image.luks();
    addTitle(rows, tr("LUKS encryption"));
    addFact(rows, tr("cipher"), toQString(luks.cipher + "-" + luks.cipherMode),
        tr("Initial vectors: %1 %2").arg(toQString(luks.ivGenerator), toQString(luks.ivHash)).trimmed());
    addFact(rows, tr("hash"), toQString(luks.hash), tr("Derives keys from passwords."));
    addFact(rows, tr("uuid"), QString(), toQString(luks.uuid));
    addFact(rows, tr("payload offset"), formatBytes(luks.payloadOffset), tr("Length of the LUKS header and its keys."));
    for (std::size_t i = 0; i < luks.slots.size(); ++i)
        addFact(rows, tr("key slot %1").arg(i), luks.slots[i].active ? tr("in use") : tr("empty"),
            luks.slots[i].active ? tr("%1 iterations, %2 stripes")
                                       .arg(formatCount(luks.slots[i].iterations), formatCount(luks.slots[i].stripes))
                                 : QString());
}

void addProblems(std::vector<HeaderRow>& rows, const Image& image)
{
    if (image.problems().empty())
        return;
    addTitle(rows, tr("Parts that could not be read"));
    for (const Error& problem : image.problems())
        addFact(rows, problem.offset ? formatHex(*problem.offset) : tr("problem"), toQString(problem.what),
            toQString(problem.next));
}

} // namespace

std::vector<HeaderRow> headerRows(const Image& image)
{
    std::vector<HeaderRow> rows;
    addTitle(rows, tr("Header fields"));
    addFields(rows, image);
    addFeatures(rows, image);
    addExtensions(rows, image);
    addBacking(rows, image);
    addSnapshots(rows, image);
    addEncryption(rows, image);
    addProblems(rows, image);
    return rows;
}

} // namespace cowscope::ui
