// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"

#include <QCryptographicHash>
#include <QJsonArray>
#include <QTemporaryDir>
#include <sys/stat.h>

using namespace cowscope;
using test::Bytes;
using test::ProgramRun;

namespace
{

QString hashOf(const QString& path)
{
    QFile file(path);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    const bool read = file.open(QIODevice::ReadOnly) && hash.addData(&file);
    return read ? QString::fromLatin1(hash.result().toHex()) : QStringLiteral("no file");
}

qint64 bytesOnDisk(const QString& path)
{
    struct stat info = {};
    return ::stat(QFile::encodeName(path), &info) == 0 ? static_cast<qint64>(info.st_blocks) * 512 : -1;
}

bool isEncrypted(const QJsonObject& expected)
{
    return QJsonDocument(expected["contents"].toObject()).toJson().contains("encrypt.");
}

} // namespace

/// `convert`: the contents that the guest sees, in another file. qemu-img tells what is right.
class ConvertTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void readsWhatIsRecordedOfTheCorpus_data() { rows("clean"); }
    void readsWhatIsRecordedOfTheCorpus();
    void answersForBrokenImages_data() { rows("broken"); }
    void answersForBrokenImages();
    void newImagesOfEveryKindHoldTheSame_data();
    void newImagesOfEveryKindHoldTheSame();
    void rawFilesAreSparse();
    void zerosTakeNoSpaceInAnImage();
    void compressedClustersAreCompressed();
    void aBackingFileIsLeftWhatItHolds_data();
    void aBackingFileIsLeftWhatItHolds();
    void zerosOverABackingFileStayZeros_data();
    void zerosOverABackingFileStayZeros();
    void snapshotsAreFoundByIdThenName_data();
    void snapshotsAreFoundByIdThenName();
    void aSnapshotLargerThanTheDiskIsCopiedWhole();
    void formatRawTakesTheFileAsItIs();
    void progressGrowsToTheEnd();

private:
    ProgramRun run(const QStringList& arguments) { return test::cli(arguments, m_folder->path()); }
    ProgramRun convert(const QStringList& arguments) { return run(QStringList{"convert"} + arguments); }
    ProgramRun img(const QStringList& arguments) { return test::qemu::img(arguments, m_folder->path()); }
    QString path(const QString& name) const { return m_folder->filePath(name); }
    QString cleanCase(const char* name) const { return m_corpus.folder() + "/clean/" + name + "/image.qcow2"; }
    void makeDisk();
    void makeChain();
    void rows(const QString& part)
    {
        QTest::addColumn<QString>("folder");
        m_corpus.addRows(part);
    }
    QString recordedContents(const QString& folder, const QJsonObject& contents, bool encrypted);
    QString faultOf(const QString& target, const QString& source);

    test::Corpus m_corpus;
    std::unique_ptr<QTemporaryDir> m_folder;
};

void ConvertTest::initTestCase()
{
    REQUIRE_QEMU();
    REQUIRE_CORPUS(m_corpus);
}

void ConvertTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

/// disk.qcow2: 64 MiB with data, zeros that are data, zero clusters, compressed clusters.
void ConvertTest::makeDisk()
{
    QCOMPARE(img({"create", "-q", "-f", "qcow2", "disk.qcow2", "64M"}).exit, 0);
    const auto written = test::qemu::io(path("disk.qcow2"),
        {"write -P 1 0 100k", "write -P 0 1M 2M", "write -z 4M 1M", "write -P 2 8M 4k", "write -c -P 3 16M 128k",
            "write -P 4 67108352 512"});
    QVERIFY2(written.exit == 0, written.err);
}

/// top.qcow2 over base.qcow2, in clusters of 4 KiB.
void ConvertTest::makeChain()
{
    QCOMPARE(img({"create", "-q", "-f", "qcow2", "-o", "cluster_size=64k", "base.qcow2", "1M"}).exit, 0);
    QCOMPARE(test::qemu::io(path("base.qcow2"), {"write -P 1 0 1M"}).exit, 0);
    QCOMPARE(img({"create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", "-b", "base.qcow2", "-F", "qcow2",
                     "top.qcow2", "1200k"})
                 .exit,
        0);
    const auto written = test::qemu::io(path("top.qcow2"),
        {"write -P 2 8k 4k", "write -z 64k 64k", "write -z 132k 4k", "write -P 3 512k 100k", "write -P 4 1100k 1k",
            "write -z 1150k 4k"});
    QVERIFY2(written.exit == 0, written.err);
}

/// What is wrong with an image that was converted from `source`.
QString ConvertTest::faultOf(const QString& target, const QString& source)
{
    const ProgramRun compared = img({"compare", source, target});
    if (compared.exit != 0)
        return "qemu-img compare: " + compared.out + compared.err;
    const ProgramRun theirs = img({"check", "-f", "qcow2", target});
    if (theirs.exit != 0)
        return "qemu-img check: " + theirs.out + theirs.err;
    const ProgramRun ours = run({"check", target});
    return ours.exit == 0 ? QString() : "check: " + ours.out + ours.err;
}

/// What is wrong with what we read where qemu-img recorded its reading; empty if nothing.
QString ConvertTest::recordedContents(const QString& folder, const QJsonObject& contents, bool encrypted)
{
    QStringList arguments;
    for (const QJsonValue& each : contents["argv"].toArray())
        arguments << each.toString();
    arguments = encrypted ? QStringList{"convert", "-f", "qcow2", "image.qcow2", ""} : arguments.mid(1);
    const QString target = path("contents.raw");
    QFile::remove(target);
    arguments.last() = target;
    const ProgramRun done = test::cli(arguments, folder);
    if (done.exit != (encrypted ? 1 : contents["exit"].toInt()))
        return QStringLiteral("exit code %1: ").arg(done.exit) + done.err;
    if (done.exit != 0)
        return QFile::exists(target)                       ? "left a target behind"
            : encrypted && !done.err.contains("encrypted") ? done.err
                                                           : QString();
    if (QFile(target).size() != contents["size"].toInteger())
        return QStringLiteral("%1 bytes instead of %2").arg(QFile(target).size()).arg(contents["size"].toInteger());
    const QString recorded = contents["sha256"].toString();
    return recorded.isEmpty() || hashOf(target) == recorded ? QString() : QStringLiteral("other contents");
}

void ConvertTest::readsWhatIsRecordedOfTheCorpus()
{
    QFETCH(QString, folder);
    const QJsonObject expected = test::Corpus::expected(folder);
    const bool encrypted = isEncrypted(expected);
    const QString fault = recordedContents(folder, expected["contents"].toObject(), encrypted);
    QVERIFY2(fault.isEmpty(), qPrintable(fault));
    for (const QJsonValue& snapshot : expected["snapshots"].toArray()) {
        const QString inside = recordedContents(folder, snapshot["contents"].toObject(), encrypted);
        QVERIFY2(inside.isEmpty(), qPrintable("snapshot " + snapshot["id"].toString() + ": " + inside));
    }
}

/// Any answer is good but a crash, a hang, or failure without a word.
void ConvertTest::answersForBrokenImages()
{
    constexpr qint64 kMostBytes = qint64{1} << 30; // of a disk that is copied
    QFETCH(QString, folder);
    const qint64 size = run({"info", "--output=json", folder + "/image.qcow2"}).json()["virtual-size"].toInteger();
    if (size > kMostBytes)
        QSKIP("The disk is too large to be copied in a test");
    for (const QStringList& target : {QStringList{"-O", "raw"}, QStringList{"-O", "qcow2"}}) {
        const ProgramRun done = convert(target + QStringList{folder + "/image.qcow2", "target"});
        QVERIFY2(done.exit == 0 || (done.exit == 1 && !done.err.isEmpty()), done.err);
        QCOMPARE(QFile::exists(path("target")), done.exit == 0);
        QFile::remove(path("target"));
    }
}

void ConvertTest::newImagesOfEveryKindHoldTheSame_data()
{
    QTest::addColumn<QString>("options");
    QTest::addColumn<bool>("compressed");
    QTest::newRow("defaults") << "cluster_size=64k" << false;
    QTest::newRow("compressed, zlib") << "cluster_size=64k" << true;
    QTest::newRow("compressed, zstd") << "compression_type=zstd" << true;
    QTest::newRow("small clusters") << "cluster_size=512" << false;
    QTest::newRow("small clusters, compressed") << "cluster_size=512" << true;
    QTest::newRow("large clusters, 1 bit") << "cluster_size=2M,refcount_bits=1" << false;
    QTest::newRow("compressed, 1 bit") << "cluster_size=4k,refcount_bits=1" << true;
    QTest::newRow("compressed, 2 bits") << "cluster_size=64k,refcount_bits=2" << true;
    QTest::newRow("64 bits") << "cluster_size=4k,refcount_bits=64" << false;
    QTest::newRow("subclusters") << "extended_l2=on,cluster_size=16k" << false;
    QTest::newRow("subclusters, compressed") << "extended_l2=on,cluster_size=64k" << true;
    QTest::newRow("version 2") << "compat=0.10" << false;
    QTest::newRow("version 2, compressed") << "compat=0.10" << true;
    QTest::newRow("preallocated") << "preallocation=metadata" << false;
    QTest::newRow("data file") << "data_file=data.raw" << false;
    QTest::newRow("raw data file") << "data_file=data.raw,data_file_raw=on" << false;
    QTest::newRow("lazy refcounts") << "lazy_refcounts=on" << false;
}

void ConvertTest::newImagesOfEveryKindHoldTheSame()
{
    QFETCH(QString, options);
    QFETCH(bool, compressed);
    for (const char* source : {"kitchen-sink", "chain-grows", "unaligned-size", "zero-size-v3"}) {
        QStringList arguments{"-O", "qcow2", "-o", options};
        if (compressed)
            arguments << "-c";
        const ProgramRun done = convert(arguments << cleanCase(source) << "target.qcow2");
        QVERIFY2(done.exit == 0, done.err);
        const QString fault = faultOf("target.qcow2", cleanCase(source));
        QVERIFY2(fault.isEmpty(), qPrintable(QLatin1String(source) + QStringLiteral(": ") + fault));
    }
}

void ConvertTest::rawFilesAreSparse()
{
    makeDisk();
    QCOMPARE(convert({"disk.qcow2", "ours.raw"}).exit, 0);
    QCOMPARE(img({"convert", "-O", "raw", "disk.qcow2", "theirs.raw"}).exit, 0);
    QCOMPARE(hashOf(path("ours.raw")), hashOf(path("theirs.raw")));
    QCOMPARE(QFile(path("ours.raw")).size(), qint64{64} << 20);
    constexpr qint64 kData = 100 * 1024 + 4096 + 128 * 1024 + 512; // the zeros that were written are none
    QVERIFY(bytesOnDisk(path("ours.raw")) < kData + 64 * 1024);
}

void ConvertTest::zerosTakeNoSpaceInAnImage()
{
    makeDisk();
    QCOMPARE(convert({"-O", "qcow2", "disk.qcow2", "target.qcow2"}).exit, 0);
    const QJsonDocument map = img({"map", "--output=json", "target.qcow2"}).json();
    qint64 data = 0;
    for (const QJsonValue& each : map.array())
        data += each["data"].toBool() ? each["length"].toInteger() : 0;
    constexpr qint64 kCluster = 64 * 1024;
    QCOMPARE(data, (2 + 1 + 2 + 1) * kCluster);
}

void ConvertTest::compressedClustersAreCompressed()
{
    makeDisk();
    QCOMPARE(convert({"-c", "-O", "qcow2", "disk.qcow2", "target.qcow2"}).exit, 0);
    const QJsonDocument check = img({"check", "--output=json", "target.qcow2"}).json();
    QCOMPARE(check["allocated-clusters"].toInt(), 6);
    QCOMPARE(check["compressed-clusters"].toInt(), 6);
}

void ConvertTest::aBackingFileIsLeftWhatItHolds_data()
{
    QTest::addColumn<QStringList>("how");
    QTest::newRow("equal clusters") << QStringList{"-o", "cluster_size=4k"};
    QTest::newRow("larger clusters") << QStringList{"-o", "cluster_size=64k"};
    QTest::newRow("subclusters") << QStringList{"-o", "cluster_size=64k,extended_l2=on"};
    QTest::newRow("compressed") << QStringList{"-c", "-o", "cluster_size=16k"};
    QTest::newRow("version 2") << QStringList{"-o", "cluster_size=4k,compat=0.10"};
}

void ConvertTest::aBackingFileIsLeftWhatItHolds()
{
    QFETCH(QStringList, how);
    makeChain();
    const ProgramRun done
        = convert(how + QStringList{"-O", "qcow2", "-B", "base.qcow2", "-F", "qcow2", "top.qcow2", "target.qcow2"});
    QVERIFY2(done.exit == 0, done.err);
    const QString fault = faultOf("target.qcow2", "top.qcow2");
    QVERIFY2(fault.isEmpty(), qPrintable(fault));
    const QJsonDocument info = img({"info", "--output=json", "target.qcow2"}).json();
    QCOMPARE(info["backing-filename"].toString(), QStringLiteral("base.qcow2"));
    QCOMPARE(info["backing-filename-format"].toString(), QStringLiteral("qcow2"));
    // What the top does not hold is read from below still.
    const ProgramRun map = img({"map", "--output=json", "-s", "256k", "-l", "64k", "target.qcow2"});
    QCOMPARE(map.json()[0]["depth"].toInt(), 1);
}

void ConvertTest::zerosOverABackingFileStayZeros_data()
{
    aBackingFileIsLeftWhatItHolds_data();
}

void ConvertTest::zerosOverABackingFileStayZeros()
{
    QFETCH(QStringList, how);
    makeChain();
    // Data that consists of zeros, too, may not be left to the backing file.
    QCOMPARE(test::qemu::io(path("top.qcow2"), {"write -P 0 256k 128k"}).exit, 0);
    const ProgramRun done
        = convert(how + QStringList{"-O", "qcow2", "-B", "base.qcow2", "-F", "qcow2", "top.qcow2", "target.qcow2"});
    QVERIFY2(done.exit == 0, done.err);
    const QString fault = faultOf("target.qcow2", "top.qcow2");
    QVERIFY2(fault.isEmpty(), qPrintable(fault));
}

void ConvertTest::snapshotsAreFoundByIdThenName_data()
{
    QTest::addColumn<QString>("wish");
    // Of the corpus: the snapshot with id 1 is named 2.
    for (const char* wish :
        {"1", "2", "3", "snapshot.id=1", "snapshot.name=2", "snapshot.id=2", "snapshot.id=1,snapshot.name=2",
            "snapshot.id=2,snapshot.name=2", "nobody", "snapshot.name=nobody", "snapshot.colour=red"})
        QTest::newRow(wish) << wish;
}

void ConvertTest::snapshotsAreFoundByIdThenName()
{
    QFETCH(QString, wish);
    const QString source = cleanCase("snapshot-names");
    const int theirs = img({"convert", "-O", "raw", "-l", wish, source, "theirs.raw"}).exit;
    const ProgramRun ours = convert({"-l", wish, source, "ours.raw"});
    QVERIFY2(ours.exit == theirs, ours.err);
    QCOMPARE(QFile::exists(path("ours.raw")), theirs == 0);
    if (theirs == 0)
        QCOMPARE(hashOf(path("ours.raw")), hashOf(path("theirs.raw")));
}

void ConvertTest::aSnapshotLargerThanTheDiskIsCopiedWhole()
{
    QCOMPARE(img({"create", "-q", "-f", "qcow2", "disk.qcow2", "2M"}).exit, 0);
    QCOMPARE(test::qemu::io(path("disk.qcow2"), {"write -P 7 0 2M"}).exit, 0);
    QCOMPARE(convert({"disk.qcow2", "before.raw"}).exit, 0);
    QCOMPARE(img({"snapshot", "-c", "large", "disk.qcow2"}).exit, 0);
    QCOMPARE(img({"resize", "-q", "--shrink", "disk.qcow2", "1M"}).exit, 0);
    for (const char* format : {"raw", "qcow2"}) {
        QCOMPARE(convert({"-O", format, "-l", "large", "disk.qcow2", "target"}).exit, 0);
        QCOMPARE(img({"compare", "-s", "-f", "raw", "-F", format, "before.raw", "target"}).exit, 0);
    }
}

void ConvertTest::formatRawTakesTheFileAsItIs()
{
    makeDisk();
    QCOMPARE(convert({"-f", "raw", "disk.qcow2", "copy.qcow2"}).exit, 0);
    QCOMPARE(hashOf(path("copy.qcow2")), hashOf(path("disk.qcow2")));
    // A file that ends inside a sector is filled up.
    QVERIFY(test::writeFile(path("odd.raw"), Bytes(1000, std::byte{5})));
    QCOMPARE(convert({"-f", "raw", "odd.raw", "even.raw"}).exit, 0);
    Bytes wanted(1000, std::byte{5});
    wanted.resize(1024);
    QVERIFY(test::readFile(path("even.raw")) == wanted);
}

void ConvertTest::progressGrowsToTheEnd()
{
    makeDisk();
    const ProgramRun done = convert({"-p", "-O", "qcow2", "disk.qcow2", "target.qcow2"});
    QCOMPARE(done.exit, 0);
    QVERIFY(done.out.endsWith('\n'));
    double last = -1;
    const QList<QByteArray> lines = done.out.trimmed().split('\r');
    QVERIFY(lines.size() > 1); // how many there are between depends on the time
    for (const QByteArray& line : lines) {
        const QByteArray text = line.trimmed();
        QVERIFY2(text.startsWith('(') && text.contains("/100%) "), text);
        const double now = text.mid(1, text.indexOf('/') - 1).toDouble();
        QVERIFY(now >= last);
        last = now;
    }
    QCOMPARE(last, 100.0);
    const ProgramRun quiet = convert({"-q", "-p", "disk.qcow2", "quiet.raw"});
    QVERIFY(quiet.exit == 0 && quiet.out.isEmpty() && quiet.err.isEmpty());
}

QTEST_GUILESS_MAIN(ConvertTest)
#include "convert_test.moc"
