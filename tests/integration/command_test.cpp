// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/support/naive_reader.h"
#include "tests/support/sample_images.h"

#include <QJsonArray>
#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

/// The command as its users see it: options, words, exit codes, locks. Images come from the builder, so that most of it
/// runs without the reference tools.
class CommandTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void helpAndVersionAreNoFailures();
    void misuseIsRefusedWithOneCode_data();
    void misuseIsRefusedWithOneCode();
    void failuresNameTheFileOnStderr_data();
    void failuresNameTheFileOnStderr();
    void infoSaysWhatTheImageIs();
    void infoExplainsEveryHeaderField();
    void checkSaysWhatIsWrongAndWhere();
    void checkExitCodesTellLeaksFromCorruption();
    void checkIsQuietWhenAsked();
    void mapShowsOffsetsForPeople();
    void mapKeepsToTheRangeAskedFor();
    void mapAloneOpensNoBackingFile();
    void amendChangesTheWidth();
    void amendAcceptsTheOptionFormsOfQemu_data();
    void amendAcceptsTheOptionFormsOfQemu();
    void amendTellsItsProgress();
    void amendToTodaysWidthWritesNothing();
    void amendRefusesOptionsItDoesNotKnow_data();
    void amendRefusesOptionsItDoesNotKnow();
    void amendRefusesVersion2();
    void amendRefusesManySnapshotsByCluster();
    void planTellsWithoutWriting();
    void planOfARefusalSaysWhy();
    void planIsWhatAmendDoes();
    void progressOfAmendOnlyMovesForwardAndNamesThePhases();
    void amendIsRefusedWhileQemuIoHoldsTheImage();
    void amendIsRefusedWhileQemuNbdHoldsTheImage();
    void forceShareLooksAtAnImageInUse();
    void namesWithStrangeLettersWork();

private:
    test::ProgramRun run(const QStringList& arguments) { return test::cli(arguments, m_folder.path()); }
    void save(const BuiltImage& image) { QVERIFY(test::writeFile(m_path, image.bytes)); }

    QTemporaryDir m_folder;
    QString m_path;
};

void CommandTest::init()
{
    m_path = m_folder.filePath("image.qcow2");
    save(test::snapshotImage(12, 4, 2));
}

void CommandTest::helpAndVersionAreNoFailures()
{
    const auto help = run({"--help"});
    QCOMPARE(help.exit, 0);
    for (const char* verb : {"info", "check", "map", "amend"})
        QVERIFY2(help.out.contains(verb), help.out);
    const auto version = run({"--version"});
    QCOMPARE(version.exit, 0);
    QVERIFY(version.out.contains("cowscope-cli"));
    for (const char* verb : {"info", "check", "map", "amend"}) {
        const auto each = run({verb, "--help"});
        QCOMPARE(each.exit, 0);
        QVERIFY(each.out.contains("--output"));
    }
}

void CommandTest::misuseIsRefusedWithOneCode_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("no verb") << QStringList{};
    QTest::newRow("unknown verb") << QStringList{"frobnicate", "image.qcow2"};
    QTest::newRow("unknown option") << QStringList{"info", "--frobnicate", "image.qcow2"};
    QTest::newRow("no file") << QStringList{"info"};
    QTest::newRow("two files") << QStringList{"info", "image.qcow2", "other.qcow2"};
    QTest::newRow("unknown output form") << QStringList{"info", "--output=xml", "image.qcow2"};
    QTest::newRow("unknown format") << QStringList{"info", "-f", "vmdk", "image.qcow2"};
    QTest::newRow("amend without options") << QStringList{"amend", "image.qcow2"};
    QTest::newRow("map of a strange range") << QStringList{"map", "-s", "here", "image.qcow2"};
}

void CommandTest::misuseIsRefusedWithOneCode()
{
    QFETCH(QStringList, arguments);
    const Bytes before = test::readFile(m_path);
    const auto done = run(arguments);
    QCOMPARE(done.exit, 1);
    QVERIFY(!done.err.isEmpty());
    QVERIFY(test::readFile(m_path) == before);
}

void CommandTest::failuresNameTheFileOnStderr_data()
{
    QTest::addColumn<QByteArray>("contents");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("text") << QByteArray("this is not an image") << QByteArray("not a qcow2 image");
    QTest::newRow("empty") << QByteArray() << QByteArray("not a qcow2 image");
    QTest::newRow("version 1") << QByteArray("QFI\xfb\0\0\0\1", 8) << QByteArray("version 1");
    QTest::newRow("cut header") << QByteArray("QFI\xfb\0\0\0\3", 8) << QByteArray("ends inside the header");
}

void CommandTest::failuresNameTheFileOnStderr()
{
    QFETCH(QByteArray, contents);
    QFETCH(QByteArray, part);
    QFile file(m_folder.filePath("odd file"));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(contents) == contents.size());
    file.close();
    for (const QStringList& verb : {QStringList{"info"}, QStringList{"check"}, QStringList{"map"},
             QStringList{"amend", "-o", "refcount_bits=8"}}) {
        const auto done = run(verb + QStringList{"odd file"});
        // As qemu-img: a file of another format is one that has no check.
        QCOMPARE(done.exit, verb.front() == "check" && part == "not a qcow2 image" ? 63 : 1);
        QVERIFY(done.out.isEmpty());
        QVERIFY2(done.err.contains("odd file") && done.err.contains(part), done.err);
    }
    const auto missing = run({"info", "nowhere.qcow2"});
    QCOMPARE(missing.exit, 1);
    QVERIFY2(missing.err.contains("nowhere.qcow2"), missing.err);
}

void CommandTest::infoSaysWhatTheImageIs()
{
    const auto info = run({"info", "image.qcow2"});
    QCOMPARE(info.exit, 0);
    for (const char* part : {"image: image.qcow2", "file format: qcow2", "cluster_size: 4096",
             "Snapshot list:", "snapshot 1", "snapshot 2", "compat: 1.1", "refcount bits: 16"})
        QVERIFY2(info.out.contains(part), info.out);
    const auto json = run({"info", "--output=json", "image.qcow2"}).json();
    QCOMPARE(json["virtual-size"].toInteger(), 600 * 4096 + 512);
    QCOMPARE(json["snapshots"].toArray().size(), 2);
}

void CommandTest::infoExplainsEveryHeaderField()
{
    const auto fields = run({"info", "--fields", "--output=json", "image.qcow2"}).json()["header-fields"].toArray();
    QVERIFY(fields.size() >= 18);
    const auto people = run({"info", "--fields", "image.qcow2"});
    QVERIFY2(people.out.contains("refcount_order"), people.out);
}

void CommandTest::checkSaysWhatIsWrongAndWhere()
{
    BuiltImage broken = test::plainImage(12, 4);
    broken.setCount(5, 0);
    broken.setCount(7, 3);
    save(broken);
    const auto check = run({"check", "image.qcow2"});
    QCOMPARE(check.exit, 2);
    QVERIFY2(check.err.contains("cluster 5") && check.err.contains("cluster 7"), check.err);
    QVERIFY2(check.out.contains("errors were found") && check.out.contains("1 leaked cluster"), check.out);
    const auto json = run({"check", "--output=json", "image.qcow2"}).json();
    QCOMPARE(json["leaks"].toInt(), 1);
    QVERIFY(json["corruptions"].toInt() >= 1);
}

void CommandTest::checkExitCodesTellLeaksFromCorruption()
{
    QCOMPARE(run({"check", "image.qcow2"}).exit, 0);
    BuiltImage leaking = test::plainImage(12, 4);
    test::put64(leaking.bytes, leaking.l2EntryAt(2), 0);
    save(leaking);
    QCOMPARE(run({"check", "image.qcow2"}).exit, 3);
}

void CommandTest::checkIsQuietWhenAsked()
{
    BuiltImage broken = test::plainImage(12, 4);
    broken.setCount(5, 0);
    save(broken);
    const auto check = run({"check", "-q", "image.qcow2"});
    QCOMPARE(check.exit, 2);
    QVERIFY(check.out.isEmpty());
}

void CommandTest::mapShowsOffsetsForPeople()
{
    test::ImageBuilder builder({.clusterBits = 16});
    const std::uint64_t at = builder.data(2);
    save(builder.build());
    const auto map = run({"map", "image.qcow2"});
    QCOMPARE(map.exit, 0);
    QVERIFY2(map.out.startsWith("Offset          Length          Mapped to       File\n"), map.out);
    QVERIFY2(map.out.contains("0x20000         0x10000         0x" + QByteArray::number(qulonglong{at}, 16)), map.out);
}

void CommandTest::mapKeepsToTheRangeAskedFor()
{
    const auto part = run({"map", "--output=json", "-s", "4096", "-l", "8k", "image.qcow2"}).json().array();
    QVERIFY(!part.isEmpty());
    QCOMPARE(part.first()["start"].toInteger(), 4096);
    qint64 sum = 0;
    for (const QJsonValue& extent : part)
        sum += extent["length"].toInteger();
    QCOMPARE(sum, 8192);
}

void CommandTest::mapAloneOpensNoBackingFile()
{
    test::ImageBuilder builder({.clusterBits = 16});
    builder.extension(0xe2792aca, test::bytesOf("raw"));
    builder.backingFile("missing.img");
    builder.data(1);
    save(builder.build());
    const auto chain = run({"map", "--output=json", "image.qcow2"});
    QCOMPARE(chain.exit, 1);
    QVERIFY2(chain.err.contains("missing.img"), chain.err);
    QCOMPARE(run({"map", "--alone", "--output=json", "image.qcow2"}).exit, 0);
    QCOMPARE(run({"info", "image.qcow2"}).exit, 0);
    QCOMPARE(run({"check", "image.qcow2"}).exit, 0);
}

void CommandTest::amendChangesTheWidth()
{
    const auto amended = run({"amend", "-o", "refcount_bits=64", "--output=json", "image.qcow2"});
    QVERIFY2(amended.exit == 0, amended.err);
    QCOMPARE(amended.json()["old-refcount-bits"].toInt(), 16);
    QCOMPARE(amended.json()["refcount-bits"].toInt(), 64);
    QCOMPARE(amended.json()["file-size"].toInteger(), qint64(test::readFile(m_path).size()));
    const auto info = run({"info", "--output=json", "image.qcow2"}).json();
    QCOMPARE(info["format-specific"]["data"]["refcount-bits"].toInt(), 64);
    QCOMPARE(run({"check", "image.qcow2"}).exit, 0);
}

void CommandTest::amendAcceptsTheOptionFormsOfQemu_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("short") << QStringList{"-o", "refcount_bits=8", "image.qcow2"};
    QTest::newRow("format named") << QStringList{"-f", "qcow2", "-o", "refcount_bits=8", "image.qcow2"};
    QTest::newRow("file first") << QStringList{"image.qcow2", "-o", "refcount_bits=8"};
    QTest::newRow("last one wins") << QStringList{"-o", "refcount_bits=4,refcount_bits=8", "image.qcow2"};
    QTest::newRow("twice") << QStringList{"-o", "refcount_bits=4", "-o", "refcount_bits=8", "image.qcow2"};
    QTest::newRow("image options") << QStringList{
        "-o", "refcount_bits=8", "--image-opts", "driver=qcow2,file.filename=image.qcow2"};
    QTest::newRow("quiet") << QStringList{"-q", "-o", "refcount_bits=8", "image.qcow2"};
}

void CommandTest::amendAcceptsTheOptionFormsOfQemu()
{
    QFETCH(QStringList, arguments);
    const auto amended = run(QStringList{"amend"} + arguments);
    QVERIFY2(amended.exit == 0, amended.err);
    QCOMPARE(test::NaiveReader(test::readFile(m_path)).refcountOrder(), 3U);
}

void CommandTest::amendTellsItsProgress()
{
    const auto amended = run({"amend", "-p", "-o", "refcount_bits=64", "image.qcow2"});
    QVERIFY2(amended.exit == 0, amended.err);
    double last = 0;
    for (const QByteArray& report : amended.out.split('\r')) {
        const QByteArray number = report.trimmed().mid(1).split('/').first();
        if (number.isEmpty())
            continue;
        QVERIFY2(number.toDouble() >= last, amended.out);
        last = number.toDouble();
    }
    QCOMPARE(last, 100.0);
}

void CommandTest::amendToTodaysWidthWritesNothing()
{
    const Bytes before = test::readFile(m_path);
    QCOMPARE(run({"amend", "-o", "refcount_bits=16", "image.qcow2"}).exit, 0);
    QVERIFY(test::readFile(m_path) == before);
}

void CommandTest::amendRefusesOptionsItDoesNotKnow_data()
{
    QTest::addColumn<QString>("option");
    for (const char* option : {"refcount_bits=3", "refcount_bits=0", "refcount_bits=128", "refcount_bits=-1",
             "refcount_bits=16k", "refcount_bits=", "refcount_bits", "frobnicate=1", "", "cluster_size=4096"})
        QTest::newRow(option) << option;
}

void CommandTest::amendRefusesOptionsItDoesNotKnow()
{
    QFETCH(QString, option);
    const Bytes before = test::readFile(m_path);
    const auto amended = run({"amend", "-o", option, "image.qcow2"});
    QCOMPARE(amended.exit, 1);
    QVERIFY(!amended.err.isEmpty());
    QVERIFY(test::readFile(m_path) == before);
}

void CommandTest::amendRefusesVersion2()
{
    test::ImageBuilder builder({.version = 2});
    builder.data(0);
    save(builder.build());
    const Bytes before = test::readFile(m_path);
    const auto amended = run({"amend", "-o", "refcount_bits=8", "image.qcow2"});
    QCOMPARE(amended.exit, 1);
    QVERIFY2(amended.err.contains("version 2") && amended.err.contains("16"), amended.err);
    QVERIFY(test::readFile(m_path) == before);
}

void CommandTest::amendRefusesManySnapshotsByCluster()
{
    test::ImageBuilder builder({.clusterBits = 12});
    const std::uint64_t cluster = builder.data(0) / 4096;
    for (int i = 0; i < 300; ++i)
        builder.snapshot(std::to_string(i), "s");
    save(builder.build());
    const auto amended = run({"amend", "-o", "refcount_bits=8", "image.qcow2"});
    QCOMPARE(amended.exit, 1);
    // The L2 table stands before the data cluster; both have 301 references.
    QVERIFY2(amended.err.contains("cluster " + QByteArray::number(qulonglong{cluster - 1}) + " "), amended.err);
    QVERIFY2(amended.err.contains("count 301"), amended.err);
    QCOMPARE(run({"amend", "-o", "refcount_bits=32", "image.qcow2"}).exit, 0);
}

void CommandTest::planTellsWithoutWriting()
{
    const Bytes before = test::readFile(m_path);
    const auto people = run({"amend", "--plan", "-o", "refcount_bits=64", "image.qcow2"});
    QCOMPARE(people.exit, 0);
    QVERIFY2(people.out.contains("64") && people.out.contains("Nothing has been written"), people.out);
    const auto json = run({"amend", "--plan", "--output=json", "-o", "refcount_bits=64", "image.qcow2"});
    QCOMPARE(json.exit, 0);
    QVERIFY2(!json.json().object().isEmpty(), json.out);
    QVERIFY(test::readFile(m_path) == before);
}

void CommandTest::planOfARefusalSaysWhy()
{
    const auto plan = run({"amend", "--plan", "-o", "refcount_bits=1", "image.qcow2"});
    QCOMPARE(plan.exit, 1);
    QVERIFY2((plan.out + plan.err).contains("count 3"), plan.out + plan.err);
}

void CommandTest::planIsWhatAmendDoes()
{
    const auto plan = run({"amend", "--plan", "--output=json", "-o", "refcount_bits=64", "image.qcow2"});
    const auto done = run({"amend", "--output=json", "-o", "refcount_bits=64", "image.qcow2"});
    QCOMPARE(done.exit, 0);
    const QByteArray size = QByteArray::number(done.json()["file-size"].toInteger());
    QVERIFY2(plan.out.contains(size), plan.out);
}

void CommandTest::progressOfAmendOnlyMovesForwardAndNamesThePhases()
{
    const auto done = run({"amend", "-p", "-o", "refcount_bits=64", "image.qcow2"});
    QCOMPARE(done.exit, 0);
    double last = -1;
    const QList<QByteArray> lines = done.out.trimmed().split('\r');
    for (const QByteArray& line : lines) {
        const QByteArray text = line.trimmed();
        QVERIFY2(text.startsWith('(') && text.contains("/100%) "), text);
        const double now = text.mid(1, text.indexOf('/') - 1).toDouble();
        QVERIFY2(now >= last, done.out);
        last = now;
    }
    QCOMPARE(last, 100.0);
    for (const char* phase : {"reading refblocks", "walking L2 tables", "writing refblocks", "switching the header"})
        QVERIFY2(done.out.contains(phase), done.out);
}

void CommandTest::amendIsRefusedWhileQemuIoHoldsTheImage()
{
    REQUIRE_QEMU();
    const Bytes before = test::readFile(m_path);
    {
        const test::qemu::Holder holder(m_path);
        QVERIFY(holder.holds());
        const auto amended = run({"amend", "-o", "refcount_bits=8", "image.qcow2"});
        QCOMPARE(amended.exit, 1);
        QVERIFY2(amended.err.contains("in use") && amended.err.contains("qemu-io"), amended.err);
        QVERIFY(test::readFile(m_path) == before);
    }
    QCOMPARE(run({"amend", "-o", "refcount_bits=8", "image.qcow2"}).exit, 0);
}

void CommandTest::amendIsRefusedWhileQemuNbdHoldsTheImage()
{
    const QString socket = m_folder.filePath("nbd");
    QProcess server;
    server.start("qemu-nbd", {"-t", "-k", socket, "-f", "qcow2", m_path});
    if (!server.waitForStarted())
        QSKIP("qemu-nbd is not installed");
    QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(socket), 10'000);
    const auto amended = run({"amend", "-o", "refcount_bits=8", "image.qcow2"});
    server.terminate();
    QVERIFY(server.waitForFinished(10'000));
    QCOMPARE(amended.exit, 1);
    QVERIFY2(amended.err.contains("in use"), amended.err);
}

void CommandTest::forceShareLooksAtAnImageInUse()
{
    REQUIRE_QEMU();
    const test::qemu::Holder holder(m_path);
    QVERIFY(holder.holds());
    QCOMPARE(run({"info", "image.qcow2"}).exit, 1);
    QCOMPARE(run({"info", "-U", "image.qcow2"}).exit, 0);
    QCOMPARE(run({"map", "-U", "--output=json", "image.qcow2"}).exit, 0);
}

void CommandTest::namesWithStrangeLettersWork()
{
    const QString name = QString::fromUtf8("a b,c=d \"e\" ünï\n.qcow2");
    QVERIFY(QFile::copy(m_path, m_folder.filePath(name)));
    const auto info = run({"info", "--output=json", name});
    QCOMPARE(info.exit, 0);
    QCOMPARE(info.json()["filename"].toString(), name);
    QCOMPARE(run({"amend", "-o", "refcount_bits=8", name}).exit, 0);
}

QTEST_GUILESS_MAIN(CommandTest)
#include "command_test.moc"
