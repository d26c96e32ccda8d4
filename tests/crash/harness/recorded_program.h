// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/qemu_oracle.h"
#include "tests/support/write_trace.h"

#include <optional>

namespace cowscope::test
{

/// A run of a program that changed an image, seen from outside.
struct RecordedRun {
    ProgramRun program;
    std::optional<WriteTrace> trace; ///< nothing if the record does not end in the file as it is
};

/// Runs a program and records each call of its that changes `image`, with write_recorder.cpp. What was recorded must
/// add up to the file that is there afterwards: a call that the recorder does not know would show.
RecordedRun recordProgram(const QString& program, const QStringList& arguments, const QString& image);

} // namespace cowscope::test
