// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/header/header_commit.h"
#include "core/edit/header/header_rules.h"
#include "core/edit/session/edit_session.h"

#include <QString>

namespace cowscope::ui
{

// Rich texts of the header editor. What comes from an image is escaped.

/// What an edit means, one line a note, the level in front. Empty without notes.
QString notesHtml(std::span<const HeaderNote> notes);

/// The fields whose bytes change: name, place, old bytes, new bytes.
QString bytesHtml(std::span<const ChangedBytes> parts);

/// What the check says now and what it will say afterwards.
QString verdictsHtml(const CheckedImage& before, const CheckedImage& after);

/// Name, meaning, and why it cannot be changed if so.
QString fieldHtml(const HeaderFieldState& state);

} // namespace cowscope::ui
