// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/lookup.h"

#include <nlohmann/json.hpp>
#include <string>

namespace cowscope
{

/// The steps one below the other, each with its arithmetic, its bytes and what they say.
std::string lookupText(const GuestTrace& trace);
std::string lookupText(const HostTrace& trace, const Image& image);

/// "steps", a list; "outcome", "kind", "broken" and "host" where there is one.
nlohmann::json lookupJson(const GuestTrace& trace);

/// "steps", "refcount" and "referrers", a list of who refers to the cluster.
nlohmann::json lookupJson(const HostTrace& trace, const Image& image);

} // namespace cowscope
