// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/edit/amend/amend_plan.h"
#include "core/image/image.h"

#include <nlohmann/json.hpp>
#include <string>

namespace cowscope
{

// Results as JSON. What qemu-img prints too has its names and places; the rest stands beside it.

/// `qemu-img info --output=json`. `path` is how the user named the file.
nlohmann::json infoJson(const Image& image, const std::string& path);

/// The same for a raw file at the end of a backing chain.
nlohmann::json rawInfoJson(const Storage& storage, const std::string& path);

/// The "snapshots" of infoJson().
nlohmann::json snapshotsJson(const Image& image);

/// The header's fields after the field catalogue: name, offset, bytes, value, meaning, legal values, section.
nlohmann::json headerFieldsJson(const Image& image);

/// `qemu-img check --output=json`, and "findings", a list, where there are any.
nlohmann::json checkJson(const Image& image, const Census& census, const std::string& path);

/// What a change of the refcount width would do, or why it cannot.
nlohmann::json assessmentJson(const Image& image, const WidthAssessment& assessment, const std::string& path);

} // namespace cowscope
