// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"

#include <QCryptographicHash>
#include <QJsonArray>

using namespace cowscope;

namespace
{

QJsonObject readObject(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject{};
}

QString text(const QJsonValue& value)
{
    return QString::fromUtf8(QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact));
}

/// Where two values differ first: "$.a.b[3]: 1 is not 2"; empty if nowhere.
QString difference(const QJsonValue& expected, const QJsonValue& actual, const QString& path = "$")
{
    if (expected.isObject() && actual.isObject()) {
        QStringList keys = expected.toObject().keys() + actual.toObject().keys();
        keys.removeDuplicates();
        for (const QString& key : keys) {
            const QString found = difference(expected[key], actual[key], path + "." + key);
            if (!found.isEmpty())
                return found;
        }
        return {};
    }
    if (expected.isArray() && actual.isArray()) {
        const QJsonArray left = expected.toArray();
        const QJsonArray right = actual.toArray();
        for (qsizetype i = 0; i < std::max(left.size(), right.size()); ++i) {
            const QString found = difference(left.at(i), right.at(i), QStringLiteral("%1[%2]").arg(path).arg(i));
            if (!found.isEmpty())
                return found;
        }
        return {};
    }
    return expected == actual ? QString() : path + ": expected " + text(expected) + ", found " + text(actual);
}

QJsonObject without(QJsonObject object, const QStringList& keys)
{
    for (const QString& key : keys)
        object.remove(key);
    return object;
}

/// The arguments of a question to the reference tool, without its own name.
QStringList arguments(const QJsonObject& question)
{
    QStringList out;
    for (const QJsonValue& each : question["argv"].toArray())
        out << each.toString();
    return out.mid(1);
}

} // namespace

/// Asks about every image of the corpus what qemu-img was asked when the corpus was made, and compares the answers.
class CorpusTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void infoAgreesOnCleanImages_data() { eachCase("clean"); }
    void infoAgreesOnCleanImages() { agrees("info", {"filename", "actual-size"}); }
    void checkAgreesOnCleanImages_data() { eachCase("clean"); }
    void checkAgreesOnCleanImages() { agrees("check", {"filename"}); }
    void mapAgreesOnCleanImages_data() { eachCase("clean"); }
    void mapAgreesOnCleanImages() { agrees("map", {}); }
    void verdictAgreesOnBrokenImages_data() { eachCase("broken"); }
    void verdictAgreesOnBrokenImages();
    void everyQuestionAboutBrokenImagesIsAnswered_data() { eachCase("broken"); }
    void everyQuestionAboutBrokenImagesIsAnswered();
    void noImageWasWrittenTo_data();
    void noImageWasWrittenTo();

private:
    void eachCase(const QString& part);
    void agrees(const QString& question, const QStringList& ignored);

    test::Corpus m_corpus;
    QJsonObject m_differences; ///< broken cases where our verdict differs on purpose
};

void CorpusTest::initTestCase()
{
    m_differences = readObject(QStringLiteral(COWSCOPE_SOURCE_DIR "/tests/integration/corpus_differences.json"));
    QVERIFY2(!m_differences.isEmpty(), "corpus_differences.json cannot be read");

    REQUIRE_CORPUS(m_corpus);
}

void CorpusTest::eachCase(const QString& part)
{
    QTest::addColumn<QString>("folder");
    m_corpus.addRows(part);
}

void CorpusTest::agrees(const QString& question, const QStringList& ignored)
{
    QFETCH(QString, folder);
    const QJsonObject expected = test::Corpus::expected(folder)[question].toObject();
    const auto run = test::cli(arguments(expected), folder);
    QVERIFY2(run.exit == expected["exit"].toInt(), run.err);
    const QJsonValue wanted = expected["json"];
    const QJsonDocument found = run.json();
    const QString differs = wanted.isArray()
        ? difference(wanted, found.array())
        : difference(without(wanted.toObject(), ignored), without(found.object(), ignored));
    QVERIFY2(differs.isEmpty(), qPrintable(differs));
}

void CorpusTest::verdictAgreesOnBrokenImages()
{
    QFETCH(QString, folder);
    const QJsonObject expected = test::Corpus::expected(folder)["check"].toObject();
    const auto run = test::cli(arguments(expected), folder);
    const QJsonObject different = m_differences[QDir(folder).dirName()].toObject();
    const int wanted = different.isEmpty() ? expected["exit"].toInt() : different["exit"].toInt();
    QVERIFY2(different.isEmpty() || different["exit"] != expected["exit"], "listed as a difference, but is none");
    const QString found = QStringLiteral("exit code %1, not %2: ").arg(run.exit).arg(wanted);
    QVERIFY2(run.exit == wanted, found.toUtf8() + run.out + run.err);
    if (run.exit == 1)
        QVERIFY2(!run.err.isEmpty() || run.json()["check-errors"].toInt() > 0, "an image is refused without a word");
}

/// Any answer is good, but there has to be one: no crash, no hang, and words where the exit code says failure.
void CorpusTest::everyQuestionAboutBrokenImagesIsAnswered()
{
    QFETCH(QString, folder);
    const QJsonObject expected = test::Corpus::expected(folder);
    for (const QString question : {"info", "map"}) {
        const auto run = test::cli(arguments(expected[question].toObject()), folder);
        QVERIFY2(run.exit == 0 || run.exit == 1, run.err);
        QVERIFY(run.exit == 0 || !run.err.isEmpty());
        QVERIFY(run.exit != 0 || !run.json().isNull());
    }
    for (const QStringList& more : {QStringList{"info", "--fields"}, QStringList{"check"},
             QStringList{"amend", "--plan", "-o", "refcount_bits=64"}}) {
        const auto run = test::cli(more + QStringList{"image.qcow2"}, folder);
        QVERIFY2((run.exit >= 0 && run.exit <= 3) || run.exit == 63, run.err);
    }
}

void CorpusTest::noImageWasWrittenTo_data()
{
    eachCase("clean");
    m_corpus.addRows("broken");
}

void CorpusTest::noImageWasWrittenTo()
{
    constexpr qint64 kMostBytes = 8 << 20;
    QFETCH(QString, folder);
    const QJsonObject expected = test::Corpus::expected(folder);
    const QString name = expected["image"].toString();
    QFile image(folder + "/" + name);
    QVERIFY(image.open(QIODevice::ReadOnly));
    QCOMPARE(image.size(), expected["files"][name]["size"].toInteger());
    if (image.size() > kMostBytes)
        return; // the length has to do
    QCryptographicHash hash(QCryptographicHash::Sha256);
    QVERIFY(hash.addData(&image));
    QCOMPARE(QString::fromLatin1(hash.result().toHex()), expected["files"][name]["sha256"].toString());
}

QTEST_GUILESS_MAIN(CorpusTest)
#include "corpus_test.moc"
