// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <string>
#include <string_view>
#include <vector>

namespace cowscope
{

/// Something that an image asks of whoever reads it.
struct Demand {
    std::string name; ///< "Refcount width"
    std::string value; ///< "64 bits"
    std::string meaning; ///< what a reader must be able to do, a sentence; empty where nothing is asked
    bool special = false; ///< more than the first version 2 readers could do
};

/// Whether a reader can open an image.
enum class Opens {
    Yes,
    Partly, ///< opens it, but not all of it can be read
    Unlisted, ///< its documentation does not list what the image needs
    No,
};
std::string_view opensName(Opens opens); ///< "yes", "partly", "not listed", "no"

/// A known reader and its verdict.
struct ReaderVerdict {
    std::string_view reader; ///< "QEMU 2.3 to 2.9"
    Opens opens = Opens::Yes;
    std::vector<std::string> reasons; ///< sentences; empty for a plain yes
    std::string_view source; ///< where this is documented
};

/// What one would do so that more readers can open the image.
struct CompatibilityChange {
    std::string what; ///< a sentence
    std::string how; ///< a command, or empty
};

struct CompatibilityCard {
    std::vector<Demand> demands;
    std::vector<ReaderVerdict> readers;
    std::vector<CompatibilityChange> changes;
};

/// What an image demands, who can read it, and what would have to change. Pure. Rests on what the readers' own
/// documentation says; what it does not say is not claimed.
CompatibilityCard compatibilityOf(const Image& image, const Census& census);

} // namespace cowscope
