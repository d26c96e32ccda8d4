// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "ui/cells/map_colors.h"
#include "ui/cells/map_layout.h"

#include <QImage>

#include <memory>

namespace cowscope::ui
{

/// A picture of a whole map with its title and its legend.
struct MapExport {
    std::shared_ptr<const MapPyramid> pyramid; ///< complete
    QString title; ///< the name of the image
    MapColors colors;
    MapLayout::Kind kind = MapLayout::Kind::Rows;
    bool dark = false;
    QSize size{1600, 1000}; ///< pixels
};

/// The picture. Needs a QGuiApplication (offscreen will do) but no GUI thread, and about a tenth of a second.
QImage mapImage(const MapExport& wanted);

/// Saves the picture, by the ending of `path` as SVG or as PNG. Errors: Io.
Result<void> saveMap(const MapExport& wanted, const QString& path);

} // namespace cowscope::ui
