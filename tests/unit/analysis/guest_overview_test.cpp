// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/guest_overview.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/qemu_oracle.h"

#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

std::shared_ptr<const Image> open(const Bytes& bytes)
{
    return Image::open(std::make_shared<MemoryStorage>(bytes), {}).value_or(nullptr);
}

/// Data, zeros, compressed clusters and nothing, over two L2 tables and a hole of one; in a snapshot and changed since.
BuiltImage mixedImage()
{
    ImageBuilder builder({.virtualSize = 8 << 20});
    builder.data(0);
    builder.data(1);
    builder.data(9);
    builder.zero(10);
    builder.compressed({20, 21}, 700);
    builder.data(1100);
    builder.snapshot("1", "a");
    builder.data(2);
    builder.data(1101);
    return builder.build();
}

GuestUse useAt(const Image& image, DiskChoice disk, std::uint64_t unit)
{
    const auto extent = lookUpGuest(image, disk, GuestOffset(unit * guestUnit(image)), 1);
    if (!extent)
        return GuestUse::Broken;
    switch (extent->kind) {
    case MappingKind::Unallocated:
        return GuestUse::Unallocated;
    case MappingKind::UnallocatedHere:
        return GuestUse::Reserved;
    case MappingKind::Zero:
        return GuestUse::Zero;
    case MappingKind::ZeroAllocated:
        return GuestUse::ZeroReserved;
    case MappingKind::Data:
        return GuestUse::Data;
    case MappingKind::Compressed:
        return GuestUse::Compressed;
    }
    return GuestUse::Broken;
}

/// Whether cells of `perCell` units hold what a look at each of their units gives.
bool agreesUnitByUnit(
    const Image& image, DiskChoice disk, std::uint64_t first, std::uint64_t units, std::uint64_t perCell)
{
    GuestSummary summary(first, units, perCell);
    if (!summarizeGuest(image, disk, nullptr, summary, {}) || !summary.isComplete())
        return false;
    for (std::size_t i = 0; i < summary.cells(); ++i) {
        GuestCell wanted;
        for (std::uint64_t unit = first + i * perCell; unit < std::min(first + (i + 1) * perCell, first + units);
             ++unit)
            ++wanted.units[static_cast<std::size_t>(useAt(image, disk, unit))];
        if (wanted.units != summary.cell(i).units)
            return false;
    }
    return true;
}

} // namespace

class GuestOverviewTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsWhatALookAtEachClusterGives();
    void countsSubclusters();
    void callsBrokenWhatCannotBeFollowed();
    void looksIntoBackingFilesWhenTheyAreGiven();
    void isReadableWhileItGrows();
    void stopsWhenAsked();
    void sumsParts();
    void listsExtentsUpToALimit();
};

void GuestOverviewTest::countsWhatALookAtEachClusterGives()
{
    const auto image = open(mixedImage().bytes);
    QVERIFY(image);
    const std::uint64_t units = 2048;
    for (const DiskChoice disk : {DiskChoice(), DiskChoice(0)})
        for (const std::uint64_t perCell : {1, 2, 64, 4096}) {
            QVERIFY(agreesUnitByUnit(*image, disk, 0, units, perCell));
            QVERIFY(agreesUnitByUnit(*image, disk, 5, 1111, perCell));
            QVERIFY(agreesUnitByUnit(*image, disk, 1100, 2, perCell));
        }
}

void GuestOverviewTest::countsSubclusters()
{
    REQUIRE_QEMU();
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("sub.qcow2"));
    qemu::img({QStringLiteral("create"), QStringLiteral("-q"), QStringLiteral("-f"), QStringLiteral("qcow2"),
        QStringLiteral("-o"), QStringLiteral("extended_l2=on,cluster_size=64k"), path, QStringLiteral("4M")});
    qemu::io(path,
        {QStringLiteral("write -P 1 0 64k"), QStringLiteral("write -P 2 66k 2k"), QStringLiteral("write -z 128k 6k"),
            QStringLiteral("write -c -P 3 256k 64k"), QStringLiteral("write -z 68k 2k")});
    const auto image = open(readFile(path));
    QVERIFY(image);
    QCOMPARE(guestUnit(*image), std::uint64_t{2048});
    QVERIFY(agreesUnitByUnit(*image, {}, 0, 2048, 1));
    QVERIFY(agreesUnitByUnit(*image, {}, 3, 300, 8));
    GuestSummary summary(0, 2048, 2048);
    VERIFY_OK(summarizeGuest(*image, {}, nullptr, summary, {}));
    QCOMPARE(summary.cell(0)[GuestUse::Data], std::uint64_t{33});
    QCOMPARE(summary.cell(0)[GuestUse::Compressed], std::uint64_t{32});
}

void GuestOverviewTest::callsBrokenWhatCannotBeFollowed()
{
    BuiltImage built = mixedImage();
    put64(built.bytes, built.l2EntryAt(9), 0x12345200); // not aligned to 4 KiB
    put64(built.bytes, built.layout.l1 + 2 * 8, 0x1200); // an L2 table that is not aligned either
    const auto image = open(built.bytes);
    QVERIFY(image);
    GuestSummary summary(0, 2048, 512);
    VERIFY_OK(summarizeGuest(*image, {}, nullptr, summary, {}));
    QCOMPARE(summary.cell(0)[GuestUse::Broken], std::uint64_t{1});
    QCOMPARE(summary.cell(1)[GuestUse::Broken], std::uint64_t{0});
    QCOMPARE(summary.cell(2)[GuestUse::Broken], std::uint64_t{512});
}

void GuestOverviewTest::looksIntoBackingFilesWhenTheyAreGiven()
{
    REQUIRE_QEMU();
    QTemporaryDir folder;
    const auto path = [&](const char* name) { return folder.filePath(QString::fromLatin1(name)); };
    const auto create = [&](const char* name, const char* backing, const char* size) {
        QStringList arguments{QStringLiteral("create"), QStringLiteral("-q"), QStringLiteral("-f"),
            QStringLiteral("qcow2"), QStringLiteral("-o"), QStringLiteral("cluster_size=4096")};
        if (backing)
            arguments += {QStringLiteral("-b"), path(backing), QStringLiteral("-F"), QStringLiteral("qcow2")};
        qemu::img(arguments + QStringList{path(name), QString::fromLatin1(size)});
    };
    create("base", nullptr, "1M");
    qemu::io(path("base"), {QStringLiteral("write -P 1 0 64k"), QStringLiteral("write -P 1 512k 4k")});
    create("middle", "base", "2M");
    qemu::io(path("middle"), {QStringLiteral("write -P 2 32k 64k")});
    create("top", "middle", "4M");
    qemu::io(path("top"), {QStringLiteral("write -P 3 4k 4k")});
    const std::string name = path("top").toStdString();
    const auto image = open(readFile(path("top")));
    QVERIFY(image);
    auto below = BackingChain::openBelow(*image, name, Sharing::Locked, {});
    VERIFY_OK(below);
    QVERIFY(below->has_value());
    GuestSummary summary(0, 1024, 1024);
    VERIFY_OK(summarizeGuest(*image, {}, &**below, summary, {}));
    QCOMPARE(summary.cell(0)[GuestUse::Data], std::uint64_t{1});
    QCOMPARE(summary.cell(0)[GuestUse::Backing], std::uint64_t{16});
    QCOMPARE(summary.cell(0)[GuestUse::BackingDeeper], std::uint64_t{7 + 1}); // 0 to 32k less 4k, and 512k
    QCOMPARE(summary.cell(0).total(), std::uint64_t{1024});
    // Without the chain, no other file counts.
    GuestSummary alone(0, 1024, 1024);
    VERIFY_OK(summarizeGuest(*image, {}, nullptr, alone, {}));
    QCOMPARE(alone.cell(0)[GuestUse::Unallocated], std::uint64_t{1023});
}

void GuestOverviewTest::isReadableWhileItGrows()
{
    const auto image = open(mixedImage().bytes);
    QVERIFY(image);
    GuestSummary summary(0, 2048, 16);
    std::vector<std::size_t> done;
    const TaskContext task{{}, [&](const Progress&) {
                               done.push_back(summary.done());
                               for (std::size_t i = 0; i < done.back(); ++i)
                                   QCOMPARE(summary.cell(i).total(), std::uint64_t{16});
                           }};
    VERIFY_OK(summarizeGuest(*image, {}, nullptr, summary, task));
    QVERIFY(done.size() > 2 && done.front() < done.back());
    QVERIFY(std::ranges::is_sorted(done));
    QCOMPARE(summary.done(), std::size_t{128});
}

void GuestOverviewTest::stopsWhenAsked()
{
    const auto image = open(mixedImage().bytes);
    QVERIFY(image);
    std::stop_source stop;
    stop.request_stop();
    GuestSummary summary(0, 2048, 16);
    VERIFY_ERROR(summarizeGuest(*image, {}, nullptr, summary, {stop.get_token(), {}}), ErrorKind::Cancelled);
    VERIFY_ERROR(summarizeGuest(*image, 5, nullptr, summary, {}), ErrorKind::Invalid);
}

void GuestOverviewTest::sumsParts()
{
    GuestSummary summary(100, 50, 4);
    summary.add(GuestUse::Data, 100, 30);
    summary.add(GuestUse::Zero, 130, 20);
    QCOMPARE(summary.sum(100, 50).total(), std::uint64_t{0}); // nothing is done yet
    summary.finishTo(140);
    QCOMPARE(summary.done(), std::size_t{10});
    QCOMPARE(summary.sum(0, 1000)[GuestUse::Zero], std::uint64_t{10});
    summary.finishTo(150);
    QCOMPARE(summary.sum(0, 1000)[GuestUse::Zero], std::uint64_t{20});
    QCOMPARE(summary.sum(104, 4)[GuestUse::Data], std::uint64_t{4});
    QCOMPARE(summary.sum(150, 4).total(), std::uint64_t{0});
    QCOMPARE(GuestSummary::unitsPerCellFor(1 << 20, 1 << 18), std::uint64_t{4});
    QCOMPARE(GuestSummary::unitsPerCellFor((1 << 20) + 1, 1 << 18), std::uint64_t{8});
    QCOMPARE(GuestSummary::unitsPerCellFor(0, 1 << 18), std::uint64_t{1});
}

void GuestOverviewTest::listsExtentsUpToALimit()
{
    const auto image = open(mixedImage().bytes);
    QVERIFY(image);
    const auto all = listExtents(*image, {}, GuestOffset(0), 8 << 20, 100, {});
    VERIFY_OK(all);
    QVERIFY(all->complete);
    std::uint64_t bytes = 0;
    for (const GuestExtent& extent : all->extents)
        bytes += extent.length;
    QCOMPARE(bytes, std::uint64_t{8} << 20);
    const auto some = listExtents(*image, {}, GuestOffset(0), 8 << 20, 3, {});
    VERIFY_OK(some);
    QVERIFY(!some->complete);
    QCOMPARE(some->extents.size(), std::size_t{3});
    const auto then = listExtents(*image, 0, GuestOffset(8192), 4096, 3, {});
    VERIFY_OK(then);
    QCOMPARE(then->extents.front().kind, MappingKind::Unallocated); // written after the snapshot
}

QTEST_GUILESS_MAIN(GuestOverviewTest)
#include "guest_overview_test.moc"
