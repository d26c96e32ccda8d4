// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/support/bytes.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;
using test::ProgramRun;

/// What holds for every verb of the command, whatever it does. Needs no reference tools.
class MannersTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void anOutputThatCannotBeWrittenIsAFailure();
    void jsonStandsAlone_data();
    void jsonStandsAlone();
    void progressEndsAtTheEnd_data();
    void progressEndsAtTheEnd();
    void nothingIsChangedWithForceShare_data();
    void nothingIsChangedWithForceShare();
    void theNameOfASnapshotMayFollowOtherOptions();
    void anArgumentTooManyIsRefused();
    void optionsOfNewImagesAreListed_data();
    void optionsOfNewImagesAreListed();
    void lineFeedsInNamesAreSpelledOut();
    void oneBitIsNotBits();
    void misuseIsNamed_data();
    void misuseIsNamed();
    void mapTakesSizesAsOtherVerbsDo();
    void aLeakIsCalledALeak();
    void aReportGoesIntoAFileOrIsRefused();
    void copiesAreOfferedWhereCountsDoNotFit();
    void cacheModesAreCheckedAndHaveNoEffect_data();
    void cacheModesAreCheckedAndHaveNoEffect();

private:
    ProgramRun run(const QStringList& arguments) { return test::cli(arguments, m_folder.path()); }

    QTemporaryDir m_folder;
    QString m_path;
};

void MannersTest::init()
{
    m_path = m_folder.filePath("image.qcow2");
    QCOMPARE(run({"create", "-q", "image.qcow2", "1M"}).exit, 0);
    QCOMPARE(run({"io", "-c", "write 0 64k", "image.qcow2"}).exit, 0);
}

void MannersTest::anOutputThatCannotBeWrittenIsAFailure()
{
    const QString command = QStringLiteral(COWSCOPE_CLI) + " info image.qcow2 > /dev/full";
    const ProgramRun full = test::runProgram("sh", {"-c", command}, m_folder.path());
    QCOMPARE(full.exit, 1);
    QVERIFY2(full.err.startsWith("cowscope-cli: "), full.err);
}

void MannersTest::jsonStandsAlone_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("amend") << QStringList{"amend", "-p", "--output=json", "-o", "refcount_bits=64", "image.qcow2"};
    QTest::newRow("snapshot") << QStringList{"snapshot", "-p", "--output=json", "--plan", "-c", "one", "image.qcow2"};
    QTest::newRow("check") << QStringList{"check", "-p", "--output=json", "image.qcow2"};
    QTest::newRow("repair") << QStringList{"check", "-p", "--output=json", "-r", "all", "image.qcow2"};
}

void MannersTest::jsonStandsAlone()
{
    QFETCH(QStringList, arguments);
    const ProgramRun done = run(arguments);
    QCOMPARE(done.exit, 0);
    QVERIFY2(done.out.startsWith('{'), done.out);
    QVERIFY2(done.json().isObject(), done.out);
}

void MannersTest::progressEndsAtTheEnd_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("grow") << QStringList{"resize", "-p", "image.qcow2", "4M"};
    QTest::newRow("shrink") << QStringList{"resize", "-p", "--shrink", "image.qcow2", "512k"};
    QTest::newRow("reserve") << QStringList{"resize", "-p", "--preallocation=full", "image.qcow2", "4M"};
    QTest::newRow("snapshot") << QStringList{"snapshot", "-p", "-c", "one", "image.qcow2"};
    QTest::newRow("amend") << QStringList{"amend", "-p", "-o", "refcount_bits=8", "image.qcow2"};
}

void MannersTest::progressEndsAtTheEnd()
{
    QFETCH(QStringList, arguments);
    const ProgramRun done = run(arguments);
    QCOMPARE(done.exit, 0);
    const qsizetype last = done.out.lastIndexOf('(');
    QVERIFY2(last >= 0 && done.out.mid(last).startsWith("(100.00/100%)"), done.out);
}

void MannersTest::nothingIsChangedWithForceShare_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("snapshot") << QStringList{"snapshot", "-U", "-c", "one", "image.qcow2"};
    QTest::newRow("bitmap") << QStringList{"bitmap", "-U", "--add", "image.qcow2", "b"};
    QTest::newRow("check") << QStringList{"check", "-U", "-r", "all", "image.qcow2"};
    QTest::newRow("amend") << QStringList{"amend", "-U", "-o", "refcount_bits=8", "image.qcow2"};
    QTest::newRow("io") << QStringList{"io", "-U", "-c", "write 0 512", "image.qcow2"};
}

void MannersTest::nothingIsChangedWithForceShare()
{
    QFETCH(QStringList, arguments);
    const test::Bytes before = test::readFile(m_path);
    const ProgramRun done = run(arguments);
    QCOMPARE(done.exit, 1);
    QVERIFY2(done.err.contains("cannot be changed: -U is for looking"), done.err);
    QVERIFY(test::readFile(m_path) == before);
}

void MannersTest::theNameOfASnapshotMayFollowOtherOptions()
{
    QCOMPARE(run({"snapshot", "-c", "--copy-on-overflow", "one", "image.qcow2"}).exit, 0);
    QCOMPARE(run({"snapshot", "-c", "two", "--copy-on-overflow", "image.qcow2"}).exit, 0);
    const ProgramRun listed = run({"snapshot", "image.qcow2"});
    QVERIFY2(listed.out.contains(" one ") && listed.out.contains(" two "), listed.out);
    QCOMPARE(run({"snapshot", "-d", "--copy-on-overflow", "one", "image.qcow2"}).exit, 0);
    QVERIFY(!run({"snapshot", "image.qcow2"}).out.contains(" one "));
}

void MannersTest::anArgumentTooManyIsRefused()
{
    const test::Bytes before = test::readFile(m_path);
    const ProgramRun done = run({"snapshot", "-c", "one", "image.qcow2", "other.qcow2"});
    QCOMPARE(done.exit, 1);
    QVERIFY2(done.err.contains("other.qcow2"), done.err);
    QVERIFY(test::readFile(m_path) == before);
}

void MannersTest::optionsOfNewImagesAreListed_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("create") << QStringList{"create", "-f", "qcow2", "-o", "help"};
    QTest::newRow("create with a file") << QStringList{"create", "-o", "cluster_size=4k,help", "new.qcow2", "1M"};
    QTest::newRow("convert") << QStringList{"convert", "-O", "qcow2", "-o", "?"};
}

void MannersTest::optionsOfNewImagesAreListed()
{
    QFETCH(QStringList, arguments);
    const ProgramRun done = run(arguments);
    QCOMPARE(done.exit, 0);
    for (const char* option : {"cluster_size=<size>", "refcount_bits=<num>", "lazy_refcounts=<bool>", "compat=<str>"})
        QVERIFY2(done.out.contains(option), done.out);
    QVERIFY(!QFileInfo::exists(m_folder.filePath("new.qcow2")));
}

void MannersTest::lineFeedsInNamesAreSpelledOut()
{
    const QString name = "one\nNo errors were found on the image.";
    QCOMPARE(run({"snapshot", "-c", name, "image.qcow2"}).exit, 0);
    for (const QStringList& arguments : {QStringList{"info", "image.qcow2"}, QStringList{"snapshot", "image.qcow2"}}) {
        const ProgramRun told = run(arguments);
        QVERIFY2(told.out.contains("one\\x0aNo errors"), told.out);
    }
    const ProgramRun refused = run({"snapshot", "-d", name + "!", "image.qcow2"});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(!refused.err.contains("\nNo errors"), refused.err);
}

void MannersTest::oneBitIsNotBits()
{
    QCOMPARE(run({"amend", "-o", "refcount_bits=1", "image.qcow2"}).exit, 0);
    const ProgramRun plan = run({"amend", "--plan", "-o", "refcount_bits=2", "image.qcow2"});
    QVERIFY2(plan.out.contains("1 bit now, 2 bits wanted"), plan.out);
    const ProgramRun found = run({"lookup", "--host", "0", "image.qcow2"});
    QVERIFY2(found.out.contains("/ 1 bit =") && !found.out.contains("1 bits"), found.out);
    QCOMPARE(run({"io", "-c", "write 0 64k", "image.qcow2"}).exit, 0);
    QCOMPARE(run({"amend", "-o", "refcount_bits=8", "image.qcow2"}).exit, 0);
    const ProgramRun undo = run({"amend", "--undo", "--plan", "image.qcow2"});
    QVERIFY2(undo.out.contains("Refcounts of 1 bit are intact"), undo.out);
}

void MannersTest::misuseIsNamed_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("wrong");
    QTest::addColumn<QByteArray>("right"); // must not be blamed
    QTest::newRow("verb") << QStringList{"frobnicate", "image.qcow2"} << QByteArray("Unknown verb 'frobnicate'")
                          << QByteArray("image.qcow2");
    QTest::newRow("no verb") << QStringList{} << QByteArray("Say what to do") << QByteArray("Unknown");
    QTest::newRow("option before the verb") << QStringList{"--frob", "info", "image.qcow2"}
                                            << QByteArray("Unknown option '--frob'") << QByteArray("Unknown verb");
    QTest::newRow("option with a value") << QStringList{"check", "-Z", "none", "image.qcow2"}
                                         << QByteArray("Unknown option '-Z'") << QByteArray("image.qcow2");
    QTest::newRow("one too many") << QStringList{"check", "image.qcow2", "other.qcow2"}
                                  << QByteArray("Too many arguments: 'other.qcow2'") << QByteArray("image.qcow2'");
    QTest::newRow("one missing") << QStringList{"check"} << QByteArray("FILENAME is required") << QByteArray("Unknown");
    QTest::newRow("-q of info") << QStringList{"info", "-q", "image.qcow2"} << QByteArray("Unknown option '-q'")
                                << QByteArray("image.qcow2");
    QTest::newRow("-q of map") << QStringList{"map", "-q", "image.qcow2"} << QByteArray("Unknown option '-q'")
                               << QByteArray("image.qcow2");
}

void MannersTest::misuseIsNamed()
{
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, wrong);
    QFETCH(QByteArray, right);
    const ProgramRun done = run(arguments);
    QCOMPARE(done.exit, 1);
    QVERIFY2(done.err.startsWith("cowscope-cli: " + wrong), done.err);
    QVERIFY2(!done.err.contains(right), done.err);
    QVERIFY2(done.err.contains("--help"), done.err);
    QCOMPARE(done.err.count('\n'), 1);
}

void MannersTest::mapTakesSizesAsOtherVerbsDo()
{
    const ProgramRun done = run({"map", "--output=json", "-s", "0.5M", "-l", "0x1000", "image.qcow2"});
    QCOMPARE(done.exit, 0);
    QVERIFY2(done.out.contains("\"start\": 524288, \"length\": 4096"), done.out);
    const ProgramRun wrong = run({"map", "-s", "-1", "image.qcow2"});
    QCOMPARE(wrong.exit, 1);
    QVERIFY2(wrong.err.contains("'-1' is not a number of bytes"), wrong.err);
}

void MannersTest::aLeakIsCalledALeak()
{
    test::Bytes bytes = test::readFile(m_path);
    const std::uint64_t reftable = test::getNumber(bytes, 48, 8);
    const std::uint64_t refblock = test::getNumber(bytes, reftable, 8);
    test::put64(bytes, refblock + 2 * 40, std::uint64_t{1} << 48); // cluster 40
    bytes.resize(41 << 16);
    QVERIFY(test::writeFile(m_path, bytes));
    const ProgramRun leaked = run({"lookup", "--host", "2560k", "image.qcow2"});
    QVERIFY2(leaked.out.contains("it is a leak"), leaked.out + leaked.err);
    const ProgramRun unused = run({"lookup", "--host", "2496k", "image.qcow2"});
    QVERIFY2(unused.out.contains("it is free"), unused.out + unused.err);
}

void MannersTest::aReportGoesIntoAFileOrIsRefused()
{
    const ProgramRun done = run({"report", "-o", "/dev/full", "image.qcow2"});
    QCOMPARE(done.exit, 1);
    QVERIFY2(done.err.contains("leave out -o"), done.err);
}

void MannersTest::copiesAreOfferedWhereCountsDoNotFit()
{
    QCOMPARE(run({"snapshot", "-c", "one", "image.qcow2"}).exit, 0);
    const ProgramRun refused = run({"amend", "-o", "refcount_bits=1", "image.qcow2"});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("to 1 bit:") && refused.err.contains("--split-shared"), refused.err);
    const ProgramRun plan = run({"amend", "--plan", "-o", "refcount_bits=1", "image.qcow2"});
    QVERIFY2(plan.out.contains("--split-shared"), plan.out);
}

void MannersTest::cacheModesAreCheckedAndHaveNoEffect_data()
{
    QTest::addColumn<QStringList>("before");
    QTest::addColumn<QString>("option");
    QTest::addColumn<QStringList>("after");
    QTest::newRow("check") << QStringList{"check"} << "-T" << QStringList{"image.qcow2"};
    QTest::newRow("amend") << QStringList{"amend", "-o", "refcount_bits=8"} << "-t" << QStringList{"image.qcow2"};
    QTest::newRow("compare") << QStringList{"compare"} << "-T" << QStringList{"image.qcow2", "image.qcow2"};
    QTest::newRow("source") << QStringList{"convert", "-m", "16", "-W"} << "-T"
                            << QStringList{"image.qcow2", "copy.raw"};
    QTest::newRow("target") << QStringList{"convert"} << "-t" << QStringList{"image.qcow2", "copy.raw"};
}

void MannersTest::cacheModesAreCheckedAndHaveNoEffect()
{
    QFETCH(QStringList, before);
    QFETCH(QString, option);
    QFETCH(QStringList, after);
    const ProgramRun wrong = run(before + QStringList{option, "bogus"} + after);
    QCOMPARE(wrong.exit, 1);
    QVERIFY2(wrong.err.contains("bogus"), wrong.err);
    for (const char* mode : {"none", "off", "directsync", "writeback", "writethrough", "unsafe"})
        QCOMPARE(run(before + QStringList{option, mode} + after).exit, 0);
}

QTEST_GUILESS_MAIN(MannersTest)
#include "manners_test.moc"
