// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/verdict.h"

#include <QCoreApplication>

namespace cowscope::ui
{

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
        return QCoreApplication::translate("Verdict", "right");
    case CountVerdict::TooHigh:
        return QCoreApplication::translate("Verdict", "too high (leak)");
    case CountVerdict::TooLow:
        return QCoreApplication::translate("Verdict", "too low (corruption)");
    }
    return {};
}

} // namespace cowscope::ui
