// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/edit/amend/amend_request.h"

#include <string>
#include <vector>

namespace cowscope::cli
{

/// What the values of -o ("compat=1.1,refcount_bits=64", one string for each time that it was given) ask for; the last
/// value of a name counts. Errors: Invalid for an unknown name, with the list of known ones, and for a value that the
/// name does not take.
Result<AmendRequest> parseAmendOptions(const std::vector<std::string>& texts);

/// The names with a line of help each, for -o help.
std::string amendOptionsHelp();

} // namespace cowscope::cli
