// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/repair/repair_text.h"

#include "ui/common/format.h"
#include "ui/common/own_words.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("Repair", text);
}

QString amounts(std::uint64_t leaks, std::uint64_t corruptions)
{
    const QString leaksText = leaks == 1 ? tr("1 leak") : tr("%1 leaks").arg(formatCount(leaks));
    const QString corruptionsText
        = corruptions == 1 ? tr("1 corruption") : tr("%1 corruptions").arg(formatCount(corruptions));
    return tr("%1 and %2").arg(corruptionsText, leaksText);
}

} // namespace

bool givesUp(const RepairPlan& plan)
{
    return !plan.givenUp.empty() || std::ranges::any_of(plan.actions, &RepairAction::losesData);
}

QString previewText(const RepairPreview& preview)
{
    const RepairPlan& plan = preview.plan;
    QStringList parts{tr("The check says: <b>%1</b>.").arg(preview.verdict)};
    if (preview.dirty)
        parts += tr("The image is marked dirty: it was not closed properly, and its counts may be out of date.");
    if (preview.corrupt)
        parts += tr("The image is marked corrupt: a program found it damaged.");
    if (plan.rebuild)
        parts += tr("The refcount structures cannot be used as they are: they are written anew beside the old ones.");
    parts += plan.changesNothing() ? tr("There is nothing that this repair would change.")
                                   : tr("This is what the repair would do, in this order:");
    return parts.join(u' ');
}

QString outcomeText(const RepairOutcome& outcome)
{
    return tr("<b>%1</b> Fixed: %2. A fresh check says: <b>%3</b>.")
        .arg(outcome.clean ? tr("The image is repaired.") : tr("The image still needs attention."),
            amounts(outcome.leaksFixed, outcome.corruptionsFixed), outcome.verdict);
}

QString listHtml(const QString& heading, const std::vector<std::string>& lines, std::size_t most)
{
    if (lines.empty())
        return {};
    QString html = QStringLiteral("<b>%1</b><ul style=\"margin-top:2px;margin-bottom:0\">").arg(heading);
    for (const std::string& line : std::span(lines).first(std::min(most, lines.size())))
        html += QStringLiteral("<li>%1</li>").arg(inOwnWords(toQString(line)).toHtmlEscaped());
    if (lines.size() > most)
        html += QStringLiteral("<li>%1</li>").arg(tr("and %1 more").arg(formatCount(lines.size() - most)));
    return html + QStringLiteral("</ul>");
}

} // namespace cowscope::ui
