// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/html_report.h"
#include "core/report/markup.h"
#include "core/report/report_charts.h"
#include "core/storage/memory_storage.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <QXmlStreamReader>

using namespace cowscope;
using test::BuiltImage;

namespace
{

Result<ImageReport> reportOf(const BuiltImage& built, const std::string& path = "/images/disk.qcow2")
{
    auto image = Image::open(std::make_shared<MemoryStorage>(built.bytes), {});
    if (!image)
        return failed(image);
    return makeReport(*image, nullptr, path, {});
}

/// Empty if the text is well-formed XML.
QByteArray xmlError(const std::string& text)
{
    QXmlStreamReader reader(QByteArray::fromStdString(text));
    while (!reader.atEnd())
        reader.readNext();
    return reader.hasError() ? reader.errorString().toUtf8() : QByteArray();
}

bool contains(const std::string& text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}

constexpr std::string_view kHostile = "<script>alert(1)</script>&\"'\x01\xff\xe2\x80\xae";

} // namespace

class HtmlReportTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void marksAreSpelledOutInText_data();
    void marksAreSpelledOutInText();
    void reportsAreWellFormed_data();
    void reportsAreWellFormed();
    void namesFromTheImageStayText();
    void nothingIsLoadedFromElsewhere();
    void printedReportsHaveTheirPicturesBeside();
    void theJsonSaysTheSame();
    void longChartLabelsStayInTheirColumn();
    void aChartOfManySnapshotsShowsThoseThatTakeMost();
    void aLoneLeakIsSeenOnTheMap();
    void progressNeverGoesBack();
};

void HtmlReportTest::marksAreSpelledOutInText_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("expected");
    const QByteArray unknown("\xef\xbf\xbd");
    QTest::newRow("marks") << QByteArray("<a & \"b\" 'c'>") << QByteArray("&lt;a &amp; &quot;b&quot; &#39;c&#39;&gt;");
    QTest::newRow("letters") << QByteArray("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xae")
                             << QByteArray("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xae");
    QTest::newRow("control characters") << QByteArray("a\x01\x1b\x7f\n")
                                        << QByteArray("a") + unknown + unknown + unknown + "\n";
    QTest::newRow("not UTF-8") << QByteArray("\xff\xc3") << unknown + unknown;
    QTest::newRow("too long a form") << QByteArray("\xc0\xbc") << unknown + unknown;
    QTest::newRow("half a surrogate pair") << QByteArray("\xed\xa0\x80") << unknown;
    QTest::newRow("turned around") << QByteArray("\xe2\x80\xae") << unknown;
}

void HtmlReportTest::marksAreSpelledOutInText()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, expected);
    QCOMPARE(QByteArray::fromStdString(escaped(text.toStdString())), expected);
}

void HtmlReportTest::reportsAreWellFormed_data()
{
    QTest::addColumn<int>("sample");
    QTest::newRow("plain") << -1;
    QTest::newRow("snapshots") << -2;
    QTest::newRow("clusters of 512 bytes, 1 bit") << -3;
    for (std::size_t i = 0; i < test::damages().size(); ++i)
        QTest::newRow(test::damages()[i].name) << static_cast<int>(i);
}

void HtmlReportTest::reportsAreWellFormed()
{
    QFETCH(int, sample);
    BuiltImage built = sample == -1 ? test::plainImage(12, 4)
        : sample == -2              ? test::snapshotImage(12, 4, 5, true)
        : sample == -3              ? test::plainImage(9, 0)
                                    : test::soundImage();
    if (sample >= 0)
        test::damages()[static_cast<std::size_t>(sample)].hurt(built);
    const auto report = reportOf(built);
    VERIFY_OK(report);
    for (const ReportStyle style : {ReportStyle::Screen, ReportStyle::Print}) {
        const HtmlReport html = htmlReport(*report, style);
        QCOMPARE(xmlError(html.html), QByteArray());
        for (const std::string& picture : html.pictures)
            QCOMPARE(xmlError(picture), QByteArray());
        QCOMPARE(contains(html.html, "Findings by likely cause"), !report->census->findings.empty());
    }
}

void HtmlReportTest::namesFromTheImageStayText()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0);
    builder.snapshot("1", kHostile);
    builder.backingFile(std::string(kHostile));
    const auto report = reportOf(builder.build(), "/tmp/" + std::string(kHostile));
    VERIFY_OK(report);
    const std::string html = htmlReport(*report, ReportStyle::Screen).html;
    QCOMPARE(xmlError(html), QByteArray());
    QVERIFY(!contains(html, "<script"));
    QVERIFY(contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"));
}

void HtmlReportTest::nothingIsLoadedFromElsewhere()
{
    const auto report = reportOf(test::snapshotImage(12, 4, 2));
    VERIFY_OK(report);
    const std::string html = htmlReport(*report, ReportStyle::Screen).html;
    for (const std::string_view part : {"src=", "href=", "url(", "@import", "<script", "<link"})
        QVERIFY2(!contains(html, part), part.data());
    QVERIFY(contains(html, "<svg"));
}

void HtmlReportTest::printedReportsHaveTheirPicturesBeside()
{
    const auto report = reportOf(test::snapshotImage(12, 4, 2));
    VERIFY_OK(report);
    const HtmlReport html = htmlReport(*report, ReportStyle::Print);
    QVERIFY(html.pictures.size() >= 6);
    QVERIFY(!contains(html.html, "<svg"));
    for (std::size_t i = 0; i < html.pictures.size(); ++i)
        QVERIFY(contains(html.html, "src=\"picture:" + std::to_string(i) + "\""));
}

void HtmlReportTest::theJsonSaysTheSame()
{
    const auto report = reportOf(test::snapshotImage(12, 4, 2));
    VERIFY_OK(report);
    const nlohmann::json json = reportJson(*report);
    std::uint64_t bytes = 0;
    for (const auto& line : json["space"]["lines"])
        bytes += line["bytes"].get<std::uint64_t>();
    QCOMPARE(bytes, report->image->fileSize());
    QCOMPARE(json["space"]["snapshots"].size(), 2U);
    QCOMPARE(json["space"]["snapshots"][1]["exclusive"].get<std::uint64_t>(), report->ledger.snapshots[1].exclusive);
    QCOMPARE(json["widths"].size(), 7U);
    QVERIFY(json["compatibility"]["readers"].size() > 5);
}

void HtmlReportTest::longChartLabelsStayInTheirColumn()
{
    std::string label;
    for (int i = 0; i < 60; ++i)
        label += "\xc3\xa9"; // two bytes each
    const std::string svg = chartSvg({"title", {{label, "1", {{1.0, "p"}}}}, false});
    QCOMPARE(xmlError(svg), QByteArray());
    QVERIFY(!contains(svg, "\xef\xbf\xbd")); // no letter was cut in two
    // Labels end where their column ends, which is as wide as the longest: 40 letters take more than 270 units.
    const std::string use = "compressed data of the active disk only";
    const std::string wide = chartSvg({"title", {{use, "1", {{1.0, "p"}}}, {"free", "1", {{1.0, "p"}}}}, false});
    QVERIFY2(contains(wide, ">" + use + "<"), wide.c_str());
    const auto ends = [](const std::string& chart) { return std::stoi(chart.substr(chart.find("<text x=\"") + 9)); };
    QVERIFY2(ends(wide) >= 280, wide.c_str());
    const std::string narrow = chartSvg({"title", {{"1 bit", "1", {{1.0, "p"}}}}, false});
    QVERIFY2(ends(narrow) < 60, narrow.c_str());
    QVERIFY(!contains(svg, label));
}

void HtmlReportTest::aChartOfManySnapshotsShowsThoseThatTakeMost()
{
    SpaceLedger ledger;
    ledger.snapshots.resize(100);
    for (std::size_t i = 0; i < 100; ++i)
        ledger.snapshots[i].exclusive = i % 2 == 0 ? 0 : i;
    const std::vector<std::size_t> shown = snapshotsToShow(ledger, 3);
    QCOMPARE(shown, (std::vector<std::size_t>{95, 97, 99}));
}

void HtmlReportTest::aLoneLeakIsSeenOnTheMap()
{
    ClusterMap map(2'000'000);
    map.addReferencesToRun(HostCluster(0), 2'000'000, ClusterOwner::Data, 1, 0);
    for (std::uint64_t i = 0; i < 2'000'000; ++i)
        map.setRefcount(HostCluster(i), 1);
    const std::string leaked = "class=\"o1\"";
    QVERIFY(!contains(mapSvg(map), leaked));
    ClusterMap damaged(2'000'000);
    damaged.addReferencesToRun(HostCluster(0), 1'000'000, ClusterOwner::Data, 1, 0);
    for (std::uint64_t i = 0; i <= 1'000'000; ++i)
        damaged.setRefcount(HostCluster(i), 1);
    QVERIFY(contains(mapSvg(damaged), leaked));
}

void HtmlReportTest::progressNeverGoesBack()
{
    std::uint64_t last = 0;
    int reports = 0;
    auto image = Image::open(std::make_shared<MemoryStorage>(test::snapshotImage(12, 4, 4).bytes), {});
    VERIFY_OK(image);
    const auto watch = [&](const Progress& progress) {
        QVERIFY(progress.done >= last);
        QVERIFY(progress.done <= progress.total);
        last = progress.done;
        ++reports;
    };
    VERIFY_OK(makeReport(*image, nullptr, "disk", {{}, watch}));
    QVERIFY(reports > 5);
}

QTEST_GUILESS_MAIN(HtmlReportTest)
#include "html_report_test.moc"
