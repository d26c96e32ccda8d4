// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/guest_reader.h"

namespace cowscope
{

} // namespace cowscope
