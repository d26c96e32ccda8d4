// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/create.h"

#include <QString>
#include <QStringList>

namespace cowscope::ui
{

/// What a refcount width allows: "Counts up to 65,535: a cluster can be shared by 65,534 snapshots."
QString widthText(unsigned bits);

/// What is worth knowing about a choice that is allowed, a sentence each.
QStringList createNotes(const CreateOptions& options);

/// What a preallocation does.
QString preallocationText(Preallocation preallocation);

} // namespace cowscope::ui
