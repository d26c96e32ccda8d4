// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/wizard_page.h"

#include <QString>

namespace cowscope::ui
{

/// What the words on a page mean, as rich text.
QString helpText(PageId page);

} // namespace cowscope::ui
