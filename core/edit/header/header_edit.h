// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cowscope
{

/// The three feature words of a header, numbered as in the feature name table.
enum class FeatureType : std::uint8_t { Incompatible = 0, Compatible = 1, Autoclear = 2 };

/// One feature bit, 0 to 63.
struct FeatureId {
    FeatureType type = FeatureType::Incompatible;
    unsigned bit = 0;

    auto operator<=>(const FeatureId&) const = default;
};

inline constexpr FeatureId kDirtyBit{FeatureType::Incompatible, 0};
inline constexpr FeatureId kCorruptBit{FeatureType::Incompatible, 1};
inline constexpr FeatureId kLazyRefcountsBit{FeatureType::Compatible, 0};
inline constexpr FeatureId kBitmapsBit{FeatureType::Autoclear, 0};
inline constexpr FeatureId kRawDataFileBit{FeatureType::Autoclear, 1};

/// One thing in the header that an editor shows on a line of its own.
struct HeaderField {
    enum class Kind { Feature, BackingFile, BackingFormat, DataFile, Extension };

    Kind kind = Kind::Feature;
    FeatureId feature = {}; ///< of a Feature
    std::uint32_t extension = 0; ///< of an Extension: its type

    auto operator<=>(const HeaderField&) const = default;
};

/// What shall be changed in a header by hand; what is absent stays as it is.
struct HeaderEdit {
    std::map<FeatureId, bool> features; ///< bits and what they shall be
    std::optional<std::string> backingFile; ///< only the name; empty: none
    std::optional<std::string> backingFormat; ///< empty: none
    std::optional<std::string> dataFile; ///< only the name of the external data file
    std::set<std::uint32_t> dropped; ///< types of header extensions that are taken out

    bool changesNothing() const { return *this == HeaderEdit{}; }

    bool operator==(const HeaderEdit&) const = default;
};

/// A line of the editor: what there is, and whether it can be changed.
struct HeaderFieldState {
    HeaderField field;
    std::string name; ///< "dirty bit", "Backing file", "Unknown extension 0x12345678", ...
    std::string about; ///< what it means, a sentence or two
    std::string text; ///< the value of a name or format; of an extension how long it is
    bool on = false; ///< of a bit; of an extension: it is there
    std::string whyFixed; ///< why it cannot be changed, a sentence without its full stop; empty: it can
};

/// All lines, in the order of the header: every known feature bit, unknown ones that are set, the names, and every
/// extension that has no line of its own. Pure.
std::vector<HeaderFieldState> headerFields(const Image& image);

/// Whether a bit is set in the header.
bool hasFeature(const Header& header, FeatureId feature);

/// The header's word of features of that type.
std::uint64_t& featureWord(Header& header, FeatureType type);

/// Takes out of `edit` what the image has anyway.
HeaderEdit onlyChanges(const Image& image, HeaderEdit edit);

} // namespace cowscope
