// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/edit/amend/amend_image.h"
#include "core/edit/amend/amend_plan.h"
#include "core/image/image.h"
#include "ui/common/fact_list.h"

#include <QList>
#include <QString>

namespace cowscope::ui
{

/// The figures of an image that a change of its refcount width is about. A small value that outlives the image.
struct ImageFacts {
    unsigned order = 4;
    unsigned version = 3;
    unsigned clusterBits = 16;
    CountedCluster largest;
    std::uint64_t refblocks = 0; ///< clusters
    std::uint64_t reftableClusters = 0;
    std::uint64_t fileBytes = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t snapshotsThatFit = 0; ///< further ones
    std::uint64_t corruptions = 0;
    std::uint64_t leaks = 0;
    std::uint64_t checkErrors = 0;

    unsigned bits() const { return 1U << order; }
    std::uint64_t metadataBytes() const { return (refblocks + reftableClusters) << clusterBits; }
    bool isClean() const { return corruptions == 0 && leaks == 0 && checkErrors == 0; }
};

ImageFacts imageFacts(const Image& image, const Census& census);

/// The largest count that a width holds; order is 0 to 6.
std::uint64_t largestCountOf(unsigned order);

/// What the page "Now" says.
QList<Fact> presentFacts(const ImageFacts& facts);

/// What the page "Preview" says of a plan. `freeBytes` is the room on the file's disk, negative where it is unknown.
QList<Fact> planFacts(const AmendPlan& plan, unsigned clusterBits, qint64 freeBytes);

/// What it says of a change of more than the width, of which `bytesWritten` would be written.
QList<Fact> summaryFacts(const AmendSummary& summary, std::uint64_t bytesWritten, qint64 freeBytes);

/// "Copies 12 clusters (48 KiB). The file grows from 1 MiB to 1.05 MiB."
QString splitText(const AmendSummary& summary);

/// A sentence when the disk may have too little room for the growth of the file, else empty.
QString spaceWarning(std::uint64_t fileBytesBefore, std::uint64_t fileBytesAfter, qint64 freeBytes);

/// One row of the table on the page "Result" and of the reports.
struct ComparedFact {
    QString key; ///< for JSON
    QString name;
    QString before;
    QString after;
    std::uint64_t beforeNumber = 0;
    std::uint64_t afterNumber = 0;
};

QList<ComparedFact> compareFacts(const ImageFacts& before, const ImageFacts& after);

/// "Clean: no error and no leak", "3 corruptions, 1 leak", ...
QString verdictText(const ImageFacts& facts);

/// "3 of 65,535, at cluster 12 (0xc0000)", or that nothing is counted.
QString largestText(const CountedCluster& largest, unsigned order, unsigned clusterBits);

} // namespace cowscope::ui
