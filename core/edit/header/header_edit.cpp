// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/header/header_edit.h"

#include "core/format/field_catalog.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

using Kind = HeaderField::Kind;

constexpr unsigned kFeatureBits = 64;
constexpr std::string_view kVersion2HasNone = "Images of compat 0.10 (version 2) have no feature bits. Amend to "
                                              "compat=1.1 first";
constexpr std::string_view kUnknownStaysOff = "Only a program that knows the feature can switch it on";

std::string_view whyFixedIncompatible(unsigned bit)
{
    switch (bit) {
    case 0:
    case 1:
        return {};
    case 2:
        return "It says in which file the guest's data is. Without the data being moved, the disk would read as "
               "something else";
    case 3:
        return "It belongs to the compression type, by which the compressed clusters were written";
    case 4:
        return "It says how long the entries of all L2 tables are. Changed alone, every entry would be misread";
    default:
        return "Nobody can read the image without knowing what this bit stands for";
    }
}

std::string whyFixedFeature(const Image& image, FeatureId feature, bool on)
{
    if (image.header().version == 2)
        return std::string(kVersion2HasNone);
    switch (feature.type) {
    case FeatureType::Incompatible:
        return std::string(whyFixedIncompatible(feature.bit));
    case FeatureType::Compatible:
        return feature == kLazyRefcountsBit || on ? "" : std::string(kUnknownStaysOff);
    case FeatureType::Autoclear:
        break;
    }
    if (feature == kBitmapsBit)
        return image.extensions().bitmaps ? "" : "The image has no bitmaps extension that the bit could vouch for";
    if (feature == kRawDataFileBit)
        return on ? ""
                  : "Nobody can vouch for it afterwards: a raw data file must hold every byte of the disk from the "
                    "start";
    return on ? "" : std::string(kUnknownStaysOff);
}

HeaderFieldState featureState(const Image& image, FeatureId feature, std::string_view about)
{
    const auto type = static_cast<unsigned>(feature.type);
    HeaderFieldState state;
    state.field = {Kind::Feature, feature, 0};
    state.name = featureName(image.extensions(), type, feature.bit);
    state.about = about;
    state.on = hasFeature(image.header(), feature);
    state.whyFixed = whyFixedFeature(image, feature, state.on);
    return state;
}

void addFeatures(std::vector<HeaderFieldState>& out, const Image& image, FeatureType type)
{
    static constexpr std::array<std::string_view, 3> kUnknown{
        "A feature that this program does not know, and that a reader must know.",
        "A feature that this program does not know. Readers may ignore it.",
        "A feature that this program does not know. Writers that do not know it clear the bit."};
    for (unsigned bit = 0; bit < kFeatureBits; ++bit) {
        const auto known = std::ranges::find_if(knownFeatureBits(),
            [&](const FeatureBit& each) { return each.type == static_cast<unsigned>(type) && each.bit == bit; });
        const bool isKnown = known != knownFeatureBits().end();
        if (isKnown || hasFeature(image.header(), {type, bit}))
            out.push_back(
                featureState(image, {type, bit}, isKnown ? known->meaning : kUnknown[static_cast<unsigned>(type)]));
    }
}

void addNames(std::vector<HeaderFieldState>& out, const Image& image)
{
    const HeaderExtensions& extensions = image.extensions();
    out.push_back({{Kind::BackingFile, {}, 0}, "Backing file",
        "The image below, whose contents show wherever this one has none of its own. A relative name is seen from the "
        "folder of this image.",
        image.backingFile(), !image.backingFile().empty(), {}});
    out.push_back({{Kind::BackingFormat, {}, 0}, "Backing format",
        "How the backing file is read. Without it programs guess by the first bytes, which a guest may have written.",
        extensions.backingFormat.value_or(""), extensions.backingFormat.has_value(), {}});
    out.push_back({{Kind::DataFile, {}, 0}, "Data file", "The file that holds the guest's data.",
        extensions.dataFile.value_or(""), extensions.dataFile.has_value(),
        image.header().hasDataFile() && extensions.dataFile ? "" : "The image has no external data file"});
}

std::string whyFixedExtension(const Image& image, std::uint32_t type)
{
    switch (type) {
    case kExtensionBitmaps:
        return hasFeature(image.header(), kBitmapsBit)
            ? "It leads to the bitmaps of the image. Remove them first: bitmap --remove"
            : "";
    case kExtensionCrypto:
        return "It leads to the keys of the image, without which nobody can read it";
    default:
        return {};
    }
}

std::string_view aboutExtension(std::uint32_t type)
{
    switch (type) {
    case kExtensionFeatureNames:
        return "Names of the feature bits, for the messages of programs that do not know them.";
    case kExtensionBitmaps:
        return "Leads to the dirty bitmaps, from which incremental backups know what has changed.";
    case kExtensionCrypto:
        return "Leads to the LUKS header of the image.";
    default:
        return "An extension that this program does not know. Readers may ignore it.";
    }
}

void addExtensions(std::vector<HeaderFieldState>& out, const Image& image)
{
    std::set<std::uint32_t> seen{kExtensionBackingFormat, kExtensionDataFile};
    for (const RawExtension& extension : image.extensions().raw) {
        if (!seen.insert(extension.type).second)
            continue;
        const std::string_view known = extensionName(extension.type);
        const bool isKnown = known != extensionName(~std::uint32_t{0});
        out.push_back({{Kind::Extension, {}, extension.type},
            isKnown ? std::string(known) : fmt::format("{} {:#010x}", known, extension.type),
            std::string(aboutExtension(extension.type)), fmt::format("{} bytes", extension.data.size()), true,
            whyFixedExtension(image, extension.type)});
    }
}

void dropIfSame(std::optional<std::string>& wanted, const std::string& present)
{
    if (wanted == present)
        wanted.reset();
}

} // namespace

std::uint64_t& featureWord(Header& header, FeatureType type)
{
    switch (type) {
    case FeatureType::Incompatible:
        return header.incompatibleFeatures;
    case FeatureType::Compatible:
        return header.compatibleFeatures;
    case FeatureType::Autoclear:
        break;
    }
    return header.autoclearFeatures;
}

bool hasFeature(const Header& header, FeatureId feature)
{
    Header copy = header;
    return (featureWord(copy, feature.type) >> feature.bit & 1) != 0;
}

std::vector<HeaderFieldState> headerFields(const Image& image)
{
    std::vector<HeaderFieldState> out;
    for (const FeatureType type : {FeatureType::Incompatible, FeatureType::Compatible, FeatureType::Autoclear})
        addFeatures(out, image, type);
    addNames(out, image);
    addExtensions(out, image);
    return out;
}

HeaderEdit onlyChanges(const Image& image, HeaderEdit edit)
{
    std::erase_if(
        edit.features, [&](const auto& wanted) { return hasFeature(image.header(), wanted.first) == wanted.second; });
    dropIfSame(edit.backingFile, image.backingFile());
    dropIfSame(edit.backingFormat, image.extensions().backingFormat.value_or(""));
    dropIfSame(edit.dataFile, image.extensions().dataFile.value_or(""));
    std::erase_if(edit.dropped, [&](std::uint32_t type) {
        return std::ranges::find(image.extensions().raw, type, &RawExtension::type) == image.extensions().raw.end();
    });
    return edit;
}

} // namespace cowscope
