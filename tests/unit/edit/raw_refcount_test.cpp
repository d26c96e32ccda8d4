// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/raw_refcount.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/image_builder.h"
#include "tests/support/trace_storage.h"

#include <fmt/format.h>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr std::uint64_t kGuestClusters = 30;

BuiltImage built(unsigned order, std::uint64_t incompatible = 0, std::uint64_t autoclear = 0)
{
    ImageBuilder builder({.clusterBits = 9,
        .refcountOrder = order,
        .virtualSize = kGuestClusters << 9,
        .incompatible = incompatible,
        .autoclear = autoclear});
    for (std::uint64_t guest = 0; guest < kGuestClusters; ++guest)
        builder.data(guest);
    return builder.build();
}

std::shared_ptr<const Image> opened(const Bytes& bytes)
{
    auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    return image ? *image : nullptr;
}

RawRefcountForecast forecast(const Bytes& bytes, const RawRefcountChange& change, bool withCheck = true)
{
    const auto image = opened(bytes);
    const auto census = takeCensus(*image, {});
    return forecastRawRefcount(*image, withCheck ? census->get() : nullptr, change).value_or(RawRefcountForecast{});
}

std::string joined(const std::vector<std::string>& sentences)
{
    std::string text;
    for (const std::string& each : sentences)
        text += fmt::format("{}\n", each);
    return text;
}

void addOrders()
{
    QTest::addColumn<unsigned>("order");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order;
}

/// The cluster of guest cluster `guest`.
std::uint64_t dataCluster(const BuiltImage& image, std::uint64_t guest)
{
    return (getNumber(image.bytes, image.l2EntryAt(guest), 8) & 0x00fffffffffffe00) >> 9;
}

} // namespace

/// One count, written by hand.
class RawRefcountTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void writesOneEntryOfAnyWidth_data() { addOrders(); }
    void writesOneEntryOfAnyWidth();
    void theCheckSaysWhatWasForecast_data() { addOrders(); }
    void theCheckSaysWhatWasForecast();
    void refusesWhatCannotBe();
    void doesNotRepairAMarkedImage();
    void clearsUnknownAutoclearBits();
    void namesTheDangers();
    void leavesTheOldCountIfTheDiskFails();
};

void RawRefcountTest::writesOneEntryOfAnyWidth()
{
    QFETCH(unsigned, order);
    const BuiltImage image = built(order);
    const std::uint64_t maximum = ~std::uint64_t{0} >> (64 - (1U << order));
    for (std::uint64_t cluster = 0; cluster < image.layout.clusters; ++cluster) {
        const std::uint64_t before = image.count(cluster);
        const std::uint64_t after = before == maximum ? 0 : maximum;
        const auto trace = std::make_shared<TraceStorage>(image.bytes);
        VERIFY_OK(writeRawRefcount(trace, {HostCluster(cluster), before, after}, {}));
        BuiltImage wanted = image;
        wanted.setCount(cluster, after);
        QVERIFY(trace->bytes() == wanted.bytes); // no other bit of the file
        QCOMPARE(trace->steps().size(), std::size_t{2}); // one write of one sector, and a flush
        QCOMPARE(std::get<WriteTrace::Write>(trace->steps().front()).bytes.size(), std::size_t{512});
        VERIFY_OK(writeRawRefcount(trace, {HostCluster(cluster), after, before}, {})); // and back
        QVERIFY(trace->bytes() == image.bytes);
    }
}

void RawRefcountTest::theCheckSaysWhatWasForecast()
{
    QFETCH(unsigned, order);
    const BuiltImage image = built(order);
    const std::uint64_t maximum = ~std::uint64_t{0} >> (64 - (1U << order));
    const std::uint64_t cluster = dataCluster(image, 3);
    for (const std::uint64_t after : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{3}, maximum}) {
        if (after > maximum || after == 1)
            continue;
        const RawRefcountChange change{HostCluster(cluster), 1, after};
        const RawRefcountForecast said = forecast(image.bytes, change);
        QCOMPARE(said.maximum, maximum);
        QCOMPARE(said.references.value_or(0), 1U);
        QVERIFY(said.refusals.empty());
        QVERIFY(!said.dangers.empty());
        const auto file = std::make_shared<MemoryStorage>(image.bytes);
        VERIFY_OK(writeRawRefcount(file, change, {}));
        const auto census = takeCensus(*opened(file->bytes()), {});
        VERIFY_OK(census);
        QCOMPARE((*census)->count(FindingKind::Leak) > 0, said.verdict == CountForecast::Leak);
        QCOMPARE((*census)->count(FindingKind::RefcountTooLow) > 0, said.verdict == CountForecast::TooLow);
        QCOMPARE((*census)->count(FindingKind::CopiedFlagWrong) > 0,
            joined(said.dangers).find("copied flag") != std::string::npos);
    }
    BuiltImage wrong = image;
    wrong.setCount(cluster, 0);
    QCOMPARE(forecast(wrong.bytes, {HostCluster(cluster), 0, 1}).verdict, CountForecast::Right);
    QCOMPARE(forecast(wrong.bytes, {HostCluster(cluster), 0, 1}, false).verdict, CountForecast::Unknown);
}

void RawRefcountTest::refusesWhatCannotBe()
{
    const BuiltImage image = built(2);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const std::pair<RawRefcountChange, const char*> cases[] = {
        {{HostCluster(0), 1, 16}, "4 bits"},
        {{HostCluster(0), 2, 3}, "by now"},
        {{HostCluster(0), 1, 1}, "already"},
        {{HostCluster(2000), 0, 1}, "No usable refblock"},
        {{HostCluster(std::uint64_t{1} << 40), 0, 1}, "behind all"},
    };
    for (const auto& [change, part] : cases) {
        const auto written = writeRawRefcount(file, change, {});
        VERIFY_ERROR(written, ErrorKind::Refused);
        QVERIFY2(written.error().what.find(part) != std::string::npos, written.error().what.c_str());
        QVERIFY(!forecast(image.bytes, change).refusals.empty());
    }
    QVERIFY(file->bytes() == image.bytes);
}

void RawRefcountTest::doesNotRepairAMarkedImage()
{
    BuiltImage image = built(4, 3);
    image.setCount(5, 9);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(writeRawRefcount(file, {HostCluster(4), 1, 2}, {}));
    image.setCount(4, 2);
    QVERIFY(file->bytes() == image.bytes);
}

void RawRefcountTest::clearsUnknownAutoclearBits()
{
    const BuiltImage image = built(4, 0, 1U << 9);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(writeRawRefcount(file, {HostCluster(4), 1, 2}, {}));
    QCOMPARE(getNumber(file->bytes(), 88, 8), 0U);
}

void RawRefcountTest::namesTheDangers()
{
    const BuiltImage image = built(4);
    const std::uint64_t cluster = dataCluster(image, 0);
    QVERIFY(joined(forecast(image.bytes, {HostCluster(cluster), 1, 0}).dangers).find("writes over it")
        != std::string::npos);
    ImageBuilder builder({.clusterBits = 9, .virtualSize = kGuestClusters << 9});
    builder.data(0);
    builder.snapshot("1", "one");
    const BuiltImage shared = builder.build();
    const std::uint64_t both = dataCluster(shared, 0);
    QVERIFY(
        joined(forecast(shared.bytes, {HostCluster(both), 2, 1}).dangers).find("every snapshot") != std::string::npos);
    QVERIFY(forecast(shared.bytes, {HostCluster(both), 2, 3}).dangers.empty()); // a leak and no more
    QCOMPARE(forecast(shared.bytes, {HostCluster(both), 2, 3}).verdict, CountForecast::Leak);
    QCOMPARE(forecast(shared.bytes, {HostCluster(shared.layout.clusters), 0, 1}).verdict, CountForecast::PastEnd);
}

void RawRefcountTest::leavesTheOldCountIfTheDiskFails()
{
    const BuiltImage image = built(3);
    for (const StorageOp op : {StorageOp::Write, StorageOp::Flush}) {
        const auto file = std::make_shared<MemoryStorage>(image.bytes);
        const auto plan = std::make_shared<FaultPlan>();
        plan->failingOp = op;
        plan->failFrom = 1;
        const auto storage = std::make_shared<FaultyStorage>(file, plan);
        VERIFY_ERROR(writeRawRefcount(storage, {HostCluster(4), 1, 2}, {}), ErrorKind::Io);
        QVERIFY(file->bytes() == image.bytes);
    }
}

QTEST_GUILESS_MAIN(RawRefcountTest)
#include "raw_refcount_test.moc"
