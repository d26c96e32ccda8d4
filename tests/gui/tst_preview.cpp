// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/session/edits.h"
#include "tests/gui/gui_support.h"
#include "tests/support/expect.h"
#include "ui/cells/map_view.h"
#include "ui/preview/aligned_source.h"
#include "ui/preview/preview_panel.h"
#include "ui/preview/preview_text.h"

#include <QCheckBox>
#include <QFile>
#include <QLabel>
#include <QSettings>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

class TestPreview : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void marksRunsOfClusters();
    void alignsAShorterMap();
    void saysWhatWouldChange();
    void bothMapsShowTheSamePart();
    void pointsAtTheSameClusterInBoth();
    void bringsOutWhatChanges();
    void remembersWhetherItIsUnfolded();
    void saysSoWhenTheResultIsWorse();
    void theDeskIsSharedAndLeft();

private:
    std::shared_ptr<const ShownPreview> preview(Edit edit);
    template <typename T>
    static T& child(QWidget& panel, const char* name)
    {
        return *panel.findChild<T*>(QString::fromLatin1(name));
    }

    ImageFolder m_folder;
    QString m_path;
    std::unique_ptr<EditDesk> m_desk;
};

void TestPreview::initTestCase()
{
    REQUIRE_QEMU();
    m_path = m_folder.createWithSnapshots(
        QStringLiteral("disk.qcow2"), 2, QStringLiteral("cluster_size=512,refcount_bits=16"));
    m_desk = std::make_unique<EditDesk>(ImageDocument::openFile, QFile::encodeName(m_path).toStdString());
}

std::shared_ptr<const ShownPreview> TestPreview::preview(Edit edit)
{
    auto made = m_desk->preview(std::move(edit), {});
    if (!made)
        qWarning("%s", made.error().text().c_str());
    return made ? *made : nullptr;
}

void TestPreview::marksRunsOfClusters()
{
    const MarkedClusters marked({{HostCluster(20), 5}, {HostCluster(3), 2}, {HostCluster(5), 1}, {HostCluster(22), 1}});
    QCOMPARE(marked.size(), std::uint64_t{8});
    QCOMPARE(marked.runs(), (std::vector<ClusterRange>{{HostCluster(3), 3}, {HostCluster(20), 5}}));
    for (std::uint64_t cluster = 0; cluster < 40; ++cluster)
        QCOMPARE(marked.touches(cluster, 1), (cluster >= 3 && cluster < 6) || (cluster >= 20 && cluster < 25));
    QVERIFY(!marked.touches(6, 14));
    QVERIFY(marked.touches(6, 15));
    QVERIFY(marked.touches(0, 1000));
    QVERIFY(!MarkedClusters().touches(0, 1000));
}

void TestPreview::alignsAShorterMap()
{
    const auto shown = preview(widthEdit(6));
    QVERIFY(shown);
    const std::uint64_t own = shown->before->clusters();
    const AlignedSource aligned(shown->before, own + 10);
    QCOMPARE(aligned.clusters(), own + 10);
    for (const unsigned level : {0U, 2U}) {
        std::vector<MapCell> plain((own >> level) + 1);
        std::vector<MapCell> longer(((own + 10) >> level) + 1);
        shown->before->summarize(HostCluster(0), level, plain);
        aligned.summarize(HostCluster(0), level, longer);
        for (std::size_t i = 0; i < longer.size(); ++i)
            QCOMPARE(longer[i], i < plain.size() ? plain[i] : MapCell());
    }
    std::vector<MapCell> behind(3);
    aligned.summarize(HostCluster(own + 4), 0, behind);
    QVERIFY(!behind.front().known);
}

void TestPreview::saysWhatWouldChange()
{
    const auto shown = preview(widthEdit(6));
    QVERIFY(shown);
    PreviewPanel panel;
    QVERIFY(!panel.isSound());
    panel.setPreview(shown);
    QVERIFY(panel.isSound());
    const QString summary = child<QLabel>(panel, "previewSummary").text();
    for (const char* part : {"CLEAN", "file:", "clusters written", "counts", "header field"})
        QVERIFY2(summary.contains(QString::fromLatin1(part)), qPrintable(summary));
    const auto& table = child<QTableView>(panel, "previewDifferences");
    QVERIFY(table.model()->rowCount() > 0);
    bool named = false;
    for (int row = 0; row < table.model()->rowCount(); ++row)
        named = named || table.model()->index(row, 1).data().toString().contains(QStringLiteral("refcount"));
    QVERIFY(named);
    const HostCluster fresh = std::any_cast<const AmendPlan&>(shown->edit.outcome).firstNewCluster;
    const QString change = changeText(*shown, ClusterRange{fresh, 1});
    QVERIFY2(
        change.contains(QStringLiteral("\u2192")) && change.contains(QStringLiteral("refblock")), qPrintable(change));
    panel.setPreview(nullptr);
    QVERIFY(!panel.isSound());
}

void TestPreview::bothMapsShowTheSamePart()
{
    PreviewPanel panel;
    panel.resize(900, 600);
    panel.show();
    panel.setPreview(preview(widthEdit(6)));
    QVERIFY(waitForJobs());
    auto& before = child<MapView>(panel, "mapBefore");
    auto& after = child<MapView>(panel, "mapAfter");
    QCOMPARE(before.layoutOfMap().clusters(), after.layoutOfMap().clusters());
    QCOMPARE(before.layoutOfMap().cellSize(), after.layoutOfMap().cellSize());
    QTest::mouseClick(&child<QToolButton>(panel, "pairZoomIn"), Qt::LeftButton);
    QTest::mouseClick(&child<QToolButton>(panel, "pairZoomIn"), Qt::LeftButton);
    QVERIFY(after.layoutOfMap().zoom() > 0);
    QCOMPARE(before.layoutOfMap().zoom(), after.layoutOfMap().zoom());
    QTest::keyClick(&before, Qt::Key_End); // the other way round
    QCOMPARE(after.visiblePart(), before.visiblePart());
    QCOMPARE(after.selected(), before.selected());
    QTest::keyClick(&before, Qt::Key_0);
    QCOMPARE(after.layoutOfMap().zoom(), 0);
}

void TestPreview::pointsAtTheSameClusterInBoth()
{
    PreviewPanel panel;
    panel.resize(900, 600);
    panel.show();
    panel.setPreview(preview(widthEdit(6)));
    QVERIFY(waitForJobs());
    auto& before = child<MapView>(panel, "mapBefore");
    auto& after = child<MapView>(panel, "mapAfter");
    const auto picture = [&before] { return before.viewport()->grab().toImage(); };
    const QImage plain = picture();
    QTest::mouseMove(after.viewport(), after.cellRect(HostCluster(0)).center().toPoint());
    QVERIFY(child<QLabel>(panel, "pairCaption").text().startsWith(QStringLiteral("cluster 0: header")));
    QVERIFY(picture() != plain); // an outline
}

void TestPreview::bringsOutWhatChanges()
{
    PreviewPanel panel;
    panel.resize(900, 600);
    panel.show();
    const auto shown = preview(widthEdit(6));
    panel.setPreview(shown);
    QVERIFY(waitForJobs());
    auto& after = child<MapView>(panel, "mapAfter");
    QCOMPARE(after.marked(), shown->changed);
    QVERIFY(shown->changed->touches(0, 1)); // the header
    const auto colorOf = [&after](std::uint64_t cluster) {
        const QRectF rect = after.cellRect(HostCluster(cluster));
        return after.viewport()->grab().toImage().pixelColor((rect.topLeft() + QPointF(2, 2)).toPoint());
    };
    std::uint64_t same = 1;
    while (shown->changed->touches(same, 1))
        ++same;
    const QColor pale = colorOf(same);
    const QColor changed = colorOf(0);
    QTest::mouseClick(&child<QCheckBox>(panel, "onlyChanges"), Qt::LeftButton, {}, QPoint(8, 8));
    QVERIFY(!after.marked());
    QVERIFY(colorOf(same) != pale);
    QCOMPARE(colorOf(0), changed);
}

void TestPreview::remembersWhetherItIsUnfolded()
{
    {
        PreviewPanel panel;
        panel.show();
        QVERIFY(child<QTabWidget>(panel, "previewTabs").isVisible());
        QTest::mouseClick(&child<QToolButton>(panel, "previewFold"), Qt::LeftButton);
        QVERIFY(!child<QTabWidget>(panel, "previewTabs").isVisible());
        QVERIFY(child<QLabel>(panel, "previewSummary").isVisible());
    }
    PreviewPanel other;
    other.show();
    QVERIFY(!child<QTabWidget>(other, "previewTabs").isVisible());
    QTest::mouseClick(&child<QToolButton>(other, "previewFold"), Qt::LeftButton);
    QVERIFY(child<QTabWidget>(other, "previewTabs").isVisible());
}

void TestPreview::saysSoWhenTheResultIsWorse()
{
    const auto shown
        = preview(editorEdit("vandalism", [](ImageEditor& editor, const TaskContext& task) -> Result<std::any> {
              auto changed = editor.refcounts().change(HostCluster(0), 1);
              if (changed)
                  changed = editor.commit(task);
              return changed ? Result<std::any>(std::any()) : failed(changed);
          }));
    QVERIFY(shown);
    PreviewPanel panel;
    panel.setPreview(shown);
    QVERIFY(!panel.isSound());
    QVERIFY(previewHarm(shown->edit).contains(QStringLiteral("1 leak")));
}

void TestPreview::theDeskIsSharedAndLeft()
{
    const std::string name = QFile::encodeName(m_path).toStdString();
    QVERIFY(preview(widthEdit(6)));
    const auto kept = preview(widthEdit(5)); // beside the first, under the same locks
    QVERIFY(kept);
    VERIFY_ERROR(ImageDocument::openFile(name, Access::ReadWrite, Sharing::Locked), ErrorKind::InUse);
    m_desk->leave();
    VERIFY_OK(ImageDocument::openFile(name, Access::ReadWrite, Sharing::Locked)); // though a preview is kept
    VERIFY_OK(m_desk->commit(*kept, {})); // the file is still the one that was previewed
    VERIFY_ERROR(m_desk->commit(*kept, {}), ErrorKind::Refused);
    QCOMPARE(qemu::checkExit(m_path), 0);
}

QTEST_MAIN(TestPreview)
#include "tst_preview.moc"
