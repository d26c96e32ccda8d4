// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"

#include <QJsonArray>
#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

/// compare, judged by qemu-img compare: the same words and the same exit codes.
class CompareTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void agreesOnCorpusImages_data();
    void agreesOnCorpusImages();
    void agreesOnSmallDifferences_data();
    void agreesOnSmallDifferences();
    void agreesOnMisuse_data();
    void agreesOnMisuse();
    void followsBackingFiles();
    void answersAsJson();
    void comparesMetadata();
    void metadataOpensNoOtherFile();
    void failsOnWhatIsNoImage();

private:
    void agree(const QStringList& arguments, const QString& folder) const;
    QString create(const QString& name, const QString& size, const QString& options = {}) const;

    Corpus m_corpus;
    QTemporaryDir m_folder;
};

void CompareTest::initTestCase()
{
    REQUIRE_QEMU();
    REQUIRE_CORPUS(m_corpus);
}

/// What qemu-img says of them, we say.
void CompareTest::agree(const QStringList& arguments, const QString& folder) const
{
    const ProgramRun theirs = qemu::img(QStringList{QStringLiteral("compare")} + arguments, folder);
    const ProgramRun ours = cli(QStringList{QStringLiteral("compare")} + arguments, folder);
    const QByteArray both = "exit " + QByteArray::number(ours.exit) + ", not " + QByteArray::number(theirs.exit) + ": "
        + ours.out + ours.err + "\nreference: " + theirs.out + theirs.err;
    if (theirs.exit >= 2) {
        QVERIFY2(ours.exit >= 2 && !ours.err.isEmpty(), both);
        return;
    }
    QVERIFY2(ours.exit == theirs.exit && ours.out == theirs.out, both);
}

QString CompareTest::create(const QString& name, const QString& size, const QString& options) const
{
    QStringList arguments{
        QStringLiteral("create"), QStringLiteral("-q"), QStringLiteral("-f"), QStringLiteral("qcow2")};
    if (!options.isEmpty())
        arguments += {QStringLiteral("-o"), options};
    const QString path = m_folder.filePath(name);
    return qemu::img(arguments + QStringList{path, size}).exit == 0 ? path : QString();
}

void CompareTest::agreesOnCorpusImages_data()
{
    QTest::addColumn<QString>("folder");
    m_corpus.addRows(QStringLiteral("clean"));
}

/// Each image with itself, and with a disk of another size and other contents.
void CompareTest::agreesOnCorpusImages()
{
    QFETCH(QString, folder);
    const QJsonObject expected = Corpus::expected(folder);
    const QString image = expected[QStringLiteral("image")].toString();
    const double size
        = expected[QStringLiteral("info")][QStringLiteral("json")][QStringLiteral("virtual-size")].toDouble();
    if (size > (256 << 20))
        QSKIP("large disks are read for minutes");
    static const QString other = create(QStringLiteral("other.qcow2"), QStringLiteral("3M"));
    QVERIFY(!other.isEmpty());
    agree({image, image}, folder);
    agree({QStringLiteral("-s"), image, image}, folder);
    agree({image, other}, folder);
    agree({QStringLiteral("-s"), other, image}, folder);
}

void CompareTest::agreesOnSmallDifferences_data()
{
    QTest::addColumn<QStringList>("first"); // commands of qemu-io
    QTest::addColumn<QStringList>("second");
    const auto row = [](const char* name, const char* first, const char* second) {
        QTest::newRow(name) << QString::fromLatin1(first).split(u';') << QString::fromLatin1(second).split(u';');
    };
    row("one byte", "write -P 1 0 1M", "write -P 1 0 1M;write -P 2 77777 1");
    row("the last sector", "write -P 1 0 1M", "write -P 1 0 4M;discard 1M 3M;write -P 3 4194303 1");
    row("zeros against nothing", "write -z 0 1M", "read 0 512");
    row("data that is zero against nothing", "write -P 0 64k 128k", "read 0 512");
    row("data against zeros", "write -P 9 200k 4k", "write -z 0 1M");
    row("compressed against plain", "write -c -P 7 0 64k", "write -P 7 0 64k");
    row("compressed otherwise", "write -c -P 7 0 64k", "write -c -P 7 0 64k;write -P 8 65024 512");
}

void CompareTest::agreesOnSmallDifferences()
{
    QFETCH(QStringList, first);
    QFETCH(QStringList, second);
    const QString a = create(QStringLiteral("a.qcow2"), QStringLiteral("4M"));
    const QString b = create(QStringLiteral("b.qcow2"), QStringLiteral("4M"), QStringLiteral("cluster_size=4096"));
    QVERIFY(qemu::io(a, first).exit == 0 && qemu::io(b, second).exit == 0);
    const QString raw = m_folder.filePath(QStringLiteral("b.raw"));
    QCOMPARE(qemu::img({QStringLiteral("convert"), b, raw}).exit, 0);
    const QStringList strict{QStringLiteral("-s")};
    for (const QStringList& pair : {QStringList{a, b}, QStringList{b, a}, QStringList{a, raw}}) {
        agree(pair, {});
        agree(strict + pair, {});
    }
    agree({QStringLiteral("-f"), QStringLiteral("qcow2"), QStringLiteral("-F"), QStringLiteral("raw"), b, raw}, {});
    agree({QStringLiteral("-q"), a, b}, {});
    QCOMPARE(qemu::img({QStringLiteral("resize"), QStringLiteral("-q"), b, QStringLiteral("6M")}).exit, 0);
    agree({a, b}, {});
    agree({QStringLiteral("-s"), b, a}, {});
    QCOMPARE(qemu::io(b, {QStringLiteral("write -P 4 5M 512")}).exit, 0);
    agree({a, b}, {});
    agree({b, a}, {});
}

void CompareTest::agreesOnMisuse_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("a file that is not there") << QStringList{QStringLiteral("x.qcow2"), QStringLiteral("nope")};
    QTest::newRow("two that are not there") << QStringList{QStringLiteral("nope"), QStringLiteral("nope")};
    QTest::newRow("another format") << QStringList{
        QStringLiteral("-F"), QStringLiteral("nonsense"), QStringLiteral("x.qcow2"), QStringLiteral("x.qcow2")};
    QTest::newRow("as raw") << QStringList{
        QStringLiteral("-f"), QStringLiteral("raw"), QStringLiteral("x.qcow2"), QStringLiteral("x.qcow2")};
    QTest::newRow("one file") << QStringList{QStringLiteral("x.qcow2")};
}

void CompareTest::agreesOnMisuse()
{
    QFETCH(QStringList, arguments);
    QVERIFY(!create(QStringLiteral("x.qcow2"), QStringLiteral("1M")).isEmpty());
    agree(arguments, m_folder.path());
}

void CompareTest::followsBackingFiles()
{
    const QString base = create(QStringLiteral("base.qcow2"), QStringLiteral("4M"));
    QCOMPARE(qemu::io(base, {QStringLiteral("write -P 5 0 2M")}).exit, 0);
    const QString top = create(
        QStringLiteral("top.qcow2"), QStringLiteral("4M"), QStringLiteral("backing_file=base.qcow2,backing_fmt=qcow2"));
    agree({base, top}, {});
    agree({QStringLiteral("-s"), base, top}, {});
    QCOMPARE(qemu::io(top, {QStringLiteral("write -P 6 1M 512")}).exit, 0);
    agree({top, base}, {});
}

void CompareTest::answersAsJson()
{
    const QString a = create(QStringLiteral("ja.qcow2"), QStringLiteral("4M"));
    const QString b = create(QStringLiteral("jb.qcow2"), QStringLiteral("4M"));
    const QStringList arguments{QStringLiteral("compare"), QStringLiteral("--output=json"), a, b};
    ProgramRun run = cli(arguments);
    QCOMPARE(run.exit, 0);
    QCOMPARE(run.json()[QStringLiteral("identical")].toBool(), true);
    QCOMPARE(qemu::io(b, {QStringLiteral("write -P 1 1M 512")}).exit, 0);
    run = cli(arguments);
    QCOMPARE(run.exit, 1);
    QCOMPARE(run.json()[QStringLiteral("identical")].toBool(), false);
    QCOMPARE(run.json()[QStringLiteral("mismatch-offset")].toInt(), 1 << 20);
}

void CompareTest::comparesMetadata()
{
    const QString before = create(QStringLiteral("before.qcow2"), QStringLiteral("4M"));
    QCOMPARE(qemu::io(before, {QStringLiteral("write -P 1 0 1M")}).exit, 0);
    const QString after = m_folder.filePath(QStringLiteral("after.qcow2"));
    QVERIFY(writeFile(after, readFile(before)));
    const QStringList compare{QStringLiteral("compare"), QStringLiteral("--metadata"), before, after};
    ProgramRun run = cli(compare);
    QCOMPARE(run.exit, 0);
    QCOMPARE(run.out, QByteArray("The metadata is identical.\n"));
    QCOMPARE(qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("s"), after}).exit, 0);
    run = cli(compare);
    QCOMPARE(run.exit, 1);
    QVERIFY2(run.out.contains("header nb_snapshots: 0 -> 1\n"), run.out);
    QVERIFY2(run.out.contains("snapshot 1: absent -> 's'"), run.out);
    const QJsonDocument json = cli(compare + QStringList{QStringLiteral("--output=json")}).json();
    // All 16 data clusters are counted twice now, and no entry says any more that it is the only one.
    QVERIFY(json[QStringLiteral("clusters")].toInt() >= 16);
    QCOMPARE(json[QStringLiteral("guest-bytes")].toInt(), 1 << 20);
    QCOMPARE(json[QStringLiteral("mapping")].toArray().size(), 1);
    const QJsonValue run0 = json[QStringLiteral("mapping")][0];
    QVERIFY(run0[QStringLiteral("first")][QStringLiteral("copied")].toBool());
    QVERIFY(!run0[QStringLiteral("second")][QStringLiteral("copied")].toBool());
    // The guest sees no difference.
    QCOMPARE(cli({QStringLiteral("compare"), before, after}).exit, 0);
}

void CompareTest::metadataOpensNoOtherFile()
{
    const QString base = create(QStringLiteral("gone.qcow2"), QStringLiteral("4M"));
    const QString top = create(QStringLiteral("lonely.qcow2"), QStringLiteral("4M"),
        QStringLiteral("backing_file=gone.qcow2,backing_fmt=qcow2"));
    QVERIFY(QFile::remove(base));
    QCOMPARE(cli({QStringLiteral("compare"), QStringLiteral("--metadata"), top, top}).exit, 0);
    QCOMPARE(cli({QStringLiteral("compare"), top, top}).exit, 2);
}

void CompareTest::failsOnWhatIsNoImage()
{
    const QString image = create(QStringLiteral("image.qcow2"), QStringLiteral("1M"));
    const QString text = m_folder.filePath(QStringLiteral("text"));
    QVERIFY(writeFile(text, bytesOf("This is no image")));
    const ProgramRun run = cli({QStringLiteral("compare"), QStringLiteral("--metadata"), image, text});
    QCOMPARE(run.exit, 2);
    QVERIFY(run.err.contains("text"));
    agree({image, text}, {}); // contents: a raw file
}

QTEST_GUILESS_MAIN(CompareTest)
#include "compare_test.moc"
