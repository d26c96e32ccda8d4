// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/qemu_oracle.h"

namespace cowscope::test
{

/// Runs the cowscope-cli of this build in `folder`.
inline ProgramRun cli(const QStringList& arguments, const QString& folder = {})
{
    return runProgram(QStringLiteral(COWSCOPE_CLI), arguments, folder);
}

} // namespace cowscope::test
