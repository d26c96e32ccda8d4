// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/amend_report.h"
#include "ui/amend_wizard/width_text.h"
#include "ui/common/plots/count_distribution.h"
#include "ui/jobs/run_progress.h"

#include <QFile>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::ui;

namespace
{

constexpr unsigned kClusterBits = 16;

/// A change from 16 to 64 bits: refblock at cluster 2, reftable at 1; new ones at 20 to 24, reftable at 25.
AmendPlan samplePlan()
{
    AmendPlan plan;
    plan.oldOrder = 4;
    plan.newOrder = 6;
    plan.oldReftable = HostOffset(0x10000);
    plan.oldReftableClusters = 1;
    plan.oldRefblocks = {HostCluster(2)};
    plan.firstNewCluster = HostCluster(20);
    plan.newRefblocks = {0, 1, 2, 3, 4};
    plan.newReftableClusters = 1;
    plan.fileBytesBefore = 20U << kClusterBits;
    plan.fileBytesAfter = 26U << kClusterBits;
    plan.largest = {HostCluster(12), 3};
    plan.snapshotsThatFit = 65534;
    return plan;
}

ImageFacts factsOf(unsigned order, std::uint64_t refblocks)
{
    ImageFacts facts;
    facts.order = order;
    facts.clusterBits = kClusterBits;
    facts.largest = {HostCluster(12), 3};
    facts.refblocks = refblocks;
    facts.reftableClusters = 1;
    facts.fileBytes = 20U << kClusterBits;
    facts.snapshots = 2;
    facts.snapshotsThatFit = 65532;
    return facts;
}

AmendReport sampleReport()
{
    return {QStringLiteral("/images/a <b> & c.qcow2"), samplePlan(), factsOf(4, 1), factsOf(6, 5)};
}

WidthAssessment refusedWidth()
{
    WidthAssessment width;
    width.order = 0;
    width.maximum = 1;
    width.obstacles.clusters = 2;
    width.obstacles.first = {{HostCluster(12), 3}, {HostCluster(1300), 2}};
    width.refusals = {"1 bit counts to 1, but cluster 12 has count 3 & more"};
    return width;
}

QString valueOf(const QList<Fact>& facts, const QString& id)
{
    for (const Fact& fact : facts) {
        if (fact.id == id)
            return fact.value;
    }
    return {};
}

} // namespace

class TestWizardText : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void namesTheStateOfAWidth();
    void describesARefusedWidth();
    void describesAWidthThatFits();
    void saysWhatThePlanWrites();
    void warnsOfAFullDisk();
    void givesVerdicts();
    void comparesBeforeAndAfter();
    void writesReportsInThreeForms();
    void reportsAFileThatCannotBeWritten();
    void showsSmallCountsOneByOne();
    void groupsLargeCountsByPowersOfTwo();
    void saysWhatIsInTheWayAndHowItIsHelped();
    void saysWhatASplitCopies();
    void progressNeverRunsBackwards();
    void progressSaysHowLong();
};

void TestWizardText::namesTheStateOfAWidth()
{
    WidthAssessment width;
    width.state = WidthState::Current;
    QCOMPARE(cardState(width, 3), CardState::Current);
    width.state = WidthState::FitsWarned;
    QCOMPARE(cardState(width, 3), CardState::FitsWarned);
    width.state = WidthState::Refused;
    QCOMPARE(cardState(width, 3), CardState::NotPossible);
    QCOMPARE(cardState(refusedWidth(), 3), CardState::DoesNotFit);
    QCOMPARE(cardState(refusedWidth(), 2), CardState::NeedsCompat11);
}

void TestWizardText::describesARefusedWidth()
{
    const WidthAssessment width = refusedWidth();
    QCOMPARE(obstacleText(width), QStringLiteral("count 3 at cluster 12"));
    QCOMPARE(
        offenderText(width.obstacles.first[1], kClusterBits), QStringLiteral("cluster 1,300 (0x5140000): count 2"));
    const QString details = widthDetails(width, CardState::DoesNotFit, 0);
    QVERIFY(details.contains(QStringLiteral("cluster 12 has count 3 &amp; more")));
    QVERIFY(details.contains(QStringLiteral("cannot be chosen")));
    QVERIFY(cardDescription(width, CardState::DoesNotFit).contains(QStringLiteral("count 3 at cluster 12")));
}

void TestWizardText::describesAWidthThatFits()
{
    WidthAssessment width;
    width.order = 6;
    width.state = WidthState::FitsWarned;
    width.maximum = ~std::uint64_t{0};
    width.snapshotsThatFit = 65534;
    width.metadataBytes = 6U << 16;
    width.warnings = {"Something to know."};
    QCOMPARE(widthTitle(6), QStringLiteral("64 bits"));
    QCOMPARE(widthTitle(0), QStringLiteral("1 bit"));
    QCOMPARE(snapshotsText(width), QStringLiteral("65,534 more"));
    const QString details = widthDetails(width, CardState::FitsWarned, 2U << 16);
    QVERIFY(details.contains(QStringLiteral("18,446,744,073,709,551,615")));
    QVERIFY(details.contains(QStringLiteral("384 KiB instead of 128 KiB")));
    QVERIFY(details.contains(QStringLiteral("Something to know.")));
}

void TestWizardText::saysWhatThePlanWrites()
{
    const QList<Fact> facts = planFacts(samplePlan(), kClusterBits, 1 << 30);
    QCOMPARE(valueOf(facts, QStringLiteral("widthChange")), QStringLiteral("16 bits \u2192 64 bits"));
    QCOMPARE(valueOf(facts, QStringLiteral("newRefblocks")), QStringLiteral("5 clusters from 0x140000"));
    QCOMPARE(valueOf(facts, QStringLiteral("newReftable")), QStringLiteral("1 cluster at 0x190000"));
    QVERIFY(valueOf(facts, QStringLiteral("freed")).startsWith(QStringLiteral("2 clusters")));
    QVERIFY(valueOf(facts, QStringLiteral("fileSize")).contains(QStringLiteral("+384 KiB")));
    QVERIFY(valueOf(facts, QStringLiteral("bytesToWrite")).startsWith(QStringLiteral("384 KiB")));
    QCOMPARE(valueOf(facts, QStringLiteral("freeSpace")), QStringLiteral("1 GiB"));
    QCOMPARE(
        valueOf(planFacts(samplePlan(), kClusterBits, -1), QStringLiteral("freeSpace")), QStringLiteral("unknown"));
}

void TestWizardText::warnsOfAFullDisk()
{
    const std::uint64_t before = samplePlan().fileBytesBefore;
    const std::uint64_t after = samplePlan().fileBytesAfter;
    QVERIFY(spaceWarning(before, after, 1 << 30).isEmpty());
    QVERIFY(spaceWarning(before, after, -1).isEmpty());
    QVERIFY(spaceWarning(before, after, 1000).contains(QStringLiteral("384 KiB")));
    QVERIFY(spaceWarning(before, before, 0).isEmpty());
}

void TestWizardText::saysWhatIsInTheWayAndHowItIsHelped()
{
    const WidthAssessment shared = refusedWidth();
    QCOMPARE(cardState(shared, 3, {false, false}, true), CardState::DoesNotFit);
    QCOMPARE(cardState(shared, 3, {false, true}, true), CardState::WithCopies);
    QCOMPARE(cardState(shared, 3, {false, true}, false), CardState::DoesNotFit); // something else is in the way
    QCOMPARE(cardState(shared, 2, {false, true}, true), CardState::NeedsCompat11);
    QCOMPARE(cardState(shared, 2, {true, false}, true), CardState::DoesNotFit);
    QCOMPARE(cardState(shared, 2, {true, true}, true), CardState::WithCopies);
    WidthAssessment wide;
    wide.order = 6;
    QCOMPARE(cardState(wide, 2, {false, false}, true), CardState::NeedsCompat11);
    QCOMPARE(cardState(wide, 2, {true, false}, true), CardState::WithCompat11);
    QVERIFY(canBeChosen(CardState::WithCompat11) && canBeChosen(CardState::WithCopies));
    QVERIFY(!canBeChosen(CardState::NeedsCompat11) && !canBeChosen(CardState::DoesNotFit));
    QVERIFY(widthDetails(shared, CardState::WithCopies, 0).contains(QStringLiteral("copied until")));
    QVERIFY(!widthDetails(shared, CardState::WithCopies, 0).contains(QStringLiteral("counts to 1, but")));
}

void TestWizardText::saysWhatASplitCopies()
{
    AmendSummary summary;
    summary.newOrder = 0;
    summary.split = {12, 12U << kClusterBits};
    summary.fileBytesBefore = 20U << kClusterBits;
    summary.fileBytesAfter = 32U << kClusterBits;
    QCOMPARE(splitText(summary), QStringLiteral("Copies 12 clusters (768 KiB). The file goes from 1.25 MiB to 2 MiB."));
    const QList<Fact> facts = summaryFacts(summary, 1 << 20, 1 << 30);
    QCOMPARE(valueOf(facts, QStringLiteral("widthChange")), QStringLiteral("16 bits \u2192 1 bit"));
    QCOMPARE(valueOf(facts, QStringLiteral("copied")), QStringLiteral("12 clusters, 768 KiB"));
    QCOMPARE(valueOf(facts, QStringLiteral("bytesToWrite")), QStringLiteral("1 MiB"));
    AmendReport report{QStringLiteral("a"), std::nullopt, factsOf(4, 1), factsOf(0, 1), summary};
    QVERIFY(reportAsText(report).contains("Copies 12 clusters"));
    QVERIFY(reportAsJson(report).contains("\"copied-clusters\": 12"));
}

void TestWizardText::givesVerdicts()
{
    ImageFacts facts = factsOf(4, 1);
    QCOMPARE(verdictText(facts), QStringLiteral("clean: no error and no leak"));
    facts.corruptions = 1;
    facts.leaks = 1200;
    QCOMPARE(verdictText(facts), QStringLiteral("1 corruption, 1,200 leaked clusters"));
}

void TestWizardText::comparesBeforeAndAfter()
{
    const QList<ComparedFact> facts = compareFacts(factsOf(4, 1), factsOf(6, 5));
    QCOMPARE(facts.first().before, QStringLiteral("16 bits"));
    QCOMPARE(facts.first().after, QStringLiteral("64 bits"));
    QCOMPARE(facts[1].afterNumber, ~std::uint64_t{0});
    QCOMPARE(facts[3].before, QStringLiteral("128 KiB"));
    QCOMPARE(facts[3].after, QStringLiteral("384 KiB"));
}

void TestWizardText::writesReportsInThreeForms()
{
    QTemporaryDir folder;
    const auto saved = [&folder](const QString& name) {
        const QString path = folder.filePath(name);
        if (!saveReport(sampleReport(), path))
            return QByteArray();
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    };
    const QJsonDocument json = QJsonDocument::fromJson(saved(QStringLiteral("r.json")));
    QCOMPARE(json[QStringLiteral("before")][QStringLiteral("refcount-bits")].toInt(), 16);
    QCOMPARE(json[QStringLiteral("after")][QStringLiteral("refcount-bits")].toInt(), 64);
    QVERIFY(json[QStringLiteral("clean")].toBool());
    QCOMPARE(json[QStringLiteral("plan")][QStringLiteral("new-offset")].toInt(), 0x140000);

    const QByteArray html = saved(QStringLiteral("r.html"));
    QVERIFY(html.contains("/images/a &lt;b&gt; &amp; c.qcow2"));
    QVERIFY(html.contains("<td>64 bits</td>"));
    const QByteArray text = saved(QStringLiteral("r.txt"));
    QVERIFY(text.contains("/images/a <b> & c.qcow2"));
    QVERIFY(text.contains("Check after the change: clean"));
}

void TestWizardText::reportsAFileThatCannotBeWritten()
{
    const Result<void> saved = saveReport(sampleReport(), QStringLiteral("/nowhere/at/all/report.txt"));
    QVERIFY(!saved);
    QCOMPARE(saved.error().kind, ErrorKind::Io);
    QCOMPARE(saved.error().path, std::string("/nowhere/at/all/report.txt"));
}

void TestWizardText::showsSmallCountsOneByOne()
{
    QCOMPARE(countBuckets({}), (std::vector<CountBucket>{{0, 0, 0}}));
    RefcountHistogram histogram;
    histogram.exact[0] = 4;
    histogram.exact[1] = 90;
    histogram.exact[3] = 1;
    QCOMPARE(countBuckets(histogram), (std::vector<CountBucket>{{0, 0, 4}, {1, 1, 90}, {2, 2, 0}, {3, 3, 1}}));
    QCOMPARE(distributionText(countBuckets(histogram)),
        QStringLiteral("count 0: 4 clusters; count 1: 90 clusters; count 3: 1 clusters"));
}

void TestWizardText::groupsLargeCountsByPowersOfTwo()
{
    RefcountHistogram histogram;
    histogram.exact[1] = 5;
    histogram.exact[4] = 1;
    histogram.exact[7] = 2;
    histogram.exact[1023] = 3;
    histogram.byLog2[10] = 6;
    histogram.byLog2[63] = 7;
    QCOMPARE(countBuckets(histogram),
        (std::vector<CountBucket>{{0, 0, 0}, {1, 1, 5}, {4, 7, 3}, {512, 1023, 3}, {1024, 2047, 6},
            {std::uint64_t{1} << 63, ~std::uint64_t{0}, 7}}));
}

void TestWizardText::progressNeverRunsBackwards()
{
    RunProgress progress;
    progress.add({Phase::WalkTables, 0, 0}, 0);
    QVERIFY(!progress.isMeasured());
    QVERIFY(progress.isNewPhase());
    progress.add({Phase::WriteRefblocks, 600, 1000}, 0);
    QCOMPARE(progress.steps(), 600);
    progress.add({Phase::WriteRefblocks, 400, 1000}, 0);
    QCOMPARE(progress.steps(), 600);
    QVERIFY(!progress.isNewPhase());
    progress.add({Phase::Switch, 2000, 1000}, 0);
    QCOMPARE(progress.steps(), RunProgress::kSteps);
}

void TestWizardText::progressSaysHowLong()
{
    RunProgress progress;
    progress.add({Phase::WriteRefblocks, 12U << 20, 40U << 20}, 14U << 20);
    QCOMPARE(progress.text(), QStringLiteral("12 MiB of 40 MiB, 14 MiB/s, 2 s left"));
    QCOMPARE(durationText(0.2), QStringLiteral("less than a second"));
    QCOMPARE(durationText(125), QStringLiteral("2 min 5 s"));
    QCOMPARE(durationText(7260), QStringLiteral("2 h 1 min"));
}

QTEST_GUILESS_MAIN(TestWizardText)
#include "tst_wizard_text.moc"
