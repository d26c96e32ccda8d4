// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/support/naive_reader.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>
#include <algorithm>

using namespace cowscope;
using test::Bytes;
using test::ProgramRun;

namespace
{

constexpr std::uint64_t kCluster = 65536;
constexpr std::uint64_t kReftable = 1 * kCluster; ///< where a new image has its structures
constexpr std::uint64_t kRefblock = 2 * kCluster;
constexpr std::uint64_t kL1 = 3 * kCluster;
constexpr std::uint64_t kL2 = 4 * kCluster;
constexpr std::uint64_t kData = 5 * kCluster; ///< of the first cluster that is written
constexpr std::uint64_t kCopied = std::uint64_t{1} << 63;

QString width(const QString& bits)
{
    return "refcount_bits=" + bits;
}

std::uint64_t largest(const std::map<std::uint64_t, std::uint64_t>& counts)
{
    std::uint64_t out = 0;
    for (const auto& [cluster, count] : counts)
        out = std::max(out, count);
    return out;
}

} // namespace

/// What each refcount width can and cannot do, with the command, judged by qemu-img.
class WidthTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void takesAWidthExactlyWhereTheReferenceToolDoes_data();
    void takesAWidthExactlyWhereTheReferenceToolDoes();
    void laysOutANewImageAsToolsExpect_data();
    void laysOutANewImageAsToolsExpect();
    void refusesASnapshotAtOneBitWithoutALeak();
    void takesASnapshotOfAnEmptyDiskAtOneBit();
    void copiesWhatASnapshotAtOneBitWouldShareWhenAsked();
    void refusesTheFourthReferenceAtTwoBits();
    void copiesTheFourthReferenceAtTwoBitsWhenAsked();
    void doesNotShareAHostClusterBetweenCompressedOnesAtOneBit();
    void sharesAHostClusterUpToTheMaximum_data();
    void sharesAHostClusterUpToTheMaximum();
    void goesOnWithA64BitCountWhoseTopBitIsSet();
    void refusesASnapshotAtTheLargest64BitCount();
    void amendsFrom16BitsTo1To64();
    void amendsOnlyTo16BitsForVersion2AndBack();
    void amendsAnImageWithASnapshotTo2BitsButNotTo1();
    void repairsTwoReferencesAtOneBitAfterAnAmend();
    void findsRoomForARefblockThatTheNewOnesNeed();

private:
    QString path(const QString& file = "image.qcow2") const { return m_folder->filePath(file); }
    ProgramRun ours(const QStringList& arguments) const { return test::cli(arguments, m_folder->path()); }
    ProgramRun theirs(const QStringList& arguments) const { return test::qemu::img(arguments, m_folder->path()); }
    ProgramRun create(const QString& options, const QString& size = "16M") const
    {
        return ours({"create", "-f", "qcow2", "-o", options, "image.qcow2", size});
    }
    ProgramRun io(const QStringList& commands) const;
    void poke(std::uint64_t at, std::uint64_t value) const;
    test::Bytes bytes() const { return test::readFile(path()); }
    std::uint64_t largestCount() const { return largest(test::NaiveReader(bytes()).counts()); }
    int bitsByTheirs() const;
    QString compatByTheirs() const;
    void isSound() const;
    void isRefusedAndUnchanged(const QStringList& arguments, const QByteArray& part) const;

    std::unique_ptr<QTemporaryDir> m_folder;
};

void WidthTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
}

ProgramRun WidthTest::io(const QStringList& commands) const
{
    QStringList arguments{"io"};
    for (const QString& command : commands)
        arguments << "-c" << command;
    return ours(arguments << "image.qcow2");
}

/// Overwrites a big-endian 64-bit word of the image.
void WidthTest::poke(std::uint64_t at, std::uint64_t value) const
{
    Bytes image = bytes();
    QVERIFY(image.size() >= at + 8);
    test::put64(image, at, value);
    QVERIFY(test::writeFile(path(), image));
}

int WidthTest::bitsByTheirs() const
{
    return theirs({"info", "--output=json", "image.qcow2"}).json()["format-specific"]["data"]["refcount-bits"].toInt();
}

QString WidthTest::compatByTheirs() const
{
    return theirs({"info", "--output=json", "image.qcow2"}).json()["format-specific"]["data"]["compat"].toString();
}

void WidthTest::isSound() const
{
    const ProgramRun byTheirs = theirs({"check", "image.qcow2"});
    QVERIFY2(byTheirs.exit == 0, byTheirs.out + byTheirs.err);
    const ProgramRun byOurs = ours({"check", "image.qcow2"});
    QVERIFY2(byOurs.exit == 0, byOurs.out + byOurs.err);
}

/// Both tools refuse it; ours says why with `part`, and leaves the file as it is.
void WidthTest::isRefusedAndUnchanged(const QStringList& arguments, const QByteArray& part) const
{
    const Bytes before = bytes();
    const ProgramRun refused = ours(arguments);
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains(part), refused.err);
    QVERIFY2(bytes() == before, "a refusal changed the file");
    QStringList onCopy = arguments;
    onCopy.replaceInStrings("image.qcow2", "copy.qcow2");
    QVERIFY(test::writeFile(path("copy.qcow2"), before));
    QCOMPARE(theirs(onCopy).exit, 1);
}

void WidthTest::takesAWidthExactlyWhereTheReferenceToolDoes_data()
{
    QTest::addColumn<QString>("options");
    const QStringList widths{"0", "1", "2", "3", "4", "7", "8", "16", "32", "33", "64", "65", "128", "-1",
        "18446744073709551616", "8bit", ""};
    for (const QString& bits : widths) {
        QTest::addRow("'%s'", qPrintable(bits)) << width(bits);
        QTest::addRow("'%s', version 2", qPrintable(bits)) << "compat=0.10," + width(bits);
    }
    QTest::newRow("version 2 without a width") << "compat=0.10";
    QTest::newRow("no width") << "compat=1.1";
}

void WidthTest::takesAWidthExactlyWhereTheReferenceToolDoes()
{
    QFETCH(QString, options);
    const ProgramRun reference = theirs({"create", "-f", "qcow2", "-o", options, "theirs.qcow2", "16M"});
    const ProgramRun created = create(options);
    QVERIFY2(created.exit == reference.exit, created.err + reference.err);
    if (created.exit != 0) {
        QVERIFY2(created.err.contains("refcount_bits"), created.err);
        QVERIFY(!QFile::exists(path()));
        return;
    }
    isSound();
    const auto wanted = theirs({"info", "--output=json", "theirs.qcow2"}).json()["format-specific"];
    QCOMPARE(theirs({"info", "--output=json", "image.qcow2"}).json()["format-specific"], wanted);
}

void WidthTest::laysOutANewImageAsToolsExpect_data()
{
    QTest::addColumn<unsigned>("bits");
    for (unsigned bits = 1; bits <= 64; bits *= 2)
        QTest::addRow("%u bits", bits) << bits;
}

/// Tests all over the field poke at these places.
void WidthTest::laysOutANewImageAsToolsExpect()
{
    QFETCH(unsigned, bits);
    const QString options = width(QString::number(bits));
    QCOMPARE(theirs({"create", "-q", "-f", "qcow2", "-o", options, "theirs.qcow2", "16M"}).exit, 0);
    QCOMPARE(test::qemu::io(path("theirs.qcow2"), {"write -P 5 0 64k", "write -P 6 128k 64k"}).exit, 0);
    QCOMPARE(create(options).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k", "write -P 6 128k 64k"}).exit, 0);
    const Bytes image = bytes();
    const Bytes other = test::readFile(path("theirs.qcow2"));
    for (const std::uint64_t at : {kReftable, kRefblock, kL1, kL2, kL2 + 16})
        QCOMPARE(test::getNumber(image, at, 8), test::getNumber(other, at, 8));
    QCOMPARE(test::getNumber(image, kReftable, 8), kRefblock);
    QCOMPARE(test::getNumber(image, kL1, 8), kL2 | kCopied);
    QCOMPARE(test::getNumber(image, kL2, 8), kData | kCopied);
    QVERIFY(test::NaiveReader(image).counts() == test::NaiveReader(other).counts());
}

void WidthTest::refusesASnapshotAtOneBitWithoutALeak()
{
    QCOMPARE(create(width("1")).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    isRefusedAndUnchanged({"snapshot", "-c", "one", "image.qcow2"}, "2 bits");
    isSound();
}

void WidthTest::takesASnapshotOfAnEmptyDiskAtOneBit()
{
    QCOMPARE(create(width("1")).exit, 0);
    const ProgramRun taken = ours({"snapshot", "-c", "one", "image.qcow2"});
    QVERIFY2(taken.exit == 0, taken.err);
    isSound();
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    isSound();
    QVERIFY(test::qemu::contentHash(path(), "one") != test::qemu::contentHash(path()));
}

void WidthTest::copiesWhatASnapshotAtOneBitWouldShareWhenAsked()
{
    QCOMPARE(create(width("1")).exit, 0);
    QCOMPARE(io({"write -P 5 0 100k", "write -c -P 6 1M 128k", "write -z 2M 64k"}).exit, 0);
    const QByteArray contents = test::qemu::contentHash(path());
    const ProgramRun taken = ours({"snapshot", "-c", "one", "--copy-on-overflow", "image.qcow2"});
    QVERIFY2(taken.exit == 0, taken.err);
    isSound();
    QCOMPARE(test::qemu::contentHash(path(), "one"), contents);
    QCOMPARE(io({"write -P 7 0 200k", "write -P 8 1M 64k", "write -P 9 2M 1k"}).exit, 0);
    isSound();
    QCOMPARE(test::qemu::contentHash(path(), "one"), contents);
    QVERIFY(test::qemu::contentHash(path()) != contents);
    // And back, which needs copies again.
    const ProgramRun applied = ours({"snapshot", "-a", "one", "--copy-on-overflow", "image.qcow2"});
    QVERIFY2(applied.exit == 0, applied.err);
    isSound();
    QCOMPARE(test::qemu::contentHash(path()), contents);
    QCOMPARE(test::qemu::contentHash(path(), "one"), contents);
}

void WidthTest::refusesTheFourthReferenceAtTwoBits()
{
    QCOMPARE(create(width("2")).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    for (const char* name : {"one", "two"}) {
        const ProgramRun taken = ours({"snapshot", "-c", name, "image.qcow2"});
        QVERIFY2(taken.exit == 0, taken.err);
        isSound();
    }
    QCOMPARE(largestCount(), std::uint64_t{3});
    isRefusedAndUnchanged({"snapshot", "-c", "three", "image.qcow2"}, "4 bits");
    isSound();
    // A disk that gives up its share makes room for one more.
    QCOMPARE(io({"write -P 6 0 64k"}).exit, 0);
    QCOMPARE(ours({"snapshot", "-c", "three", "image.qcow2"}).exit, 0);
    isSound();
}

void WidthTest::copiesTheFourthReferenceAtTwoBitsWhenAsked()
{
    QCOMPARE(create(width("2")).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    const QByteArray contents = test::qemu::contentHash(path());
    for (const char* name : {"one", "two", "three", "four", "five", "six"}) {
        const ProgramRun taken = ours({"snapshot", "-c", name, "--copy-on-overflow", "image.qcow2"});
        QVERIFY2(taken.exit == 0, taken.err);
        isSound();
    }
    QCOMPARE(largestCount(), std::uint64_t{3});
    for (const char* name : {"one", "three", "six"})
        QCOMPARE(test::qemu::contentHash(path(), name), contents);
}

void WidthTest::doesNotShareAHostClusterBetweenCompressedOnesAtOneBit()
{
    QCOMPARE(create(width("1")).exit, 0);
    QCOMPARE(io({"write -c -P 5 0 64k", "write -c -P 6 64k 64k"}).exit, 0);
    isSound();
    QCOMPARE(largestCount(), std::uint64_t{1});
    QCOMPARE(test::qemu::io(path(), {"read -P 5 0 64k", "read -P 6 64k 64k"}).exit, 0);
    // In a second run too, which does not remember where the first one stopped.
    QCOMPARE(io({"write -c -P 7 128k 64k"}).exit, 0);
    isSound();
    QCOMPARE(largestCount(), std::uint64_t{1});
}

void WidthTest::sharesAHostClusterUpToTheMaximum_data()
{
    QTest::addColumn<unsigned>("bits");
    QTest::addColumn<unsigned>("clusters");
    QTest::addColumn<std::uint64_t>("most");
    QTest::newRow("one less than fits 2 bits") << 2U << 2U << std::uint64_t{2};
    QTest::newRow("as many as fit 2 bits") << 2U << 3U << std::uint64_t{3};
    QTest::newRow("one more than fits 2 bits") << 2U << 4U << std::uint64_t{3};
    QTest::newRow("many at 2 bits") << 2U << 20U << std::uint64_t{3};
    QTest::newRow("many at 4 bits") << 4U << 40U << std::uint64_t{15};
    QTest::newRow("many at 16 bits") << 16U << 40U << std::uint64_t{40};
    QTest::newRow("many at 64 bits") << 64U << 40U << std::uint64_t{40};
}

void WidthTest::sharesAHostClusterUpToTheMaximum()
{
    QFETCH(unsigned, bits);
    QFETCH(unsigned, clusters);
    QFETCH(std::uint64_t, most);
    const QString options = width(QString::number(bits));
    QStringList writes;
    QStringList reads;
    for (unsigned i = 0; i < clusters; ++i) {
        writes << QStringLiteral("write -c -P %1 %2k 64k").arg(i + 1).arg(i * 64);
        reads << QStringLiteral("read -P %1 %2k 64k").arg(i + 1).arg(i * 64);
    }
    QCOMPARE(create(options).exit, 0);
    QCOMPARE(io(writes).exit, 0);
    isSound();
    QCOMPARE(test::qemu::io(path(), reads).exit, 0);
    QCOMPARE(largestCount(), most);
    // The reference tool shares as much.
    QCOMPARE(theirs({"create", "-q", "-f", "qcow2", "-o", options, "theirs.qcow2", "16M"}).exit, 0);
    QCOMPARE(test::qemu::io(path("theirs.qcow2"), writes).exit, 0);
    QCOMPARE(largest(test::NaiveReader(test::readFile(path("theirs.qcow2"))).counts()), most);
}

void WidthTest::goesOnWithA64BitCountWhoseTopBitIsSet()
{
    QCOMPARE(create(width("64")).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    poke(kRefblock + 8 * (kData / kCluster), std::uint64_t{1} << 63);
    poke(kL2, kData);
    QVERIFY(test::writeFile(path("theirs.qcow2"), bytes()));
    QCOMPARE(test::qemu::io(path("theirs.qcow2"), {"write -P 6 0 64k"}).exit, 0);
    // The cluster is shared with very many, so the write goes to another one.
    const ProgramRun written = io({"write -P 6 0 64k"});
    QVERIFY2(written.exit == 0, written.err);
    QVERIFY((test::getNumber(bytes(), kL2, 8) & ~kCopied) != kData);
    QCOMPARE(test::getNumber(bytes(), kRefblock + 8 * (kData / kCluster), 8), (std::uint64_t{1} << 63) - 1);
    QVERIFY(test::NaiveReader(bytes()).counts() == test::NaiveReader(test::readFile(path("theirs.qcow2"))).counts());
    QCOMPARE(ours({"check", "image.qcow2"}).exit, theirs({"check", "image.qcow2"}).exit);
    QCOMPARE(ours({"check", "-r", "leaks", "image.qcow2"}).exit, 0);
    isSound();
    QCOMPARE(test::qemu::io(path(), {"read -P 6 0 64k"}).exit, 0);
}

void WidthTest::refusesASnapshotAtTheLargest64BitCount()
{
    QCOMPARE(create(width("64")).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    poke(kRefblock + 8 * (kData / kCluster), ~std::uint64_t{0});
    poke(kL2, kData);
    isRefusedAndUnchanged({"snapshot", "-c", "one", "image.qcow2"}, "18446744073709551615");
    // One below the largest, it is taken.
    poke(kRefblock + 8 * (kData / kCluster), ~std::uint64_t{1});
    const ProgramRun taken = ours({"snapshot", "-c", "one", "image.qcow2"});
    QVERIFY2(taken.exit == 0, taken.err);
    QCOMPARE(largestCount(), ~std::uint64_t{0});
}

void WidthTest::amendsFrom16BitsTo1To64()
{
    QCOMPARE(create(width("16")).exit, 0);
    QCOMPARE(io({"write -P 5 0 200k", "write -c -P 6 1M 64k", "write -z 2M 64k"}).exit, 0);
    const QByteArray contents = test::qemu::contentHash(path());
    for (const int bits : {1, 64, 16}) {
        const ProgramRun amended = ours({"amend", "-o", width(QString::number(bits)), "image.qcow2"});
        QVERIFY2(amended.exit == 0, amended.err);
        QCOMPARE(bitsByTheirs(), bits);
        isSound();
        QCOMPARE(test::qemu::contentHash(path()), contents);
    }
}

void WidthTest::amendsOnlyTo16BitsForVersion2AndBack()
{
    QCOMPARE(create(width("64")).exit, 0);
    QCOMPARE(io({"write -P 5 0 200k"}).exit, 0);
    const QByteArray contents = test::qemu::contentHash(path());
    isRefusedAndUnchanged({"amend", "-o", "compat=0.10," + width("64"), "image.qcow2"}, "requires refcount_bits=16");
    const ProgramRun down = ours({"amend", "-o", "compat=0.10", "image.qcow2"});
    QVERIFY2(down.exit == 0, down.err);
    QCOMPARE(compatByTheirs(), QString("0.10"));
    isSound();
    for (const char* bits : {"1", "8", "64"})
        isRefusedAndUnchanged({"amend", "-o", width(bits), "image.qcow2"}, "ersion 2");
    QCOMPARE(ours({"amend", "-o", width("16"), "image.qcow2"}).exit, 0);
    QCOMPARE(io({"write -P 6 1M 64k", "write -z 2M 64k", "discard 1M 64k"}).exit, 0);
    QCOMPARE(ours({"snapshot", "-c", "one", "image.qcow2"}).exit, 0);
    QCOMPARE(ours({"snapshot", "-d", "one", "image.qcow2"}).exit, 0);
    isSound();
    QCOMPARE(ours({"amend", "-o", "compat=1.1," + width("1"), "image.qcow2"}).exit, 0);
    QCOMPARE(compatByTheirs(), QString("1.1"));
    QCOMPARE(bitsByTheirs(), 1);
    isSound();
    QCOMPARE(test::qemu::contentHash(path()), contents);
}

void WidthTest::amendsAnImageWithASnapshotTo2BitsButNotTo1()
{
    QCOMPARE(create(width("16")).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    QCOMPARE(ours({"snapshot", "-c", "one", "image.qcow2"}).exit, 0);
    isRefusedAndUnchanged({"amend", "-o", width("1"), "image.qcow2"}, "count 2");
    const ProgramRun amended = ours({"amend", "-o", width("2"), "image.qcow2"});
    QVERIFY2(amended.exit == 0, amended.err);
    QCOMPARE(bitsByTheirs(), 2);
    isSound();
    QCOMPARE(test::qemu::contentHash(path(), "one"), test::qemu::contentHash(path()));
}

void WidthTest::repairsTwoReferencesAtOneBitAfterAnAmend()
{
    QCOMPARE(create(width("1")).exit, 0);
    QCOMPARE(io({"write -P 5 0 64k"}).exit, 0);
    poke(kL2 + 8, kData | kCopied);
    for (const QStringList& verb : {QStringList{"check"}, QStringList{"check", "-r", "all"}}) {
        const ProgramRun check = ours(verb + QStringList{"image.qcow2"});
        QVERIFY(check.exit != 0);
        QVERIFY2((check.out + check.err).contains("amend"), check.out + check.err);
    }
    const ProgramRun amended = ours({"amend", "-o", width("2"), "image.qcow2"});
    QVERIFY2(amended.exit == 0, amended.err);
    const ProgramRun repaired = ours({"check", "-r", "all", "image.qcow2"});
    QVERIFY2(repaired.exit == 0, repaired.out + repaired.err);
    isSound();
    QCOMPARE(bitsByTheirs(), 2);
    QCOMPARE(largestCount(), std::uint64_t{2});
    QCOMPARE(test::qemu::io(path(), {"read -P 5 0 128k"}).exit, 0);
    // A write to one of the two leaves the other alone, but for the copied flag, which is far from the write.
    QCOMPARE(io({"write -P 6 64k 64k"}).exit, 0);
    QCOMPARE(ours({"check", "-r", "all", "image.qcow2"}).exit, 0);
    isSound();
    QCOMPARE(test::qemu::io(path(), {"read -P 5 0 64k", "read -P 6 64k 64k"}).exit, 0);
}

/// With 64-bit counts a refblock of 512 bytes reaches 64 clusters: over all fillings of the last one, some need a
/// refblock more just for the new refblocks and table.
void WidthTest::findsRoomForARefblockThatTheNewOnesNeed()
{
    constexpr std::uint64_t kSmall = 512;
    constexpr std::uint64_t kReach = 64;
    unsigned oneMore = 0;
    for (unsigned clusters = 30; clusters < 30 + kReach; ++clusters) {
        QVERIFY(!QFile::exists(path()) || QFile::remove(path()));
        QCOMPARE(create("cluster_size=512," + width("1"), "64k").exit, 0);
        QCOMPARE(io({QStringLiteral("write -P 5 0 %1").arg(clusters * kSmall)}).exit, 0);
        const std::uint64_t end = test::NaiveReader(bytes()).counts().rbegin()->first + 1;
        const ProgramRun amended = ours({"amend", "-o", width("64"), "image.qcow2"});
        QVERIFY2(amended.exit == 0, amended.err);
        isSound();
        if (QTest::currentTestFailed())
            return;
        const Bytes image = bytes();
        std::uint64_t refblocks = 0;
        for (std::uint64_t at = 0; at < test::getNumber(image, 56, 4) * kSmall; at += 8)
            refblocks += test::getNumber(image, test::getNumber(image, 48, 8) + at, 8) != 0 ? 1 : 0;
        oneMore += refblocks > (end + kReach - 1) / kReach ? 1 : 0;
    }
    QVERIFY(oneMore > 0);
}

QTEST_GUILESS_MAIN(WidthTest)
#include "width_test.moc"
