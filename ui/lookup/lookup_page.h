// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/lookup.h"
#include "ui/document/selection.h"

#include <QColor>
#include <QString>
#include <QUrl>

#include <optional>

namespace cowscope::ui
{

/// The steps as HTML; links stand for the bytes that a step read.
QString lookupPage(const GuestTrace& trace, const QColor& warning);
QString lookupPage(const HostTrace& trace, const Image& image, const QColor& warning);

/// The bytes that a link of such a page stands for.
std::optional<ByteRange> lookupLink(const QUrl& url);

} // namespace cowscope::ui
