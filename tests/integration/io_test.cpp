// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"

#include <QRegularExpression>
#include <QTemporaryDir>

using namespace cowscope;
using test::Bytes;
using test::ProgramRun;

namespace
{

/// Output without figures of time.
QString timeless(const QByteArray& output)
{
    static const QRegularExpression figures(
        QStringLiteral("ops; [0-9.:]+ sec \\([0-9.]+ [A-Za-z]+/sec and [0-9.]+ ops/sec\\)"));
    return QString::fromUtf8(output).replace(figures, "ops; TIME");
}

} // namespace

/// `io`: qemu-io's commands, with qemu-io's words, and qemu-io's results.
class IoTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void speaksAndWritesAsQemuIo_data();
    void speaksAndWritesAsQemuIo();
    void readsTheCorpusAsQemuIo_data();
    void readsTheCorpusAsQemuIo();
    void theDefaultPatternIsQemus();
    void aFailureIsToldAndTheRestIsDone_data();
    void aFailureIsToldAndTheRestIsDone();
    void quitEndsTheCommands();
    void readingNeverWrites_data();
    void readingNeverWrites();
    void readOnlyRefusesChanges();
    void rawFilesAreOnlyRead();
    void anImageInUseIsRefused();
    void aRangeBehindTheDiskChangesNothing();

private:
    QStringList arguments(const QStringList& commands, const QStringList& more) const;
    ProgramRun io(const QStringList& commands, const QStringList& more = {"ours.qcow2"})
    {
        return test::cli(arguments(commands, QStringList{"io"} + more), m_folder->path());
    }
    ProgramRun qemuIo(const QStringList& commands, const QStringList& more, const QString& folder = {}) const
    {
        const QString program = qEnvironmentVariable("QEMU_IO", "qemu-io");
        return test::runProgram(program, arguments(commands, QStringList{"-d", "unmap"} + more),
            folder.isEmpty() ? m_folder->path() : folder);
    }
    ProgramRun img(const QStringList& arguments) { return test::qemu::img(arguments, m_folder->path()); }
    QString path(const QString& name) const { return m_folder->filePath(name); }
    void makeTwins(const QString& options);

    test::Corpus m_corpus;
    std::unique_ptr<QTemporaryDir> m_folder;
};

void IoTest::initTestCase()
{
    REQUIRE_QEMU();
    REQUIRE_CORPUS(m_corpus);
}

void IoTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

QStringList IoTest::arguments(const QStringList& commands, const QStringList& more) const
{
    QStringList all = more;
    for (const QString& command : commands)
        all << "-c" << command;
    return all;
}

/// ours.qcow2 and theirs.qcow2 over base.raw, 1 MiB and a sector.
void IoTest::makeTwins(const QString& options)
{
    QVERIFY(test::writeFile(path("base.raw"), Bytes(300'000, std::byte{0xba})));
    for (const char* name : {"ours.qcow2", "theirs.qcow2"}) {
        const QString dataFile = QLatin1String(name) + QStringLiteral(".data");
        const ProgramRun made = img({"create", "-q", "-f", "qcow2", "-o", QString(options).replace("DATA", dataFile),
            "-b", "base.raw", "-F", "raw", name, "1049088"});
        QVERIFY2(made.exit == 0, made.err);
    }
}

void IoTest::speaksAndWritesAsQemuIo_data()
{
    QTest::addColumn<QString>("options");
    QTest::addColumn<bool>("compresses");
    QTest::newRow("defaults") << "cluster_size=64k" << true;
    QTest::newRow("small clusters, 1 bit") << "cluster_size=4k,refcount_bits=1" << true;
    QTest::newRow("subclusters") << "cluster_size=64k,extended_l2=on" << true;
    QTest::newRow("zstd") << "cluster_size=64k,compression_type=zstd" << true;
    QTest::newRow("lazy") << "cluster_size=64k,lazy_refcounts=on" << true;
    QTest::newRow("data file") << "cluster_size=64k,data_file=DATA" << false;
}

void IoTest::speaksAndWritesAsQemuIo()
{
    QFETCH(QString, options);
    QFETCH(bool, compresses);
    makeTwins(options);
    QStringList commands{"write -P 1 0 64k", "write -P 0x41 70000 1000", "w -q -P2 100k 1", "write -qP 3 200k 100k",
        "write -P 010 600k 3k", "read -P 1 0 64k", "r -P 2 100k 1", "read -v 69990 40", "read -v 1049080 8",
        "read -P 9 0 512", "read -q -P 9 0 512", "read -q 0 1M", "read 0 0", "write 0 0", "write -z 0 64k",
        "write -z -u 64k 64k", "write -z 190k 1000", "read 0 1M", "map", "alloc 0", "alloc 0 64k", "alloc 500k 200k",
        "alloc 1M 1M", "alloc 2M", "alloc 0 0", "discard 128k 128k", "discard -q 576k 64k", "discard 100 5",
        "read 128k 1536", "read -P 0 128k 64k", "length", "l", "f", "flush", "map"};
    if (compresses)
        commands << "write -c -P 7 704k 64k"
                 << "write -c -q -P 8 768k 128k"
                 << "read -P 7 704k 64k"
                 << "map";
    const ProgramRun theirs = qemuIo(commands, {"theirs.qcow2"});
    const ProgramRun ours = io(commands);
    QCOMPARE(ours.exit, theirs.exit);
    QCOMPARE(timeless(ours.out).split('\n'), timeless(theirs.out).split('\n'));
    QCOMPARE(ours.err, theirs.err);
    const ProgramRun compared = img({"compare", "ours.qcow2", "theirs.qcow2"});
    QVERIFY2(compared.exit == 0, compared.out + compared.err);
    const ProgramRun checked = img({"check", "ours.qcow2"});
    QVERIFY2(checked.exit == 0, checked.out + checked.err);
}

void IoTest::readsTheCorpusAsQemuIo_data()
{
    QTest::addColumn<QString>("folder");
    m_corpus.addRows("clean");
}

void IoTest::readsTheCorpusAsQemuIo()
{
    QFETCH(QString, folder);
    const QJsonObject expected = test::Corpus::expected(folder);
    if (QJsonDocument(expected["contents"].toObject()).toJson().contains("encrypt."))
        QSKIP("Encrypted data is not read");
    const qint64 size = expected["info"]["json"]["virtual-size"].toInteger();
    const qint64 some = std::min<qint64>(size, 5000);
    const QStringList commands{"length", QStringLiteral("read -v 0 %1").arg(some),
        QStringLiteral("read -v %1 %2").arg(size - some).arg(some), QStringLiteral("alloc %1 1M").arg(size / 2)};
    const QStringList file{"-r", "image.qcow2"};
    const ProgramRun theirs = qemuIo(commands, file, folder);
    const ProgramRun ours = test::cli(arguments(commands, QStringList{"io"} + file), folder);
    QCOMPARE(ours.exit, theirs.exit);
    QCOMPARE(timeless(ours.out).split('\n'), timeless(theirs.out).split('\n'));
}

void IoTest::theDefaultPatternIsQemus()
{
    makeTwins("cluster_size=64k");
    QCOMPARE(io({"write 0 1000"}).exit, 0);
    QCOMPARE(qemuIo({"read -P 0xcd 0 1000"}, {"ours.qcow2"}).exit, 0);
}

void IoTest::aFailureIsToldAndTheRestIsDone_data()
{
    QTest::addColumn<QString>("command");
    for (const char* command : {"bogus 1", "read", "read 0", "read x 5", "read 0 512 7", "read 0 -5", "read 0 5x",
             "read -P 256 0 512", "read -P x 0 512", "read -P", "read -z 0 5", "read 1M 1k", "read 0 1T",
             "write -P 3 -z 0 512", "write -u 0 512", "write 1M 1k", "write -c 512 64k", "write -z 0 2M",
             "discard 0 2M", "discard 5", "flush now", "map all", "alloc", "alloc x", "alloc 1 2 3"})
        QTest::newRow(command) << command;
}

void IoTest::aFailureIsToldAndTheRestIsDone()
{
    QFETCH(QString, command);
    makeTwins("cluster_size=64k");
    const QStringList commands{"write -P 5 0 512", command, "write -P 6 512 512", "read -P 6 512 512"};
    const ProgramRun theirs = qemuIo(commands, {"theirs.qcow2"});
    const ProgramRun ours = io(commands);
    QCOMPARE(theirs.exit, 1);
    QCOMPARE(ours.exit, 1);
    QVERIFY2(ours.out.contains("failed") || !ours.err.isEmpty(), "nothing is said");
    QCOMPARE(ours.out.count("wrote 512/512 bytes"), 2);
    QCOMPARE(ours.out.count("read 512/512 bytes at offset 512"), 1);
    QCOMPARE(img({"compare", "ours.qcow2", "theirs.qcow2"}).exit, 0);
}

void IoTest::quitEndsTheCommands()
{
    makeTwins("cluster_size=64k");
    const ProgramRun done = io({"write -P 5 0 512", "quit", "write -P 6 0 512", "bogus"});
    QCOMPARE(done.exit, 0);
    QCOMPARE(io({"read -P 5 0 512"}).exit, 0);
}

void IoTest::readingNeverWrites_data()
{
    QTest::addColumn<QString>("image");
    for (const char* name : {"bit-dirty-leak", "crashed-lazy", "leak-one", "refcount-zero"})
        QTest::newRow(name) << QString(m_corpus.folder() + "/broken/" + name + "/image.qcow2");
}

void IoTest::readingNeverWrites()
{
    QFETCH(QString, image);
    QVERIFY(QFile::copy(image, path("image.qcow2")));
    const Bytes before = test::readFile(path("image.qcow2"));
    const ProgramRun done = io({"read 0 64k", "map", "alloc 0", "flush"}, {"image.qcow2"});
    QVERIFY2(done.exit == 0, done.out + done.err);
    QVERIFY(test::readFile(path("image.qcow2")) == before);
}

void IoTest::readOnlyRefusesChanges()
{
    makeTwins("cluster_size=64k");
    const Bytes before = test::readFile(path("ours.qcow2"));
    const ProgramRun done
        = io({"write 0 512", "discard 0 64k", "write -z 0 512", "read -P 0xba 0 512"}, {"-r", "ours.qcow2"});
    QCOMPARE(done.exit, 1);
    QCOMPARE(done.out.count("failed"), 3);
    QVERIFY(done.out.contains("read 512/512 bytes at offset 0"));
    QVERIFY(test::readFile(path("ours.qcow2")) == before);
}

void IoTest::rawFilesAreOnlyRead()
{
    const Bytes bytes(2048, std::byte{0x5c});
    QVERIFY(test::writeFile(path("disk.raw"), bytes));
    QCOMPARE(io({"read -P 0x5c 0 2048"}, {"-f", "raw", "disk.raw"}).exit, 0);
    QCOMPARE(io({"write 0 512"}, {"-f", "raw", "disk.raw"}).exit, 1);
    QCOMPARE(io({"write 0 512"}, {"disk.raw"}).exit, 1);
    QVERIFY(test::readFile(path("disk.raw")) == bytes);
}

void IoTest::anImageInUseIsRefused()
{
    makeTwins("cluster_size=64k");
    const test::qemu::Holder holder(path("ours.qcow2"));
    QVERIFY(holder.holds());
    for (const char* command : {"read 0 512", "write 0 512"}) {
        const ProgramRun refused = io({command});
        QCOMPARE(refused.exit, 1);
        QVERIFY2(refused.err.contains("ours.qcow2"), refused.err);
    }
    QCOMPARE(io({"read -P 0xba 0 512"}, {"-U", "ours.qcow2"}).exit, 0);
    QCOMPARE(io({"write 0 512"}, {"-U", "ours.qcow2"}).exit, 1);
}

void IoTest::aRangeBehindTheDiskChangesNothing()
{
    makeTwins("cluster_size=64k");
    QCOMPARE(io({"write -P 9 1048k 2k"}).exit, 1);
    QCOMPARE(io({"write -z 1000k 1M"}).exit, 1);
    QCOMPARE(img({"compare", "ours.qcow2", "theirs.qcow2"}).exit, 0);
}

QTEST_GUILESS_MAIN(IoTest)
#include "io_test.moc"
