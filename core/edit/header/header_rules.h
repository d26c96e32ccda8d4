// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/edit/header/header_edit.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cowscope
{

/// How much a consequence of an edit by hand matters.
enum class NoteLevel {
    Note, ///< worth knowing
    Warning, ///< something is given up, or changes for readers
    Danger, ///< data may get lost, or the image may be misread
    Refusal, ///< it cannot be done
};

/// One consequence of an edit by hand, in plain words.
struct HeaderNote {
    NoteLevel level = NoteLevel::Note;
    std::optional<HeaderField> field; ///< that it comes from; nothing: from the edit as a whole
    std::string text; ///< one or more sentences, without the last full stop

    bool operator==(const HeaderNote&) const = default;
};

/// What an edit of the header means: what it changes for readers and writers, and why it cannot be. In the order of the
/// header. `census` is the last check of the image, null if there is none: what depends on it is then taken for
/// unknown. Pure; reads nothing.
std::vector<HeaderNote> headerEditNotes(const Image& image, const Census* census, const HeaderEdit& edit);

/// Formats that a backing file may have and that readers know, for choosing one.
std::span<const std::string_view> backingFormats();

/// The highest level among notes; Note if there are none.
NoteLevel highestLevel(std::span<const HeaderNote> notes);

} // namespace cowscope
