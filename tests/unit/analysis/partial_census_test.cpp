// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <algorithm>

using namespace cowscope;
using test::BuiltImage;

namespace
{

std::shared_ptr<const Image> opened(const BuiltImage& built)
{
    return Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr);
}

/// A census that is stopped at its report number `at` (from 0), or before it begins (-1).
Result<std::shared_ptr<const Census>> stoppedAt(const Image& image, int at, const CensusOptions& options)
{
    std::stop_source stop;
    if (at < 0)
        stop.request_stop();
    int reports = 0;
    return takeCensus(image,
        {stop.get_token(),
            [&](const Progress&) {
                if (reports++ == at)
                    stop.request_stop();
            }},
        options);
}

BuiltImage manyTables()
{
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 4096 * 512});
    for (std::uint64_t guest = 0; guest < 4096; guest += 32)
        builder.data(guest);
    return builder.build();
}

bool holds(const std::vector<Finding>& all, const Finding& wanted)
{
    return std::ranges::any_of(all, [&](const Finding& each) {
        return each.kind == wanted.kind && each.offset == wanted.offset && each.expected == wanted.expected
            && each.cluster <= wanted.cluster && wanted.cluster + wanted.clusters <= each.cluster + each.clusters;
    });
}

} // namespace

class PartialCensusTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isAnErrorUnlessAskedFor();
    void ofASoundImageFindsNothingWhereverItStops();
    void findsOnlyWhatAWholeCensusFinds();
    void tellsHowFarItCame();
    void knowsNoWidthForSnapshots();
};

void PartialCensusTest::isAnErrorUnlessAskedFor()
{
    const auto image = opened(manyTables());
    QVERIFY(image);
    VERIFY_ERROR(stoppedAt(*image, 2, {}), ErrorKind::Cancelled);
    const auto kept = stoppedAt(*image, 2, {.keepPartial = true});
    VERIFY_OK(kept);
    QVERIFY(!(*kept)->complete);
    const auto whole = takeCensus(*image, {}, {.keepPartial = true});
    VERIFY_OK(whole);
    QVERIFY((*whole)->complete);
}

void PartialCensusTest::ofASoundImageFindsNothingWhereverItStops()
{
    const auto image = opened(manyTables());
    QVERIFY(image);
    for (int at = 0;; ++at) {
        const auto census = stoppedAt(*image, at, {.keepPartial = true});
        VERIFY_OK(census);
        QVERIFY((*census)->isClean());
        QVERIFY((*census)->findings.empty());
        QCOMPARE((*census)->map.clusters(), image->fileClusters());
        if ((*census)->complete) {
            QVERIFY(at > 5); // there were places to stop at
            break;
        }
    }
}

void PartialCensusTest::findsOnlyWhatAWholeCensusFinds()
{
    BuiltImage built = manyTables();
    for (std::uint64_t cluster = 10; cluster < 60; cluster += 5)
        built.setCount(cluster, cluster % 2 == 0 ? 0 : 3);
    test::put64(built.bytes, built.l2EntryAt(32), 0);
    const auto image = opened(built);
    QVERIFY(image);
    const auto whole = takeCensus(*image, {});
    VERIFY_OK(whole);
    QVERIFY((*whole)->leaks > 0 && (*whole)->corruptions > 0);
    std::size_t foundBefore = 0;
    for (int at = 0;; ++at) {
        const auto census = stoppedAt(*image, at, {.keepPartial = true});
        VERIFY_OK(census);
        if ((*census)->complete)
            break;
        for (const Finding& each : (*census)->findings)
            QVERIFY2(holds((*whole)->findings, each), describe(each, 9).c_str());
        QVERIFY((*census)->findings.size() >= foundBefore);
        foundBefore = (*census)->findings.size();
    }
    QVERIFY(foundBefore > 0); // what was found on the way is kept
}

void PartialCensusTest::tellsHowFarItCame()
{
    const auto image = opened(manyTables());
    QVERIFY(image);
    std::vector<Phase> reached;
    for (int at = -1;; ++at) {
        const auto census = stoppedAt(*image, at, {.keepPartial = true});
        VERIFY_OK(census);
        if (reached.empty() || reached.back() != (*census)->reached)
            reached.push_back((*census)->reached);
        if ((*census)->complete)
            break;
    }
    const std::vector<Phase> expected{Phase::Open, Phase::ReadRefcounts, Phase::WalkTables, Phase::Compare};
    QCOMPARE(reached, expected);
}

void PartialCensusTest::knowsNoWidthForSnapshots()
{
    const auto image = opened(manyTables());
    QVERIFY(image);
    const auto census = stoppedAt(*image, 3, {.keepPartial = true});
    VERIFY_OK(census);
    for (const std::uint64_t fit : (*census)->snapshotsThatFit)
        QCOMPARE(fit, 0U);
}

QTEST_GUILESS_MAIN(PartialCensusTest)
#include "partial_census_test.moc"
