// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/fault_judge.h"

#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::test;

/// Lets every write, flush and truncate of every edit fail, as a broken or a full disk does.
class FaultsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aFailedChangeOfWidthLeavesTheOldImageAndItsLength();
    void aFailureOfAnyOtherEditKeepsWhatItPromises();
};

void FaultsTest::aFailedChangeOfWidthLeavesTheOldImageAndItsLength()
{
    FaultFigures all;
    for (const CrashCase& each : widthCases(9))
        all += tryFaults(each, 20);
    QCOMPARE(QByteArray::fromStdString(all.fault), QByteArray());
    QVERIFY(all.injected > 42 * 5 * 4);
    QVERIFY(all.old > all.injected / 2);
    QCOMPARE(all.between, 0U);
}

void FaultsTest::aFailureOfAnyOtherEditKeepsWhatItPromises()
{
    FaultFigures all;
    for (const unsigned order : {0U, 4U, 6U}) {
        for (const CrashCase& each : editCases(9, order))
            all += tryFaults(each, 12);
    }
    QCOMPARE(QByteArray::fromStdString(all.fault), QByteArray());
    QVERIFY(all.injected > 500);
}

QTEST_GUILESS_MAIN(FaultsTest)
#include "faults_test.moc"
