// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"
#include "tests/support/naive_reader.h"

#include <QJsonArray>
#include <QTemporaryDir>
#include <sys/stat.h>

using namespace cowscope;
using test::Bytes;

namespace
{

constexpr char kPattern = '\xa7'; ///< what the guest writes; no number of a small image consists of it
constexpr int kPatternRun = 8; ///< so many in a row are the guest's

/// A verdict with its totals, without the name of the file.
/// The groups are left out: the cause of leaks is looked for in what leaked, which is not copied.
QJsonObject verdict(const test::ProgramRun& check)
{
    QJsonObject out = check.json().object();
    out.remove("filename");
    out.remove("groups");
    out["exit"] = check.exit;
    return out;
}

/// The same without what findings say beside the numbers: names of snapshots stand there.
QJsonObject totals(const test::ProgramRun& check)
{
    QJsonObject out = verdict(check);
    out.remove("findings");
    return out;
}

QByteArray compact(const QJsonObject& object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

bool holds(const QString& path, const QByteArray& text)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) && file.readAll().contains(text);
}

std::uint64_t bytesOnDisk(const QString& path)
{
    struct stat info = {};
    return ::stat(QFile::encodeName(path), &info) == 0 ? static_cast<std::uint64_t>(info.st_blocks) * 512 : 0;
}

} // namespace

/// `metadata-copy`: a check says of the copy what it says of the image, and nothing of the guest is in it.
class MetadataCopyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void checkSaysOfTheCopyWhatItSaysOfTheImage_data();
    void checkSaysOfTheCopyWhatItSaysOfTheImage();
    void maskingKeepsTheTotals_data() { checkSaysOfTheCopyWhatItSaysOfTheImage_data(); }
    void maskingKeepsTheTotals();
    void nothingOfTheGuestIsInTheCopy();
    void whatAnImageForgotIsNotInTheCopyEither();
    void keysAreLeftOut();
    void masksNamesAndKeepsThemApart();
    void namesStayUnlessMasked();
    void theCopyIsSparse();
    void refusesToOverwriteTheImage();
    void aCopyThatFailsLeavesNoFile();

private:
    QString richImage();
    test::ProgramRun copy(const QStringList& arguments) { return test::cli(QStringList("metadata-copy") + arguments); }

    test::Corpus m_corpus;
    std::unique_ptr<QTemporaryDir> m_folder;
};

void MetadataCopyTest::initTestCase()
{
    REQUIRE_QEMU();
    REQUIRE_CORPUS(m_corpus);
}

void MetadataCopyTest::checkSaysOfTheCopyWhatItSaysOfTheImage_data()
{
    QTest::addColumn<QString>("folder");
    m_corpus.addRows("clean");
    m_corpus.addRows("broken");
}

void MetadataCopyTest::checkSaysOfTheCopyWhatItSaysOfTheImage()
{
    QFETCH(QString, folder);
    // The copy stands where the image's other files are, which the reference tool opens.
    for (const QFileInfo& file : QDir(folder).entryInfoList(QDir::Files))
        QVERIFY(QFile::link(file.absoluteFilePath(), m_folder->filePath(file.fileName())));
    const QString image = m_folder->filePath("image.qcow2");
    const QString target = m_folder->filePath("copy.qcow2");
    const auto ours = test::cli({"check", "-f", "qcow2", "--output=json", image});
    const auto copied = copy({image, target});
    if (copied.exit != 0) { // a header that cannot be used: there is no telling what is metadata
        QCOMPARE(copied.exit, 1);
        QCOMPARE(ours.exit, 1);
        QVERIFY(!copied.err.isEmpty());
        QVERIFY(!QFile::exists(target));
        return;
    }
    QCOMPARE(QFileInfo(target).size(), QFileInfo(image).size());
    QCOMPARE(compact(verdict(test::cli({"check", "-f", "qcow2", "--output=json", target}))), compact(verdict(ours)));
    const auto theirs = test::qemu::img({"check", "-f", "qcow2", "--output=json", image});
    const auto theirsOfCopy = test::qemu::img({"check", "-f", "qcow2", "--output=json", target});
    QVERIFY2(verdict(theirsOfCopy) == verdict(theirs),
        theirs.out + theirs.err + "\nand of the copy:\n" + theirsOfCopy.out + theirsOfCopy.err);
}

void MetadataCopyTest::maskingKeepsTheTotals()
{
    QFETCH(QString, folder);
    const QString image = folder + "/image.qcow2";
    const QString target = m_folder->filePath("copy.qcow2");
    const auto ours = test::cli({"check", "-f", "qcow2", "--output=json", image});
    if (copy({"--mask", image, target}).exit == 0)
        QCOMPARE(compact(totals(test::cli({"check", "-f", "qcow2", "--output=json", target}))), compact(totals(ours)));
    else
        QCOMPARE(ours.exit, 1);
}

/// Data in every form that the image can hold: plain, compressed, shared with snapshots, with a bitmap beside it.
QString MetadataCopyTest::richImage()
{
    const QString path = m_folder->filePath("rich.qcow2");
    const auto write = [&](const char* where) {
        return test::qemu::io(path,
                   {QStringLiteral("write -P 0x%1 %2")
                           .arg(static_cast<unsigned char>(kPattern), 0, 16)
                           .arg(QLatin1String(where))})
                   .exit
            == 0;
    };
    const bool made = test::qemu::img({"create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", path, "8M"}).exit == 0
        && test::qemu::img({"bitmap", "--add", "-g", "64k", path, "changes"}).exit == 0 && write("0 1M")
        && write("-c 2M 4k") && write("-c 2052k 4k") && test::qemu::img({"snapshot", "-c", "first", path}).exit == 0
        && write("512k 1M") && test::qemu::img({"snapshot", "-c", "second", path}).exit == 0 && write("7M 64k");
    return made ? path : QString();
}

void MetadataCopyTest::nothingOfTheGuestIsInTheCopy()
{
    const QString image = richImage();
    QVERIFY(!image.isEmpty());
    const QByteArray guest(kPatternRun, kPattern);
    QVERIFY(holds(image, guest));
    const QString target = m_folder->filePath("copy.qcow2");
    QCOMPARE(copy({image, target}).exit, 0);
    QVERIFY(!holds(target, guest));
    QCOMPARE(test::qemu::checkExit(target), 0);
    // Compressed, the pattern looks different: no cluster that nothing but guest data refers to may be there at all.
    const Bytes source = test::readFile(image);
    const Bytes bytes = test::readFile(target);
    const std::uint64_t clusterSize = test::NaiveReader(source).clusterSize();
    std::size_t different = 0;
    for (std::size_t at = 0; at < source.size(); at += clusterSize) {
        const auto length = static_cast<std::ptrdiff_t>(std::min<std::size_t>(clusterSize, source.size() - at));
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        if (!std::equal(begin, begin + length, source.begin() + static_cast<std::ptrdiff_t>(at))) {
            ++different;
            QVERIFY(std::all_of(begin, begin + length, [](std::byte byte) { return byte == std::byte{0}; }));
        }
    }
    QVERIFY(different >= (1 << 20) / 4096); // the data clusters, at the least
}

/// Clusters that were freed, and what is left of their contents behind a structure that took their place.
void MetadataCopyTest::whatAnImageForgotIsNotInTheCopyEither()
{
    const QString image = richImage();
    QVERIFY(!image.isEmpty());
    QCOMPARE(test::qemu::io(image, {"discard 0 4M"}).exit, 0);
    Bytes bytes = test::readFile(image);
    const std::uint64_t table = test::getNumber(bytes, 64, 8); // the snapshot table is much shorter than its cluster
    for (std::size_t at = table + 2048; at < table + 4096; ++at)
        bytes[at] = static_cast<std::byte>(kPattern);
    for (std::size_t at = 2048; at < 4096; ++at) // so is the header
        bytes[at] = static_cast<std::byte>(kPattern);
    QVERIFY(test::writeFile(image, bytes));
    const QString target = m_folder->filePath("copy.qcow2");
    QCOMPARE(copy({image, target}).exit, 0);
    QVERIFY(!holds(target, QByteArray(kPatternRun, kPattern)));
    QCOMPARE(test::qemu::checkExit(target), 0);
}

void MetadataCopyTest::keysAreLeftOut()
{
    const QString image = m_corpus.folder() + "/clean/luks/image.qcow2";
    const QString target = m_folder->filePath("copy.qcow2");
    QCOMPARE(copy({image, target}).exit, 0);
    const Bytes source = test::readFile(image);
    const Bytes bytes = test::readFile(target);
    QVERIFY(!source.empty());
    std::size_t at = 0; // of the LUKS header
    while (at < source.size() && test::getNumber(source, at, 6) != 0x4c554b53babe)
        at += 512;
    QVERIFY(at < source.size());
    const auto isZero = [&](std::size_t from, std::size_t length) {
        return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
            bytes.begin() + static_cast<std::ptrdiff_t>(from + length),
            [](std::byte byte) { return byte == std::byte{0}; });
    };
    QCOMPARE(test::getNumber(bytes, at + 8, 8), test::getNumber(source, at + 8, 8)); // the cipher's name
    QCOMPARE(test::getNumber(bytes, at + 168, 8), test::getNumber(source, at + 168, 8)); // the UUID
    QVERIFY(isZero(at + 112, 20 + 32)); // digest of the master key and its salt
    const std::uint64_t stripes = test::getNumber(source, at + 208 + 44, 4);
    const std::uint64_t keyBytes = test::getNumber(source, at + 108, 4) * stripes;
    const std::uint64_t keys = at + test::getNumber(source, at + 208 + 40, 4) * 512;
    QVERIFY(keyBytes > 0 && test::getNumber(source, keys, 8) != 0);
    QVERIFY(isZero(keys, keyBytes));
    const auto info = test::cli({"info", "--output=json", target}).json().object();
    QCOMPARE(info["encrypted"].toBool(), true);
}

void MetadataCopyTest::masksNamesAndKeepsThemApart()
{
    const QString image = m_folder->filePath("image.qcow2");
    QVERIFY(test::qemu::img({"create", "-q", "-f", "raw", m_folder->filePath("secretbase.raw"), "1M"}).exit == 0);
    QVERIFY(test::qemu::img({"create", "-q", "-f", "qcow2", "-b", "secretbase.raw", "-F", "raw", image}).exit == 0);
    for (const char* name : {"alpha", "bravo", "alpha", "x"})
        QVERIFY(test::qemu::img({"snapshot", "-c", name, image}).exit == 0);
    for (const char* name : {"monday", "friday"})
        QVERIFY(test::qemu::img({"bitmap", "--add", image, name}).exit == 0);
    const QString target = m_folder->filePath("copy.qcow2");
    QCOMPARE(copy({"--mask", image, target}).exit, 0);
    for (const char* name : {"secret", "alpha", "bravo", "monday", "friday"}) {
        QVERIFY(holds(image, name));
        QVERIFY2(!holds(target, name), name);
    }
    const auto before = test::cli({"info", "--output=json", image}).json().object();
    const auto after = test::cli({"info", "--output=json", target}).json().object();
    QCOMPARE(after["backing-filename"].toString().size(), QStringLiteral("secretbase.raw").size());
    QStringList masks;
    for (int i = 0; i < 4; ++i) {
        const auto old = before["snapshots"][i].toObject();
        const auto now = after["snapshots"][i].toObject();
        QCOMPARE(now["id"], old["id"]);
        QCOMPARE(now["date-sec"], old["date-sec"]);
        masks << now["name"].toString();
        QCOMPARE(masks.last().size(), old["name"].toString().size());
    }
    QVERIFY(masks[0] != masks[1]);
    QCOMPARE(masks[2], masks[0]); // the same name, the same mask
    const auto bitmaps = after["format-specific"]["data"]["bitmaps"].toArray();
    QCOMPARE(bitmaps.size(), 2);
    QVERIFY(bitmaps[0]["name"].toString() != bitmaps[1]["name"].toString());
    QCOMPARE(bitmaps[0]["name"].toString().size(), 6);
}

void MetadataCopyTest::namesStayUnlessMasked()
{
    const QString image = richImage();
    const QString target = m_folder->filePath("copy.qcow2");
    QCOMPARE(copy({image, target}).exit, 0);
    for (const char* name : {"first", "second", "changes"})
        QVERIFY2(holds(target, name), name);
}

void MetadataCopyTest::theCopyIsSparse()
{
    const QString image = m_folder->filePath("image.qcow2");
    QVERIFY(test::qemu::img({"create", "-q", "-f", "qcow2", image, "32M"}).exit == 0);
    QVERIFY(test::qemu::io(image, {"write -P 0xa7 0 32M"}).exit == 0);
    const QString target = m_folder->filePath("copy.qcow2");
    QCOMPARE(copy({image, target}).exit, 0);
    QVERIFY(bytesOnDisk(image) >= (32 << 20));
    QVERIFY(bytesOnDisk(target) < (1 << 20));
}

void MetadataCopyTest::refusesToOverwriteTheImage()
{
    const QString image = richImage();
    const Bytes before = test::readFile(image);
    const QString symbolic = m_folder->filePath("symbolic.qcow2");
    const QString hard = m_folder->filePath("hard.qcow2");
    QVERIFY(QFile::link(image, symbolic));
    QCOMPARE(::link(QFile::encodeName(image), QFile::encodeName(hard)), 0);
    for (const QString& target : {image, symbolic, hard, m_folder->path() + "/./rich.qcow2"}) {
        for (const QString share : {"-q", "-U"}) {
            const auto refused = copy({share, image, target});
            QCOMPARE(refused.exit, 1);
            QVERIFY2(refused.err.contains("overwrite"), refused.err);
            QVERIFY(test::readFile(image) == before);
        }
    }
}

void MetadataCopyTest::aCopyThatFailsLeavesNoFile()
{
    const QString image = richImage();
    const QString target = m_folder->filePath("copy.qcow2");
    // A limit on the length of files stands for a disk that is full.
    const auto failed = test::runProgram("sh",
        {"-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" metadata-copy \"$1\" \"$2\"", QStringLiteral(COWSCOPE_CLI),
            image, target});
    QCOMPARE(failed.exit, 1);
    QVERIFY(!failed.err.isEmpty());
    QVERIFY(!QFile::exists(target));
}

QTEST_GUILESS_MAIN(MetadataCopyTest)
#include "metadata_copy_test.moc"
