// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/edit/amend/amend_request.h"
#include "core/image/image.h"

#include <span>
#include <string>
#include <vector>

namespace cowscope
{

/// What the image would be after an amend.
struct AmendTarget {
    std::uint32_t version = 3;
    unsigned order = 4;
    bool lazyRefcounts = false;
    std::string backingFile;
    std::string backingFormat;
    std::vector<RawExtension> extensions;
};

/// A downgrade to version 2 brings width 16 with it. It gives up the feature name table, and so does a change of
/// extensions that would otherwise not fit the sector that is written at once. Everything else is as asked for or as it
/// is.
AmendTarget amendTarget(const Image& image, const AmendRequest& request);

/// Why the amend cannot be: sentences without full stops, all reasons at once; none if it can. Pure.
std::vector<std::string> amendRefusals(const Image& image, const Census& census, const AmendRequest& request);

/// What the user should know before, likewise.
std::vector<std::string> amendWarnings(const Image& image, const Census& census, const AmendRequest& request);

/// What is wrong with this backing file and this format in a header, likewise. With `rawDataFile` the image has an
/// external data file that is raw.
std::vector<std::string> backingRefusals(const std::string& file, const std::string& format, bool rawDataFile);

/// Sentences that say which damage leaves it open which clusters are free, or that the image wants a repair first. Part
/// of the refusals of every amend.
std::vector<std::string> damageRefusals(const Image& image, const Census& census);

/// The error that holds all reasons, with `what` could not be done in front.
Error refusedFor(std::string_view what, std::span<const std::string> reasons);

} // namespace cowscope
