// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/memory_storage.h"
#include "core/storage/overlay_storage.h"
#include "tests/support/bytes.h"
#include "tests/support/expect.h"

#include <QtTest/QtTest>
#include <random>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

Bytes randomBytes(std::size_t count, std::mt19937& random)
{
    Bytes bytes(count);
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(random());
    return bytes;
}

Bytes contents(const Storage& storage)
{
    Bytes bytes(storage.size().value_or(0));
    return storage.read(0, bytes) ? bytes : Bytes();
}

} // namespace

class TestOverlay : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsLikeAFileThatWasWritten_data();
    void readsLikeAFileThatWasWritten();
    void extentsCoverTheFileInOrder();
    void tellsWhatWasWritten();
    void keepsMoreThanMemoryHolds();
};

void TestOverlay::readsLikeAFileThatWasWritten_data()
{
    QTest::addColumn<unsigned>("seed");
    for (unsigned seed = 1; seed <= 20; ++seed)
        QTest::addRow("seed %u", seed) << seed;
}

void TestOverlay::readsLikeAFileThatWasWritten()
{
    QFETCH(unsigned, seed);
    std::mt19937 random(seed);
    const Bytes before = randomBytes(random() % 40000, random);
    const auto below = std::make_shared<MemoryStorage>(before);
    MemoryStorage file(before);
    auto overlay = OverlayStorage::over(below, seed % 2 == 0 ? OverlayStorage::kMemoryBytes : 8192);
    QVERIFY(overlay);
    for (int step = 0; step < 60; ++step) {
        const std::uint64_t offset = random() % 60000;
        if (random() % 4 == 0) {
            QVERIFY(file.truncate(offset));
            QVERIFY((*overlay)->truncate(offset));
        } else {
            const Bytes bytes = randomBytes(random() % 9000, random);
            QVERIFY(file.write(offset, bytes));
            QVERIFY((*overlay)->write(offset, bytes));
        }
        QCOMPARE((*overlay)->size().value(), file.size().value());
        QVERIFY(contents(**overlay) == contents(file));
        Bytes part(random() % 9000);
        Bytes samePart(part.size());
        const std::uint64_t at = random() % 60000;
        QCOMPARE((*overlay)->read(at, part).value(), file.read(at, samePart).value());
        QVERIFY(part == samePart);
    }
    QVERIFY2(below->bytes() == before, "the storage below was written");
}

void TestOverlay::extentsCoverTheFileInOrder()
{
    const auto below = std::make_shared<MemoryStorage>(Bytes(20000, std::byte{1}));
    auto overlay = OverlayStorage::over(below);
    QVERIFY(overlay);
    QVERIFY((*overlay)->write(5000, Bytes(10, std::byte{2})));
    QVERIFY((*overlay)->truncate(10000));
    QVERIFY((*overlay)->truncate(50000));
    QVERIFY((*overlay)->write(45000, Bytes(10, std::byte{3})));
    const Bytes bytes = contents(**overlay);
    std::uint64_t at = 0;
    bool hole = false;
    while (at < bytes.size()) {
        const auto extent = (*overlay)->extentAt(at);
        QVERIFY(extent);
        QCOMPARE(extent->offset, at);
        QVERIFY(extent->length > 0);
        for (std::uint64_t i = at; !extent->data && i < at + extent->length; ++i)
            QCOMPARE(bytes[i], std::byte{0});
        hole = hole || !extent->data;
        at += extent->length;
    }
    QCOMPARE(at, std::uint64_t{50000});
    QVERIFY(hole);
    QCOMPARE((*overlay)->extentAt(50000)->length, std::uint64_t{0});
}

void TestOverlay::tellsWhatWasWritten()
{
    const auto written = [](const OverlayStorage& overlay) {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
        for (const StorageExtent& extent : overlay.writtenExtents())
            all.emplace_back(extent.offset, extent.offset + extent.length);
        return all;
    };
    using Stretches = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
    auto overlay = OverlayStorage::over(std::make_shared<MemoryStorage>(Bytes(20000, std::byte{1})));
    QVERIFY(overlay);
    QVERIFY(written(**overlay).empty());
    QVERIFY((*overlay)->write(5000, Bytes(10, std::byte{2}))); // in one sector
    QVERIFY((*overlay)->write(5001, Bytes(3, std::byte{3}))); // there again
    QVERIFY((*overlay)->write(1000, Bytes(100, std::byte{4}))); // over the border of two
    QVERIFY((written(**overlay) == Stretches{{512, 1536}, {4608, 5120}}));
    QVERIFY((*overlay)->write(1536, Bytes(3072, std::byte{5}))); // joins them
    QVERIFY((written(**overlay) == Stretches{{512, 5120}}));
    QVERIFY((*overlay)->reserve(40000, 1000));
    QVERIFY((written(**overlay) == Stretches{{512, 5120}, {39936, 41472}}));
    QCOMPARE((*overlay)->size().value(), std::uint64_t{41000});
    QVERIFY((*overlay)->truncate(4000));
    QVERIFY((written(**overlay) == Stretches{{512, 4096}}));
}

void TestOverlay::keepsMoreThanMemoryHolds()
{
    std::mt19937 random(7);
    const Bytes before = randomBytes(100000, random);
    MemoryStorage file(before);
    auto overlay = OverlayStorage::over(std::make_shared<MemoryStorage>(before), 16384); // four pages of it
    QVERIFY(overlay);
    for (int step = 0; step < 200; ++step) {
        const std::uint64_t offset = random() % 200000;
        const Bytes bytes = randomBytes(random() % 9000, random);
        QVERIFY(file.write(offset, bytes));
        QVERIFY((*overlay)->write(offset, bytes));
        if (step % 50 == 49) {
            QVERIFY(file.truncate(60000)); // pages are used again
            QVERIFY((*overlay)->truncate(60000));
        }
        QVERIFY(contents(**overlay) == contents(file));
    }
}

QTEST_MAIN(TestOverlay)
#include "overlay_test.moc"
