// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/base/big_endian.h"
#include "core/storage/file_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

#include <QFile>
#include <QTemporaryDir>

using namespace cowscope;
using test::Bytes;

/// Small files on disk that claim a lot: a census of them ends soon and takes little memory. What would go wrong
/// without the bounds is a test that runs into its time limit.
class HostileCensusTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void snapshotsWithHugeTablesInHoles();
    void bitmapsThatShareATable();
    void unalignedTablesByTheThousand();
    void emptyL1EntryWithTheCopiedFlag();
    void countsWideReferences();

private:
    /// The census of an image whose file is set to `fileBytes` and then changed by `poke` (offset and bytes).
    Result<std::shared_ptr<const Census>> take(
        const Bytes& bytes, std::uint64_t fileBytes, const std::vector<std::pair<std::uint64_t, Bytes>>& pokes = {});

    QTemporaryDir m_folder;
};

Result<std::shared_ptr<const Census>> HostileCensusTest::take(
    const Bytes& bytes, std::uint64_t fileBytes, const std::vector<std::pair<std::uint64_t, Bytes>>& pokes)
{
    QFile file(m_folder.filePath(QStringLiteral("image")));
    if (!file.open(QIODevice::WriteOnly | QIODevice::Truncate))
        return fail(ErrorKind::Io, "no file");
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<qint64>(bytes.size()));
    file.resize(static_cast<qint64>(fileBytes));
    for (const auto& [offset, data] : pokes) {
        file.seek(static_cast<qint64>(offset));
        file.write(reinterpret_cast<const char*>(data.data()), static_cast<qint64>(data.size()));
    }
    file.close();
    auto storage = FileStorage::open(file.fileName().toStdString(), Access::ReadOnly);
    if (!storage)
        return failed(storage);
    auto image = Image::open(std::move(*storage), {});
    if (!image)
        return failed(image);
    if (!(*image)->problems().empty())
        return std::unexpected((*image)->problems().front());
    return takeCensus(**image, {});
}

void HostileCensusTest::snapshotsWithHugeTablesInHoles()
{
    constexpr std::uint32_t kCount = 20'000;
    constexpr std::uint64_t kTableAt = std::uint64_t{1} << 30;
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 1 << 20});
    builder.data(0);
    auto built = builder.build();
    storeBigEndian(std::span(built.bytes), 60, kCount);
    storeBigEndian(std::span(built.bytes), 64, kTableAt);
    Bytes table(kCount * 64, std::byte{0});
    for (std::uint32_t i = 0; i < kCount; ++i) {
        const auto entry = std::span(table).subspan(i * 64, 64);
        storeBigEndian(entry, 0, std::uint64_t{1} << 31 | std::uint64_t{i} << 9); // each a cluster further on
        storeBigEndian(entry, 8, std::uint32_t{1} << 22);
        storeBigEndian(entry, 12, std::uint16_t{4});
        storeBigEndian(entry, 14, std::uint16_t{4});
        storeBigEndian(entry, 36, std::uint32_t{16});
    }
    const auto taken = take(built.bytes, std::uint64_t{1} << 34, {{kTableAt, table}});
    QVERIFY(taken);
    // All tables but those at the edges cover this cluster.
    const HostCluster middle(((std::uint64_t{1} << 31) + (std::uint64_t{30} << 20)) >> 9);
    QCOMPARE((*taken)->map.references(middle), std::uint64_t{kCount});
    QCOMPARE((*taken)->map.owner(middle), ClusterOwner::SnapshotL1);
    QVERIFY((*taken)->corruptions > 0);
}

void HostileCensusTest::bitmapsThatShareATable()
{
    constexpr std::uint32_t kCount = 20'000;
    constexpr std::uint64_t kDirectoryAt = std::uint64_t{1} << 20;
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 1 << 20, .autoclear = 1});
    auto built = builder.build();
    const auto bytes = std::span(built.bytes);
    storeBigEndian(bytes, 104, std::uint32_t{0x23852875});
    storeBigEndian(bytes, 108, std::uint32_t{24});
    storeBigEndian(bytes, 112, kCount);
    storeBigEndian(bytes, 120, std::uint64_t{kCount} * 32);
    storeBigEndian(bytes, 128, kDirectoryAt);
    storeBigEndian(bytes, 136, std::uint64_t{0});
    Bytes directory(kCount * 32, std::byte{0});
    for (std::uint32_t i = 0; i < kCount; ++i) {
        const auto entry = std::span(directory).subspan(i * 32, 32);
        storeBigEndian(entry, 0, std::uint64_t{1} << 24);
        storeBigEndian(entry, 8, std::uint32_t{1} << 20);
        entry[16] = std::byte{1};
        entry[17] = std::byte{16};
        storeBigEndian(entry, 18, std::uint16_t{4});
        storeBigEndian(entry, 24, std::uint32_t{0x41414141});
    }
    const auto taken = take(built.bytes, std::uint64_t{1} << 26, {{kDirectoryAt, directory}});
    QVERIFY2(taken, taken ? "" : taken.error().text().c_str());
    QVERIFY((*taken)->count(FindingKind::BitmapTable) > 0);
}

void HostileCensusTest::unalignedTablesByTheThousand()
{
    constexpr std::uint64_t kEntries = 100'000;
    test::ImageBuilder builder({.clusterBits = 21, .virtualSize = std::uint64_t{1} << 30});
    builder.data(0);
    auto built = builder.build();
    constexpr std::uint64_t kL1At = std::uint64_t{1} << 30;
    storeBigEndian(std::span(built.bytes), 36, static_cast<std::uint32_t>(kEntries));
    storeBigEndian(std::span(built.bytes), 40, kL1At);
    Bytes l1(kEntries * 8);
    for (std::uint64_t i = 0; i < kEntries; ++i)
        storeBigEndian(std::span(l1), i * 8, (std::uint64_t{1} << 21) + (i + 1) * 512);
    const auto taken = take(built.bytes, std::uint64_t{2} << 30, {{kL1At, l1}});
    QVERIFY(taken);
    QVERIFY((*taken)->count(FindingKind::L1EntryUnaligned) > kEntries / 2);
}

void HostileCensusTest::emptyL1EntryWithTheCopiedFlag()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = std::uint64_t{64} << 20});
    builder.data(0);
    auto built = builder.build();
    storeBigEndian(std::span(built.bytes), built.layout.l1 + 8, std::uint64_t{1} << 63);
    const auto taken = take(built.bytes, built.bytes.size());
    QVERIFY(taken);
    QCOMPARE((*taken)->count(FindingKind::CopiedFlagWrong), 1U);
    QCOMPARE((*taken)->corruptions, 1U);
}

void HostileCensusTest::countsWideReferences()
{
    ClusterMap map(1000);
    for (int i = 0; i < 70'000; ++i)
        map.addReferences(HostCluster(7), ClusterOwner::Data, 0, 1);
    map.addReferencesToRun(HostCluster(6), 3, ClusterOwner::Data, 1, 300);
    QCOMPARE(map.references(HostCluster(6)), 301U);
    QCOMPARE(map.references(HostCluster(7)), 70'301U);
    QCOMPARE(map.references(HostCluster(9)), 0U);
}

QTEST_GUILESS_MAIN(HostileCensusTest)
#include "hostile_census_test.moc"
