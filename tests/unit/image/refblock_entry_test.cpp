// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/refblock_entry.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

using namespace cowscope;
using test::BuiltImage;
using test::ImageBuilder;

class RefblockEntryTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsTheBitsOfEveryWidth_data();
    void findsTheBitsOfEveryWidth();
    void hasNothingWhereThereIsNoRefblock();
};

void RefblockEntryTest::findsTheBitsOfEveryWidth_data()
{
    QTest::addColumn<unsigned>("order");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order;
}

void RefblockEntryTest::findsTheBitsOfEveryWidth()
{
    QFETCH(unsigned, order);
    ImageBuilder builder({.refcountOrder = order});
    for (std::uint64_t i = 0; i < 20; ++i)
        builder.data(i);
    const BuiltImage built = builder.build();
    const auto image = *Image::open(std::make_shared<MemoryStorage>(built.bytes), {});
    const unsigned bits = 1U << order;
    for (std::uint64_t cluster = 0; cluster < built.layout.clusters; ++cluster) {
        const auto entry = readRefblockEntry(*image, HostCluster(cluster));
        QVERIFY(entry && *entry);
        const RefblockEntry& found = **entry;
        QCOMPARE(found.count, built.count(cluster));
        QCOMPARE(found.index, cluster);
        QCOMPARE(found.offset.value(), built.layout.refblocks.at(0) + cluster * bits / 8);
        QCOMPARE(found.firstBit, bits < 8 ? static_cast<unsigned>(cluster * bits % 8) : 0U);
        QCOMPARE(found.bytes.size(), std::size_t{bits < 8 ? 1 : bits / 8});
        for (std::size_t i = 0; i < found.bytes.size(); ++i)
            QCOMPARE(found.bytes[i], built.bytes[found.offset.value() + i]);
    }
}

void RefblockEntryTest::hasNothingWhereThereIsNoRefblock()
{
    ImageBuilder builder;
    builder.data(0);
    const auto image = *Image::open(std::make_shared<MemoryStorage>(builder.build().bytes), {});
    const auto entry = readRefblockEntry(*image, HostCluster(std::uint64_t{1} << 40));
    QVERIFY(entry);
    QVERIFY(!*entry);
}

QTEST_GUILESS_MAIN(RefblockEntryTest)
#include "refblock_entry_test.moc"
