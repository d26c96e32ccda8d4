// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"
#include "tests/support/bitmap_states.h"
#include "tests/support/naive_reader.h"

#include <QJsonArray>
#include <QTemporaryDir>

using namespace cowscope;
using test::Bytes;

namespace
{

enum class Tool { Ours, Theirs };

/// The image of a test, and what each of its disks has to hold.
struct Subject {
    QString path;
    QByteArray active; ///< hash of the contents
    QMap<QString, QByteArray> snapshots; ///< hashes by name; names differ

    test::ProgramRun snapshot(Tool tool, const QStringList& arguments) const
    {
        const QStringList all = QStringList("snapshot") + arguments + QStringList(path);
        return tool == Tool::Ours ? test::cli(all) : test::qemu::img(all);
    }

    void create(Tool tool, const QString& name, const QStringList& more = {})
    {
        const auto run = snapshot(tool, QStringList{"-c", name} + more);
        QVERIFY2(run.exit == 0, run.err);
        snapshots[name] = active;
        check();
    }

    void apply(Tool tool, const QString& name, const QStringList& more = {})
    {
        const auto run = snapshot(tool, QStringList{"-a", name} + more);
        QVERIFY2(run.exit == 0, run.err);
        active = snapshots[name];
        check();
    }

    void remove(Tool tool, const QString& name)
    {
        const auto run = snapshot(tool, {"-d", name});
        QVERIFY2(run.exit == 0, run.err);
        snapshots.remove(name);
        check();
    }

    void write(const QStringList& commands)
    {
        const auto run = test::qemu::io(path, commands);
        QVERIFY2(run.exit == 0, run.out + run.err);
        active = test::qemu::contentHash(path);
        QVERIFY(!active.isEmpty());
    }

    /// By the reference tool's check, by ours, and by the contents of every disk.
    void check() const
    {
        const auto theirs = test::qemu::img({"check", path});
        QVERIFY2(theirs.exit == 0, theirs.out + theirs.err);
        const auto ours = test::cli({"check", path});
        QVERIFY2(ours.exit == 0, ours.out + ours.err);
        QVERIFY2(test::qemu::contentHash(path) == active, "the active disk holds something else");
        for (auto it = snapshots.begin(); it != snapshots.end(); ++it)
            QVERIFY2(test::qemu::contentHash(path, it.key()) == it.value(), qPrintable(it.key()));
    }
};

#define STEP(expression)                                                                                               \
    do {                                                                                                               \
        expression;                                                                                                    \
        if (QTest::currentTestFailed())                                                                                \
            return;                                                                                                    \
    } while (false)

/// The host offset of the data of guest cluster 0, through the first entries of L1 and L2.
std::uint64_t firstData(const Bytes& image)
{
    constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;
    const std::uint64_t table = test::getNumber(image, test::getNumber(image, 40, 8), 8) & kOffsetMask;
    return test::getNumber(image, table, 8) & kOffsetMask;
}

} // namespace

/// `snapshot` beside qemu-img's: each has to read, apply and delete what the other made.
class SnapshotTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void bothToolsUseEachOthersSnapshots_data();
    void bothToolsUseEachOthersSnapshots();
    void listsAreTheSameToTheByte();
    void listsOfTheCorpusAreTheSame();
    void answersAsQemuImgDoes_data();
    void answersAsQemuImgDoes();
    void applyingRestoresTheSize();
    void applyingMarksTheBitmapsThatRecord();
    void disksOfNothingHaveSnapshots();
    void oneBitRefusesASnapshotCleanly();
    void twoBitsRefuseTheFourthReference();
    void countsWithTheTopBitStayUsable();
    void theLargestCountOfAllIsRefused();
    void copiesMakeSnapshotsPossibleAtAnyWidth_data();
    void copiesMakeSnapshotsPossibleAtAnyWidth();
    void encryptedDisksKeepTheirPlaces();
    void aDirtyImageIsRepairedFirst();
    void plansWriteNothing();
    void anImageInUseIsLeftAlone();

private:
    void make(Subject& subject, const QString& options, const QString& size = "4M");

    std::unique_ptr<QTemporaryDir> m_folder;
};

void SnapshotTest::make(Subject& subject, const QString& options, const QString& size)
{
    subject.path = m_folder->filePath("image.qcow2");
    const auto made = test::qemu::img({"create", "-q", "-f", "qcow2", "-o", options, subject.path, size});
    QVERIFY2(made.exit == 0, made.err);
}

void SnapshotTest::bothToolsUseEachOthersSnapshots_data()
{
    QTest::addColumn<QString>("options");
    QTest::addColumn<bool>("compress");
    QTest::addRow("64 KiB clusters") << "cluster_size=64k" << true;
    QTest::addRow("512 byte clusters") << "cluster_size=512" << true;
    QTest::addRow("512 byte clusters, 64 bits") << "cluster_size=512,refcount_bits=64" << true;
    QTest::addRow("4 KiB clusters, 4 bits") << "cluster_size=4k,refcount_bits=4" << false;
    QTest::addRow("4 KiB clusters, 8 bits, zstd") << "cluster_size=4k,refcount_bits=8,compression_type=zstd" << true;
    QTest::addRow("version 2") << "compat=0.10,cluster_size=4k" << true;
    QTest::addRow("extended L2") << "extended_l2=on,cluster_size=16k,refcount_bits=32" << true;
    QTest::addRow("2 MiB clusters") << "cluster_size=2M" << false;
    QTest::addRow("lazy refcounts") << "lazy_refcounts=on,cluster_size=4k" << true;
}

void SnapshotTest::bothToolsUseEachOthersSnapshots()
{
    QFETCH(QString, options);
    QFETCH(bool, compress);
    const QString pack = compress ? "write -c" : "write";
    Subject image;
    STEP(make(image, options));
    STEP(image.write({"write -P 1 0 1M", pack + " -P 2 2M 64k", pack + " -P 3 2176k 64k"}));
    STEP(image.create(Tool::Ours, "ours 1"));
    STEP(image.write(
        {"write -P 4 300k 100k", "write -z 600k 128k", "discard 700k 64k", "discard 2M 64k", pack + " -P 5 2M 64k"}));
    STEP(image.create(Tool::Theirs, "theirs 1"));
    STEP(image.write({"write -P 6 0 4k", "write -P 7 3M 200k", "write -z -u 2176k 64k"}));
    STEP(image.create(Tool::Ours, "ours 2"));
    STEP(image.apply(Tool::Theirs, "ours 1"));
    STEP(image.write({"write -P 8 128k 300k"}));
    STEP(image.apply(Tool::Ours, "theirs 1"));
    STEP(image.create(Tool::Theirs, "theirs 2"));
    STEP(image.remove(Tool::Theirs, "ours 1"));
    STEP(image.write({"write -P 9 100k 100k"}));
    STEP(image.remove(Tool::Ours, "theirs 1"));
    STEP(image.apply(Tool::Ours, "ours 2"));
    STEP(image.remove(Tool::Ours, "ours 2"));
    STEP(image.remove(Tool::Ours, "theirs 2"));
    STEP(image.write({"write -P 10 0 4M"}));
    image.check();
}

void SnapshotTest::listsAreTheSameToTheByte()
{
    Subject image;
    STEP(make(image, "cluster_size=4k"));
    QCOMPARE(image.snapshot(Tool::Ours, {"-l"}).out, QByteArray());
    for (const char* name : {"plain", "two words", "", "Kuh \xe7\x89\x9b", "a name that is longer than its column",
             "plain"}) { // the same name twice
        QCOMPARE(image.snapshot(Tool::Ours, {"-c", name}).exit, 0);
        QCOMPARE(image.snapshot(Tool::Theirs, {"-c", name}).exit, 0);
        const auto ours = image.snapshot(Tool::Ours, {"-l"});
        QCOMPARE(ours.exit, 0);
        QCOMPARE(ours.out, image.snapshot(Tool::Theirs, {"-l"}).out);
        QCOMPARE(image.snapshot(Tool::Ours, {}).out, ours.out);
    }
    const auto json = image.snapshot(Tool::Ours, {"-l", "--output=json"}).json().array();
    const auto info = test::qemu::img({"info", "--output=json", image.path}).json();
    QCOMPARE(json.size(), 12);
    QCOMPARE(json, info["snapshots"].toArray());
}

void SnapshotTest::listsOfTheCorpusAreTheSame()
{
    test::Corpus corpus;
    REQUIRE_CORPUS(corpus);
    int compared = 0;
    const QDir folder(corpus.folder() + "/clean");
    for (const QString& name : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
        const QString image = folder.filePath(name) + "/image.qcow2";
        const auto theirs = test::qemu::img({"snapshot", "-l", image});
        if (theirs.exit != 0 || theirs.out.isEmpty())
            continue;
        const auto ours = test::cli({"snapshot", "-l", image});
        QVERIFY2(ours.out == theirs.out, ours.out + "instead of\n" + theirs.out);
        ++compared;
    }
    QVERIFY(compared >= 5);
}

void SnapshotTest::answersAsQemuImgDoes_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addRow("apply what is not there") << QStringList{"-a", "nine", "image.qcow2"};
    QTest::addRow("delete what is not there") << QStringList{"-d", "nine", "image.qcow2"};
    QTest::addRow("two things at once") << QStringList{"-l", "-c", "x", "image.qcow2"};
    QTest::addRow("no file") << QStringList{"-l", "missing.qcow2"};
    QTest::addRow("create in no file") << QStringList{"-c", "x", "missing.qcow2"};
    QTest::addRow("no name") << QStringList{"-c"};
    QTest::addRow("no image") << QStringList{"-l"};
    QTest::addRow("shared, to create") << QStringList{"-U", "-c", "x", "image.qcow2"};
    QTest::addRow("shared, to list") << QStringList{"-U", "-l", "image.qcow2"};
    QTest::addRow("quiet") << QStringList{"-q", "-c", "x", "image.qcow2"};
}

void SnapshotTest::answersAsQemuImgDoes()
{
    QFETCH(QStringList, arguments);
    Subject image;
    STEP(make(image, "cluster_size=4k"));
    QCOMPARE(image.snapshot(Tool::Theirs, {"-c", "one"}).exit, 0);
    const Bytes before = test::readFile(image.path);
    const auto theirs = test::qemu::img(QStringList("snapshot") + arguments, m_folder->path());
    QVERIFY(test::writeFile(image.path, before));
    const auto ours = test::cli(QStringList("snapshot") + arguments, m_folder->path());
    QCOMPARE(ours.exit, theirs.exit);
    QCOMPARE(ours.err.isEmpty(), theirs.err.isEmpty());
    QCOMPARE(ours.out.isEmpty(), theirs.out.isEmpty());
    if (ours.exit != 0)
        QVERIFY(test::readFile(image.path) == before);
}

void SnapshotTest::applyingRestoresTheSize()
{
    Subject image;
    STEP(make(image, "cluster_size=512", "1M"));
    STEP(image.write({"write -P 1 900k 100k"}));
    const QByteArray small = image.active;
    QCOMPARE(image.snapshot(Tool::Ours, {"-c", "small"}).exit, 0);
    QCOMPARE(test::qemu::img({"resize", "-q", image.path, "64M"}).exit, 0);
    STEP(image.write({"write -P 2 60M 1M"}));
    const QByteArray large = image.active;
    QCOMPARE(image.snapshot(Tool::Ours, {"-c", "large"}).exit, 0);
    const auto has = [&](qint64 size, const QByteArray& contents) {
        const auto info = test::qemu::img({"info", "--output=json", image.path}).json();
        QCOMPARE(info["virtual-size"].toInteger(), size);
        QCOMPARE(test::qemu::contentHash(image.path), contents);
        QCOMPARE(test::qemu::checkExit(image.path), 0);
    };
    const auto apply = [&](Tool tool, const char* name) { QCOMPARE(image.snapshot(tool, {"-a", name}).exit, 0); };
    STEP(apply(Tool::Ours, "small"));
    STEP(has(1 << 20, small));
    STEP(apply(Tool::Ours, "large"));
    STEP(has(64 << 20, large));
    STEP(apply(Tool::Theirs, "small"));
    STEP(has(1 << 20, small));
}

/// The disk holds something else then, and a backup that goes by a bitmap has to notice.
void SnapshotTest::applyingMarksTheBitmapsThatRecord()
{
    Subject image;
    STEP(make(image, "cluster_size=4k,refcount_bits=2", "1M"));
    STEP(image.write({"write -P 1 0 64k"}));
    for (const QStringList& bitmap : {QStringList{"--add", "on"}, QStringList{"--add", "--disable", "off"}}) {
        const auto added = test::qemu::img(QStringList{"bitmap", "-g", "64k"} + bitmap.mid(0, bitmap.size() - 1)
            + QStringList{image.path, bitmap.last()});
        QVERIFY2(added.exit == 0, added.err);
    }
    STEP(image.create(Tool::Ours, "one"));
    const auto bits = [&](const char* name) { return test::bitmapStates(test::readFile(image.path))[name].bits; };
    QVERIFY(bits("on").empty()); // a snapshot changes nothing that a guest reads
    STEP(image.apply(Tool::Ours, "one"));
    QCOMPARE(bits("on").size(), 16U);
    QCOMPARE(bits("off").size(), 0U);

    // Three snapshots hold the data as often as two bits count, so that the disk cannot hold it as well.
    QCOMPARE(test::qemu::img({"bitmap", "--clear", image.path, "on"}).exit, 0);
    STEP(image.create(Tool::Ours, "two"));
    STEP(image.write({"write -P 2 0 64k"}));
    STEP(image.apply(Tool::Ours, "two"));
    QCOMPARE(test::qemu::img({"bitmap", "--clear", image.path, "on"}).exit, 0);
    Bytes before = test::readFile(image.path);
    const std::uint64_t cluster = firstData(before) / 4096;
    test::putCount(before, test::getNumber(before, test::getNumber(before, 48, 8), 8), 1, cluster, 3);
    QVERIFY(test::writeFile(image.path, before));
    QCOMPARE(test::qemu::io(image.path, {"write -P 3 0 64k"}).exit, 0);
    before = test::readFile(image.path);
    test::putCount(before, test::getNumber(before, test::getNumber(before, 48, 8), 8), 1, cluster, 3);
    QVERIFY(test::writeFile(image.path, before));
    const auto refused = image.snapshot(Tool::Ours, {"-a", "two"});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("would have to become 4"), refused.err);
    QVERIFY(test::readFile(image.path) == before); // nothing is marked either
}

void SnapshotTest::disksOfNothingHaveSnapshots()
{
    Subject image;
    STEP(make(image, "cluster_size=64k", "0"));
    for (const Tool creator : {Tool::Ours, Tool::Theirs}) {
        for (const Tool user : {Tool::Theirs, Tool::Ours}) {
            for (const QStringList& arguments : {QStringList{"-a", "none"}, QStringList{"-d", "none"}}) {
                if (arguments[0] == "-a")
                    QCOMPARE(image.snapshot(creator, {"-c", "none"}).exit, 0);
                QCOMPARE(image.snapshot(user, arguments).exit, 0);
                QCOMPARE(test::qemu::checkExit(image.path), 0);
            }
        }
    }
}

void SnapshotTest::oneBitRefusesASnapshotCleanly()
{
    Subject image;
    STEP(make(image, "refcount_bits=1"));
    STEP(image.write({"write 0 64k"}));
    const Bytes before = test::readFile(image.path);
    const auto refused = image.snapshot(Tool::Ours, {"-c", "foo"});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("Could not create snapshot 'foo'"), refused.err);
    QVERIFY2(refused.err.contains("refcount_bits=2"), refused.err);
    QVERIFY(test::readFile(image.path) == before);
    QCOMPARE(test::qemu::checkExit(image.path), 0); // the reference tool leaks a cluster here
}

void SnapshotTest::twoBitsRefuseTheFourthReference()
{
    Subject image;
    STEP(make(image, "refcount_bits=2"));
    STEP(image.write({"write 0 64k"}));
    STEP(image.create(Tool::Ours, "foo"));
    STEP(image.create(Tool::Ours, "bar"));
    const Bytes before = test::readFile(image.path);
    const auto refused = image.snapshot(Tool::Ours, {"-c", "baz"});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("is 3 and would have to become 4"), refused.err);
    QVERIFY2(refused.err.contains("refcount_bits=4"), refused.err);
    QVERIFY(test::readFile(image.path) == before);
    image.check();
}

void SnapshotTest::countsWithTheTopBitStayUsable()
{
    Subject image;
    STEP(make(image, "refcount_bits=64"));
    STEP(image.write({"write -P 1 0 64k"}));
    Bytes bytes = test::readFile(image.path);
    const std::uint64_t cluster = firstData(bytes) / 65536;
    const std::uint64_t refblock = test::getNumber(bytes, test::getNumber(bytes, 48, 8), 8);
    test::put64(bytes, refblock + cluster * 8, std::uint64_t{1} << 63);
    QVERIFY(test::writeFile(image.path, bytes));
    const QByteArray contents = test::qemu::contentHash(image.path);
    const auto count = [&] { return test::NaiveReader(test::readFile(image.path)).counts()[cluster]; };

    QCOMPARE(image.snapshot(Tool::Ours, {"-c", "foo"}).exit, 0);
    QCOMPARE(count(), (std::uint64_t{1} << 63) + 1);
    QCOMPARE(test::qemu::io(image.path, {"write -P 2 0 64k"}).exit, 0); // elsewhere: the cluster is shared
    QCOMPARE(test::qemu::contentHash(image.path, "foo"), contents);
    QCOMPARE(image.snapshot(Tool::Ours, {"-a", "foo"}).exit, 0);
    QCOMPARE(test::qemu::contentHash(image.path), contents);
    QCOMPARE(image.snapshot(Tool::Ours, {"-d", "foo"}).exit, 0);
    QCOMPARE(test::qemu::contentHash(image.path), contents);
    const auto check = test::qemu::img({"check", "--output=json", image.path});
    QCOMPARE(check.json()["corruptions"].toInt(), 0);
    QCOMPARE(check.json()["leaks"].toInt(), 1); // the cluster itself: it has more references than there are
}

void SnapshotTest::theLargestCountOfAllIsRefused()
{
    Subject image;
    STEP(make(image, "refcount_bits=64"));
    STEP(image.write({"write 0 64k"}));
    Bytes bytes = test::readFile(image.path);
    const std::uint64_t cluster = firstData(bytes) / 65536;
    const std::uint64_t refblock = test::getNumber(bytes, test::getNumber(bytes, 48, 8), 8);
    test::put64(bytes, refblock + cluster * 8, ~std::uint64_t{0});
    QVERIFY(test::writeFile(image.path, bytes));
    const auto refused = image.snapshot(Tool::Ours, {"-c", "foo"});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("No width counts further"), refused.err);
    QVERIFY(test::readFile(image.path) == bytes);
}

void SnapshotTest::copiesMakeSnapshotsPossibleAtAnyWidth_data()
{
    QTest::addColumn<QString>("options");
    QTest::addRow("1 bit") << "refcount_bits=1,cluster_size=4k";
    QTest::addRow("1 bit, 512 byte clusters") << "refcount_bits=1,cluster_size=512";
    QTest::addRow("2 bits") << "refcount_bits=2,cluster_size=4k";
    QTest::addRow("2 bits, extended L2, zstd")
        << "refcount_bits=2,cluster_size=16k,extended_l2=on,compression_type=zstd";
}

void SnapshotTest::copiesMakeSnapshotsPossibleAtAnyWidth()
{
    QFETCH(QString, options);
    const QStringList copying{"--copy-on-overflow"};
    Subject image;
    STEP(make(image, options, "1M"));
    STEP(image.write({"write -P 1 0 200k", "write -c -P 2 512k 16k", "write -c -P 3 544k 16k", "write -z 300k 64k"}));
    for (int i = 1; i <= 5; ++i) {
        STEP(image.create(Tool::Ours, QStringLiteral("s%1").arg(i), copying));
        STEP(image.write({QStringLiteral("write -P %1 %2k 20k").arg(10 + i).arg(i * 16)}));
    }
    STEP(image.apply(Tool::Ours, "s2", copying));
    STEP(image.write({"discard 512k 16k", "write -c -P 77 512k 16k"}));
    STEP(image.apply(Tool::Ours, "s5", copying));
    for (int i = 1; i <= 5; ++i)
        STEP(image.remove(i % 2 == 0 ? Tool::Ours : Tool::Theirs, QStringLiteral("s%1").arg(i)));
    STEP(image.write({"write -P 99 0 1M"}));
    image.check();
}

/// What LUKS encrypts depends on where it stands: a copy elsewhere would be noise.
void SnapshotTest::encryptedDisksKeepTheirPlaces()
{
    const QString path = m_folder->filePath("luks.qcow2");
    const QStringList secret{"--object", "secret,id=k,data=word"};
    const QString options = "driver=qcow2,encrypt.key-secret=k,file.driver=file,file.filename=" + path;
    const auto made = test::qemu::img(QStringList{"create", "-q", "-f", "qcow2"} + secret
        + QStringList{
            "-o", "encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10,refcount_bits=2", path, "1M"});
    if (made.err.contains("accurate CPU usage"))
        QSKIP("The reference tool cannot time its key derivation on this machine now");
    QVERIFY2(made.exit == 0, made.err);
    const auto io = [&](const QString& command) {
        const auto run = test::runProgram("qemu-io", secret + QStringList{"-c", command, "--image-opts", options});
        return run.exit == 0 && !run.out.contains("failed");
    };
    QVERIFY(io("write -P 5 0 256k"));
    for (const char* name : {"one", "two"}) {
        const auto created = test::cli({"snapshot", "-c", name, path});
        QVERIFY2(created.exit == 0, created.err);
    }
    const Bytes before = test::readFile(path);
    const auto refused = test::cli({"snapshot", "--copy-on-overflow", "-c", "three", path});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("encrypted"), refused.err);
    QVERIFY(test::readFile(path) == before);
    QVERIFY(io("write -P 6 0 64k"));
    QCOMPARE(test::cli({"snapshot", "-a", "one", path}).exit, 0);
    QVERIFY(io("read -P 5 0 256k"));
    QCOMPARE(test::qemu::img(QStringList("check") + secret + QStringList{"--image-opts", options}).exit, 0);
}

void SnapshotTest::aDirtyImageIsRepairedFirst()
{
    test::Corpus corpus;
    REQUIRE_CORPUS(corpus);
    const QString path = m_folder->filePath("image.qcow2");
    QVERIFY(QFile::copy(corpus.folder() + "/broken/crashed-lazy/image.qcow2", path));
    QVERIFY(test::qemu::checkExit(path) != 0);
    const auto created = test::cli({"snapshot", "-c", "after the crash", path});
    QVERIFY2(created.exit == 0, created.err);
    QCOMPARE(test::qemu::checkExit(path), 0);
    QVERIFY(test::qemu::contentHash(path) == test::qemu::contentHash(path, "after the crash"));
}

void SnapshotTest::plansWriteNothing()
{
    Subject image;
    STEP(make(image, "cluster_size=4k"));
    STEP(image.write({"write 0 1M"}));
    STEP(image.create(Tool::Ours, "one"));
    STEP(image.write({"write 0 512k"}));
    const Bytes before = test::readFile(image.path);
    for (const QStringList& what : {QStringList{"-c", "two"}, QStringList{"-a", "one"}, QStringList{"-d", "one"}}) {
        const auto human = image.snapshot(Tool::Ours, QStringList("--plan") + what);
        QVERIFY2(human.exit == 0 && human.out.contains("Nothing has been written"), human.out + human.err);
        const auto json = image.snapshot(Tool::Ours, QStringList{"--plan", "--output=json"} + what).json();
        if (what[0] == "-c")
            QVERIFY(json["raised"].toInt() >= 256); // all data
        else
            QVERIFY(json["freed"].toInt() >= 128); // what the write replaced, or what it wrote
        QVERIFY(test::readFile(image.path) == before);
    }
    QCOMPARE(image.snapshot(Tool::Ours, {"--plan", "-a", "nine"}).exit, 1);
}

void SnapshotTest::anImageInUseIsLeftAlone()
{
    Subject image;
    STEP(make(image, "cluster_size=4k"));
    const test::qemu::Holder holder(image.path);
    QVERIFY(holder.holds());
    const Bytes before = test::readFile(image.path);
    const auto refused = image.snapshot(Tool::Ours, {"-c", "one"});
    QCOMPARE(refused.exit, 1);
    QVERIFY(!refused.err.isEmpty());
    QVERIFY(test::readFile(image.path) == before);
    QCOMPARE(image.snapshot(Tool::Ours, {"-U", "-l"}).exit, 0);
}

QTEST_GUILESS_MAIN(SnapshotTest)
#include "snapshot_test.moc"
