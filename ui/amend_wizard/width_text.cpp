// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/width_text.h"

#include "ui/common/format.h"
#include "ui/common/own_words.h"

#include <QCoreApplication>
#include <QStringList>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::WidthText)
};

QString list(const std::vector<std::string>& sentences)
{
    QString items;
    for (const std::string& sentence : sentences)
        items += QStringLiteral("<li>%1</li>").arg(inOwnWords(toQString(sentence)).toHtmlEscaped());
    return QStringLiteral("<ul style=\"margin:2px 0 2px -22px\">%1</ul>").arg(items);
}

QString costText(const WidthAssessment& width, std::uint64_t presentBytes)
{
    const QString now = formatBytes(width.metadataBytes);
    if (width.metadataBytes == presentBytes)
        return Text::tr("Refblocks and table take %1, as they do today.").arg(now);
    return Text::tr("Refblocks and table take %1 instead of %2.").arg(now, formatBytes(presentBytes));
}

QString introduction(const WidthAssessment& width, CardState state, std::uint64_t presentBytes)
{
    const QString holds
        = Text::tr("<b>%1</b> counts up to %2.").arg(widthTitle(width.order), formatCount(width.maximum));
    if (state == CardState::Current)
        return Text::tr("%1 This is today's width: nothing would change.").arg(holds);
    if (state == CardState::WithCopies)
        return Text::tr("%1 Clusters that are shared more often are copied until every count fits: the disk keeps what "
                        "is there, snapshots get the copies.")
            .arg(holds);
    if (state == CardState::WithCompat11)
        return Text::tr("%1 %2 The image is brought to compat 1.1 in the same commit: programs older than QEMU 1.1 "
                        "cannot read it then.")
            .arg(holds, costText(width, presentBytes));
    if (width.state == WidthState::Refused)
        return Text::tr("%1 It cannot be chosen:").arg(holds);
    return Text::tr("%1 %2 Room for %3 more snapshots.")
        .arg(holds, costText(width, presentBytes), formatCount(width.snapshotsThatFit));
}

} // namespace

bool canBeChosen(CardState state)
{
    return state == CardState::Fits || state == CardState::FitsWarned || state == CardState::WithCompat11
        || state == CardState::WithCopies;
}

CardState cardState(const WidthAssessment& width, unsigned version, const WidthOptions& options, bool otherwise)
{
    switch (width.state) {
    case WidthState::Current:
        return CardState::Current;
    case WidthState::Fits:
        return CardState::Fits;
    case WidthState::FitsWarned:
        return CardState::FitsWarned;
    case WidthState::Refused:
        break;
    }
    const bool fits = width.obstacles.clusters == 0;
    if (version < 3 && !(options.upgrade && otherwise))
        return CardState::NeedsCompat11;
    if (!fits && options.split && otherwise)
        return CardState::WithCopies;
    if (fits && version < 3)
        return CardState::WithCompat11;
    return width.obstacles.clusters > 0 ? CardState::DoesNotFit : CardState::NotPossible;
}

QString cardStateText(CardState state)
{
    switch (state) {
    case CardState::Current:
        return Text::tr("today's");
    case CardState::Fits:
        return Text::tr("fits");
    case CardState::FitsWarned:
        return Text::tr("fits, with a warning");
    case CardState::NeedsCompat11:
        return Text::tr("needs compat 1.1");
    case CardState::DoesNotFit:
        return Text::tr("does not fit");
    case CardState::NotPossible:
        return Text::tr("not possible");
    case CardState::WithCompat11:
        return Text::tr("fits with compat 1.1");
    case CardState::WithCopies:
        return Text::tr("fits with copies");
    }
    return {};
}

QString widthTitle(unsigned order)
{
    return order == 0 ? Text::tr("1 bit") : Text::tr("%1 bits").arg(1U << order);
}

QString maximumText(const WidthAssessment& width)
{
    return width.order == kMaxRefcountOrder ? QStringLiteral("2\u2076\u2074 \u2212 1") : formatCount(width.maximum);
}

QString snapshotsText(const WidthAssessment& width)
{
    if (width.state == WidthState::Refused)
        return QStringLiteral("\u2013");
    return width.snapshotsThatFit == 0 ? Text::tr("no more")
                                       : Text::tr("%1 more").arg(formatCount(width.snapshotsThatFit));
}

QString obstacleText(const WidthAssessment& width)
{
    if (width.obstacles.first.empty())
        return {};
    const CountedCluster& first = width.obstacles.first.front();
    return Text::tr("count %1 at cluster %2").arg(formatCount(first.count), formatCount(first.cluster.value()));
}

QString widthDetails(const WidthAssessment& width, CardState state, std::uint64_t presentMetadataBytes)
{
    QString text = introduction(width, state, presentMetadataBytes);
    if (!width.refusals.empty() && !canBeChosen(state))
        text += list(width.refusals);
    if (!width.warnings.empty() && state != CardState::Current)
        text += list(width.warnings);
    return text;
}

QString offenderText(const CountedCluster& offender, unsigned clusterBits)
{
    return Text::tr("cluster %1 (%2): count %3")
        .arg(formatCount(offender.cluster.value()), formatOffset(HostOffset(offender.cluster.value() << clusterBits)),
            formatCount(offender.count));
}

QString cardDescription(const WidthAssessment& width, CardState state)
{
    QStringList parts{Text::tr("largest count %1").arg(formatCount(width.maximum)), cardStateText(state)};
    if (const QString obstacle = obstacleText(width); state == CardState::DoesNotFit && !obstacle.isEmpty())
        parts << obstacle;
    if (width.state != WidthState::Refused)
        parts << Text::tr("snapshots: %1").arg(snapshotsText(width))
              << Text::tr("refblocks and table %1").arg(formatBytes(width.metadataBytes));
    return parts.join(Text::tr(", "));
}

} // namespace cowscope::ui
