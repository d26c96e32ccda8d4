// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/edit/amend/amend_plan.h"
#include "core/image/image.h"

#include <string>
#include <string_view>

namespace cowscope
{

// Results as text for people, each ending in a line feed. Where qemu-img prints the same, its wording is kept.

/// Text from an image, with control characters spelled out ("\x0a"): they could steer a terminal, or begin a line of
/// their own that looks like one of ours.
std::string spelledOut(std::string_view text);

/// 1536 -> "1.5 KiB", three significant digits.
std::string humanBytes(std::uint64_t bytes);

std::string infoText(const Image& image, const std::string& path);

/// The same for a raw file at the end of a backing chain.
std::string rawInfoText(const Storage& storage, const std::string& path);

/// The snapshots as a table; empty without any.
std::string snapshotsText(const Image& image);

/// The header's fields after the field catalogue: byte range, name, value, meaning.
std::string headerFieldsText(const Image& image);

/// One line a finding.
std::string findingsText(const Image& image, const Census& census);

/// The totals: verdict, allocation figures, end of the image.
std::string checkSummaryText(const Census& census);

std::string assessmentText(const Image& image, const WidthAssessment& assessment);

} // namespace cowscope
