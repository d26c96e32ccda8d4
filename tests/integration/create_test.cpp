// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"

#include <QFileInfo>
#include <QJsonArray>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest/QtTest>
#include <sys/stat.h>

using namespace cowscope;
using test::Bytes;
using test::ProgramRun;

namespace
{

/// The longer of two files may end in zeros that the other leaves out.
bool sameButForZerosAtTheEnd(Bytes a, Bytes b)
{
    const std::size_t size = std::max(a.size(), b.size());
    a.resize(size);
    b.resize(size);
    return a == b;
}

std::uint64_t bytesOnDisk(const QString& path)
{
    struct stat info = {};
    return ::stat(path.toLocal8Bit().constData(), &info) == 0 ? static_cast<std::uint64_t>(info.st_blocks) * 512 : 0;
}

} // namespace

/// `create`: the same files, words and exit codes as qemu-img's.
class CreateCommandTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void makesWhatQemuImgMakes_data();
    void makesWhatQemuImgMakes();
    void tablesLargerThanARefblockReachesAreSound_data();
    void tablesLargerThanARefblockReachesAreSound();
    void refusesWhatQemuImgRefuses_data();
    void refusesWhatQemuImgRefuses();
    void preallocationIsAsLargeAsQemuImgs_data();
    void preallocationIsAsLargeAsQemuImgs();
    void quietPrintsNothing();
    void aBackingFileShowsThrough();
    void anImageInUseIsLeftAlone();
    void aDataFileIsFoundBesideTheImage();

private:
    QString path(const QString& name) const { return m_folder->filePath(name); }
    Bytes contents(const QString& name) const { return test::readFile(path(name)); }

    /// Runs a `create` of both in folders of their own, which hold the same files.
    ProgramRun ours(const QStringList& arguments) const
    {
        return test::cli(QStringList{"create"} + arguments, path("ours"));
    }
    ProgramRun qemus(const QStringList& arguments) const
    {
        return test::qemu::img(QStringList{"create", "-f", "qcow2"} + arguments, path("qemus"));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

void CreateCommandTest::initTestCase()
{
    REQUIRE_QEMU();
}

void CreateCommandTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    for (const char* folder : {"ours", "qemus"}) {
        QVERIFY(QDir(m_folder->path()).mkdir(QString::fromUtf8(folder)));
        const QString there = path(QString::fromUtf8(folder));
        QVERIFY(test::writeFile(there + "/base.raw", Bytes(1'000'000, std::byte{0x21})));
        QCOMPARE(test::qemu::img({"create", "-q", "-f", "qcow2", "base.qcow2", "7M"}, there).exit, 0);
    }
}

void CreateCommandTest::makesWhatQemuImgMakes_data()
{
    QTest::addColumn<QStringList>("arguments");
    const auto row = [](const QStringList& arguments) {
        QTest::newRow(arguments.join(' ').left(100).toUtf8().constData()) << arguments;
    };
    for (unsigned clusterBits = 9; clusterBits <= 21; ++clusterBits) {
        for (unsigned order = 0; order <= 6; ++order)
            row({"-o", QString("cluster_size=%1,refcount_bits=%2").arg(1U << clusterBits).arg(1U << order), "a", "9M"});
    }
    row({"a", "0"});
    row({"a", "1000"});
    row({"a", "1.5G"});
    row({"a", "2P"});
    row({"-o", "size=3M", "a"});
    row({"-o", "compat=0.10", "a", "1G"});
    row({"-o", "compat=0.10,cluster_size=512,refcount_bits=16", "a", "1M"});
    row({"-o", "compat=1.1,preallocation=off,data_file_raw=off", "a", "1M"});
    row({"-o", "lazy_refcounts=on,compat=v3", "a", "1G"});
    row({"-o", "extended_l2=on", "a", "1G"});
    row({"-o", "extended_l2=on,cluster_size=16k", "a", "1G"});
    row({"-o", "compression_type=zstd", "a", "1G"});
    row({"-o", "data_file=d", "a", "1M"});
    row({"-o", "data_file=d,data_file_raw=on", "a", "1M"});
    row({"-o", "cluster_size=512", "a", "64M"});
    row({"-o", "cluster_size=2M", "a", "2E"});
    row({"-b", "base.raw", "-F", "raw", "a"});
    row({"-b", "base.qcow2", "-F", "qcow2", "a"});
    row({"-b", "base.qcow2", "-F", "qcow2", "a", "1M"});
    row({"-o", "backing_file=base.raw,backing_fmt=raw", "a", "20M"});
    row({"-o", "backing_file=other,backing_fmt=qcow2", "-b", "base.raw", "-F", "raw", "a"});
    row({"-o", "data_file=d", "-b", "base.raw", "-F", "raw", "a"});
    row({"-o", "compat=0.10", "-b", "base.raw", "-F", "raw", "a"});
    for (const char* options : {"cluster_size=512", "cluster_size=4k", "cluster_size=8k", "compat=0.10"})
        row({"-u", "-o", QString::fromUtf8(options), "-b", QString(376, 'n'), "-F", "raw", "a", "1M"});
    row({"-u", "-b", QString(1023, 'n'), "-F", "raw", "a", "1M"});
}

void CreateCommandTest::makesWhatQemuImgMakes()
{
    QFETCH(QStringList, arguments);
    const ProgramRun mine = ours(arguments);
    const ProgramRun theirs = qemus(arguments);
    QVERIFY2(theirs.exit == 0, theirs.err);
    QVERIFY2(mine.exit == 0, mine.err);
    QCOMPARE(mine.out, theirs.out);
    QVERIFY(sameButForZerosAtTheEnd(contents("ours/a"), contents("qemus/a")));
    QCOMPARE(contents("ours/d"), contents("qemus/d"));
    if (!arguments.contains("-u"))
        QCOMPARE(test::qemu::img({"check", "a"}, path("ours")).exit, 0);
}

void CreateCommandTest::tablesLargerThanARefblockReachesAreSound_data()
{
    QTest::addColumn<QString>("options");
    QTest::addColumn<QString>("size");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("512 bytes, %u bits", 1U << order)
            << QString("cluster_size=512,refcount_bits=%1").arg(1U << order) << "8G";
    QTest::newRow("the largest disk") << "cluster_size=512"
                                      << "128G";
    QTest::newRow("2 KiB, 64 bits") << "cluster_size=2k,refcount_bits=64"
                                    << "500G";
}

void CreateCommandTest::tablesLargerThanARefblockReachesAreSound()
{
    QFETCH(QString, options);
    QFETCH(QString, size);
    const ProgramRun mine = ours({"-o", options, "a", size});
    QVERIFY2(mine.exit == 0, mine.err);
    QCOMPARE(test::qemu::checkExit(path("ours/a")), 0);
    const ProgramRun theirs = qemus({"-o", options, "a", size});
    const auto info = [&](const char* folder) {
        auto json = test::qemu::img({"info", "--output=json", "a"}, path(QString::fromUtf8(folder))).json().object();
        json.remove("actual-size");
        json.remove("children");
        return json;
    };
    QCOMPARE(theirs.out, mine.out);
    QCOMPARE(info("ours"), info("qemus"));
}

void CreateCommandTest::refusesWhatQemuImgRefuses_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("word");
    const auto row = [](const QStringList& arguments, const char* word) {
        QTest::newRow(arguments.join(' ').left(100).toUtf8().constData()) << arguments << QString::fromUtf8(word);
    };
    for (const char* size : {"0", "256", "1000", "4M"})
        row({"-o", QString("cluster_size=%1").arg(size), "a", "1M"}, "cluster size");
    for (const char* bits : {"0", "3", "17", "128"})
        row({"-o", QString("refcount_bits=%1").arg(bits), "a", "1M"}, "refcount_bits");
    for (const char* bits : {"1", "2", "4", "8", "32", "64"})
        row({"-o", QString("compat=0.10,refcount_bits=%1").arg(bits), "a", "1M"}, "16 bits");
    for (const char* option : {"lazy_refcounts=on", "extended_l2=on", "compression_type=zstd", "data_file=d"})
        row({"-o", QString("compat=0.10,%1").arg(option), "a", "1M"}, "compat=1.1");
    row({"-o", "extended_l2=on,cluster_size=8k", "a", "1M"}, "16384");
    row({"-o", "data_file_raw=on", "a", "1M"}, "data_file");
    row({"-o", "data_file=d,data_file_raw=on", "-b", "base.raw", "-F", "raw", "a", "1M"}, "data_file_raw");
    row({"-o", "preallocation=metadata", "-b", "base.raw", "-F", "raw", "a", "1M"}, "extended_l2");
    row({"-o", "preallocation=soon", "a", "1M"}, "preallocation");
    row({"-o", "compat=2", "a", "1M"}, "compat");
    row({"-o", "colour=red", "a", "1M"}, "colour");
    row({"-o", "size=3M", "a", "1M"}, "only once");
    row({"-b", "base.raw", "a", "1M"}, "format");
    row({"-F", "raw", "a", "1M"}, "backing file");
    row({"-b", "none.raw", "-F", "raw", "a", "1M"}, "none.raw");
    row({"-b", "base.raw", "-F", "qcow2", "a", "1M"}, "base.raw");
    row({"-u", "-b", "none.raw", "-F", "raw", "a"}, "size");
    row({"-u", "-b", "none.raw", "a", "1M"}, "format");
    row({"-u", "-b", QString(1024, 'n'), "-F", "raw", "a", "1M"}, "1023");
    row({"-u", "-b", QString(377, 'n'), "-F", "raw", "-o", "cluster_size=512", "a", "1M"}, "first cluster");
    row({"a"}, "size");
    row({"a", "much"}, "much");
    row({"a", "1M", "2M"}, "2M");
    row({"-o", "cluster_size=512", "a", "129G"}, "L1 table");
    row({"a", "2251799813685249"}, "larger clusters");
    row({"-o", "cluster_size=2M", "a", "3E"}, "too large");
    row({"a", "9E"}, "9E");
    row({"none/a", "1M"}, "none/a");
    row({}, "FILENAME");
}

void CreateCommandTest::refusesWhatQemuImgRefuses()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, word);
    const ProgramRun mine = ours(arguments);
    const ProgramRun theirs = qemus(arguments);
    QVERIFY2(theirs.exit == 1, theirs.out);
    QVERIFY2(mine.exit == 1, mine.out);
    QVERIFY2(QString::fromUtf8(mine.err + mine.out).contains(word, Qt::CaseInsensitive), mine.err);
    QVERIFY(!QFileInfo::exists(path("ours/a")));
    QVERIFY(!QFileInfo::exists(path("ours/d")));
}

void CreateCommandTest::preallocationIsAsLargeAsQemuImgs_data()
{
    QTest::addColumn<QString>("mode");
    QTest::addColumn<QString>("options");
    QTest::addColumn<QStringList>("more");
    for (const char* mode : {"metadata", "falloc", "full"}) {
        QTest::addRow("%s", mode) << mode << "" << QStringList{};
        QTest::addRow("%s, 512 bytes, 1 bit", mode) << mode << ",cluster_size=512,refcount_bits=1" << QStringList{};
        QTest::addRow("%s, version 2", mode) << mode << ",compat=0.10" << QStringList{};
        QTest::addRow("%s, data file", mode) << mode << ",data_file=d" << QStringList{};
        QTest::addRow("%s, over a backing file", mode)
            << mode << ",extended_l2=on" << QStringList{"-b", "base.raw", "-F", "raw"};
    }
}

void CreateCommandTest::preallocationIsAsLargeAsQemuImgs()
{
    QFETCH(QString, mode);
    QFETCH(QString, options);
    QFETCH(QStringList, more);
    const QStringList arguments = QStringList{"-o", "preallocation=" + mode + options} + more + QStringList{"a", "5M"};
    const ProgramRun mine = ours(arguments);
    QVERIFY2(mine.exit == 0, mine.err);
    QCOMPARE(mine.out, qemus(arguments).out);
    for (const char* folder : {"ours", "qemus"}) {
        const auto read = test::qemu::img({"convert", "-O", "raw", "a", "contents"}, path(QString::fromUtf8(folder)));
        QVERIFY2(read.exit == 0, read.err);
    }
    QVERIFY(contents("ours/contents") == contents("qemus/contents"));
    const auto check = [&](const char* folder) {
        return test::qemu::img({"check", "--output=json", "a"}, path(QString::fromUtf8(folder))).json().object();
    };
    QCOMPARE(check("ours")["check-errors"].toInt(1) + check("ours")["corruptions"].toInt(), 0);
    QCOMPARE(check("ours")["allocated-clusters"], check("qemus")["allocated-clusters"]);
    const QString holder = options.contains("data_file") ? "ours/d" : "ours/a";
    constexpr std::uint64_t kDisk = 5 << 20;
    QCOMPARE(bytesOnDisk(path(holder)) >= kDisk, mode != "metadata");
}

void CreateCommandTest::quietPrintsNothing()
{
    const ProgramRun mine = ours({"-q", "a", "1M"});
    QCOMPARE(mine.exit, 0);
    QCOMPARE(mine.out + mine.err, QByteArray());
}

void CreateCommandTest::aBackingFileShowsThrough()
{
    QCOMPARE(ours({"-b", "base.raw", "-F", "raw", "a", "2M"}).exit, 0);
    QCOMPARE(ours({"-b", "a", "-F", "qcow2", "b"}).exit, 0);
    const ProgramRun read
        = test::qemu::io(path("ours/b"), {"read -P 0x21 0 1000000", "read -P 0 1000448 1048576", "write -P 5 0 64k"});
    QVERIFY2(read.exit == 0 && !read.out.contains("failed"), read.out);
    QCOMPARE(test::qemu::checkExit(path("ours/b")), 0);
}

void CreateCommandTest::anImageInUseIsLeftAlone()
{
    QCOMPARE(ours({"a", "1M"}).exit, 0);
    const Bytes before = contents("ours/a");
    const test::qemu::Holder holder(path("ours/a"));
    QVERIFY(holder.holds());
    const ProgramRun again = ours({"a", "5M"});
    QCOMPARE(again.exit, 1);
    QVERIFY2(again.err.contains("a:"), again.err);
    QCOMPARE(contents("ours/a"), before);
}

void CreateCommandTest::aDataFileIsFoundBesideTheImage()
{
    QVERIFY(QDir(path("ours")).mkdir("sub"));
    const ProgramRun mine = ours({"-o", "data_file=d", "sub/a", "1M"});
    QVERIFY2(mine.exit == 0, mine.err);
    QVERIFY(QFileInfo::exists(path("ours/sub/d")));
    QCOMPARE(test::cli({"io", "-c", "write -P 4 0 1M", "ours/sub/a"}, m_folder->path()).exit, 0);
    QCOMPARE(contents("ours/sub/d"), Bytes(1 << 20, std::byte{4}));
    // The reference tool looks for it in the folder that it runs in.
    const ProgramRun written = test::runProgram(qEnvironmentVariable("QEMU_IO", "qemu-io"),
        {"-c", "write -P 5 0 1M", "-c", "read -P 5 0 1M", "a"}, path("ours/sub"));
    QVERIFY2(written.exit == 0 && !written.out.contains("failed"), written.out + written.err);
    QCOMPARE(contents("ours/sub/d"), Bytes(1 << 20, std::byte{5}));
}

QTEST_GUILESS_MAIN(CreateCommandTest)
#include "create_test.moc"
