// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/amend/amend_plan.h"

#include <QString>

namespace cowscope::ui
{

/// What a width means for an image, as its card says it.
enum class CardState {
    Current,
    Fits,
    FitsWarned,
    NeedsCompat11, ///< a version 2 image has no other width than 16 bits
    DoesNotFit, ///< some count is larger than the width holds
    NotPossible, ///< something else about the image forbids it
    WithCompat11, ///< fits, once the image is brought to compat 1.1 as the user agreed to
    WithCopies, ///< fits, once shared clusters are copied as the user agreed to
};

/// What the user agrees to have done with the width.
struct WidthOptions {
    bool upgrade = false; ///< to compat 1.1
    bool split = false; ///< copy shared clusters until they fit
};

/// Whether a card of that state can be chosen.
bool canBeChosen(CardState state);

/// `version` is the image's. `otherwise` says that nothing but the version and counts that do not fit is in the way.
CardState cardState(
    const WidthAssessment& width, unsigned version, const WidthOptions& options = {}, bool otherwise = false);

/// "fits", "needs compat 1.1", ...
QString cardStateText(CardState state);

/// "1 bit", "64 bits"
QString widthTitle(unsigned order);

/// "65,535"; a power of two for 64 bits, whose number is too long for a card.
QString maximumText(const WidthAssessment& width);

/// "none", "65,533 more", or a dash where the width is refused.
QString snapshotsText(const WidthAssessment& width);

/// The first thing in the way in a few words: "count 3 at cluster 12"; empty where nothing is.
QString obstacleText(const WidthAssessment& width);

/// Everything about a width as rich text: what it holds and costs, its warnings or what stands in its way.
QString widthDetails(const WidthAssessment& width, CardState state, std::uint64_t presentMetadataBytes);

/// A row of the list of offenders: "cluster 12 (0xc0000): count 3".
QString offenderText(const CountedCluster& offender, unsigned clusterBits);

/// One plain sentence for assistive technology: the whole card.
QString cardDescription(const WidthAssessment& width, CardState state);

} // namespace cowscope::ui
