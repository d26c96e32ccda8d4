// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/create/create_dialog.h"
#include "ui/create/create_text.h"
#include "ui/create/size_edit.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

constexpr int kPatienceMilliseconds = 60'000;

} // namespace

class TestCreate : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void cleanup();

    void proposesAFileThatIsNotThere();
    void createsWhatIsChosen_data();
    void createsWhatIsChosen();
    void takesTheSizeOfTheBackingFile();
    void createsADataFile();
    void saysAtOnceWhatIsWrong_data();
    void saysAtOnceWhatIsWrong();
    void saysWhatAWidthAllows();
    void warnsOfWhatAChoiceCosts();
    void asksBeforeItReplacesAFile();
    void choosesABackingFile();
    void refusesAFileInUse();
    void cancelsAndCanBeTriedAgain();
    void showsTheErrorOfTheDisk();
    void showsSizesExactly_data();
    void showsSizesExactly();
    void namesWhatCanBeOperated();

private:
    template <typename T>
    T& child(const char* name) const
    {
        T* found = m_dialog->findChild<T*>(QString::fromLatin1(name));
        if (!found)
            qFatal("no widget of the name %s", name);
        return *found;
    }

    void choose(const char* box, const QVariant& data) const;
    bool create() const; ///< clicks Create and waits until the dialog has closed
    QString text(const char* name) const { return shownText(*m_dialog, QString::fromLatin1(name)); }
    bool canCreate() const { return child<QPushButton>("go").isEnabled(); }
    QString path() const { return m_folder->path(QStringLiteral("new.qcow2")); }
    QJsonObject info() const;

    std::unique_ptr<ImageFolder> m_folder;
    QPointer<CreateDialog> m_dialog;
};

void TestCreate::init()
{
    m_folder = std::make_unique<ImageFolder>();
    m_dialog = new CreateDialog(m_folder->path(QString()));
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog->show();
    QVERIFY(QTest::qWaitForWindowActive(m_dialog));
    child<QLineEdit>("path").setText(path());
}

void TestCreate::cleanup()
{
    delete m_dialog;
    QVERIFY(waitForJobs());
}

void TestCreate::choose(const char* box, const QVariant& data) const
{
    auto& combo = child<QComboBox>(box);
    const int index = combo.findData(data);
    QVERIFY2(index >= 0, box);
    combo.setCurrentIndex(index);
}

bool TestCreate::create() const
{
    return clickButton(*m_dialog, QStringLiteral("go"))
        && QTest::qWaitFor([this] { return !m_dialog; }, kPatienceMilliseconds);
}

QJsonObject TestCreate::info() const
{
    return qemu::img({QStringLiteral("info"), QStringLiteral("--output=json"), path()}).json().object();
}

void TestCreate::proposesAFileThatIsNotThere()
{
    const CreateDialog fresh(m_folder->path(QString()));
    QCOMPARE(QFileInfo(fresh.path()).fileName(), QStringLiteral("disk.qcow2"));
    m_folder->create(QStringLiteral("disk.qcow2"));
    const CreateDialog second(m_folder->path(QString()));
    QCOMPARE(QFileInfo(second.path()).fileName(), QStringLiteral("disk-2.qcow2"));
}

void TestCreate::createsWhatIsChosen_data()
{
    QTest::addColumn<qulonglong>("clusterSize");
    QTest::addColumn<int>("version");
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("preallocation");
    QTest::addColumn<bool>("lazy");
    QTest::addColumn<bool>("extended");
    QTest::newRow("as proposed") << 65536ULL << 3 << 16 << 0 << false << false;
    QTest::newRow("1 bit, small clusters") << 512ULL << 3 << 1 << 0 << false << false;
    QTest::newRow("64 bits, lazy, metadata") << 4096ULL << 3 << 64 << 1 << true << false;
    QTest::newRow("version 2") << 65536ULL << 2 << 16 << 0 << false << false;
    QTest::newRow("extended L2") << 131072ULL << 3 << 32 << 0 << false << true;
}

void TestCreate::createsWhatIsChosen()
{
    QFETCH(qulonglong, clusterSize);
    QFETCH(int, version);
    QFETCH(int, bits);
    QFETCH(int, preallocation);
    QFETCH(bool, lazy);
    QFETCH(bool, extended);
    child<QComboBox>("sizeUnit").setCurrentIndex(2); // MiB
    child<QDoubleSpinBox>("sizeNumber").setValue(48);
    choose("clusterSize", clusterSize);
    choose("compat", version);
    choose("width", bits);
    choose("preallocation", preallocation);
    child<QCheckBox>("lazyRefcounts").setChecked(lazy);
    child<QCheckBox>("extendedL2").setChecked(extended);
    QSignalSpy created(m_dialog.data(), &CreateDialog::created);
    QVERIFY2(canCreate(), qPrintable(text("wrong")));
    QVERIFY(create());
    QCOMPARE(created.count(), 1);
    QCOMPARE(created[0][0].toString(), path());
    const QJsonObject made = info();
    const QJsonObject format = made[QStringLiteral("format-specific")][QStringLiteral("data")].toObject();
    QCOMPARE(made[QStringLiteral("virtual-size")].toInteger(), qint64{48} << 20);
    QCOMPARE(made[QStringLiteral("cluster-size")].toInteger(), static_cast<qint64>(clusterSize));
    QCOMPARE(
        format[QStringLiteral("compat")].toString(), version == 2 ? QStringLiteral("0.10") : QStringLiteral("1.1"));
    QCOMPARE(format[QStringLiteral("refcount-bits")].toInt(), bits);
    QCOMPARE(format[QStringLiteral("lazy-refcounts")].toBool(), lazy);
    QCOMPARE(format[QStringLiteral("extended-l2")].toBool(), extended);
    QCOMPARE(qemu::checkExit(path()), 0);
}

void TestCreate::takesTheSizeOfTheBackingFile()
{
    m_folder->create(QStringLiteral("base.qcow2"), QStringLiteral("cluster_size=4096"), QStringLiteral("3M"));
    child<QLineEdit>("backingFile").setText(QStringLiteral("base.qcow2"));
    QVERIFY(child<QCheckBox>("sizeFromBacking").isVisible());
    QVERIFY(!child<QWidget>("size").isEnabled());
    QVERIFY2(create(), qPrintable(m_dialog ? text("wrong") + text("problem") : QString()));
    const QJsonObject made = info();
    QCOMPARE(made[QStringLiteral("virtual-size")].toInteger(), qint64{3} << 20);
    QCOMPARE(made[QStringLiteral("backing-filename")].toString(), QStringLiteral("base.qcow2"));
    QCOMPARE(made[QStringLiteral("backing-filename-format")].toString(), QStringLiteral("qcow2"));
}

void TestCreate::createsADataFile()
{
    child<QLineEdit>("dataFile").setText(QStringLiteral("new.data"));
    child<QCheckBox>("dataFileRaw").setChecked(true);
    QVERIFY2(create(), qPrintable(m_dialog ? text("wrong") + text("problem") : QString()));
    QVERIFY(QFileInfo::exists(m_folder->path(QStringLiteral("new.data"))));
    const QJsonObject format = info()[QStringLiteral("format-specific")][QStringLiteral("data")].toObject();
    QCOMPARE(format[QStringLiteral("data-file")].toString(), QStringLiteral("new.data"));
    QCOMPARE(format[QStringLiteral("data-file-raw")].toBool(), true);
}

void TestCreate::saysAtOnceWhatIsWrong_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("said");
    QTest::newRow("no file") << QStringLiteral("no file") << QStringLiteral("which file");
    QTest::newRow("no folder") << QStringLiteral("no folder") << QStringLiteral("no folder");
    QTest::newRow("a folder") << QStringLiteral("a folder") << QStringLiteral("is a folder");
    QTest::newRow("width of version 2") << QStringLiteral("width of version 2") << QStringLiteral("16");
    QTest::newRow("lazy in version 2") << QStringLiteral("lazy in version 2") << QStringLiteral("Lazy refcounts");
    QTest::newRow("own backing file") << QStringLiteral("own backing file") << QStringLiteral("own backing file");
    QTest::newRow("own data file") << QStringLiteral("own data file") << QStringLiteral("own data file");
}

void TestCreate::saysAtOnceWhatIsWrong()
{
    QFETCH(QString, what);
    QFETCH(QString, said);
    QVERIFY(canCreate());
    if (what == QStringLiteral("no file"))
        child<QLineEdit>("path").clear();
    else if (what == QStringLiteral("no folder"))
        child<QLineEdit>("path").setText(m_folder->path(QStringLiteral("nowhere/new.qcow2")));
    else if (what == QStringLiteral("a folder"))
        child<QLineEdit>("path").setText(m_folder->path(QString()));
    else if (what == QStringLiteral("own backing file"))
        child<QLineEdit>("backingFile").setText(QStringLiteral("new.qcow2"));
    else if (what == QStringLiteral("own data file"))
        child<QLineEdit>("dataFile").setText(path());
    else
        choose("compat", 2);
    if (what == QStringLiteral("width of version 2"))
        choose("width", 1);
    if (what == QStringLiteral("lazy in version 2"))
        child<QCheckBox>("lazyRefcounts").setChecked(true);
    QVERIFY(!canCreate());
    QVERIFY2(text("wrong").contains(said), qPrintable(text("wrong")));
}

void TestCreate::saysWhatAWidthAllows()
{
    choose("width", 1);
    QVERIFY(text("widthText").contains(QStringLiteral("no cluster can be shared")));
    choose("width", 2);
    QVERIFY(text("widthText").contains(QStringLiteral("the disk and 2 snapshots")));
    choose("width", 64);
    QVERIFY(text("widthText").contains(QStringLiteral("18,446,744,073,709,551,615")));
}

void TestCreate::warnsOfWhatAChoiceCosts()
{
    QVERIFY(text("notes").isEmpty());
    child<QCheckBox>("lazyRefcounts").setChecked(true);
    QVERIFY(text("notes").contains(QStringLiteral("marked dirty")));
    choose("clusterSize", 512ULL);
    choose("width", 64);
    QVERIFY2(text("notes").contains(QStringLiteral("1.6 %")), qPrintable(text("notes")));
}

void TestCreate::asksBeforeItReplacesAFile()
{
    m_folder->create(QStringLiteral("new.qcow2"), QStringLiteral("cluster_size=4096"), QStringLiteral("1M"));
    child<QLineEdit>("path").setText(QString());
    child<QLineEdit>("path").setText(path());
    auto& replace = child<QCheckBox>("replace");
    QVERIFY(replace.isVisible());
    QVERIFY(!canCreate());
    replace.setChecked(true);
    QVERIFY(canCreate());
    m_folder->create(QStringLiteral("other.qcow2"));
    child<QLineEdit>("path").setText(m_folder->path(QStringLiteral("other.qcow2")));
    QVERIFY2(!replace.isChecked(), "consent to replace one file is none to replace another");
    child<QLineEdit>("path").setText(path());
    replace.setChecked(true);
    QVERIFY(create());
    QCOMPARE(info()[QStringLiteral("virtual-size")].toInteger(), qint64{20} << 30);
}

void TestCreate::choosesABackingFile()
{
    const QString base = m_folder->create(QStringLiteral("base.qcow2"));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("backingFileChoose")));
    auto* chooser = m_dialog->findChild<QFileDialog*>(QStringLiteral("pathDialog"));
    QVERIFY(chooser);
    Q_EMIT chooser->fileSelected(base);
    chooser->close();
    QCOMPARE(child<QLineEdit>("backingFile").text(), base);
    QCOMPARE(child<QComboBox>("backingFormat").currentText(), QStringLiteral("qcow2"));
    QVERIFY(canCreate());
}

void TestCreate::refusesAFileInUse()
{
    m_folder->create(QStringLiteral("new.qcow2"));
    const Bytes before = readFile(path());
    const qemu::Holder holder(path());
    QVERIFY(holder.holds());
    child<QLineEdit>("path").setText(QString());
    child<QLineEdit>("path").setText(path());
    child<QCheckBox>("replace").setChecked(true);
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return !m_dialog->isWriting(); }, kPatienceMilliseconds));
    QVERIFY2(text("problem").contains(QStringLiteral("qemu-io")), qPrintable(text("problem")));
    QVERIFY(readFile(path()) == before);
    child<QLineEdit>("path").setText(m_folder->path(QStringLiteral("another.qcow2")));
    QVERIFY(text("problem").isEmpty());
    QVERIFY(create());
}

void TestCreate::cancelsAndCanBeTriedAgain()
{
    QSemaphore started;
    m_dialog->setCreator(
        [&started](const CreateOptions&, const std::string&, bool, const TaskContext& task) -> Result<void> {
            started.release();
            while (!task.stop.stop_requested())
                QThread::msleep(1);
            return fail(ErrorKind::Cancelled, "Cancelled");
        });
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return started.available() > 0; }, kPatienceMilliseconds));
    QVERIFY(m_dialog->isWriting());
    QVERIFY(!child<QLineEdit>("path").isEnabled());
    QVERIFY(clickButton(*m_dialog, QStringLiteral("close")));
    QVERIFY(QTest::qWaitFor([&] { return !m_dialog->isWriting(); }, kPatienceMilliseconds));
    QVERIFY(m_dialog->isVisible());
    QVERIFY(text("problem").contains(QStringLiteral("Cancelled")));
    QVERIFY(child<QLineEdit>("path").isEnabled());
    m_dialog->setCreator(createImageFile);
    QVERIFY(clickButton(*m_dialog, QStringLiteral("tryAgain")));
    QVERIFY(create());
    QCOMPARE(qemu::checkExit(path()), 0);
}

void TestCreate::showsTheErrorOfTheDisk()
{
    m_dialog->setCreator([](const CreateOptions&, const std::string&, bool, const TaskContext&) -> Result<void> {
        return fail(ErrorKind::NoSpace, "The disk is full", 4096, "Free some space.");
    });
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return !m_dialog->isWriting(); }, kPatienceMilliseconds));
    for (const QString& part :
        {QStringLiteral("The disk is full"), path(), QStringLiteral("0x1000"), QStringLiteral("Free some space.")})
        QVERIFY2(text("problem").contains(part), qPrintable(text("problem")));
}

void TestCreate::showsSizesExactly_data()
{
    QTest::addColumn<qulonglong>("bytes");
    for (const qulonglong bytes : {0ULL, 512ULL, 1536ULL, 1ULL << 20, 20ULL << 30, 3ULL << 40, (1ULL << 40) + 512})
        QTest::addRow("%llu", bytes) << bytes;
}

void TestCreate::showsSizesExactly()
{
    QFETCH(qulonglong, bytes);
    SizeEdit edit(QStringLiteral("edit"), QStringLiteral("size"));
    edit.setBytes(bytes);
    QCOMPARE(edit.bytes(), std::uint64_t{bytes});
}

void TestCreate::namesWhatCanBeOperated()
{
    for (const QWidget* each : m_dialog->findChildren<QWidget*>()) {
        if (each->objectName().isEmpty() || each->objectName().startsWith(QStringLiteral("qt_")))
            continue;
        if (qobject_cast<const QComboBox*>(each) || qobject_cast<const QLineEdit*>(each)
            || qobject_cast<const QDoubleSpinBox*>(each))
            QVERIFY2(!each->accessibleName().isEmpty(), qPrintable(each->objectName()));
    }
}

QTEST_MAIN(TestCreate)
#include "tst_create.moc"
