// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace cowscope::cli
{

/// An option that takes a cache mode of QEMU's. Files are read and written through the page cache whatever it says.
void addCacheMode(CLI::App& command, const std::string& flags, std::string& mode, const std::string& what);

} // namespace cowscope::cli
