// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"
#include "tests/support/damages.h"
#include "tests/support/naive_reader.h"
#include "tests/support/sample_images.h"

#include <QJsonArray>
#include <QTemporaryDir>
#include <QXmlStreamReader>
#include <QtTest/QtTest>

using namespace cowscope;
using test::BuiltImage;

namespace
{

QByteArray xmlError(const QByteArray& text)
{
    QXmlStreamReader reader(text);
    while (!reader.atEnd())
        reader.readNext();
    return reader.hasError() ? reader.errorString().toUtf8() : QByteArray();
}

} // namespace

/// `report` and the causes that `check --explain` tells, on images of all kinds.
class ReportTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void accountsForEveryByteOfTheCorpus_data();
    void accountsForEveryByteOfTheCorpus();
    void writesAFileAndNothingElse();
    void neverOverwritesTheImage();
    void leavesNoHalfReportBehind();
    void explainTellsTheCauseOfManyLeaks();

private:
    test::ProgramRun run(const QStringList& arguments) { return test::cli(arguments, m_folder.path()); }

    test::Corpus m_corpus;
    QTemporaryDir m_folder;
};

void ReportTest::initTestCase()
{
    QVERIFY(test::writeFile(m_folder.filePath("image.qcow2"), test::snapshotImage(12, 4, 2).bytes));
}

void ReportTest::accountsForEveryByteOfTheCorpus_data()
{
    REQUIRE_CORPUS(m_corpus);
    QTest::addColumn<QString>("folder");
    m_corpus.addRows(QStringLiteral("clean"));
    m_corpus.addRows(QStringLiteral("broken"));
}

void ReportTest::accountsForEveryByteOfTheCorpus()
{
    QFETCH(QString, folder);
    const QString image = test::Corpus::expected(folder)["image"].toString();
    const auto json = test::cli({"report", "--output=json", image}, folder);
    if (json.exit != 0) { // then no check can be had of it either
        QCOMPARE(json.exit, 1);
        const int check = test::cli({"check", image}, folder).exit;
        QVERIFY(check == 1 || check == 63); // 63: not qcow2 at all
        return;
    }
    const QJsonObject space = QJsonDocument::fromJson(json.out).object()["space"].toObject();
    qint64 bytes = 0;
    for (const QJsonValue& line : space["lines"].toArray())
        bytes += line.toObject()["bytes"].toInteger();
    QCOMPARE(bytes, QFileInfo(QDir(folder).filePath(image)).size());
    const auto html = test::cli({"report", image}, folder);
    QCOMPARE(html.exit, 0);
    QCOMPARE(xmlError(html.out), QByteArray());
}

void ReportTest::writesAFileAndNothingElse()
{
    const auto made = run({"report", "-o", "out.html", "image.qcow2"});
    QCOMPARE(made.exit, 0);
    QCOMPARE(made.out, QByteArray());
    QCOMPARE(made.err, QByteArray());
    QFile file(m_folder.filePath("out.html"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray html = file.readAll();
    QCOMPARE(xmlError(html), QByteArray());
    QVERIFY(html.contains("Where the space went"));
    QVERIFY(html.contains("The check found no errors and no leaks."));
    QCOMPARE(html, run({"report", "image.qcow2"}).out);
}

void ReportTest::neverOverwritesTheImage()
{
    const auto before = test::readFile(m_folder.filePath("image.qcow2"));
    QVERIFY(QFile::link(m_folder.filePath("image.qcow2"), m_folder.filePath("link.html")));
    for (const char* target : {"image.qcow2", "./image.qcow2", "link.html"}) {
        const auto refused = run({"report", "-o", target, "image.qcow2"});
        QCOMPARE(refused.exit, 1);
        QVERIFY(refused.err.contains("overwrite the image"));
        QVERIFY(test::readFile(m_folder.filePath("image.qcow2")) == before);
    }
}

void ReportTest::leavesNoHalfReportBehind()
{
    QCOMPARE(run({"report", "-o", "no/such/folder.html", "image.qcow2"}).exit, 1);
    QVERIFY(test::writeFile(m_folder.filePath("text.qcow2"), test::Bytes(2000)));
    QCOMPARE(run({"report", "-o", "none.html", "text.qcow2"}).exit, 1);
    QVERIFY(!QFile::exists(m_folder.filePath("none.html")));
}

void ReportTest::explainTellsTheCauseOfManyLeaks()
{
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 3 * 64 * 512});
    for (std::uint64_t guest = 0; guest < 3 * 64; ++guest)
        builder.data(guest);
    BuiltImage built = builder.build();
    test::put64(built.bytes, built.layout.l1 + 8, 0);
    QVERIFY(test::writeFile(m_folder.filePath("lost.qcow2"), built.bytes));
    const auto text = run({"check", "--explain", "lost.qcow2"});
    QCOMPARE(text.exit, 3);
    QVERIFY2(text.err.contains("65 leaked clusters are 1 lost L2 table, guest 32 KiB to 64 KiB"), text.err);
    const QJsonObject json = QJsonDocument::fromJson(run({"check", "--output=json", "lost.qcow2"}).out).object();
    const QJsonArray groups = json["groups"].toArray();
    QCOMPARE(groups.size(), 1);
    QCOMPARE(groups[0].toObject()["cause"].toString(), QStringLiteral("lost-l2-tables"));
    QCOMPARE(groups[0].toObject()["guest"].toObject()["start"].toInteger(), 32768);
}

QTEST_GUILESS_MAIN(ReportTest)
#include "report_test.moc"
