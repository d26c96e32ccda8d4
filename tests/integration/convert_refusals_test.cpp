// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/support/image_builder.h"

#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest/QtTest>
#include <unistd.h>

using namespace cowscope;
using test::Bytes;
using test::ProgramRun;

/// What `convert` does not do, and what it makes of the options of a new image: exit codes are qemu-img's, no file is
/// harmed, none is left behind.
class ConvertRefusalsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void valuesOfOptionsAreReadAsQemuReadsThem_data();
    void valuesOfOptionsAreReadAsQemuReadsThem();
    void neverWritesOverItsSource_data();
    void neverWritesOverItsSource();
    void writesOverADiskThatExists_data();
    void writesOverADiskThatExists();
    void doesNotWriteOverASmallerDisk();
    void misuseMakesNoFile_data();
    void misuseMakesNoFile();
    void aFailureLeavesNoHalfOfATarget();
    void aSourceInUseIsReadOnlyWhenToldTo();
    void aTargetInUseIsLeftAlone();

private:
    ProgramRun convert(const QStringList& arguments)
    {
        return test::cli(QStringList{"convert"} + arguments, m_folder->path());
    }
    ProgramRun img(const QStringList& arguments) { return test::qemu::img(arguments, m_folder->path()); }
    QString path(const QString& name) const { return m_folder->filePath(name); }
    void makeChain();

    std::unique_ptr<QTemporaryDir> m_folder;
};

void ConvertRefusalsTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

/// disk.qcow2 with some data, over base.qcow2.
void ConvertRefusalsTest::makeChain()
{
    QCOMPARE(img({"create", "-q", "-f", "qcow2", "base.qcow2", "1M"}).exit, 0);
    QCOMPARE(test::qemu::io(path("base.qcow2"), {"write -P 1 0 1M"}).exit, 0);
    QCOMPARE(img({"create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "disk.qcow2", "2M"}).exit, 0);
    const auto written = test::qemu::io(path("disk.qcow2"), {"write -P 2 64k 100k", "write -c -P 3 1M 64k"});
    QVERIFY2(written.exit == 0, written.err);
}

void ConvertRefusalsTest::valuesOfOptionsAreReadAsQemuReadsThem_data()
{
    QTest::addColumn<QString>("options");
    for (const char* options : {"cluster_size=4k", "cluster_size=4K", "cluster_size=4096", "cluster_size=0x1000",
             "cluster_size=4096b", "cluster_size=0.5M", "cluster_size=.5M", "cluster_size=512.0", "cluster_size=4kb",
             "cluster_size=4 k", "cluster_size=", "cluster_size=-4k", "cluster_size=16E", "cluster_size=1.5",
             "cluster_size=0.0009765625M", "cluster_size=4k,cluster_size=8k", "cluster_size=3k", "cluster_size=4M",
             "refcount_bits=8", "refcount_bits=0x8", "refcount_bits=8k", "refcount_bits=7", "refcount_bits=128",
             "compat=v3", "compat=0.10", "compat=1.0", "compat=v2,refcount_bits=8", "lazy_refcounts=on",
             "lazy_refcounts=yes", "lazy_refcounts=ON", "lazy_refcounts=1", "extended_l2=on,cluster_size=8k",
             "compression_type=zstd", "compression_type=lzma", "preallocation=OFF", "preallocation=off",
             "data_file_raw=on", "colour=red", "backing_fmt=raw", "backing_file=base,,1.raw,backing_fmt=raw"})
        QTest::newRow(options) << options;
}

void ConvertRefusalsTest::valuesOfOptionsAreReadAsQemuReadsThem()
{
    QFETCH(QString, options);
    QVERIFY(test::writeFile(path("source.raw"), Bytes(8192, std::byte{1})));
    QVERIFY(test::writeFile(path("base,1.raw"), Bytes(8192, std::byte{2})));
    const QStringList arguments{"-f", "raw", "-O", "qcow2", "-o", options, "source.raw"};
    const ProgramRun theirs = img(QStringList{"convert"} + arguments + QStringList{"theirs.qcow2"});
    const ProgramRun ours = convert(arguments + QStringList{"ours.qcow2"});
    QVERIFY2(ours.exit == theirs.exit, "ours: " + ours.err + "theirs: " + theirs.err);
    QCOMPARE(QFile::exists(path("ours.qcow2")), ours.exit == 0);
    if (ours.exit != 0)
        return;
    const auto described = [&](const char* name) {
        QJsonObject info = img({"info", "--output=json", name}).json().object();
        info.remove("filename");
        info.remove("actual-size");
        return QJsonDocument(info).toJson();
    };
    QCOMPARE(described("ours.qcow2"), described("theirs.qcow2"));
}

void ConvertRefusalsTest::neverWritesOverItsSource_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("victim");
    QTest::newRow("itself") << QStringList{"-O", "qcow2", "disk.qcow2", "disk.qcow2"} << "disk.qcow2";
    QTest::newRow("itself, unlocked") << QStringList{"-U", "disk.qcow2", "./disk.qcow2"} << "disk.qcow2";
    QTest::newRow("a link to itself") << QStringList{"-U", "disk.qcow2", "link"} << "disk.qcow2";
    QTest::newRow("a hard link to itself") << QStringList{"-U", "disk.qcow2", "hard"} << "disk.qcow2";
    QTest::newRow("its backing file") << QStringList{"-U", "disk.qcow2", "base.qcow2"} << "base.qcow2";
    QTest::newRow("its data file") << QStringList{"-U", "data.qcow2", "data.raw"} << "data.raw";
    QTest::newRow("by a data file") << QStringList{"-U", "-O", "qcow2", "-o", "data_file=disk.qcow2", "disk.qcow2",
        "new"} << "disk.qcow2";
    QTest::newRow("the new backing file") << QStringList{"-U", "-O", "qcow2", "-B", "base.qcow2", "-F", "qcow2",
        "data.qcow2", "base.qcow2"} << "base.qcow2";
}

void ConvertRefusalsTest::neverWritesOverItsSource()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, victim);
    makeChain();
    QVERIFY(QFile::link("disk.qcow2", path("link")));
    QCOMPARE(::link(QFile::encodeName(path("disk.qcow2")), QFile::encodeName(path("hard"))), 0);
    QCOMPARE(img({"create", "-q", "-f", "qcow2", "-o", "data_file=data.raw", "data.qcow2", "1M"}).exit, 0);
    const Bytes before = test::readFile(path(victim));
    const ProgramRun done = convert(arguments);
    QCOMPARE(done.exit, 1);
    QVERIFY(!done.err.isEmpty());
    QVERIFY(test::readFile(path(victim)) == before);
    QVERIFY(!QFile::exists(path("new")));
}

void ConvertRefusalsTest::writesOverADiskThatExists_data()
{
    QTest::addColumn<QString>("format");
    QTest::addColumn<QStringList>("more");
    QTest::newRow("raw") << "raw" << QStringList{};
    QTest::newRow("qcow2") << "qcow2" << QStringList{};
    QTest::newRow("compressed") << "qcow2" << QStringList{"-c"};
}

/// Zeros of the source replace what was there; what lies behind its end stays. So does qemu-img.
void ConvertRefusalsTest::writesOverADiskThatExists()
{
    QFETCH(QString, format);
    QFETCH(QStringList, more);
    makeChain();
    QCOMPARE(test::qemu::io(path("disk.qcow2"), {"write -z 256k 128k"}).exit, 0);
    QCOMPARE(img({"resize", "-q", "disk.qcow2", "2099200"}).exit, 0); // ends within a cluster
    QCOMPARE(test::qemu::io(path("disk.qcow2"), {"write -P 7 2M 2048"}).exit, 0);
    for (const QString name : {"ours", "theirs"}) {
        QVERIFY(test::writeFile(path("nines"), Bytes(4 << 20, std::byte{9})));
        QCOMPARE(img({"convert", "-f", "raw", "-O", format, "nines", name}).exit, 0);
    }
    const ProgramRun done = convert(QStringList{"-n", "-O", format} + more + QStringList{"disk.qcow2", "ours"});
    QVERIFY2(done.exit == 0, done.err);
    QCOMPARE(img({"convert", "-n", "-O", format, "disk.qcow2", "theirs"}).exit, 0);
    const ProgramRun same = img({"compare", "-f", format, "-F", format, "ours", "theirs"});
    QVERIFY2(same.exit == 0, same.out + same.err);
    if (format == "qcow2")
        QCOMPARE(test::qemu::checkExit(path("ours")), 0);
}

void ConvertRefusalsTest::doesNotWriteOverASmallerDisk()
{
    makeChain();
    for (const QString format : {"raw", "qcow2"}) {
        QCOMPARE(img({"create", "-q", "-f", format, "small", "1M"}).exit, 0);
        const Bytes before = test::readFile(path("small"));
        const ProgramRun done = convert({"-n", "-O", format, "disk.qcow2", "small"});
        QCOMPARE(done.exit, 1);
        QVERIFY2(done.err.contains("1048576 bytes"), done.err);
        QVERIFY(test::readFile(path("small")) == before);
    }
    QCOMPARE(convert({"-n", "-O", "qcow2", "disk.qcow2", "none"}).exit, 1);
    QVERIFY(!QFileInfo::exists(path("none")));
    QCOMPARE(convert({"-n", "-O", "qcow2", "-o", "compat=0.10", "disk.qcow2", "small"}).exit, 1);
    QCOMPARE(convert({"-n", "-O", "qcow2", "disk.qcow2", "base.qcow2"}).exit, 1); // a file of the source
}

void ConvertRefusalsTest::misuseMakesNoFile_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("no target") << QStringList{"disk.qcow2"};
    QTest::newRow("unknown source") << QStringList{"nowhere.qcow2", "target"};
    QTest::newRow("unknown source format") << QStringList{"-f", "vmdk", "disk.qcow2", "target"};
    QTest::newRow("unknown target format") << QStringList{"-O", "nonsense", "disk.qcow2", "target"};
    QTest::newRow("compressed raw") << QStringList{"-c", "disk.qcow2", "target"};
    QTest::newRow("raw with options") << QStringList{"-o", "cluster_size=4k", "disk.qcow2", "target"};
    QTest::newRow("raw with a backing file") << QStringList{"-B", "disk.qcow2", "-F", "qcow2", "disk.qcow2", "target"};
    QTest::newRow("backing file without a format")
        << QStringList{"-O", "qcow2", "-B", "disk.qcow2", "disk.qcow2", "target"};
    QTest::newRow("format without a backing file") << QStringList{"-O", "qcow2", "-F", "raw", "disk.qcow2", "target"};
    QTest::newRow("missing backing file")
        << QStringList{"-O", "qcow2", "-B", "nowhere", "-F", "raw", "disk.qcow2", "target"};
    QTest::newRow("compressed and preallocated")
        << QStringList{"-O", "qcow2", "-c", "-o", "preallocation=metadata", "disk.qcow2", "target"};
    QTest::newRow("compressed with a data file")
        << QStringList{"-O", "qcow2", "-c", "-o", "data_file=data.raw", "disk.qcow2", "target"};
    QTest::newRow("snapshot of a raw file") << QStringList{"-f", "raw", "-l", "1", "disk.qcow2", "target"};
    QTest::newRow("unknown snapshot") << QStringList{"-l", "nobody", "disk.qcow2", "target"};
    QTest::newRow("encryption") << QStringList{"-O", "qcow2", "-o", "encrypt.format=luks", "disk.qcow2", "target"};
}

void ConvertRefusalsTest::misuseMakesNoFile()
{
    QFETCH(QStringList, arguments);
    makeChain();
    const ProgramRun theirs = img(QStringList{"convert"} + arguments);
    QFile::remove(path("target"));
    QFile::remove(path("data.raw"));
    const ProgramRun ours = convert(arguments);
    QCOMPARE(ours.exit, 1);
    QVERIFY2(theirs.exit == 1, "qemu-img takes this");
    QVERIFY(!ours.err.isEmpty());
    QVERIFY(!QFile::exists(path("target")) && !QFile::exists(path("data.raw")));
}

void ConvertRefusalsTest::aFailureLeavesNoHalfOfATarget()
{
    test::ImageBuilder builder;
    builder.data(0);
    builder.compressed({1}, 900); // not really compressed
    QVERIFY(test::writeFile(path("damaged.qcow2"), builder.build().bytes));
    QVERIFY(test::writeFile(path("existing"), Bytes(100)));
    QVERIFY(QFile::link("existing", path("link")));
    for (const char* target : {"new", "link"}) {
        for (const char* format : {"raw", "qcow2"}) {
            const ProgramRun done = convert({"-O", format, "damaged.qcow2", target});
            QCOMPARE(done.exit, 1);
            QVERIFY2(done.err.contains("damaged.qcow2: Compressed data"), done.err);
            QVERIFY(!QFile::exists(path(target)));
        }
    }
}

void ConvertRefusalsTest::aSourceInUseIsReadOnlyWhenToldTo()
{
    makeChain();
    const test::qemu::Holder holder(path("disk.qcow2"));
    QVERIFY(holder.holds());
    const ProgramRun refused = convert({"disk.qcow2", "target.raw"});
    QCOMPARE(refused.exit, 1);
    QVERIFY(!QFile::exists(path("target.raw")));
    QCOMPARE(convert({"-U", "disk.qcow2", "target.raw"}).exit, 0);
    QCOMPARE(QFile(path("target.raw")).size(), qint64{2} << 20);
}

void ConvertRefusalsTest::aTargetInUseIsLeftAlone()
{
    makeChain();
    for (const char* name : {"target.qcow2", "data.qcow2"})
        QCOMPARE(img({"create", "-q", "-f", "qcow2", name, "1M"}).exit, 0);
    for (const char* used : {"target.qcow2", "data.qcow2"}) {
        const Bytes target = test::readFile(path("target.qcow2"));
        const Bytes data = test::readFile(path("data.qcow2"));
        const test::qemu::Holder holder(path(used));
        QVERIFY(holder.holds());
        const ProgramRun done = convert({"-O", "qcow2", "-o", "data_file=data.qcow2", "disk.qcow2", "target.qcow2"});
        QCOMPARE(done.exit, 1);
        QVERIFY2(done.err.contains(used), done.err);
        QVERIFY(test::readFile(path("target.qcow2")) == target);
        QVERIFY(test::readFile(path("data.qcow2")) == data);
    }
}

QTEST_GUILESS_MAIN(ConvertRefusalsTest)
#include "convert_refusals_test.moc"
