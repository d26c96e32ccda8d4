// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest/QtTest>
#include <random>

using namespace cowscope;
using test::Bytes;
using test::ProgramRun;

namespace
{

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

QStringList numbers(std::initializer_list<std::uint64_t> values)
{
    QStringList texts;
    for (const std::uint64_t value : values)
        texts << QString::number(value);
    return texts;
}

} // namespace

/// `resize`: the words and exit codes of qemu-img's, and disks that hold what they held, with zeros behind it.
class ResizeCommandTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void showsTheOldContentsAndZeros_data();
    void showsTheOldContentsAndZeros();
    void snapshotsKeepTheirDisks_data();
    void snapshotsKeepTheirDisks();
    void randomImagesKeepTheirContents_data();
    void randomImagesKeepTheirContents();
    void preallocatesWhatItGrowsBy_data();
    void preallocatesWhatItGrowsBy();
    void saysAndRefusesWhatQemuImgDoes_data();
    void saysAndRefusesWhatQemuImgDoes();
    void version2WithSnapshotsIsRefused();
    void theFileGetsSmallerAsWell();
    void anImageInUseIsLeftAlone();

private:
    QString path(const QString& name) const { return m_folder->filePath(name); }
    QString image() const { return path("a.qcow2"); }
    ProgramRun resize(const QStringList& arguments) const
    {
        return test::cli(QStringList{"resize"} + arguments, m_folder->path());
    }
    void create(QString options, std::uint64_t size, const QStringList& more = {}) const
    {
        options.replace("=data", "=" + path("data")); // the reference tool would look in the folder that it runs in
        const auto made = test::qemu::img(
            QStringList{"create", "-q", "-f", "qcow2", "-o", options} + more + QStringList{image()} + numbers({size}),
            m_folder->path());
        QVERIFY2(made.exit == 0, made.err);
    }
    void io(const QStringList& commands) const
    {
        const auto run = test::qemu::io(image(), commands);
        QVERIFY2(run.exit == 0, run.out + run.err);
    }
    Bytes disk(const QString& snapshot = {}) const
    {
        QFile::remove(path("raw"));
        QStringList arguments{"convert", "-O", "raw"};
        if (!snapshot.isEmpty())
            arguments << "-l"
                      << "snapshot.name=" + snapshot;
        const auto run = test::qemu::img(arguments << image() << path("raw"));
        if (run.exit != 0)
            qWarning("%s", run.err.constData());
        return test::readFile(path("raw"));
    }

    /// Resizes, then lets both checks and the contents judge.
    void resizeAndJudge(std::uint64_t size, Bytes& expected) const
    {
        const ProgramRun run = resize(QStringList{"--shrink", image()} + numbers({size}));
        QVERIFY2(run.exit == 0, run.err);
        const auto theirs = test::qemu::img({"check", image()});
        QVERIFY2(theirs.exit == 0, theirs.out + theirs.err);
        const auto mine = test::cli({"check", image()});
        QVERIFY2(mine.exit == 0, mine.out + mine.err);
        expected.resize(size);
        QVERIFY(disk() == expected);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

#define STEP(expression)                                                                                               \
    do {                                                                                                               \
        expression;                                                                                                    \
        if (QTest::currentTestFailed())                                                                                \
            return;                                                                                                    \
    } while (false)

void ResizeCommandTest::initTestCase()
{
    REQUIRE_QEMU();
}

void ResizeCommandTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
}

void ResizeCommandTest::showsTheOldContentsAndZeros_data()
{
    QTest::addColumn<QString>("options");
    QTest::addColumn<std::uint64_t>("backing"); // bytes; 0: none
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("512 bytes, %u bits", 1U << order)
            << QString("cluster_size=512,refcount_bits=%1").arg(1U << order) << std::uint64_t{0};
    QTest::newRow("64 KiB") << "cluster_size=64k" << std::uint64_t{0};
    QTest::newRow("version 2") << "compat=0.10,cluster_size=4k" << std::uint64_t{0};
    QTest::newRow("extended L2") << "extended_l2=on" << std::uint64_t{0};
    QTest::newRow("data file") << "data_file=data" << std::uint64_t{0};
    QTest::newRow("raw data file") << "data_file=data,data_file_raw=on" << std::uint64_t{0};
    QTest::newRow("larger backing file") << "cluster_size=4k" << 2 * kMiB + 512;
    QTest::newRow("larger backing file, extended L2") << "extended_l2=on" << 2 * kMiB + 512;
    QTest::newRow("larger backing file, version 2") << "compat=0.10" << 2 * kMiB + 512;
    QTest::newRow("smaller backing file") << "cluster_size=4k" << kMiB / 2 + 512;
}

void ResizeCommandTest::showsTheOldContentsAndZeros()
{
    QFETCH(QString, options);
    QFETCH(std::uint64_t, backing);
    QStringList more;
    if (backing > 0) {
        QVERIFY(test::writeFile(path("base"), Bytes(backing, std::byte{0xbb})));
        more = {"-b", "base", "-F", "raw"};
    }
    STEP(create(options, kMiB + 1536, more));
    STEP(io({"write -P 1 0 200k", "write -P 2 700k 30k", "write -P 3 1048576 1536", "discard 64k 64k"}));
    Bytes expected = disk();
    for (const std::uint64_t size : {kMiB + 2048, 40 * kMiB, kMiB, kMiB / 2 + 512, 5 * kMiB, std::uint64_t{512}}) {
        STEP(resizeAndJudge(size, expected));
        STEP(io({QString("write -P 4 %1 512").arg(size - 512)})); // something to leave behind
        std::fill(expected.end() - 512, expected.end(), std::byte{4});
        QVERIFY(disk() == expected);
        if (options.contains("raw=on"))
            QVERIFY(test::readFile(path("data")) == expected);
    }
}

void ResizeCommandTest::snapshotsKeepTheirDisks_data()
{
    QTest::addColumn<QString>("options");
    for (unsigned order = 1; order <= 6; ++order)
        QTest::addRow("512 bytes, %u bits", 1U << order)
            << QString("cluster_size=512,refcount_bits=%1").arg(1U << order);
    QTest::newRow("extended L2") << "extended_l2=on";
}

void ResizeCommandTest::snapshotsKeepTheirDisks()
{
    QFETCH(QString, options);
    STEP(create(options, kMiB));
    STEP(io({"write -P 1 0 200k", "write -P 2 700k 300k"}));
    QCOMPARE(test::qemu::img({"snapshot", "-c", "one", image()}).exit, 0);
    const Bytes snapshot = disk();
    STEP(io({"write -P 3 100k 650k"}));
    Bytes expected = disk();
    for (const std::uint64_t size : {2 * kMiB, kMiB / 2, 9 * kMiB, kMiB / 8}) {
        STEP(resizeAndJudge(size, expected));
        Bytes there = disk("one"); // the reference tool gives it the size of the active disk
        there.resize(std::min(there.size(), snapshot.size()));
        QVERIFY(std::equal(there.begin(), there.end(), snapshot.begin()));
    }
    QCOMPARE(test::qemu::img({"snapshot", "-a", "one", image()}).exit, 0);
    QVERIFY(disk() == snapshot);
    QCOMPARE(test::qemu::checkExit(image()), 0);
}

void ResizeCommandTest::randomImagesKeepTheirContents_data()
{
    QTest::addColumn<unsigned>("seed");
    for (unsigned seed = 1; seed <= 12; ++seed)
        QTest::addRow("seed %u", seed) << seed;
}

void ResizeCommandTest::randomImagesKeepTheirContents()
{
    QFETCH(unsigned, seed);
    std::mt19937 random(seed);
    const auto below = [&](std::uint64_t end) { return random() % end; };
    const std::uint64_t clusterSize = std::uint64_t{512} << below(8);
    QString options = QString("cluster_size=%1,refcount_bits=%2").arg(clusterSize).arg(1U << below(7));
    QStringList more;
    if (below(2) == 0) {
        QVERIFY(test::writeFile(path("base"), Bytes(512 * (1 + below(8192)), std::byte{0xbb})));
        more = {"-b", "base", "-F", "raw"};
    }
    const std::uint64_t first = 512 * (1 + below(4096));
    STEP(create(options, first, more));
    const auto write = [&](std::uint64_t size) {
        const std::uint64_t at = 512 * below(size / 512);
        const std::uint64_t length = std::min(size - at, 512 * (1 + below(300)));
        const char* verbs[] = {"write -P 17", "write -P 99", "write -z", "write -zu", "discard"};
        return QString("%1 %2 %3").arg(verbs[below(5)]).arg(at).arg(length);
    };
    STEP(io({write(first), write(first), write(first), write(first)}));
    Bytes expected = disk();
    for (int step = 0; step < 4; ++step) {
        STEP(resizeAndJudge(512 * (1 + below(16384)), expected));
        STEP(io({write(expected.size()), write(expected.size())}));
        expected = disk();
    }
}

void ResizeCommandTest::preallocatesWhatItGrowsBy_data()
{
    QTest::addColumn<QString>("mode");
    QTest::addColumn<QString>("options");
    QTest::addColumn<bool>("backing");
    for (const char* mode : {"metadata", "falloc", "full"}) {
        QTest::addRow("%s", mode) << mode << "cluster_size=64k" << false;
        QTest::addRow("%s, 512 bytes, 1 bit", mode) << mode << "cluster_size=512,refcount_bits=1" << false;
        QTest::addRow("%s, version 2", mode) << mode << "compat=0.10" << false;
        QTest::addRow("%s, data file", mode) << mode << "data_file=data" << false;
        QTest::addRow("%s, backing file", mode) << mode << "cluster_size=4k" << true;
        QTest::addRow("%s, backing file, extended", mode) << mode << "extended_l2=on" << true;
    }
}

void ResizeCommandTest::preallocatesWhatItGrowsBy()
{
    QFETCH(QString, mode);
    QFETCH(QString, options);
    QFETCH(bool, backing);
    QStringList more;
    if (backing) {
        QVERIFY(test::writeFile(path("base"), Bytes(2 * kMiB, std::byte{0xbb})));
        more = {"-b", "base", "-F", "raw"};
    }
    STEP(create(options, kMiB + 512, more));
    STEP(io({"write -P 1 0 1000k", "discard 0 200k"})); // freed clusters that hold something
    Bytes expected = disk();
    const ProgramRun run = resize({"--preallocation=" + mode, image(), "5M"});
    QVERIFY2(run.exit == 0, run.err);
    QCOMPARE(test::qemu::checkExit(image()), 0);
    expected.resize(5 * kMiB);
    QVERIFY(disk() == expected);
    // Every cluster of the new part has a place now.
    const auto map = test::qemu::img({"map", "--output=json", image()}).json().array();
    for (const auto& extent : map) {
        const auto object = extent.toObject();
        const std::uint64_t end = object["start"].toInteger() + object["length"].toInteger();
        if (end > 2 * kMiB)
            QVERIFY2(object.contains("offset"), QByteArray::number(static_cast<qulonglong>(end)).constData());
    }
}

void ResizeCommandTest::saysAndRefusesWhatQemuImgDoes_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("word");
    const auto row = [](const QStringList& arguments, const char* word) {
        QTest::newRow(arguments.join(' ').toUtf8().constData()) << arguments << QString::fromUtf8(word);
    };
    row({"a.qcow2", "2M"}, "");
    row({"a.qcow2", "1M"}, "");
    row({"a.qcow2", "+512k"}, "");
    row({"-f", "qcow2", "a.qcow2", "+1M"}, "");
    row({"-q", "a.qcow2", "2M"}, "");
    row({"--shrink", "a.qcow2", "-512k"}, "");
    row({"--shrink", "a.qcow2", "3M"}, "");
    row({"a.qcow2", "512k"}, "Use the --shrink option");
    row({"a.qcow2", "-512k"}, "Use the --shrink option");
    row({"--shrink", "a.qcow2", "-1M"}, "New image size must be positive");
    row({"--shrink", "a.qcow2", "-5M"}, "New image size must be positive");
    row({"--shrink", "a.qcow2", "0"}, "New image size must be positive");
    row({"a.qcow2", "1048577"}, "The new size must be a multiple of 512");
    row({"a.qcow2", "3P"}, "too large");
    row({"a.qcow2", "+7E"}, "too large");
    row({"a.qcow2", "much"}, "much");
    row({"a.qcow2", "+"}, "''");
    row({"a.qcow2"}, "SIZE");
    row({"none.qcow2", "2M"}, "none.qcow2");
    row({"--preallocation=soon", "a.qcow2", "2M"}, "soon");
    row({"--shrink", "--preallocation=full", "a.qcow2", "512k"}, "Preallocation can only be used for growing images");
    row({"--preallocation=metadata", "a.qcow2", "1M"}, "Preallocation can only be used for growing images");
}

void ResizeCommandTest::saysAndRefusesWhatQemuImgDoes()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, word);
    const auto sizeAfter = [&](const std::function<ProgramRun()>& run, ProgramRun& result) {
        create("cluster_size=64k", kMiB);
        result = run();
        return test::qemu::img({"info", "--output=json", image()}).json().object()["virtual-size"].toInteger();
    };
    ProgramRun mine;
    ProgramRun theirs;
    const auto sizeByUs = sizeAfter([&] { return resize(arguments); }, mine);
    const auto sizeByThem
        = sizeAfter([&] { return test::qemu::img(QStringList{"resize"} + arguments, m_folder->path()); }, theirs);
    QVERIFY2(mine.exit == theirs.exit, mine.err + theirs.err);
    QCOMPARE(sizeByUs, sizeByThem);
    QCOMPARE(mine.exit, word.isEmpty() ? 0 : 1);
    if (mine.exit == 0)
        QCOMPARE(mine.out, theirs.out);
    else
        QVERIFY2(QString::fromUtf8(mine.err + mine.out).contains(word), mine.err + mine.out);
}

void ResizeCommandTest::version2WithSnapshotsIsRefused()
{
    STEP(create("compat=0.10", kMiB));
    QCOMPARE(test::qemu::img({"snapshot", "-c", "one", image()}).exit, 0);
    for (const char* size : {"2M", "512k"}) {
        const Bytes before = test::readFile(image());
        const ProgramRun run = resize({"--shrink", image(), size});
        QCOMPARE(run.exit, 1);
        QVERIFY2(run.err.contains("snapshots"), run.err);
        QVERIFY(test::readFile(image()) == before);
        QCOMPARE(test::qemu::img({"resize", "--shrink", image(), size}).exit, 1);
    }
}

void ResizeCommandTest::theFileGetsSmallerAsWell()
{
    for (const char* options : {"cluster_size=512,refcount_bits=64", "cluster_size=4k", "cluster_size=64k"}) {
        STEP(create(options, 32 * kMiB));
        STEP(io({"write -P 1 0 32M"}));
        const Bytes before = test::readFile(image());
        QCOMPARE(test::qemu::img({"resize", "-q", "--shrink", image(), "1M"}).exit, 0);
        const qint64 theirs = QFile(image()).size();
        QVERIFY(test::writeFile(image(), before));
        QCOMPARE(resize({"--shrink", image(), "1M"}).exit, 0);
        QVERIFY(QFile(image()).size() <= theirs);
        QCOMPARE(test::qemu::checkExit(image()), 0);
    }
}

void ResizeCommandTest::anImageInUseIsLeftAlone()
{
    STEP(create("cluster_size=64k", kMiB));
    const test::qemu::Holder holder(image());
    QVERIFY(holder.holds());
    const Bytes before = test::readFile(image());
    QCOMPARE(resize({image(), "2M"}).exit, 1);
    QVERIFY(test::readFile(image()) == before);
}

QTEST_GUILESS_MAIN(ResizeCommandTest)
#include "resize_test.moc"
