// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/crash/harness/crash_judge.h"

#include <QStringList>

#include <vector>

namespace cowscope::test
{

/// An edit by a program that is recorded from outside.
struct RecordedCase {
    std::string edit; ///< "1 to 64 bits", "snapshot -c", ...
    std::string image; ///< its kind
    std::function<Bytes()> make;
    QString program;
    QStringList arguments; ///< without the image, which comes last
};

struct RecordedCases {
    std::string title;
    bool ours = false; ///< has to keep its promises
    std::vector<RecordedCase> cases;
};

/// cowscope-cli and, where it is installed, qemu-img: changes of width for all pairs and kinds of images, and snapshots
/// made, applied and deleted. The images have no bitmaps, whose flags qemu-img changes whatever it does.
std::vector<RecordedCases> recordedCases(unsigned clusterBits);

/// Runs the program with the image in a file of `folder`, and tries the states that a crash may leave. A program that
/// fails, or whose record is not complete, is a fault.
CrashFigures tryRecorded(const RecordedCase& each, const CutBounds& bounds, const QString& folder);

} // namespace cowscope::test
