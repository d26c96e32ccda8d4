// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/verdict.h"

#include "ui/common/format.h"

#include <QCoreApplication>
#include <QStringList>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("Verdict", text);
}

} // namespace

CountVerdict countVerdict(const ClusterMap& map, HostCluster cluster)
{
    const std::uint64_t count = map.refcount(cluster);
    const std::uint64_t references = map.references(cluster);
    if (count == references)
        return CountVerdict::Right;
    return count > references ? CountVerdict::TooHigh : CountVerdict::TooLow;
}

QString verdictText(CountVerdict verdict)
{
    switch (verdict) {
    case CountVerdict::Right:
        return tr("right");
    case CountVerdict::TooHigh:
        return tr("too high (leak)");
    case CountVerdict::TooLow:
        return tr("too low (corruption)");
    }
    return {};
}

QString verdictLine(const Census& census)
{
    if (census.isClean())
        return tr("CLEAN");
    const auto amount = [](std::uint64_t count, const QString& one, const QString& several) {
        return count == 1 ? one : several.arg(formatCount(count));
    };
    QStringList parts;
    if (census.corruptions > 0)
        parts += amount(census.corruptions, tr("1 corruption"), tr("%1 corruptions"));
    if (census.leaks > 0)
        parts += amount(census.leaks, tr("1 leak"), tr("%1 leaks"));
    if (census.checkErrors > 0)
        parts += amount(census.checkErrors, tr("1 part not checked"), tr("%1 parts not checked"));
    return parts.join(QStringLiteral(", "));
}

} // namespace cowscope::ui
