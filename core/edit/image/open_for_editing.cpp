// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/open_for_editing.h"

namespace cowscope
{

} // namespace cowscope
