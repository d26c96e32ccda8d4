// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "ui/document/selection.h"

#include <QString>
#include <QStringList>

#include <expected>

namespace cowscope::ui
{

/// What a user types to go to a place of the image, as the selection that shows it:
///   1234, cluster 5           a host cluster
///   0x50000, 12M, 1.5 GiB     an offset in the image file: its cluster if that begins there, else the byte
///   g:12M, guest 0x50000      an offset of the active disk
///   header, reftable, reftable[2], refblock 3, L1, L1[2], L2[3], L2[3][17], snapshots, bitmaps
///   snapshot NAME, bitmap NAME    (or a snapshot's id)
///   cluster_bits, ...         a field of the header
/// Upper and lower case are the same. Reads no file. An error is a sentence for the user: what is not there, or what
/// would be understood.
std::expected<Selection::Value, QString> parsePlace(const QString& text, const Image& image);

/// At most `most` places that begin with, or else contain, what was typed.
QStringList placeCompletions(const QString& text, const Image& image, qsizetype most = 20);

} // namespace cowscope::ui
