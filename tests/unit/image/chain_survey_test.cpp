// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/chain_survey.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/qemu_oracle.h"

#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

class ChainSurveyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void namesWithoutOpening();
    void tellsEachLayer();
    void tellsOfMissingFiles();
    void comesToAnEndInACircle();
    void refusesUnknownFormats();
    void tellsOfDataFiles();

private:
    QString path(const char* name) const { return m_folder.filePath(QString::fromLatin1(name)); }
    /// An image with a name in it for the backing file.
    void write(const char* name, const std::string& backing, const std::string& format = {}) const;
    std::shared_ptr<const Image> open(const char* name) const;
    Result<std::vector<ChainFile>> survey(const char* name) const;

    QTemporaryDir m_folder;
};

void ChainSurveyTest::write(const char* name, const std::string& backing, const std::string& format) const
{
    ImageBuilder builder;
    builder.data(1);
    if (!format.empty())
        builder.extension(kExtensionBackingFormat, bytesOf(format));
    if (!backing.empty())
        builder.backingFile(backing);
    QVERIFY(writeFile(path(name), builder.build().bytes));
}

std::shared_ptr<const Image> ChainSurveyTest::open(const char* name) const
{
    auto file = FileStorage::open(path(name).toStdString(), Access::ReadOnly);
    return file ? Image::open(std::move(*file), {}).value_or(nullptr) : nullptr;
}

Result<std::vector<ChainFile>> ChainSurveyTest::survey(const char* name) const
{
    const auto image = open(name);
    if (!image)
        return fail(ErrorKind::Invalid, "A test image does not open");
    return surveyChain(*image, path(name).toStdString(), Sharing::Locked, {});
}

void ChainSurveyTest::namesWithoutOpening()
{
    write("top", "/dev/no such place", "qcow2");
    const auto image = open("top");
    QVERIFY(image);
    const auto files = namedFiles(*image, path("top").toStdString());
    QCOMPARE(files.size(), std::size_t{2});
    QVERIFY(files[0].facts && files[0].facts->isImage);
    QCOMPARE(files[1].named, std::string("/dev/no such place"));
    QCOMPARE(files[1].namedFormat, std::string("qcow2"));
    QVERIFY(!files[1].facts && !files[1].error);
}

void ChainSurveyTest::tellsEachLayer()
{
    write("top", "middle", "qcow2");
    write("middle", "base.raw");
    QVERIFY(writeFile(path("base.raw"), Bytes(5000)));
    const auto files = survey("top");
    VERIFY_OK(files);
    QCOMPARE(files->size(), std::size_t{3});
    QCOMPARE((*files)[1].depth, 1U);
    QCOMPARE((*files)[1].path, path("middle").toStdString());
    QVERIFY((*files)[1].facts && (*files)[1].facts->isImage);
    QCOMPARE((*files)[1].facts->clusterSize, std::uint64_t{4096});
    QCOMPARE((*files)[1].facts->refcountBits, 16U);
    QVERIFY((*files)[2].facts && !(*files)[2].facts->isImage);
    QCOMPARE((*files)[2].facts->fileSize, std::uint64_t{5000});
}

void ChainSurveyTest::tellsOfMissingFiles()
{
    write("top", "gone");
    const auto files = survey("top");
    VERIFY_OK(files);
    QCOMPARE(files->size(), std::size_t{2});
    QVERIFY(files->back().error && files->back().error->kind == ErrorKind::NotFound);
}

void ChainSurveyTest::comesToAnEndInACircle()
{
    write("a", "./b");
    write("b", "a");
    const auto files = survey("a");
    VERIFY_OK(files);
    QCOMPARE(files->size(), std::size_t{3});
    QVERIFY(files->back().error && !files->back().facts);
    QCOMPARE(files->back().named, std::string("a"));
    write("self", "self");
    QCOMPARE(survey("self")->size(), std::size_t{2});
}

void ChainSurveyTest::refusesUnknownFormats()
{
    write("top", "base", "vmdk");
    write("base", "");
    const auto files = survey("top");
    VERIFY_OK(files);
    QVERIFY(files->back().error && files->back().error->kind == ErrorKind::Unsupported);
    // A raw file whose first bytes are those of an image is not looked into.
    write("top", "base", "raw");
    QVERIFY(!survey("top")->back().facts->isImage);
    // What is said to be an image has to be one.
    write("top", "text", "qcow2");
    QVERIFY(writeFile(path("text"), Bytes(4096)));
    QVERIFY(survey("top")->back().error);
}

void ChainSurveyTest::tellsOfDataFiles()
{
    REQUIRE_QEMU();
    const QString image = path("with-data");
    QCOMPARE(qemu::img({QStringLiteral("create"), QStringLiteral("-q"), QStringLiteral("-f"), QStringLiteral("qcow2"),
                           QStringLiteral("-o"), QStringLiteral("data_file=%1").arg(path("data")), image,
                           QStringLiteral("1M")})
                 .exit,
        0);
    const auto files = survey("with-data");
    VERIFY_OK(files);
    QCOMPARE(files->size(), std::size_t{2});
    QCOMPARE(files->back().role, ChainRole::Data);
    QCOMPARE(files->back().depth, 0U);
    QVERIFY(files->back().facts && files->back().facts->fileSize == 1U << 20);
    QVERIFY(QFile::remove(path("data")));
    QVERIFY(survey("with-data")->back().error);
}

QTEST_GUILESS_MAIN(ChainSurveyTest)
#include "chain_survey_test.moc"
