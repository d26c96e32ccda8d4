// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/help_text.h"

#include <QCoreApplication>
#include <QList>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::AmendHelp)
};

struct Term {
    QString word;
    QString meaning;
};

Term refcountTerm()
{
    return {Text::tr("Reference count"),
        Text::tr("How many tables of the image point to a cluster: the disk as it is now, and each internal snapshot "
                 "that still uses the cluster. 0 means free.")};
}

Term widthTerm()
{
    return {Text::tr("Refcount width"),
        Text::tr("How many bits the image keeps for each count: 1, 2, 4, 8, 16, 32 or 64. A count that reaches the "
                 "width's maximum cannot grow, so the width limits how many snapshots can share a cluster.")};
}

Term refblockTerm()
{
    return {Text::tr("Refblock, reftable"),
        Text::tr("A refblock is a cluster full of counts. The reftable lists the refblocks, and the header says where "
                 "the reftable is.")};
}

Term compatTerm()
{
    return {Text::tr("Compat level"),
        Text::tr("0.10 is version 2 of the format, whose counts are always 16 bits wide. 1.1 is version 3, which can "
                 "have every width.")};
}

QList<Term> termsOf(PageId page)
{
    switch (page) {
    case PageId::Now:
        return {refcountTerm(), widthTerm(), refblockTerm(), compatTerm(),
            {Text::tr("Distribution"),
                Text::tr("How many clusters have which count. The scale is logarithmic: each line is ten times the one "
                         "below.")}};
    case PageId::NewWidth:
        return {widthTerm(),
            {Text::tr("Further snapshots"),
                Text::tr("Each internal snapshot adds 1 to the count of every cluster that it shares. This is how many "
                         "can still be taken before some count no longer fits.")},
            {Text::tr("Does not fit"),
                Text::tr("Some cluster has a count that is larger than the width's maximum. The clusters concerned are "
                         "listed. Deleting snapshots lowers counts.")},
            {Text::tr("Copying shared clusters"),
                Text::tr("What snapshots share with the disk is copied until every count fits: any width can then be "
                         "chosen, for the space that the copies take. The disk and all snapshots show what they did.")},
            {Text::tr("Compressed clusters"),
                Text::tr("Several compressed clusters can share one host cluster, which then has a count above 1.")},
            compatTerm()};
    case PageId::Preview:
        return {refblockTerm(),
            {Text::tr("Written beside"),
                Text::tr("The new structures go to clusters that the image does not use. Until the header is switched, "
                         "with one write of 512 bytes, the image is the old one; after it, the new one.")},
            {Text::tr("What would change"),
                Text::tr("The change was made on a copy of what it touches, and the result was checked. The maps show "
                         "every cluster of the file before and after; what is pale stays as it is.")},
            {Text::tr("Image lock"),
                Text::tr("Programs that use an image mark it. An image that a virtual machine has open cannot be "
                         "changed; from this page on none can open it until the change has ended.")}};
    case PageId::Run:
        return {{Text::tr("Switching the header"),
                    Text::tr("The moment of change: one write of 512 bytes. Before it, Cancel leaves the image as it "
                             "was; the write itself cannot be cancelled.")},
            refblockTerm()};
    case PageId::Result:
        return {{Text::tr("Fresh check"),
                    Text::tr("The file was opened again, and every count was compared with the tables that refer to "
                             "the cluster.")},
            {Text::tr("Undo"),
                Text::tr("The old refblocks and the old table stand in clusters that became free. For as long as they "
                         "count every cluster as the image does now, one write of the header goes back to them.")},
            {Text::tr("Leaked cluster"), Text::tr("A cluster whose count is higher than the references to it.")},
            refblockTerm()};
    }
    return {};
}

} // namespace

QString helpText(PageId page)
{
    QString text;
    const QList<Term> terms = termsOf(page);
    for (const Term& term : terms)
        text += QStringLiteral("<p><b>%1</b><br>%2</p>").arg(term.word, term.meaning);
    return text;
}

} // namespace cowscope::ui
