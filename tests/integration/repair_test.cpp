// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"

#include <QJsonArray>
#include <QTemporaryDir>
#include <memory>

using namespace cowscope;

namespace
{

const QString kImage = QStringLiteral("image.qcow2");

/// A copy of a case of the corpus, to be written to.
class CaseCopy
{
public:
    explicit CaseCopy(const QString& source)
        : m_copied(
            test::runProgram("cp", {"-rT", "--sparse=always", "--no-preserve=mode", source, m_folder.path()}).exit == 0)
    {
    }

    bool isCopied() const { return m_folder.isValid() && m_copied; }
    QString folder() const { return m_folder.path(); }
    QString image() const { return m_folder.filePath(kImage); }

private:
    QTemporaryDir m_folder;
    bool m_copied;
};

QStringList snapshotNames(const QString& folder)
{
    const QJsonObject info = test::qemu::img({"info", "-U", "--output=json", kImage}, folder).json().object();
    QStringList names;
    for (const QJsonValue& each : info["snapshots"].toArray())
        names << each["name"].toString();
    return names;
}

/// What the guest reads, by snapshot ("" is the active disk); nothing where qemu-img cannot read all of it.
QMap<QString, QByteArray> contents(const QString& folder)
{
    QMap<QString, QByteArray> all;
    for (const QString& name : QStringList{""} + snapshotNames(folder)) {
        const QByteArray hash = test::qemu::contentHash(folder + "/" + kImage, name);
        if (!hash.isEmpty())
            all[name] = hash;
    }
    return all;
}

QByteArray told(const test::ProgramRun& run)
{
    return "exit code " + QByteArray::number(run.exit) + ": " + run.out + run.err;
}

} // namespace

/// Repairs every broken image of the corpus with the command, and lets the reference tool say what came of it.
class RepairTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void repairsWhatTheReferenceToolRepairs_data() { eachRepair(); }
    void repairsWhatTheReferenceToolRepairs();
    void keepsWhatTheGuestCouldRead_data() { eachRepair(); }
    void keepsWhatTheGuestCouldRead();
    void everyDifferenceIsOne();
    void printsWhatTheReferenceToolPrints();
    void explainsFindingsWhenAsked();
    void refusesAnImageThatIsInUse();

private:
    void eachRepair();
    QJsonObject difference(const QString& folder, const QString& mode) const
    {
        return m_differences[QDir(folder).dirName()][mode].toObject();
    }
    static int recorded(const QString& folder, const QString& mode)
    {
        return test::Corpus::expected(folder)["repair"][mode]["check_after"]["exit"].toInt();
    }

    test::Corpus m_corpus;
    QJsonObject m_differences; ///< by case and mode: the reference tool's verdict where it differs on purpose
};

void RepairTest::initTestCase()
{
    REQUIRE_QEMU();
    REQUIRE_CORPUS(m_corpus);
    QFile file(QStringLiteral(COWSCOPE_SOURCE_DIR "/tests/integration/repair_differences.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    m_differences = QJsonDocument::fromJson(file.readAll()).object();
    QVERIFY2(!m_differences.isEmpty(), "repair_differences.json cannot be read");
}

void RepairTest::eachRepair()
{
    QTest::addColumn<QString>("folder");
    QTest::addColumn<QString>("mode");
    const QDir broken(m_corpus.folder() + "/broken");
    for (const QString& name : broken.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        for (const QString mode : {"leaks", "all"})
            QTest::newRow(qPrintable(name + ", " + mode)) << broken.filePath(name) << mode;
    }
}

void RepairTest::repairsWhatTheReferenceToolRepairs()
{
    QFETCH(QString, folder);
    QFETCH(QString, mode);
    const CaseCopy copy(folder);
    QVERIFY(copy.isCopied());
    const auto run = test::cli({"check", "-r", mode, "-f", "qcow2", kImage}, copy.folder());
    QVERIFY2(run.exit >= 0 && run.exit <= 3, told(run));
    QVERIFY2(run.exit == 0 || !run.err.isEmpty(), told(run));
    const QJsonObject different = difference(folder, mode);
    const int wanted = different.isEmpty() ? recorded(folder, mode) : different["then_check"].toInt();
    const auto after = test::qemu::img({"check", "-f", "qcow2", kImage}, copy.folder());
    QVERIFY2(after.exit == wanted, told(after) + "\nafter " + told(run));
}

void RepairTest::keepsWhatTheGuestCouldRead()
{
    QFETCH(QString, folder);
    QFETCH(QString, mode);
    const CaseCopy copy(folder);
    QVERIFY(copy.isCopied());
    const auto before = contents(copy.folder());
    const QString recordedHash
        = test::Corpus::expected(folder)["contents"].toObject()[QLatin1String("sha256")].toString();
    if (!recordedHash.isEmpty())
        QCOMPARE(QString::fromLatin1(before.value(QString())), recordedHash);
    const auto run = test::cli({"check", "--output=json", "-r", mode, kImage}, copy.folder());
    const auto after = contents(copy.folder());
    QString givenUp;
    for (const QJsonValue& each : run.json()["repair"]["given-up"].toArray())
        givenUp += each.toString() + "\n";
    for (auto disk = before.begin(); disk != before.end(); ++disk) {
        if (after.contains(disk.key()))
            QVERIFY2(after[disk.key()] == disk.value(), told(run));
        else // gone, but not without a word
            QVERIFY2(!disk.key().isEmpty() && givenUp.contains("napshot"), told(run));
    }
}

void RepairTest::everyDifferenceIsOne()
{
    for (const QString& name : m_differences.keys()) {
        const QString folder = m_corpus.folder() + "/broken/" + name;
        for (const QString& mode : m_differences[name].toObject().keys()) {
            const QJsonObject different = difference(folder, mode);
            QVERIFY2(different["then_check"].toInt() != recorded(folder, mode), qPrintable(name + ", " + mode));
            QVERIFY2(!different["why"].toString().isEmpty(), qPrintable(name + ", " + mode));
        }
    }
}

/// The part of the words that scripts look for.
void RepairTest::printsWhatTheReferenceToolPrints()
{
    for (const QString name : {"leak-one", "refcount-low-shared", "l2-entry-unaligned", "bit-dirty"}) {
        const QString folder = m_corpus.folder() + "/broken/" + name;
        const CaseCopy ours(folder);
        const CaseCopy theirs(folder);
        QVERIFY(ours.isCopied() && theirs.isCopied());
        const auto run = test::cli({"check", "-r", "leaks", kImage}, ours.folder());
        const auto reference = test::qemu::img({"check", "-r", "leaks", kImage}, theirs.folder());
        QCOMPARE(run.out, reference.out);
        QCOMPARE(run.exit, reference.exit);
    }
}

void RepairTest::explainsFindingsWhenAsked()
{
    const QString folder = m_corpus.folder() + "/broken/shared-uncounted";
    const auto plain = test::cli({"check", kImage}, folder);
    QVERIFY2(!plain.err.contains("Referred to by"), plain.err);
    const auto explained = test::cli({"check", "--explain", kImage}, folder);
    QVERIFY2(explained.err.contains("\n    Rule: ") && explained.err.contains("\n    Repair: "), explained.err);
    QVERIFY2(explained.err.count("\n    Referred to by: L2 entry ") >= 2, explained.err);
    QCOMPARE(explained.out, plain.out);
    QCOMPARE(explained.exit, plain.exit);

    const QJsonArray findings = test::cli({"check", "--output=json", kImage}, folder).json()["findings"].toArray();
    QVERIFY(!findings.isEmpty());
    for (const QJsonValue& each : findings) {
        for (const QString key : {"severity", "expected", "actual", "referrers"})
            QVERIFY(each.toObject().contains(key));
        QVERIFY(each["referrers"].toArray().size() <= 8);
    }
}

void RepairTest::refusesAnImageThatIsInUse()
{
    const CaseCopy copy(m_corpus.folder() + "/broken/leak-one");
    QVERIFY(copy.isCopied());
    const auto writer = std::make_unique<test::qemu::Holder>(copy.image());
    QVERIFY(writer->holds());
    for (const QStringList& more : {QStringList{}, QStringList{"-U"}}) {
        const auto run = test::cli(QStringList{"check", "-r", "all"} + more + QStringList{kImage}, copy.folder());
        QVERIFY2(run.exit == 1 && !run.err.isEmpty(), told(run));
    }
    QCOMPARE(test::runProgram("cmp", {m_corpus.folder() + "/broken/leak-one/" + kImage, copy.image()}).exit, 0);
}

QTEST_GUILESS_MAIN(RepairTest)
#include "repair_test.moc"
