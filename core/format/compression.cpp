// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/compression.h"

namespace cowscope
{

} // namespace cowscope
