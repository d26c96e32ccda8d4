// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/header/header_rules.h"

#include "core/edit/amend/amend_rules.h"
#include "core/edit/header/header_commit.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

using Kind = HeaderField::Kind;

constexpr std::string_view kOnlyTheName
    = "Only the name changes, and nothing is opened or compared: what the guest sees is what the new one holds";

constexpr std::array<std::string_view, 13> kBackingFormats{
    "raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vhdx", "vpc", "parallels", "luks", "host_device", "nbd", "dmg"};

/// Writes the notes of one edit.
class NoteWriter
{
public:
    NoteWriter(const Image& image, const Census* census, const HeaderEdit& edit)
        : m_image(image)
        , m_census(census && census->complete ? census : nullptr)
        , m_edit(edit)
    {
    }

    std::vector<HeaderNote> run()
    {
        refuseFixed();
        for (const auto& [feature, on] : m_edit.features)
            describeFeature(feature, on);
        describeUnknownAutoclear();
        describeBacking();
        describeDataFile();
        for (const std::uint32_t type : m_edit.dropped)
            describeDropped(type);
        refuseWhatDoesNotFit();
        return std::move(m_notes);
    }

private:
    void add(NoteLevel level, std::optional<HeaderField> field, std::string text)
    {
        m_notes.push_back({level, field, std::move(text)});
    }

    void add(NoteLevel level, FeatureId feature, std::string text)
    {
        add(level, HeaderField{Kind::Feature, feature, 0}, std::move(text));
    }

    /// Whether the edit changes a field to something that it must not be.
    bool touches(const HeaderFieldState& state) const
    {
        switch (state.field.kind) {
        case Kind::Feature:
            return m_edit.features.contains(state.field.feature);
        case Kind::BackingFile:
            return m_edit.backingFile.has_value();
        case Kind::BackingFormat:
            return m_edit.backingFormat.has_value();
        case Kind::DataFile:
            return m_edit.dataFile.has_value();
        case Kind::Extension:
            return m_edit.dropped.contains(state.field.extension);
        }
        return false;
    }

    void refuseFixed()
    {
        const auto fields = headerFields(m_image);
        for (const HeaderFieldState& state : fields) {
            if (!state.whyFixed.empty() && touches(state))
                add(NoteLevel::Refusal, state.field, fmt::format("{}: {}", state.name, state.whyFixed));
        }
        for (const auto& [feature, on] : m_edit.features) {
            const bool known = std::ranges::any_of(fields, [id = feature](const HeaderFieldState& state) {
                return state.field == HeaderField{Kind::Feature, id, 0};
            });
            if (!known)
                add(NoteLevel::Refusal, feature, "Only a program that knows the feature can switch it on");
        }
    }

    void describeFeature(FeatureId feature, bool on)
    {
        if (feature == kDirtyBit)
            on ? describeSetDirty() : describeClearedMark(feature, "dirty");
        else if (feature == kCorruptBit)
            on ? describeSetCorrupt() : describeClearedMark(feature, "corrupt");
        else if (feature == kLazyRefcountsBit)
            describeLazy(on);
        else if (feature == kBitmapsBit)
            describeBitmaps(on);
        else if (feature == kRawDataFileBit && !on)
            add(NoteLevel::Warning, feature,
                "The data file is no longer promised to be the disk as it is: programs that read it as a raw image may "
                "find something else from the next write on");
        else if (feature.type == FeatureType::Compatible && !on)
            add(NoteLevel::Warning, feature,
                fmt::format("What '{}' stood for is given up: a program that knows it takes the image for one without",
                    featureName(m_image.extensions(), 1, feature.bit)));
    }

    void describeSetDirty()
    {
        add(NoteLevel::Warning, kDirtyBit,
            "The next program that opens the image for writing, this one too, repairs its counts first, which takes "
            "time");
    }

    void describeSetCorrupt()
    {
        add(NoteLevel::Warning, kCorruptBit,
            "Programs open the image for reading only, until a repair has found it sound");
    }

    /// The mark tells writers to repair first. Without it they trust what the check has found.
    void describeClearedMark(FeatureId feature, std::string_view mark)
    {
        if (!m_census) {
            add(NoteLevel::Danger, feature,
                fmt::format("The image has not been checked, so that nobody knows whether it is still {}. Without the "
                            "mark programs write to it: where counts are wrong, they overwrite data in use",
                    mark));
        } else if (m_census->corruptions > 0 || m_census->checkErrors > 0) {
            add(NoteLevel::Danger, feature,
                fmt::format("The check finds {} corruptions{}. Clearing the mark repairs nothing: programs then write "
                            "to the image and may overwrite data in use. Repair it instead, which clears the mark by "
                            "itself",
                    m_census->corruptions,
                    m_census->checkErrors > 0 ? fmt::format(" and {} parts that it cannot check", m_census->checkErrors)
                                              : ""));
        } else if (m_census->leaks > 0) {
            add(NoteLevel::Warning, feature,
                fmt::format("The check finds no corruption, but {} leaked clusters. They stay until a repair",
                    m_census->leaks));
        } else {
            add(NoteLevel::Note, feature, "The check finds the image sound, so that the mark is not needed any more");
        }
    }

    void describeLazy(bool on)
    {
        add(NoteLevel::Note, kLazyRefcountsBit,
            on ? "Counts are written late. After a crash of the guest's host the image is marked dirty, and the next "
                 "writer has to repair it before it can go on"
               : "Counts are written at once from now on: slower, and nothing to repair after a crash");
        const auto dirty = m_edit.features.find(kDirtyBit);
        if (!on && m_image.header().isDirty() && dirty == m_edit.features.end())
            add(NoteLevel::Warning, kLazyRefcountsBit,
                "The image stays marked dirty: counts that were not written back are still missing until a repair");
    }

    void describeBitmaps(bool on)
    {
        if (on) {
            add(NoteLevel::Danger, kBitmapsBit,
                "The bit vouches that the bitmaps know of every write to the disk. If anything was written while it "
                "was clear, the next incremental backup leaves that out and cannot be trusted");
            return;
        }
        const auto& extension = m_image.extensions().bitmaps;
        add(NoteLevel::Warning, kBitmapsBit,
            fmt::format("{} bitmaps are no longer valid: incremental backups begin anew. Their clusters then count as "
                        "leaked, and a repair frees them for good",
                extension ? extension->bitmapCount : 0));
    }

    void describeUnknownAutoclear()
    {
        const std::uint64_t unknown = m_image.header().autoclearFeatures & ~kAutoclearKnown;
        for (unsigned bit = 0; bit < 64; ++bit) {
            if ((unknown >> bit & 1) != 0)
                add(NoteLevel::Warning, FeatureId{FeatureType::Autoclear, bit},
                    fmt::format("The autoclear bit '{}' is switched off with it, as the format demands of every writer "
                                "that does not know it",
                        featureName(m_image.extensions(), 2, bit)));
        }
    }

    void describeBacking()
    {
        if (!m_edit.backingFile && !m_edit.backingFormat)
            return;
        const HeaderField field{m_edit.backingFile ? Kind::BackingFile : Kind::BackingFormat, {}, 0};
        const std::string file = m_edit.backingFile.value_or(m_image.backingFile());
        const std::string format = m_edit.backingFormat.value_or(m_image.extensions().backingFormat.value_or(""));
        const auto raw = m_edit.features.find(kRawDataFileBit);
        const bool rawDataFile
            = raw == m_edit.features.end() ? hasFeature(m_image.header(), kRawDataFileBit) : raw->second;
        for (std::string& reason : backingRefusals(file, format, rawDataFile))
            add(NoteLevel::Refusal, field, std::move(reason));
        if (file.find('\0') != std::string::npos || format.find('\0') != std::string::npos)
            add(NoteLevel::Refusal, field, "A name cannot contain a character of code 0");
        if (m_edit.backingFile)
            describeBackingFile(file);
        if (m_edit.backingFormat && !file.empty())
            describeBackingFormat(format);
    }

    void describeBackingFile(const std::string& file)
    {
        const HeaderField field{Kind::BackingFile, {}, 0};
        if (file.empty())
            add(NoteLevel::Danger, field,
                "What the guest saw of the backing file reads as zeros then. Contents are not copied: to keep them, "
                "convert or rebase the image instead");
        else
            add(NoteLevel::Warning, field, std::string(kOnlyTheName));
    }

    void describeBackingFormat(const std::string& format)
    {
        const HeaderField field{Kind::BackingFormat, {}, 0};
        if (std::ranges::find(kBackingFormats, format) == kBackingFormats.end())
            add(NoteLevel::Warning, field,
                fmt::format("'{}' is no format that this program has heard of: readers will not open the chain unless "
                            "they know it",
                    format));
        else
            add(NoteLevel::Warning, field,
                "If the backing file is not of that format, readers see something else in it, or refuse it");
    }

    void describeDataFile()
    {
        if (!m_edit.dataFile)
            return;
        const HeaderField field{Kind::DataFile, {}, 0};
        if (m_edit.dataFile->empty())
            add(NoteLevel::Refusal, field, "An image with an external data file needs its name");
        if (m_edit.dataFile->find('\0') != std::string::npos)
            add(NoteLevel::Refusal, field, "A name cannot contain a character of code 0");
        add(NoteLevel::Danger, field, std::string(kOnlyTheName));
    }

    void describeDropped(std::uint32_t type)
    {
        const HeaderField field{Kind::Extension, {}, type};
        if (type == kExtensionFeatureNames)
            add(NoteLevel::Note, field, "Programs that do not know a feature can no longer tell its name");
        else if (type == kExtensionBitmaps)
            add(NoteLevel::Warning, field, "The way to the bitmaps is lost. Their clusters stay leaked until a repair");
        else
            add(NoteLevel::Warning, field,
                "What it says is lost, and so is the way to clusters that it may lead to, which no check of this "
                "program knows of");
    }

    void refuseWhatDoesNotFit()
    {
        if (highestLevel(m_notes) == NoteLevel::Refusal)
            return;
        if (auto planned = planHeaderEdit(m_image, m_edit); !planned)
            add(NoteLevel::Refusal, std::nullopt, planned.error().what);
    }

    const Image& m_image;
    const Census* m_census;
    const HeaderEdit& m_edit;
    std::vector<HeaderNote> m_notes;
};

} // namespace

std::vector<HeaderNote> headerEditNotes(const Image& image, const Census* census, const HeaderEdit& edit)
{
    const HeaderEdit changes = onlyChanges(image, edit);
    return changes.changesNothing() ? std::vector<HeaderNote>{} : NoteWriter(image, census, changes).run();
}

std::span<const std::string_view> backingFormats()
{
    return kBackingFormats;
}

NoteLevel highestLevel(std::span<const HeaderNote> notes)
{
    NoteLevel level = NoteLevel::Note;
    for (const HeaderNote& note : notes)
        level = std::max(level, note.level);
    return level;
}

} // namespace cowscope
