// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>

namespace cowscope::ui
{

/// An image that comes with the program.
struct Sample {
    QString resource; ///< ":/samples/fresh.qcow2"
    QString name; ///< "fresh.qcow2"
    QString description; ///< what it shows, a short sentence
};

QList<Sample> samples();

/// Copies a sample into a temporary folder that lives as long as the program, and returns the copy's path; empty if it
/// could not be written. A copy that is already there is made anew under another name.
QString copySample(const Sample& sample);

} // namespace cowscope::ui
