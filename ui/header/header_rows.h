// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "ui/document/selection.h"

#include <QString>

#include <vector>

namespace cowscope::ui
{

/// One row of the header panel: a field, a feature bit, an extension or a fact; or the title of a group of them.
struct HeaderRow {
    bool isTitle = false;
    QString name;
    QString bytes; ///< "20–23", empty where the row is no range of bytes
    QString raw; ///< hex digits as they stand in the file
    QString value;
    QString meaning;
    QString legal; ///< legal values of a field, else empty
    Selection::Value selection; ///< what the row selects, or nothing
};

/// Everything that the first cluster says, and what its extensions lead to. Reads no file.
std::vector<HeaderRow> headerRows(const Image& image);

} // namespace cowscope::ui
