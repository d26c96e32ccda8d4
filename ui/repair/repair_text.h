// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/repair/repair.h"
#include "ui/preview/edit_desk.h"

#include <QString>

#include <optional>

namespace cowscope::ui
{

/// What the dialog knows before the user agrees.
struct RepairPreview {
    RepairPlan plan;
    QString verdict; ///< of the check that the plan was made from
    bool dirty = false; ///< the header says so
    bool corrupt = false; ///< the header says so
    bool tooNarrow = false; ///< some cluster has more references than the width can count: amend first
    std::optional<Error> locked; ///< why the image cannot be written now; the plan is of the image as it was opened
    std::shared_ptr<const ShownPreview> shown; ///< what the plan comes to; null where it changes nothing, or is locked
};

/// What is left of a repair when its files are closed again.
struct RepairOutcome {
    std::uint64_t leaksFixed = 0;
    std::uint64_t corruptionsFixed = 0;
    QString verdict; ///< of the check behind the repair
    bool clean = false;
    std::vector<std::string> remains;
};

/// Whether something that a guest or a user could see is lost.
bool givesUp(const RepairPlan& plan);

/// What the plan is about and comes to, as rich text.
QString previewText(const RepairPreview& preview);

/// What was done and what a fresh check says, as rich text.
QString outcomeText(const RepairOutcome& outcome);

/// A heading and at most `most` lines of text as a list; nothing where there are none.
QString listHtml(const QString& heading, const std::vector<std::string>& lines, std::size_t most);

} // namespace cowscope::ui
