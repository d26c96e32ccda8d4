// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/sequence.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>
#include <atomic>
#include <mutex>
#include <thread>

using namespace cowscope;
using test::Sequence;
using test::SequenceResult;
using test::Tool;

namespace
{

constexpr quint64 kSequences = 40; ///< unless the environment asks for another number
constexpr quint64 kFirstSeed = 1;
constexpr quint64 kSeedsInARow = 20; ///< few enough for the time limit of a test function

quint64 number(const char* variable, quint64 otherwise)
{
    return qEnvironmentVariable(variable, QString::number(otherwise)).toULongLong();
}

/// A folder in memory where there is one: the images are small and many.
QString folderTemplate()
{
    const QString memory = QStringLiteral("/dev/shm");
    return (QFileInfo(memory).isWritable() ? memory : QDir::tempPath()) + "/cowscope-differential-XXXXXX";
}

SequenceResult runSeed(std::uint64_t seed, Tool ours)
{
    const QTemporaryDir folder(folderTemplate());
    return Sequence(seed, ours, folder.path()).run();
}

/// What to print of a seed that failed.
QString reportOf(std::uint64_t seed, const SequenceResult& result)
{
    return QStringLiteral("seed %1: %2\nReplay: COWSCOPE_DIFFERENTIAL_SEED=%1, or by hand, in an empty folder:\n%3")
        .arg(seed)
        .arg(result.fault, result.commands);
}

/// A message of QVERIFY2 would be cut.
bool printed(const QStringList& failures)
{
    for (const QString& failure : failures)
        std::fputs(qPrintable(failure + '\n'), stderr);
    return failures.isEmpty();
}

/// Runs the seeds on all processors. Returns the reports of those that failed; after a few it stops.
QStringList runSeeds(std::uint64_t first, std::uint64_t count, Tool ours)
{
    std::atomic<std::uint64_t> next{first};
    std::mutex mutex;
    QStringList failures;
    const auto work = [&] {
        for (std::uint64_t seed = next++; seed < first + count; seed = next++) {
            const SequenceResult result = runSeed(seed, ours);
            const std::lock_guard lock(mutex);
            if (!result.fault.isEmpty())
                failures << reportOf(seed, result);
            if (failures.size() >= 5)
                return;
        }
    };
    std::vector<std::jthread> threads;
    for (unsigned i = std::max(1U, std::thread::hardware_concurrency()); i > 0; --i)
        threads.emplace_back(work);
    threads.clear();
    return failures;
}

} // namespace

/// Random operations on two images, one through our command and one through the reference tools. The environment
/// chooses: COWSCOPE_DIFFERENTIAL_SEED=n replays one seed, COWSCOPE_DIFFERENTIAL_COUNT=n runs so many,
/// COWSCOPE_DIFFERENTIAL_FIRST=n begins there.
class DifferentialTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void theModelAgreesWithTheReferenceToolsAlone();
    void aByteThatDiffersIsNoticed();
    void bothToolsAgreeAfterEveryStep_data();
    void bothToolsAgreeAfterEveryStep();
};

void DifferentialTest::theModelAgreesWithTheReferenceToolsAlone()
{
    const QStringList failures = runSeeds(kFirstSeed, number("COWSCOPE_DIFFERENTIAL_MODEL", 6), Tool::Qemu);
    QVERIFY2(printed(failures), qPrintable(QStringLiteral("%1 failures, see above").arg(failures.size())));
}

void DifferentialTest::aByteThatDiffersIsNoticed()
{
    const QTemporaryDir folder(folderTemplate());
    std::uint64_t noticed = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Sequence sequence(seed, Tool::Qemu, folder.filePath(QString::number(seed)));
        sequence.sabotage();
        const SequenceResult result = sequence.run();
        noticed += result.fault.contains("byte") ? 1 : 0;
        QVERIFY2(result.commands.contains("image.qcow2"), qPrintable(result.commands));
    }
    QCOMPARE(noticed, std::uint64_t{3});
}

void DifferentialTest::bothToolsAgreeAfterEveryStep_data()
{
    QTest::addColumn<quint64>("first");
    QTest::addColumn<quint64>("count");
    if (const QString seed = qEnvironmentVariable("COWSCOPE_DIFFERENTIAL_SEED"); !seed.isEmpty()) {
        QTest::addRow("seed %s", qPrintable(seed)) << quint64{seed.toULongLong()} << quint64{1};
        return;
    }
    const quint64 first = number("COWSCOPE_DIFFERENTIAL_FIRST", kFirstSeed);
    const quint64 end = first + number("COWSCOPE_DIFFERENTIAL_COUNT", kSequences);
    for (quint64 at = first; at < end; at += kSeedsInARow) {
        const quint64 count = std::min(kSeedsInARow, end - at);
        QTest::addRow("seeds %llu to %llu", at, at + count - 1) << at << count;
    }
}

void DifferentialTest::bothToolsAgreeAfterEveryStep()
{
    QFETCH(quint64, first);
    QFETCH(quint64, count);
    const QStringList failures = runSeeds(first, count, Tool::Cowscope);
    QVERIFY2(printed(failures), qPrintable(QStringLiteral("%1 failures, see above").arg(failures.size())));
}

QTEST_GUILESS_MAIN(DifferentialTest)
#include "differential_test.moc"
