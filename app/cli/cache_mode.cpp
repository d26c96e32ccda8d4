// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/cache_mode.h"

namespace cowscope::cli
{

void addCacheMode(CLI::App& command, const std::string& flags, std::string& mode, const std::string& what)
{
    command.add_option(flags, mode, what + "; accepted for qemu-img's sake, without effect")
        ->check(CLI::IsMember({"none", "off", "directsync", "writeback", "writethrough", "unsafe"}));
}

} // namespace cowscope::cli
