// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/analysis/entry_list.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/sample_images.h"

using namespace cowscope;
using test::BuiltImage;

namespace
{

struct Opened {
    explicit Opened(const BuiltImage& built)
        : image(Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr))
        , census(takeCensus(*image, {}).value_or(nullptr))
    {
    }

    Result<RunList> list(const EntryQuery& query) const { return listEntries(*image, census->map, query, {}); }

    std::vector<std::uint64_t> numbers(const EntryQuery& query) const
    {
        const auto found = list(query);
        std::vector<std::uint64_t> all;
        for (std::uint64_t i = 0; found && i < found->size(); ++i)
            all.push_back(found->at(i));
        return all;
    }

    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
};

} // namespace

class EntryListTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runsKeepWhatWasAppended();
    void runsInAnyOrderAreFoundToo();
    void listsAllEntriesOfTablesThatExist();
    void findsZeroAndCompressedEntries();
    void findsWrongCopiedFlags();
    void readsEntriesAsTheyStandInTheFile();
    void listsASnapshotsTable();
    void leavesOutTablesThatCannotBeRead();
    void canBeCancelled();
};

void EntryListTest::runsKeepWhatWasAppended()
{
    RunList list;
    list.append(3, 2);
    list.append(5, 1);
    list.append(9, 4);
    list.append(20, 0);
    QCOMPARE(list.runs(), std::size_t{2});
    QCOMPARE(list.size(), std::uint64_t{7});
    QCOMPARE(list.at(2), std::uint64_t{5});
    QCOMPARE(list.at(6), std::uint64_t{12});
    QCOMPARE(list.positionOf(12), std::uint64_t{6});
    for (const std::uint64_t missing : {0U, 2U, 6U, 8U, 13U})
        QVERIFY(!list.positionOf(missing));
    QVERIFY(!RunList().positionOf(0));
}

void EntryListTest::runsInAnyOrderAreFoundToo()
{
    RunList list;
    list.append(50, 2);
    list.append(10, 3);
    QCOMPARE(list.positionOf(11), std::uint64_t{3});
    QCOMPARE(list.positionOf(50), std::uint64_t{0});
    QVERIFY(!list.positionOf(13));
}

void EntryListTest::listsAllEntriesOfTablesThatExist()
{
    const Opened opened(test::plainImage(9, 4)); // 64 entries a table, 601 guest clusters, data in some
    const std::uint64_t l1 = opened.image->l1Table().size();
    QCOMPARE(opened.numbers({.level = TableLevel::L1}).size(), l1);
    const auto used = opened.numbers({.level = TableLevel::L1, .filter = EntryFilter::Allocated});
    const auto unused = opened.numbers({.level = TableLevel::L1, .filter = EntryFilter::Unallocated});
    QCOMPARE(used.size() + unused.size(), l1);
    QVERIFY(!unused.empty());
    QCOMPARE(opened.numbers({}).size(), used.size() * 64);
    const auto allocated = opened.numbers({.filter = EntryFilter::Allocated});
    QCOMPARE(allocated.size(), std::size_t{23}); // 20 + 500 + 600 with data, 502 compressed
    QCOMPARE(allocated.back(), std::uint64_t{600});
}

void EntryListTest::findsZeroAndCompressedEntries()
{
    const Opened opened(test::plainImage(12, 4));
    QCOMPARE(opened.numbers({.filter = EntryFilter::Zero}), std::vector<std::uint64_t>{501});
    QCOMPARE(opened.numbers({.filter = EntryFilter::Compressed}), std::vector<std::uint64_t>{502});
}

void EntryListTest::findsWrongCopiedFlags()
{
    BuiltImage built = test::snapshotImage(12, 4, 1);
    QVERIFY(Opened(built).numbers({.filter = EntryFilter::CopiedWrong}).empty());
    QVERIFY(Opened(built).numbers({.level = TableLevel::L1, .filter = EntryFilter::CopiedWrong}).empty());
    built.bytes[built.l2EntryAt(7)] ^= std::byte{0x80};
    built.bytes[built.layout.l1] ^= std::byte{0x80};
    QCOMPARE(Opened(built).numbers({.filter = EntryFilter::CopiedWrong}), std::vector<std::uint64_t>{7});
    QCOMPARE(Opened(built).numbers({.level = TableLevel::L1, .filter = EntryFilter::CopiedWrong}),
        std::vector<std::uint64_t>{0});
}

void EntryListTest::readsEntriesAsTheyStandInTheFile()
{
    const BuiltImage built = test::plainImage(9, 4);
    const Opened opened(built);
    const EntryQuery query{.filter = EntryFilter::Allocated};
    const auto list = opened.list(query);
    VERIFY_OK(list);
    const auto some = readEntries(*opened.image, query, *list, 18, 4, {});
    VERIFY_OK(some);
    QCOMPARE(some->size(), std::size_t{4});
    for (const TableEntry& each : *some) {
        QCOMPARE(each.slot.value(), built.l2EntryAt(each.index));
        QCOMPARE(each.raw, test::getNumber(built.bytes, each.slot.value(), 8));
    }
    QCOMPARE((*some)[2].index, std::uint64_t{500});
    const auto past = readEntries(*opened.image, query, *list, 22, 100, {});
    VERIFY_OK(past);
    QCOMPARE(past->size(), std::size_t{1});
    QVERIFY(readEntries(*opened.image, query, *list, UINT64_MAX, 100, {})->empty());
}

void EntryListTest::listsASnapshotsTable()
{
    const BuiltImage built = test::snapshotImage(12, 4, 2);
    const Opened opened(built);
    // Guest cluster 30 was written after the first snapshot, 31 after the second.
    const auto has = [&](const EntryQuery& query, std::uint64_t guest) {
        return opened.list(query)->positionOf(guest).has_value();
    };
    QVERIFY(has({.filter = EntryFilter::Allocated}, 31));
    QVERIFY(has({.snapshot = 1, .filter = EntryFilter::Allocated}, 30));
    QVERIFY(!has({.snapshot = 1, .filter = EntryFilter::Allocated}, 31));
    QVERIFY(!has({.snapshot = 0, .filter = EntryFilter::Allocated}, 30));
    VERIFY_ERROR(opened.list({.snapshot = 2}), ErrorKind::Invalid);
}

void EntryListTest::leavesOutTablesThatCannotBeRead()
{
    BuiltImage built = test::plainImage(9, 4);
    const std::size_t before = Opened(built).numbers({}).size();
    test::put64(built.bytes, built.layout.l1, std::uint64_t{1} << 50);
    QCOMPARE(Opened(built).numbers({}).size(), before - 64);
}

void EntryListTest::canBeCancelled()
{
    const Opened opened(test::plainImage(9, 4));
    std::stop_source stop;
    stop.request_stop();
    VERIFY_ERROR(listEntries(*opened.image, opened.census->map, {}, {stop.get_token(), {}}), ErrorKind::Cancelled);
}

QTEST_GUILESS_MAIN(EntryListTest)
#include "entry_list_test.moc"
