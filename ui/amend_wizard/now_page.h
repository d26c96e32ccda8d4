// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/wizard_page.h"

namespace cowscope::ui
{

/// The image as it is: its width, its counts, what the width costs and still allows.
class NowPage : public WizardPage
{
    Q_OBJECT

public:
    explicit NowPage(WizardState& state);
};

} // namespace cowscope::ui
