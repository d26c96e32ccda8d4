// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "ui/amend_wizard/image_facts.h"

#include <QByteArray>
#include <QString>

#include <optional>

namespace cowscope::ui
{

/// What one change of the refcount width did: for the page "Result" and for keeping.
struct AmendReport {
    QString path;
    std::optional<AmendPlan> plan; ///< where nothing but the width changed
    ImageFacts before;
    ImageFacts after; ///< of the fresh check behind the change
    std::optional<AmendSummary> summary = std::nullopt; ///< where more than the width changed
};

/// UTF-8 in all three; the JSON has exact numbers.
QByteArray reportAsText(const AmendReport& report);
QByteArray reportAsHtml(const AmendReport& report);
QByteArray reportAsJson(const AmendReport& report);

/// Writes the report in the form that the suffix of `path` asks for (json, html or htm, else text), replacing a file
/// of that name in one step. Errors: Io.
Result<void> saveReport(const AmendReport& report, const QString& path);

} // namespace cowscope::ui
