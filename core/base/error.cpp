// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"

#include <fmt/format.h>

namespace cowscope
{

Error Error::in(std::string file) &&
{
    if (path.empty())
        path = std::move(file);
    return std::move(*this);
}

std::string Error::text() const
{
    std::string text = path.empty() ? what : fmt::format("{}: {}", path, what);
    if (offset)
        text += fmt::format(" (at offset {:#x})", *offset);
    if (!next.empty())
        text += fmt::format(". {}", next);
    return text;
}

} // namespace cowscope
