// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/file_storage.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/trace_storage.h"

#include <QTemporaryDir>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>

using namespace cowscope;
using test::Bytes;

namespace
{

/// One kind of storage: makes one that holds `bytes`.
struct StorageKind {
    const char* name;
    std::function<std::unique_ptr<Storage>(const QTemporaryDir&, const Bytes&)> make;
};

const std::vector<StorageKind>& kinds()
{
    static const std::vector<StorageKind> all{
        {"memory", [](const QTemporaryDir&, const Bytes& bytes) { return std::make_unique<MemoryStorage>(bytes); }},
        {"file",
            [](const QTemporaryDir& folder, const Bytes& bytes) -> std::unique_ptr<Storage> {
                const QString path = folder.filePath("image");
                test::writeFile(path, bytes);
                auto opened = FileStorage::open(path.toStdString(), Access::ReadWrite);
                return opened ? std::move(*opened) : nullptr;
            }},
        {"trace", [](const QTemporaryDir&, const Bytes& bytes) { return std::make_unique<test::TraceStorage>(bytes); }},
    };
    return all;
}

Bytes contents(const Storage& storage)
{
    Bytes bytes(storage.size().value_or(0));
    return storage.read(0, bytes) ? bytes : Bytes{};
}

} // namespace

/// Every test whose name begins with "every" runs against every kind of storage.
class StorageTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyStorageReadsWhatItHolds_data() { eachKind(); }
    void everyStorageReadsWhatItHolds();
    void everyStorageReadsZerosPastItsEnd_data() { eachKind(); }
    void everyStorageReadsZerosPastItsEnd();
    void everyStorageGrowsWithAWrite_data() { eachKind(); }
    void everyStorageGrowsWithAWrite();
    void everyStorageIsLeftAloneByAnEmptyWrite_data() { eachKind(); }
    void everyStorageIsLeftAloneByAnEmptyWrite();
    void everyStorageTruncatesBothWays_data() { eachKind(); }
    void everyStorageTruncatesBothWays();
    void everyStorageRefusesOffsetsNoFileReaches_data() { eachKind(); }
    void everyStorageRefusesOffsetsNoFileReaches();
    void everyStorageCoversItselfWithExtents_data() { eachKind(); }
    void everyStorageCoversItselfWithExtents();

    void fileStorageNamesAMissingFile();
    void fileStorageRefusesFoldersPipesAndDevices();
    void fileStorageNeverCreatesAFile();
    void readOnlyFileStorageRefusesToWrite();
    void readingDoesNotChangeTheFile();
    void holesAreExtentsWithoutData();
    void powerCutsLoseOnlyWhatWasNotFlushed();

private:
    void eachKind();
    std::unique_ptr<Storage> make(const Bytes& bytes);

    QTemporaryDir m_folder;
};

void StorageTest::eachKind()
{
    QTest::addColumn<int>("kind");
    for (std::size_t i = 0; i < kinds().size(); ++i)
        QTest::newRow(kinds()[i].name) << static_cast<int>(i);
}

std::unique_ptr<Storage> StorageTest::make(const Bytes& bytes)
{
    QFETCH(int, kind);
    return kinds()[static_cast<std::size_t>(kind)].make(m_folder, bytes);
}

void StorageTest::everyStorageReadsWhatItHolds()
{
    const auto storage = make(test::bytesOf("0123456789"));
    QVERIFY(storage);
    QCOMPARE(storage->size().value(), 10U);
    Bytes out(4);
    QCOMPARE(storage->read(3, out).value(), 4U);
    QCOMPARE(out, test::bytesOf("3456"));
    QVERIFY(storage->canGrow());
    VERIFY_OK(storage->flush());
}

void StorageTest::everyStorageReadsZerosPastItsEnd()
{
    const auto storage = make(test::bytesOf("0123456789"));
    Bytes out(6, std::byte{0xff});
    QCOMPARE(storage->read(8, out).value(), 2U);
    QCOMPARE(out, test::bytesOf(std::string_view("89\0\0\0\0", 6)));
    for (const std::uint64_t far : {std::uint64_t{10}, std::uint64_t{1} << 40, UINT64_MAX - 2}) {
        out.assign(6, std::byte{0xff});
        QCOMPARE(storage->read(far, out).value(), 0U);
        QCOMPARE(out, Bytes(6));
    }
}

void StorageTest::everyStorageGrowsWithAWrite()
{
    const auto storage = make(test::bytesOf("ab"));
    VERIFY_OK(storage->write(5, test::bytesOf("xyz")));
    QCOMPARE(contents(*storage), test::bytesOf(std::string_view("ab\0\0\0xyz", 8)));
}

void StorageTest::everyStorageIsLeftAloneByAnEmptyWrite()
{
    const auto storage = make(test::bytesOf("ab"));
    VERIFY_OK(storage->write(100, {}));
    QCOMPARE(contents(*storage), test::bytesOf("ab"));
}

void StorageTest::everyStorageTruncatesBothWays()
{
    const auto storage = make(test::bytesOf("abcdef"));
    VERIFY_OK(storage->truncate(2));
    VERIFY_OK(storage->truncate(4));
    QCOMPARE(contents(*storage), test::bytesOf(std::string_view("ab\0\0", 4)));
}

void StorageTest::everyStorageRefusesOffsetsNoFileReaches()
{
    const auto storage = make(test::bytesOf("ab"));
    VERIFY_ERROR(storage->write(UINT64_MAX - 1, test::bytesOf("xyz")), ErrorKind::NoSpace);
    VERIFY_ERROR(storage->write(std::uint64_t{1} << 63, test::bytesOf("xyz")), ErrorKind::NoSpace);
    VERIFY_ERROR(storage->truncate(UINT64_MAX), ErrorKind::NoSpace);
    QCOMPARE(contents(*storage), test::bytesOf("ab"));
}

void StorageTest::everyStorageCoversItselfWithExtents()
{
    const auto storage = make(Bytes(100'000, std::byte{1}));
    std::uint64_t at = 0;
    while (at < 100'000) {
        const auto extent = storage->extentAt(at);
        VERIFY_OK(extent);
        QCOMPARE(extent->offset, at);
        QVERIFY(extent->length > 0);
        QVERIFY(extent->data);
        at += extent->length;
    }
    QCOMPARE(at, 100'000U);
    QCOMPARE(storage->extentAt(100'000)->length, 0U);
    QCOMPARE(storage->extentAt(UINT64_MAX)->length, 0U);
    QVERIFY(storage->allocatedBytes().value() > 0);
}

void StorageTest::fileStorageNamesAMissingFile()
{
    const std::string path = m_folder.filePath("nowhere").toStdString();
    const auto opened = FileStorage::open(path, Access::ReadOnly);
    VERIFY_ERROR(opened, ErrorKind::NotFound);
    QCOMPARE(opened.error().path, path);
}

void StorageTest::fileStorageRefusesFoldersPipesAndDevices()
{
    VERIFY_ERROR(FileStorage::open(m_folder.path().toStdString(), Access::ReadOnly), ErrorKind::Unsupported);
    VERIFY_ERROR(FileStorage::open("/dev/zero", Access::ReadOnly), ErrorKind::Unsupported);
    const std::string pipe = m_folder.filePath("pipe").toStdString();
    QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);
    VERIFY_ERROR(FileStorage::open(pipe, Access::ReadOnly), ErrorKind::Unsupported);
}

void StorageTest::fileStorageNeverCreatesAFile()
{
    const QString path = m_folder.filePath("new");
    VERIFY_ERROR(FileStorage::open(path.toStdString(), Access::ReadWrite), ErrorKind::NotFound);
    QVERIFY(!QFile::exists(path));
}

void StorageTest::readOnlyFileStorageRefusesToWrite()
{
    const QString path = m_folder.filePath("fixed");
    test::writeFile(path, test::bytesOf("fixed"));
    const auto opened = FileStorage::open(path.toStdString(), Access::ReadOnly);
    VERIFY_OK(opened);
    const auto written = (*opened)->write(0, test::bytesOf("x"));
    VERIFY_ERROR(written, ErrorKind::Io);
    QCOMPARE(written.error().path, path.toStdString());
    VERIFY_ERROR((*opened)->truncate(0), ErrorKind::Io);
    QCOMPARE(test::readFile(path), test::bytesOf("fixed"));
}

void StorageTest::readingDoesNotChangeTheFile()
{
    const QString path = m_folder.filePath("untouched");
    test::writeFile(path, test::bytesOf("untouched"));
    const std::array<struct timespec, 2> old{{{1'000'000'000, 0}, {1'000'000'000, 0}}};
    QCOMPARE(::utimensat(AT_FDCWD, path.toLocal8Bit().constData(), old.data(), 0), 0);
    {
        const auto opened = FileStorage::open(path.toStdString(), Access::ReadOnly);
        VERIFY_OK(opened);
        QCOMPARE(contents(**opened), test::bytesOf("untouched"));
    }
    struct stat info = {};
    QCOMPARE(::stat(path.toLocal8Bit().constData(), &info), 0);
    QCOMPARE(info.st_mtim.tv_sec, 1'000'000'000);
    QCOMPARE(info.st_atim.tv_sec, 1'000'000'000);
}

void StorageTest::holesAreExtentsWithoutData()
{
    constexpr std::uint64_t kMiB = 1 << 20;
    const QString path = m_folder.filePath("sparse");
    test::writeFile(path, test::bytesOf("begin"));
    const auto opened = FileStorage::open(path.toStdString(), Access::ReadWrite);
    VERIFY_OK(opened);
    VERIFY_OK((*opened)->write(8 * kMiB, test::bytesOf("end")));
    if ((*opened)->allocatedBytes().value() > kMiB)
        QSKIP("This file system does not keep holes");
    QVERIFY((*opened)->extentAt(0)->data);
    const auto hole = (*opened)->extentAt(kMiB);
    QVERIFY(!hole->data);
    QCOMPARE(hole->offset + hole->length, 8 * kMiB);
}

void StorageTest::powerCutsLoseOnlyWhatWasNotFlushed()
{
    test::TraceStorage storage(Bytes(4096));
    VERIFY_OK(storage.write(0, Bytes(1024, std::byte{1})));
    VERIFY_OK(storage.flush());
    VERIFY_OK(storage.write(1024, Bytes(1024, std::byte{2})));
    VERIFY_OK(storage.truncate(2048));
    QCOMPARE(storage.steps().size(), 4U);
    QCOMPARE(storage.stateAfter(4), storage.bytes());
    QCOMPARE(storage.stateAfter(0), Bytes(4096));

    std::mt19937_64 random(7);
    bool lost = false;
    bool torn = false;
    bool kept = false;
    for (int i = 0; i < 200; ++i) {
        const Bytes state = storage.stateAfterPowerCut(4, random);
        QCOMPARE(test::getNumber(state, 0, 1), 1U);
        QCOMPARE(test::getNumber(state, 1023, 1), 1U);
        const auto first = test::getNumber(state, 1024, 1);
        const auto second = test::getNumber(state, 1536, 1);
        QCOMPARE(test::getNumber(state, 1535, 1), first); // sectors stay whole
        lost = lost || (first == 0 && second == 0);
        torn = torn || first != second;
        kept = kept || (first == 2 && second == 2);
    }
    QVERIFY(lost && torn && kept);
}

QTEST_GUILESS_MAIN(StorageTest)
#include "storage_test.moc"
