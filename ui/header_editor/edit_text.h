// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/header/header_commit.h"
#include "core/edit/header/header_rules.h"
#include "core/edit/session/edit_session.h"

#include <QColor>
#include <QString>

namespace cowscope::ui
{

// Rich texts of the header editor. What comes from an image is escaped.

/// What an edit means, one paragraph a note, the level in front, in `danger` where it is high. Empty without notes.
QString notesHtml(std::span<const HeaderNote> notes, const QColor& danger);

/// The fields whose bytes change: name and place, then old and new bytes.
QString bytesHtml(std::span<const ChangedBytes> parts);

/// What the check says now and what it will say afterwards.
QString verdictsHtml(const CheckedImage& before, const CheckedImage& after);

/// Name, meaning, and why it cannot be changed if so.
QString fieldHtml(const HeaderFieldState& state);

} // namespace cowscope::ui
