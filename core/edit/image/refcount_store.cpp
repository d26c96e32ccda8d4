// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/refcount_store.h"

namespace cowscope
{

} // namespace cowscope
