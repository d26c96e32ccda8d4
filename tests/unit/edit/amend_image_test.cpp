// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend_image.h"
#include "core/storage/memory_storage.h"
#include "tests/support/amend_edits.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr std::uint32_t kUnknownExtension = 0x12345678;

std::uint64_t number(const Bytes& image, std::size_t at, unsigned bytes)
{
    return getNumber(image, at, bytes);
}

Result<AmendSummary> amended(const std::shared_ptr<MemoryStorage>& file, const AmendRequest& request)
{
    return amendImage(file, {}, request, {});
}

AmendRequest toVersion(std::uint32_t version)
{
    AmendRequest request;
    request.version = version;
    return request;
}

AmendRequest split(unsigned order)
{
    AmendRequest request;
    request.order = order;
    request.splitShared = true;
    return request;
}

std::uint64_t largestCount(const Bytes& image)
{
    std::uint64_t largest = 0;
    for (const auto& [cluster, count] : NaiveReader(image).counts())
        largest = std::max(largest, count);
    return largest;
}

} // namespace

/// Amends of more than the width, in memory, with a second reader as judge.
class AmendImageTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aDowngradeKeepsEveryDisk_data();
    void aDowngradeKeepsEveryDisk();
    void aDowngradeBringsTheWidthTo16Bits();
    void zeroEntriesOverABackingFileShareOneCluster();
    void aDowngradeRefusesEverythingAtOnceAndWritesNothing();
    void anUpgradeKeepsEveryDisk();
    void anUpgradeGivesSnapshotsTheirFullEntries();
    void thereAndBackIsAlwaysSound();
    void splitsWhatDoesNotFit_data();
    void splitsWhatDoesNotFit();
    void aSplitWithoutNeedCopiesNothing();
    void aSplitOfAnImageWithWrongCountsIsRefused();
    void withoutASplitTheFirstClusterIsNamed();
    void everythingAtOnce();
    void changesTheNameOfTheBackingFile_data();
    void changesTheNameOfTheBackingFile();
    void takesTheBackingFileAway();
    void keepsExtensionsThatNobodyKnows();
    void growsOnlyAndWritesNothingOtherwise();
    void aPreviewTellsTheSameAndWritesNothing();
    void nothingToDoWritesNothing();
    void progressNeverGoesBack();
    void everyFailureLeavesTheOldImage();
};

void AmendImageTest::aDowngradeKeepsEveryDisk_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<bool>("backing");
    for (const unsigned bits : {9U, 12U, 16U}) {
        for (const unsigned order : {1U, 3U, 4U, 6U}) {
            for (const bool backing : {false, true})
                QTest::addRow("%u bits clusters, %u bits, %s", bits, 1U << order, backing ? "backing" : "alone")
                    << bits << order << backing;
        }
    }
}

void AmendImageTest::aDowngradeKeepsEveryDisk()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    QFETCH(bool, backing);
    const BuiltImage image = zeroed(clusterBits, order, backing ? "base.raw" : "");
    QCOMPARE(faultsOf(image.bytes), std::string());
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const auto summary = amended(file, toVersion(2));
    VERIFY_OK(summary);
    QCOMPARE(number(file->bytes(), 4, 4), 2U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
    QVERIFY(guestStates(file->bytes()) == withoutZeroFlags(guestStates(image.bytes), backing, image.clusterSize()));
    const bool narrow = order == 1; // three entries share a cluster at most
    QVERIFY(backing ? summary->zeros.clusters >= (narrow ? 4U : 1U) : summary->zeros.clusters == 0);
    QVERIFY(narrow || summary->zeros.clusters <= 1);
}

void AmendImageTest::aDowngradeBringsTheWidthTo16Bits()
{
    const BuiltImage image = mixed(12, 6, 2);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const auto summary = amended(file, toVersion(2));
    VERIFY_OK(summary);
    QCOMPARE(summary->newOrder, 4U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
    // The second reader counts in 16 bits now; what it finds are the references.
    QVERIFY(NaiveReader(file->bytes()).counts() == NaiveReader(file->bytes()).references());
}

void AmendImageTest::zeroEntriesOverABackingFileShareOneCluster()
{
    ImageBuilder builder({.clusterBits = 9, .refcountOrder = 4, .virtualSize = std::uint64_t{2000} << 9});
    builder.backingFile("base.raw");
    builder.extension(0xe2792aca, Bytes{std::byte{'r'}, std::byte{'a'}, std::byte{'w'}});
    for (std::uint64_t guest = 0; guest < 1500; ++guest)
        builder.zero(guest);
    const BuiltImage image = builder.build();
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const auto summary = amended(file, toVersion(2));
    VERIFY_OK(summary);
    QCOMPARE(summary->zeros.entries, 1500U);
    QCOMPARE(summary->zeros.clusters, 1U);
    QCOMPARE(largestCount(file->bytes()), 1500U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
    QVERIFY(guestStates(file->bytes()) == withoutZeroFlags(guestStates(image.bytes), true, 512));
}

void AmendImageTest::aDowngradeRefusesEverythingAtOnceAndWritesNothing()
{
    ImageBuilder builder({.clusterBits = 14, .virtualSize = 1 << 20, .compatible = 0x80, .extendedL2 = true});
    builder.data(1);
    builder.bitmap("backup");
    const BuiltImage image = builder.build();
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    AmendRequest request = toVersion(2);
    request.order = 6;
    request.lazyRefcounts = true;
    request.size = 4096;
    const auto refused = amended(file, request);
    VERIFY_ERROR(refused, ErrorKind::Refused);
    const QByteArray text = QByteArray::fromStdString(refused.error().text());
    for (const char* part : {"extended L2", "bit 7", "bitmaps", "refcount_bits=16", "azy refcounts", "larger"})
        QVERIFY2(text.contains(part), text + " lacks: " + part);
    QVERIFY(file->bytes() == image.bytes);
}

void AmendImageTest::anUpgradeKeepsEveryDisk()
{
    BuiltImage image = zeroed(12, 4);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(amended(file, toVersion(2)));
    const States before = guestStates(file->bytes());
    AmendRequest request = toVersion(3);
    request.order = 1;
    request.lazyRefcounts = true;
    VERIFY_OK(amended(file, request));
    QCOMPARE(number(file->bytes(), 4, 4), 3U);
    QCOMPARE(number(file->bytes(), 80, 8), 1U); // lazy refcounts
    QCOMPARE(number(file->bytes(), 96, 4), 1U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
    QVERIFY(guestStates(file->bytes()) == before);
}

void AmendImageTest::anUpgradeGivesSnapshotsTheirFullEntries()
{
    ImageBuilder builder({.version = 2, .clusterBits = 12, .virtualSize = 1 << 20});
    builder.data(1);
    builder.snapshot("1", "old");
    BuiltImage image = builder.build();
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(amended(file, toVersion(3)));
    QVERIFY(number(file->bytes(), number(file->bytes(), 64, 8) + 36, 4) >= 16U);
    QCOMPARE(number(file->bytes(), number(file->bytes(), 64, 8) + 48, 8), std::uint64_t{1} << 20);
    QCOMPARE(faultsOf(file->bytes()), std::string());
}

void AmendImageTest::thereAndBackIsAlwaysSound()
{
    const BuiltImage image = zeroed(9, 4, "base.raw");
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const States wanted = withoutZeroFlags(guestStates(image.bytes), true, 512);
    for (int round = 0; round < 6; ++round) {
        VERIFY_OK(amended(file, toVersion(round % 2 == 0 ? 2 : 3)));
        QCOMPARE(faultsOf(file->bytes()), std::string());
        QVERIFY(guestStates(file->bytes()) == wanted);
    }
}

void AmendImageTest::splitsWhatDoesNotFit_data()
{
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<unsigned>("snapshots");
    QTest::addColumn<bool>("extendedL2");
    for (const unsigned order : {0U, 1U}) {
        for (const unsigned snapshots : {1U, 2U, 5U}) {
            QTest::addRow("%u bits, %u snapshots", 1U << order, snapshots) << order << snapshots << false;
            QTest::addRow("%u bits, %u snapshots, extended", 1U << order, snapshots) << order << snapshots << true;
        }
    }
}

void AmendImageTest::splitsWhatDoesNotFit()
{
    QFETCH(unsigned, order);
    QFETCH(unsigned, snapshots);
    QFETCH(bool, extendedL2);
    const BuiltImage image = extendedL2 ? extended(4, snapshots) : mixed(9, 4, snapshots, true);
    const States before = guestStates(image.bytes);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const auto summary = amended(file, split(order));
    VERIFY_OK(summary);
    QVERIFY((summary->split.clusters > 0) == (largestCount(image.bytes) > (order == 0 ? 1U : 3U)));
    QCOMPARE(faultsOf(file->bytes()), std::string());
    QVERIFY(largestCount(file->bytes()) <= (order == 0 ? 1U : 3U));
    QVERIFY(guestStates(file->bytes()) == before);
}

void AmendImageTest::aSplitWithoutNeedCopiesNothing()
{
    const BuiltImage image = mixed(12, 4, 1);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const auto summary = amended(file, split(1));
    VERIFY_OK(summary);
    QCOMPARE(summary->split.clusters, 0U);
    QCOMPARE(summary->tablesMoved, 0U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
}

void AmendImageTest::aSplitOfAnImageWithWrongCountsIsRefused()
{
    ImageBuilder builder({.clusterBits = 12, .virtualSize = 1 << 20});
    const std::uint64_t data = builder.data(1);
    builder.snapshot("1", "s");
    builder.leak(data >> 12, 5);
    const BuiltImage image = builder.build();
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    const auto refused = amended(file, split(0));
    VERIFY_ERROR(refused, ErrorKind::Refused);
    QVERIFY(refused.error().text().contains("check -r all"));
    QVERIFY(file->bytes() == image.bytes);
}

void AmendImageTest::withoutASplitTheFirstClusterIsNamed()
{
    const BuiltImage image = mixed(12, 4, 2);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    AmendRequest request;
    request.order = 0;
    request.lazyRefcounts = true;
    const auto refused = amended(file, request);
    VERIFY_ERROR(refused, ErrorKind::Refused);
    QVERIFY(refused.error().text().contains("--split-shared"));
    QVERIFY(file->bytes() == image.bytes);
}

void AmendImageTest::everythingAtOnce()
{
    const BuiltImage image = zeroed(12, 4);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(amended(file, toVersion(2)));
    const States before = guestStates(file->bytes());
    AmendRequest request = toVersion(3);
    request.order = 0;
    request.splitShared = true;
    request.lazyRefcounts = true;
    request.size = std::uint64_t{5000} << 12;
    VERIFY_OK(amended(file, request));
    QCOMPARE(number(file->bytes(), 4, 4), 3U);
    QCOMPARE(number(file->bytes(), 24, 8), *request.size);
    QCOMPARE(number(file->bytes(), 80, 8), 1U);
    QCOMPARE(number(file->bytes(), 96, 4), 0U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
    QVERIFY(guestStates(file->bytes()) == grownTo(before, *request.size, 4096));
}

void AmendImageTest::changesTheNameOfTheBackingFile_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<unsigned>("clusterBits");
    QTest::newRow("shorter") << QByteArray("b") << 12U;
    QTest::newRow("as long") << QByteArray("BASE.RAW") << 12U;
    QTest::newRow("long") << QByteArray(1000, 'x') << 12U;
    QTest::newRow("small cluster") << QByteArray(100, 'x') << 9U;
}

void AmendImageTest::changesTheNameOfTheBackingFile()
{
    QFETCH(QByteArray, name);
    QFETCH(unsigned, clusterBits);
    const BuiltImage image = zeroed(clusterBits, 4, "base.raw");
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    AmendRequest request;
    request.backingFile = name.toStdString();
    request.backingFormat = "qcow2";
    VERIFY_OK(amended(file, request));
    const auto opened = Image::open(file, {});
    VERIFY_OK(opened);
    QCOMPARE((*opened)->backingFile(), name.toStdString());
    QCOMPARE((*opened)->extensions().backingFormat.value_or(""), std::string("qcow2"));
    QCOMPARE(faultsOf(file->bytes()), std::string());
    QVERIFY(guestStates(file->bytes()) == guestStates(image.bytes));
}

void AmendImageTest::takesTheBackingFileAway()
{
    const BuiltImage image = zeroed(12, 4, "base.raw");
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    AmendRequest request;
    request.backingFile = "";
    VERIFY_OK(amended(file, request));
    QCOMPARE(number(file->bytes(), 8, 8), 0U);
    QCOMPARE(number(file->bytes(), 16, 4), 0U);
    const auto opened = Image::open(file, {});
    VERIFY_OK(opened);
    QVERIFY(!(*opened)->extensions().backingFormat);
    QCOMPARE(faultsOf(file->bytes()), std::string());
}

void AmendImageTest::keepsExtensionsThatNobodyKnows()
{
    ImageBuilder builder({.clusterBits = 12, .virtualSize = 1 << 20});
    builder.extension(kUnknownExtension, Bytes(33, std::byte{0x77}));
    builder.data(1);
    const auto file = std::make_shared<MemoryStorage>(builder.build().bytes);
    VERIFY_OK(amended(file, toVersion(2)));
    VERIFY_OK(amended(file, toVersion(3)));
    const auto opened = Image::open(file, {});
    VERIFY_OK(opened);
    const auto& all = (*opened)->extensions().raw;
    const auto kept = std::ranges::find(all, kUnknownExtension, &RawExtension::type);
    QVERIFY(kept != all.end());
    QVERIFY(kept->data == Bytes(33, std::byte{0x77}));
}

void AmendImageTest::growsOnlyAndWritesNothingOtherwise()
{
    const BuiltImage image = mixed(12, 4);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    AmendRequest request;
    request.size = 512;
    VERIFY_ERROR(amended(file, request), ErrorKind::Refused);
    QVERIFY(file->bytes() == image.bytes);
}

void AmendImageTest::aPreviewTellsTheSameAndWritesNothing()
{
    for (const AmendRequest& request : {toVersion(2), split(0)}) {
        const BuiltImage image = mixed(12, 4, 2, true);
        const auto file = std::make_shared<MemoryStorage>(image.bytes);
        const auto preview = previewAmend(file, {}, request, {});
        VERIFY_OK(preview);
        QVERIFY(file->bytes() == image.bytes);
        const auto done = amended(file, request);
        VERIFY_OK(done);
        QVERIFY(*done == *preview);
        QCOMPARE(done->fileBytesAfter, std::uint64_t{file->bytes().size()});
    }
}

void AmendImageTest::nothingToDoWritesNothing()
{
    const BuiltImage image = mixed(12, 4);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    AmendRequest request = toVersion(3);
    request.lazyRefcounts = false;
    VERIFY_OK(amended(file, request));
    QVERIFY(file->bytes() == image.bytes);
}

void AmendImageTest::progressNeverGoesBack()
{
    AmendRequest widen;
    widen.order = 6;
    widen.lazyRefcounts = true;
    const std::array<std::pair<BuiltImage, AmendRequest>, 3> cases{std::pair{zeroed(12, 4, ""), toVersion(2)},
        {snapshotImage(12, 4, 3), split(0)}, {snapshotImage(12, 4, 3), widen}};
    for (const auto& [image, request] : cases) {
        std::vector<Progress> all;
        const auto note = [&all](const Progress& progress) { all.push_back(progress); };
        VERIFY_OK(amendImage(std::make_shared<MemoryStorage>(image.bytes), {}, request, {{}, note}));
        QVERIFY(all.size() > 3);
        for (std::size_t i = 1; i < all.size(); ++i) {
            QVERIFY(all[i - 1].done <= all[i].done);
            QVERIFY(all[i - 1].done * all[i].total <= all[i].done * std::max<std::uint64_t>(all[i - 1].total, 1));
        }
        QVERIFY(all.back().total > 0);
        QCOMPARE(all.back().done, all.back().total);
    }
}

void AmendImageTest::everyFailureLeavesTheOldImage()
{
    const BuiltImage image = zeroed(12, 3, "base.raw");
    const States before = guestStates(image.bytes);
    for (const StorageOp op : {StorageOp::Write, StorageOp::Flush}) {
        for (std::uint64_t at = 1;; ++at) {
            const auto file = std::make_shared<MemoryStorage>(image.bytes);
            const auto plan = std::make_shared<FaultPlan>();
            plan->failingOp = op;
            plan->failFrom = at;
            plan->failure = ErrorKind::NoSpace;
            const auto done = amendImage(std::make_shared<FaultyStorage>(file, plan), {}, toVersion(2), {});
            if (plan->count(op) < at) {
                VERIFY_OK(done);
                QVERIFY(at > 2);
                break;
            }
            if (op == StorageOp::Flush && number(file->bytes(), 4, 4) == 2)
                continue; // the disk has not confirmed what is there now
            VERIFY_ERROR(done, ErrorKind::NoSpace);
            QCOMPARE(faultsOf(file->bytes()), std::string());
            QVERIFY(guestStates(file->bytes()) == before);
            QCOMPARE(file->bytes().size(), image.bytes.size());
        }
    }
}

QTEST_GUILESS_MAIN(AmendImageTest)
#include "amend_image_test.moc"
