// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <QString>

namespace cowscope::test
{

/// Which counts an operation would make, by a plain reader of the image's bytes: the judge of refusals. The images are
/// sound and keep their data in the image file.
namespace limits
{

std::uint64_t largestCount(const Bytes& image);

/// Taking a snapshot would raise a count past the width's maximum.
bool snapshotOverflows(const Bytes& image);

/// Applying the snapshot would leave a count past the maximum; with `inBetween`, it would do so if the new references
/// were taken before the old ones are given up.
bool applyOverflows(const Bytes& image, const QString& snapshot, bool inBetween);

} // namespace limits

} // namespace cowscope::test
