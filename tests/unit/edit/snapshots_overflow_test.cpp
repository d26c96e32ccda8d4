// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/expect.h"
#include "tests/support/snapshot_edits.h"

using namespace cowscope;
using namespace cowscope::test;

namespace
{

std::uint64_t maximumOf(unsigned order)
{
    return RefcountCodec(order).maximum();
}

/// The image with that count for the data cluster of guest cluster 0, its copied flag as it must be.
BuiltImage withCount(BuiltImage image, std::uint64_t count)
{
    const std::uint64_t at = image.l2EntryAt(0);
    const std::uint64_t host = getNumber(image.bytes, at, 8) & 0x00fffffffffffe00;
    image.setCount(host / image.clusterSize(), count);
    put64(image.bytes, at, host | (count == 1 ? kCopiedFlag : 0));
    return image;
}

} // namespace

/// Snapshots that would raise a count past the maximum of the width: refused without a trace, or made with copies.
class SnapshotsOverflowTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anOverflowIsRefusedWithoutATrace_data();
    void anOverflowIsRefusedWithoutATrace();
    void theLastReferenceThatFitsIsTaken_data();
    void theLastReferenceThatFitsIsTaken();
    void theErrorNamesAWidthThatDoes();
    void applyingLowersBeforeItRaises();
    void copiesWhatWouldOverflow_data();
    void copiesWhatWouldOverflow();
    void copiesOnlyWhatWouldOverflow();
    void copiesOfReservedClustersAreNotNeeded();
    void encryptedClustersAreNotCopied();
};

void SnapshotsOverflowTest::anOverflowIsRefusedWithoutATrace_data()
{
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<std::uint64_t>("count");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order << maximumOf(order);
}

void SnapshotsOverflowTest::anOverflowIsRefusedWithoutATrace()
{
    QFETCH(unsigned, order);
    QFETCH(std::uint64_t, count);
    const BuiltImage image = withCount(mixed(12, order, 0), count);
    const std::uint64_t host = getNumber(image.bytes, image.l2EntryAt(0), 8) & 0x00fffffffffffe00;
    Edited edited(image.bytes);
    const auto refused = creating()(*edited.editor, {});
    VERIFY_ERROR(refused, ErrorKind::Refused);
    const std::string text = refused.error().text();
    if (order > 0) // with one bit the L2 table is the first that does not fit
        QVERIFY2(text.find("cluster " + std::to_string(host >> 12) + " ") != std::string::npos, text.c_str());
    QVERIFY2(text.find("is " + std::to_string(count) + " ") != std::string::npos, text.c_str());
    const std::string width = "refcount_bits=" + std::to_string(2U << order) + ")";
    QCOMPARE(text.find(width) != std::string::npos, order < 6);
    QVERIFY2(text.find("--copy-on-overflow") != std::string::npos, text.c_str());
    QVERIFY(edited.file->bytes() == image.bytes);
    QCOMPARE(edited.plan->count(StorageOp::Write), 0U);

    // The editor is as good as new.
    States states = guestStates(image.bytes);
    VERIFY_OK(creating(OnOverflow::Copy)(*edited.editor, {}));
    QVERIFY(guestStates(edited.file->bytes()) == withNew(states, "1"));
}

void SnapshotsOverflowTest::theLastReferenceThatFitsIsTaken_data()
{
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<std::uint64_t>("count");
    for (unsigned order = 1; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order << maximumOf(order) - 1;
    QTest::addRow("64 bits, the top bit alone") << 6U << (std::uint64_t{1} << 63);
}

void SnapshotsOverflowTest::theLastReferenceThatFitsIsTaken()
{
    QFETCH(unsigned, order);
    QFETCH(std::uint64_t, count);
    const BuiltImage image = withCount(mixed(12, order, 0), count);
    const std::uint64_t cluster = (getNumber(image.bytes, image.l2EntryAt(0), 8) & 0x00fffffffffffe00) >> 12;
    const States states = guestStates(image.bytes);
    Edited edited(image.bytes);
    const auto now = [&] { return NaiveReader(edited.file->bytes()).counts()[cluster]; };
    VERIFY_OK(creating()(*edited.editor, {}));
    QCOMPARE(now(), count + 1);
    QVERIFY(guestStates(edited.file->bytes()) == withNew(states, "1"));
    VERIFY_OK(applying("1")(*edited.editor, {}));
    QCOMPARE(now(), count + 1);
    VERIFY_OK(deleting("1")(*edited.editor, {}));
    QCOMPARE(now(), count);
    QVERIFY(guestStates(edited.file->bytes()) == states);
}

/// Each snapshot raises a cluster with several compressed ones by as many.
void SnapshotsOverflowTest::theErrorNamesAWidthThatDoes()
{
    ImageBuilder builder({.clusterBits = 12, .refcountOrder = 1});
    builder.compressed({1, 2, 3}, 1024); // three references of three
    Edited edited(builder.build().bytes);
    const auto refused = creating()(*edited.editor, {});
    VERIFY_ERROR(refused, ErrorKind::Refused);
    const std::string text = refused.error().text();
    QVERIFY2(text.find("refcount_bits=4") != std::string::npos, text.c_str()); // six references

    ImageBuilder wide({.clusterBits = 16, .refcountOrder = 2});
    std::vector<std::uint64_t> guests;
    for (std::uint64_t guest = 0; guest < 15; ++guest)
        guests.push_back(guest);
    wide.compressed(guests, 2048);
    Edited fifteen(wide.build().bytes);
    const auto thirty = creating()(*fifteen.editor, {});
    VERIFY_ERROR(thirty, ErrorKind::Refused);
    QVERIFY2(thirty.error().text().find("refcount_bits=8") != std::string::npos, thirty.error().text().c_str());
}

/// Disk and snapshot share everything at the maximum: the disk gives its references back before the same are taken.
void SnapshotsOverflowTest::applyingLowersBeforeItRaises()
{
    ImageBuilder builder({.clusterBits = 12, .refcountOrder = 1});
    builder.data(0, 1);
    builder.snapshot("1", "a");
    builder.snapshot("2", "b"); // counts are 3, the maximum
    const BuiltImage same = builder.build();
    Edited edited(same.bytes);
    SUCCEEDS(edited, applying("1"), guestStates(same.bytes));

    // A table of its own that refers to the same data.
    builder.data(1, 2);
    const BuiltImage other = builder.build();
    Edited again(other.bytes);
    SUCCEEDS(again, applying("2"), applied(guestStates(other.bytes), "2"));
}

void SnapshotsOverflowTest::copiesWhatWouldOverflow_data()
{
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<int>("kind");
    for (unsigned order = 0; order <= 2; ++order) {
        QTest::addRow("512 byte clusters, %u bits", 1U << order) << order << 9;
        QTest::addRow("4 KiB clusters, %u bits", 1U << order) << order << 12;
        QTest::addRow("extended entries, %u bits", 1U << order) << order << 0;
        if (order > 0)
            QTest::addRow("shared compressed clusters, %u bits", 1U << order) << order << 1;
    }
}

void SnapshotsOverflowTest::copiesWhatWouldOverflow()
{
    QFETCH(unsigned, order);
    QFETCH(int, kind);
    const BuiltImage image = kind == 0 ? extended(order, 0)
        : kind == 1                    ? mixed(12, order, 0, true)
                                       : mixed(static_cast<unsigned>(kind), order, 0);
    Edited edited(image.bytes);
    States states = guestStates(image.bytes);
    // Far more references than fit.
    for (int i = 1; i <= 18; ++i) {
        states = withNew(states, std::to_string(i));
        SUCCEEDS(edited, creating(OnOverflow::Copy), states);
    }
    for (const char* id : {"3", "18", "1"}) {
        states = applied(states, id);
        SUCCEEDS(edited, applying(id, OnOverflow::Copy), states);
    }
    for (int i = 1; i <= 18; ++i) {
        states = without(states, std::to_string(i));
        SUCCEEDS(edited, deleting(std::to_string(i)), states);
    }
    // Only what one disk needs is left.
    const std::size_t used = NaiveReader(image.bytes).counts().size();
    const std::size_t left = NaiveReader(edited.file->bytes()).counts().size();
    QVERIFY2(left <= used + 12, qPrintable(QStringLiteral("%1 of %2").arg(left).arg(used))); // refcount structures
}

void SnapshotsOverflowTest::copiesOnlyWhatWouldOverflow()
{
    // Counts of 3 in one L2 table, of 1 in the other.
    ImageBuilder builder({.clusterBits = 12, .refcountOrder = 1, .virtualSize = std::uint64_t{2000} << 12});
    for (std::uint64_t guest = 0; guest < 4; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    builder.snapshot("1", "a");
    builder.snapshot("2", "b");
    builder.data(1, 0x77); // breaks the table up: its own table, and its own cluster 1
    for (std::uint64_t guest = 600; guest < 604; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest));
    const BuiltImage image = builder.build();
    Edited edited(image.bytes);
    const auto cost = costOfCreate(*edited.editor, OnOverflow::Copy, {});
    VERIFY_OK(cost);
    QCOMPARE(cost->copied, 4U); // the table, and clusters 0, 2 and 3
    QCOMPARE(cost->raised, 1U + 4U); // cluster 1, and all clusters of the other table, which itself moves
    SUCCEEDS(edited, creating(OnOverflow::Copy), withNew(guestStates(image.bytes), "3"));
}

void SnapshotsOverflowTest::copiesOfReservedClustersAreNotNeeded()
{
    ImageBuilder builder({.clusterBits = 12, .refcountOrder = 0});
    builder.data(0, 1);
    builder.data(1, 2);
    BuiltImage image = builder.build();
    const std::uint64_t entry = image.l2EntryAt(1);
    put64(image.bytes, entry, getNumber(image.bytes, entry, 8) | 1); // reads as zeros, keeps its cluster
    Edited edited(image.bytes);
    const auto cost = costOfCreate(*edited.editor, OnOverflow::Copy, {});
    VERIFY_OK(cost);
    QCOMPARE(cost->copied, 2U); // the L2 table and one cluster
    SUCCEEDS(edited, creating(OnOverflow::Copy), withNew(guestStates(image.bytes), "1"));
}

void SnapshotsOverflowTest::encryptedClustersAreNotCopied()
{
    ImageBuilder builder({.clusterBits = 12, .refcountOrder = 0});
    builder.data(0, 1);
    Bytes crypto(16);
    const std::uint64_t at = builder.allocate();
    put64(crypto, 0, at);
    put64(crypto, 8, 4096);
    builder.extension(kExtensionCrypto, crypto);
    BuiltImage image = builder.build();
    put32(image.bytes, 32, 2); // LUKS
    putText(image.bytes, at, "LUKS\xba\xbe");
    put16(image.bytes, at + 6, 1);
    putText(image.bytes, at + 8, "aes");
    putText(image.bytes, at + 40, "xts-plain64");
    Edited edited(image.bytes);
    QVERIFY(edited.editor != nullptr);
    VERIFY_ERROR(creating(OnOverflow::Copy)(*edited.editor, {}), ErrorKind::Refused);
    QVERIFY(edited.file->bytes() == image.bytes);
}

QTEST_GUILESS_MAIN(SnapshotsOverflowTest)
#include "snapshots_overflow_test.moc"
