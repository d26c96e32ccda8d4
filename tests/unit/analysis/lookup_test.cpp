// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/lookup.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/sample_images.h"

#include <algorithm>

using namespace cowscope;
using test::BuiltImage;
using test::ImageBuilder;

namespace
{

std::shared_ptr<const Image> opened(const BuiltImage& built)
{
    return Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr);
}

std::uint64_t byteAt(const BuiltImage& built, HostOffset offset)
{
    return std::to_integer<std::uint64_t>(std::as_bytes(std::span(built.bytes))[offset.value()]);
}

bool says(const LookupStep& step, std::string_view text)
{
    return std::ranges::any_of(
        step.arithmetic, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

} // namespace

class LookupTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void followsDataDownToItsCount_data();
    void followsDataDownToItsCount();
    void eachStepHasTheBytesOfTheFile();
    void seesASnapshotsOldData();
    void endsWhereNothingIsAllocated();
    void explainsACompressedDescriptor();
    void explainsSubclusters();
    void endsInTheDataFile();
    void saysWhereABrokenWayEnds();
    void refusesWhatTheDiskDoesNotHold();
    void goesBackFromTheHostToWhoRefers();
    void hasNoReferrersForALeak();
    void saysWhenThereAreMoreReferrers();
};

void LookupTest::followsDataDownToItsCount_data()
{
    QTest::addColumn<unsigned>("order");
    for (unsigned order = 1; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order;
}

void LookupTest::followsDataDownToItsCount()
{
    QFETCH(unsigned, order);
    const BuiltImage built = test::snapshotImage(9, order, 2);
    const auto image = opened(built);
    QVERIFY(image);
    const std::uint64_t guest = 7 * built.clusterSize() + 100;
    const auto found = traceGuest(*image, GuestOffset(guest));
    VERIFY_OK(found);
    QVERIFY(!found->broken);
    QCOMPARE(found->kind, MappingKind::Data);
    QCOMPARE(byteAt(built, *found->host), std::uint64_t{8}); // what the builder fills guest cluster 7 with
    QCOMPARE(found->host->value() % built.clusterSize(), std::uint64_t{100});
    QCOMPARE(found->steps.size(), std::size_t{6});
    const std::uint64_t cluster = found->host->value() / built.clusterSize();
    QCOMPARE(built.count(cluster), std::uint64_t{3});
    QVERIFY(found->steps.back().result.starts_with("count 3 of"));
}

void LookupTest::eachStepHasTheBytesOfTheFile()
{
    const BuiltImage built = test::snapshotImage(12, 4, 1);
    const auto image = opened(built);
    const auto found = traceGuest(*image, GuestOffset(3 * 4096 + 5));
    VERIFY_OK(found);
    std::size_t places = 0;
    for (const LookupStep& step : found->steps) {
        if (!step.place)
            continue;
        ++places;
        QVERIFY(!step.bytes.empty());
        for (std::size_t i = 0; i < step.bytes.size(); ++i)
            QCOMPARE(std::to_integer<std::uint64_t>(step.bytes[i]), byteAt(built, *step.place + i));
    }
    QCOMPARE(places, std::size_t{5}); // L1, L2, data, reftable, refblock
    QCOMPARE(found->steps[1].place->value(), built.layout.l1);
    QCOMPARE(found->steps[2].place->value(), built.l2EntryAt(3));
    QCOMPARE(found->steps[4].place->value(), built.layout.reftable);
    QVERIFY(says(found->steps[0], "L2 index = 0x3005 / 0x1000 mod 512 = 3"));
}

void LookupTest::seesASnapshotsOldData()
{
    ImageBuilder builder({.clusterBits = 12});
    builder.data(2, 0x11);
    builder.snapshot("1", "before");
    builder.data(2, 0x22);
    const BuiltImage built = builder.build();
    const auto image = opened(built);
    const auto now = traceGuest(*image, GuestOffset(2 * 4096));
    const auto then = traceGuest(*image, GuestOffset(2 * 4096), 0);
    VERIFY_OK(now);
    VERIFY_OK(then);
    QCOMPARE(byteAt(built, *now->host), std::uint64_t{0x22});
    QCOMPARE(byteAt(built, *then->host), std::uint64_t{0x11});
    QCOMPARE(then->steps[1].place->value(), built.layout.snapshotL1[0]);
    QVERIFY(then->steps[1].title.find("'before'") != std::string::npos);
    VERIFY_ERROR(traceGuest(*image, GuestOffset(0), 1), ErrorKind::Invalid);
}

void LookupTest::endsWhereNothingIsAllocated()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto image = opened(built);
    const auto inTable = traceGuest(*image, GuestOffset(100 * 4096));
    VERIFY_OK(inTable);
    QCOMPARE(inTable->kind, MappingKind::Unallocated);
    QVERIFY(!inTable->host);
    QCOMPARE(inTable->steps.size(), std::size_t{3});
    const auto zero = traceGuest(*image, GuestOffset(501 * 4096));
    VERIFY_OK(zero);
    QCOMPARE(zero->kind, MappingKind::Zero);

    ImageBuilder empty({.clusterBits = 9});
    empty.backingFile("base.img");
    const auto overlay = opened(empty.build());
    const auto noTable = traceGuest(*overlay, GuestOffset(512 * 64 * 3));
    VERIFY_OK(noTable);
    QCOMPARE(noTable->steps.size(), std::size_t{2});
    QVERIFY(noTable->outcome.find("base.img") != std::string::npos);
}

void LookupTest::explainsACompressedDescriptor()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto image = opened(built);
    const auto found = traceGuest(*image, GuestOffset(502 * 4096 + 9));
    VERIFY_OK(found);
    QCOMPARE(found->kind, MappingKind::Compressed);
    QVERIFY(says(found->steps[2], "58 bits of offset"));
    QVERIFY(says(found->steps[2], "sectors = the bits above + 1 = "));
    QVERIFY(found->steps.back().result.starts_with("count 1 of"));
}

void LookupTest::explainsSubclusters()
{
    ImageBuilder builder({.clusterBits = 14, .extendedL2 = true});
    builder.data(1, 0x33);
    BuiltImage built = builder.build();
    test::put64(built.bytes, built.l2EntryAt(1) + 8, 0x0000'0004'0000'0001); // 0 allocated, 2 zero
    const auto image = opened(built);
    QVERIFY(image);
    const std::uint64_t sub = 16384 / 32;
    const auto data = traceGuest(*image, GuestOffset(16384));
    const auto none = traceGuest(*image, GuestOffset(16384 + sub));
    const auto zero = traceGuest(*image, GuestOffset(16384 + 2 * sub));
    VERIFY_OK(data);
    VERIFY_OK(none);
    VERIFY_OK(zero);
    QCOMPARE(data->kind, MappingKind::Data);
    QCOMPARE(none->kind, MappingKind::UnallocatedHere);
    QCOMPARE(zero->kind, MappingKind::ZeroAllocated);
    QCOMPARE(zero->steps[2].bytes.size(), std::size_t{16});
    QVERIFY(says(zero->steps[2], "subcluster 2: allocated 0"));
}

void LookupTest::endsInTheDataFile()
{
    ImageBuilder builder({.clusterBits = 12, .incompatible = kIncompatibleDataFile});
    builder.extension(kExtensionDataFile, test::bytesOf("far.raw"));
    builder.data(0, 0);
    BuiltImage built = builder.build();
    test::put64(built.bytes, built.l2EntryAt(0), std::uint64_t{1} << 63); // offset 0 of the data file
    const auto image = opened(built);
    QVERIFY(image);
    const auto found = traceGuest(*image, GuestOffset(10));
    VERIFY_OK(found);
    QCOMPARE(found->kind, MappingKind::Data);
    QCOMPARE(found->host->value(), std::uint64_t{10});
    QVERIFY(found->outcome.find("far.raw") != std::string::npos);
    QCOMPARE(found->steps.size(), std::size_t{3}); // its clusters are not counted
}

void LookupTest::saysWhereABrokenWayEnds()
{
    const BuiltImage sound = test::plainImage(12, 4);
    const auto lookedUp = [](BuiltImage built, std::uint64_t at, std::uint64_t number) {
        test::put64(built.bytes, at, number);
        const auto image = opened(built);
        return traceGuest(*image, GuestOffset(4096));
    };
    const auto l1 = lookedUp(sound, sound.layout.l1, 0x1200);
    VERIFY_OK(l1);
    QVERIFY(l1->broken && !l1->kind);
    QCOMPARE(l1->steps.size(), std::size_t{2});
    const auto l2 = lookedUp(sound, sound.l2EntryAt(1), 0x1200);
    VERIFY_OK(l2);
    QVERIFY(l2->broken && !l2->kind);
    const auto past = lookedUp(sound, sound.l2EntryAt(1), std::uint64_t{1} << 50);
    VERIFY_OK(past);
    QVERIFY(past->broken);
    QVERIFY(past->outcome.find("behind the end") != std::string::npos);
    const auto refblock = lookedUp(sound, sound.layout.reftable, 0x1200);
    VERIFY_OK(refblock);
    QVERIFY(refblock->broken);
    QVERIFY(refblock->steps.back().result.find("no refblock can be") != std::string::npos);
}

void LookupTest::refusesWhatTheDiskDoesNotHold()
{
    const auto image = opened(test::plainImage(12, 4));
    VERIFY_ERROR(traceGuest(*image, GuestOffset(std::uint64_t{1} << 40)), ErrorKind::Invalid);
    VERIFY_ERROR(traceGuest(*image, GuestOffset(UINT64_MAX)), ErrorKind::Invalid);
    VERIFY_ERROR(traceHost(*image, HostOffset(UINT64_MAX), 10, {}), ErrorKind::Invalid);
    VERIFY_ERROR(traceHost(*image, HostOffset(image->fileClusters() * 4096), 10, {}), ErrorKind::Invalid);
}

void LookupTest::goesBackFromTheHostToWhoRefers()
{
    const BuiltImage built = test::snapshotImage(12, 4, 2);
    const auto image = opened(built);
    const auto down = traceGuest(*image, GuestOffset(7 * 4096));
    VERIFY_OK(down);
    const auto up = traceHost(*image, *down->host + 10, 100, {});
    VERIFY_OK(up);
    QCOMPARE(up->refcount, std::uint64_t{3});
    QCOMPARE(up->referrers.size(), std::size_t{3});
    for (const Referrer& each : up->referrers)
        QCOMPARE(each.guest->value(), std::uint64_t{7 * 4096});
    QVERIFY(!up->moreReferrers);
}

void LookupTest::hasNoReferrersForALeak()
{
    ImageBuilder builder({.clusterBits = 12});
    const std::uint64_t lost = builder.allocate();
    const auto image = opened(builder.build());
    const auto up = traceHost(*image, HostOffset(lost), 100, {});
    VERIFY_OK(up);
    QCOMPARE(up->refcount, std::uint64_t{1});
    QVERIFY(up->referrers.empty());
}

void LookupTest::saysWhenThereAreMoreReferrers()
{
    const auto image = opened(test::snapshotImage(12, 4, 2));
    const auto down = traceGuest(*image, GuestOffset(7 * 4096));
    VERIFY_OK(down);
    const auto up = traceHost(*image, *down->host, 2, {});
    VERIFY_OK(up);
    QCOMPARE(up->referrers.size(), std::size_t{2});
    QVERIFY(up->moreReferrers);
}

QTEST_GUILESS_MAIN(LookupTest)
#include "lookup_test.moc"
