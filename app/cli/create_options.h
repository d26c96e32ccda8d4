// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/create.h"

#include <string>
#include <vector>

namespace cowscope::cli
{

/// What the values of -o ("cluster_size=4k,compat=1.1", one string for each time that it was given) make of `start`;
/// the last value of a name counts. Checks the form of each value; whether they go together is checkCreateOptions()'s
/// to say. Errors: Invalid for an unknown name, with the list of known ones, and for a value that the name does not
/// take; Unsupported for encryption.
Result<CreateOptions> parseCreateOptions(const std::vector<std::string>& texts, CreateOptions start = {});

/// "Supported qcow2 options:", a line each, for -o help.
std::string createOptionsHelp();

/// Whether some value of -o asks for help: "help" or "?", alone or among others.
bool asksForHelp(const std::vector<std::string>& texts);

} // namespace cowscope::cli
