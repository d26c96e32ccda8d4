// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/amend/amend_image.h"

#include <nlohmann/json.hpp>
#include <string>

namespace cowscope
{

/// What an amend changes and costs, a line each: for `amend --plan` and the wizard. Holds names from the image.
std::string amendText(const AmendSummary& summary);

/// The same as JSON, with what it was before under names that begin with "old-".
nlohmann::json amendJson(const AmendSummary& summary, const std::string& path);

} // namespace cowscope
