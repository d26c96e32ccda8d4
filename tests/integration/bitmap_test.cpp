// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/support/bitmap_states.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest/QtTest>
#include <csignal>
#include <random>

using namespace cowscope;
using test::BitmapState;
using test::Bytes;
using test::ProgramRun;
using States = std::map<std::string, BitmapState>;

namespace
{

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr unsigned kInUse = 1;
constexpr unsigned kAuto = 2;

enum class Tool { Ours, Theirs };

} // namespace

/// `bitmap`: ours and qemu-img's, each working on what the other left, and a decoder of its own as judge.
class BitmapCommandTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void eachToolGoesOnWhereTheOtherStopped_data();
    void eachToolGoesOnWhereTheOtherStopped();
    void listsWhatInfoLists();
    void refusesWhatQemuImgRefuses_data();
    void refusesWhatQemuImgRefuses();
    void actionsHappenInTheirOrder();
    void aBitmapInUseCanOnlyBeRemoved();
    void theBackingFilesNameSurvives_data();
    void theBackingFilesNameSurvives();

private:
    QString path(const QString& name) const { return m_folder->filePath(name); }
    QString image() const { return path("a.qcow2"); }
    ProgramRun bitmap(Tool tool, const QStringList& arguments) const
    {
        const QStringList all = QStringList{"bitmap"} + arguments;
        return tool == Tool::Ours ? test::cli(all, m_folder->path()) : test::qemu::img(all, m_folder->path());
    }
    void create(const QStringList& arguments) const
    {
        const auto made = test::qemu::img(QStringList{"create", "-q", "-f", "qcow2"} + arguments, m_folder->path());
        QVERIFY2(made.exit == 0, made.err);
    }
    States states() const { return test::bitmapStates(test::readFile(image())); }
    QJsonArray infoOf(Tool tool) const
    {
        const QStringList arguments{"info", "--output=json", image()};
        const auto run = tool == Tool::Ours ? test::cli(arguments) : test::qemu::img(arguments);
        return run.json().object()["format-specific"].toObject()["data"].toObject()["bitmaps"].toArray();
    }

    /// A program that dies with the image open leaves its bitmaps in use.
    void leaveInUse() const
    {
        QProcess process;
        process.start(qEnvironmentVariable("QEMU_IO", "qemu-io"), {image()});
        QVERIFY(process.waitForReadyRead(20'000));
        process.write("write -P 7 0 64k\n");
        QVERIFY(process.waitForReadyRead(20'000));
        while (!process.peek(1 << 16).contains("ops"))
            QVERIFY(process.waitForReadyRead(20'000));
        process.kill();
        process.waitForFinished();
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

#define STEP(expression)                                                                                               \
    do {                                                                                                               \
        expression;                                                                                                    \
        if (QTest::currentTestFailed())                                                                                \
            return;                                                                                                    \
    } while (false)

void BitmapCommandTest::initTestCase()
{
    REQUIRE_QEMU();
}

void BitmapCommandTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
}

void BitmapCommandTest::eachToolGoesOnWhereTheOtherStopped_data()
{
    QTest::addColumn<unsigned>("seed");
    for (unsigned seed = 1; seed <= 15; ++seed)
        QTest::addRow("seed %u", seed) << seed;
}

void BitmapCommandTest::eachToolGoesOnWhereTheOtherStopped()
{
    QFETCH(unsigned, seed);
    std::mt19937 random(seed);
    const auto below = [&](std::uint64_t end) { return random() % end; };
    std::uint64_t size = 512 * (1 + below(32768));
    const std::uint64_t clusterSize = std::uint64_t{512} << below(8);
    STEP(create({"-o", QString("cluster_size=%1,refcount_bits=%2").arg(clusterSize).arg(1U << below(7)), image(),
        QString::number(size)}));
    States wanted;
    for (int step = 0; step < 14; ++step) {
        const Tool tool = below(2) == 0 ? Tool::Ours : Tool::Theirs;
        const QString name(QChar('a' + static_cast<int>(below(3))));
        const bool known = wanted.contains(name.toStdString());
        ProgramRun run;
        bool works = known;
        switch (below(7)) {
        case 0: {
            const auto bits = static_cast<unsigned>(9 + below(8));
            works = !known;
            run = bitmap(tool, {"--add", "-g", QString::number(1U << bits), image(), name});
            if (works)
                wanted[name.toStdString()] = {kAuto, bits, {}};
            break;
        }
        case 1:
            run = bitmap(tool, {"--remove", image(), name});
            wanted.erase(name.toStdString());
            break;
        case 2:
            run = bitmap(tool, {"--clear", image(), name});
            if (known)
                wanted[name.toStdString()].bits.clear();
            break;
        case 3: {
            const bool enable = below(2) == 0;
            run = bitmap(tool, {enable ? "--enable" : "--disable", image(), name});
            if (known)
                wanted[name.toStdString()].flags = enable ? kAuto : 0;
            break;
        }
        case 4:
            size = 512 * (1 + below(32768));
            works = true;
            run = tool == Tool::Ours ? test::cli({"resize", "--shrink", image(), QString::number(size)})
                                     : test::qemu::img({"resize", "--shrink", image(), QString::number(size)});
            for (auto& [key, state] : wanted)
                state.cut(size);
            break;
        default: {
            const std::uint64_t at = 512 * below(size / 512);
            const std::uint64_t length = std::min(size - at, 512 * (1 + below(4096)));
            const QString command
                = QString("%1 %2 %3").arg(below(4) == 0 ? "write -z" : "write -P 5").arg(at).arg(length);
            works = true;
            run = tool == Tool::Ours ? test::cli({"io", "-c", command, image()}) : test::qemu::io(image(), {command});
            for (auto& [key, state] : wanted) {
                if ((state.flags & kAuto) != 0)
                    state.mark(at, length);
            }
        }
        }
        QVERIFY2((run.exit == 0) == works, run.err + run.out);
        QVERIFY2(states() == wanted, QByteArray::number(step).constData());
        const auto check = test::qemu::img({"check", image()});
        QVERIFY2(check.exit == 0, check.out);
        const auto mine = test::cli({"check", image()});
        QVERIFY2(mine.exit == 0, mine.out);
    }
}

void BitmapCommandTest::listsWhatInfoLists()
{
    STEP(create({image(), "10M"}));
    QCOMPARE(bitmap(Tool::Ours, {"--add", image(), "plain"}).exit, 0);
    QCOMPARE(bitmap(Tool::Ours, {"--add", "--disable", "-g", "2G", image(), "coarse"}).exit, 0);
    QCOMPARE(bitmap(Tool::Ours, {"--add", "-g", "512", image(), "fine, with a comma"}).exit, 0);
    QCOMPARE(test::qemu::io(image(), {"write 1M 3k"}).exit, 0);
    QCOMPARE(infoOf(Tool::Ours), infoOf(Tool::Theirs));
    QJsonArray listed = bitmap(Tool::Ours, {"--list", "--output=json", image()}).json().array();
    QCOMPARE(listed.size(), 3);
    const qint64 marked[] = {65536, 0, 3072};
    for (int i = 0; i < 3; ++i) {
        QJsonObject object = listed[i].toObject();
        QCOMPARE(object.take("marked-bytes").toInteger(), marked[i]);
        listed[i] = object;
    }
    QCOMPARE(listed, infoOf(Tool::Theirs));
    const ProgramRun human = bitmap(Tool::Ours, {"--list", image()});
    QCOMPARE(human.exit, 0);
    QVERIFY2(human.out.contains("fine, with a comma") && human.out.contains("3072 bytes"), human.out);
}

void BitmapCommandTest::refusesWhatQemuImgRefuses_data()
{
    QTest::addColumn<QStringList>("arguments");
    const auto row = [](const QStringList& arguments) {
        QTest::newRow(arguments.join(' ').left(80).toUtf8().constData()) << arguments;
    };
    row({"a.qcow2", "b"});
    row({"--add", "a.qcow2", "b"});
    row({"--add", "a.qcow2", ""});
    row({"--add", "a.qcow2", QString(1024, 'n')});
    for (const char* granularity : {"256", "1000", "4G", "fine"})
        row({"--add", "-g", granularity, "a.qcow2", "c"});
    row({"--clear", "-g", "4k", "a.qcow2", "b"});
    for (const char* action : {"--remove", "--clear", "--enable", "--disable"})
        row({action, "a.qcow2", "c"});
    row({"--add", "a.qcow2"});
    row({"--add", "a.qcow2", "c", "d"});
    row({"--add", "none.qcow2", "c"});
    row({"--add", "old.qcow2", "c"});
    row({"--add", "-g", "512", "large.qcow2", "c"});
}

void BitmapCommandTest::refusesWhatQemuImgRefuses()
{
    QFETCH(QStringList, arguments);
    STEP(create({"a.qcow2", "10M"}));
    STEP(create({"-o", "compat=0.10", "old.qcow2", "10M"}));
    STEP(create({"large.qcow2", "4T"}));
    QCOMPARE(bitmap(Tool::Theirs, {"--add", "a.qcow2", "b"}).exit, 0);
    const Bytes before = test::readFile(image());
    const ProgramRun mine = bitmap(Tool::Ours, arguments);
    QVERIFY2(mine.exit == 1, mine.out);
    QVERIFY(!(mine.err + mine.out).isEmpty());
    QCOMPARE(bitmap(Tool::Theirs, arguments).exit, 1);
    QVERIFY(mine.exit == 1 && test::bitmapStates(before) == states());
}

void BitmapCommandTest::actionsHappenInTheirOrder()
{
    STEP(create({"a.qcow2", "10M"}));
    for (const Tool tool : {Tool::Ours, Tool::Theirs}) {
        QCOMPARE(bitmap(tool, {"--add", "--disable", "a.qcow2", "b"}).exit, 0);
        QCOMPARE(states().at("b").flags, 0U);
        QCOMPARE(bitmap(tool, {"--disable", "--enable", "a.qcow2", "b"}).exit, 0);
        QCOMPARE(states().at("b").flags, kAuto);
        QCOMPARE(bitmap(tool, {"--enable", "--disable", "--clear", "--remove", "a.qcow2", "b"}).exit, 0);
        QVERIFY(states().empty());
    }
}

void BitmapCommandTest::aBitmapInUseCanOnlyBeRemoved()
{
    STEP(create({"a.qcow2", "10M"}));
    QCOMPARE(bitmap(Tool::Ours, {"--add", "a.qcow2", "b"}).exit, 0);
    STEP(leaveInUse());
    QCOMPARE(states().at("b").flags & kInUse, kInUse);
    QCOMPARE(infoOf(Tool::Ours), infoOf(Tool::Theirs));
    for (const char* action : {"--clear", "--enable", "--disable"}) {
        const ProgramRun run = bitmap(Tool::Ours, {action, "a.qcow2", "b"});
        QCOMPARE(run.exit, 1);
        QVERIFY2(run.err.contains("not saved properly"), run.err);
        QCOMPARE(bitmap(Tool::Theirs, {action, "a.qcow2", "b"}).exit, 1);
    }
    QCOMPARE(test::cli({"resize", image(), "20M"}).exit, 1);
    const ProgramRun listed = bitmap(Tool::Ours, {"--list", "--output=json", "a.qcow2"});
    QVERIFY2(!listed.json().array()[0].toObject().contains("marked-bytes"), listed.out);
    QCOMPARE(test::cli({"io", "-c", "write 5M 64k", image()}).exit, 0);
    QCOMPARE(states().at("b").flags & kInUse, kInUse);
    QVERIFY(!states().at("b").bits.contains(5 * kMiB / 65536));
    QCOMPARE(bitmap(Tool::Ours, {"--remove", "a.qcow2", "b"}).exit, 0);
    QVERIFY(states().empty());
    QCOMPARE(test::qemu::checkExit(image()), 0);
}

void BitmapCommandTest::theBackingFilesNameSurvives_data()
{
    QTest::addColumn<QString>("options");
    QTest::addColumn<int>("length");
    for (const char* size : {"512", "4k", "64k"}) {
        for (const int length : {1, 40, 250})
            QTest::addRow("%s, %d letters", size, length) << QString("cluster_size=%1").arg(size) << length;
    }
}

void BitmapCommandTest::theBackingFilesNameSurvives()
{
    QFETCH(QString, options);
    QFETCH(int, length);
    const QString name(length, 'n');
    STEP(create({"-u", "-o", options, "-b", name, "-F", "raw", "a.qcow2", "10M"}));
    QVERIFY(test::writeFile(path(name), Bytes(10 * kMiB, std::byte{0xbb})));
    const auto holds = [&] {
        const auto info = test::qemu::img({"info", "--output=json", image()}).json().object();
        return info["backing-filename"].toString() == name && info["backing-filename-format"].toString() == "raw";
    };
    for (int round = 0; round < 2; ++round) {
        QCOMPARE(bitmap(Tool::Ours, {"--add", "a.qcow2", "b"}).exit, 0);
        QVERIFY(holds());
        QCOMPARE(bitmap(Tool::Ours, {"--add", "a.qcow2", "c"}).exit, 0);
        QCOMPARE(test::qemu::io(image(), {"write -P 5 0 64k", "read -P 0xbb 64k 64k"}).exit, 0);
        QVERIFY(holds());
        QCOMPARE(bitmap(Tool::Theirs, {"--disable", "a.qcow2", "b"}).exit, 0);
        QCOMPARE(bitmap(Tool::Ours, {"--remove", "a.qcow2", "b"}).exit, 0);
        QCOMPARE(bitmap(Tool::Ours, {"--remove", "a.qcow2", "c"}).exit, 0);
        QVERIFY(holds());
        QCOMPARE(test::qemu::checkExit(image()), 0);
    }
}

QTEST_GUILESS_MAIN(BitmapCommandTest)
#include "bitmap_test.moc"
