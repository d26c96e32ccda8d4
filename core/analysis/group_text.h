// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding_groups.h"

namespace cowscope
{

/// Title, explanation and repair of a group of lost tables.
void describeLostTables(FindingGroup& group, const LostTables& tables, const Image& image);

/// The same of any other group, by its cause; the rule of all of them. What is there already stays.
void describeGroup(FindingGroup& group, const Image& image, const Census& census);

} // namespace cowscope
