// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/edit/guest/guest_writer.h"
#include "core/edit/image/create.h"
#include "core/storage/file_storage.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/naive_reader.h"
#include "tests/support/qemu_oracle.h"

#include <QFile>
#include <QTemporaryDir>
#include <functional>

using namespace cowscope;
using test::Bytes;

namespace
{

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

CreateOptions sized(std::uint64_t size)
{
    CreateOptions options;
    options.size = size;
    return options;
}

struct Created {
    Result<void> result;
    Bytes bytes;
    Bytes data; ///< the external data file
};

Created create(const CreateOptions& options, const TaskContext& task = {})
{
    const auto image = std::make_shared<MemoryStorage>();
    const auto data = options.dataFile.empty() ? nullptr : std::make_shared<MemoryStorage>();
    auto result = createImage(options, image, data, task);
    return {std::move(result), image->bytes(), data ? data->bytes() : Bytes{}};
}

/// What two readers find wrong with an image; "" for nothing.
std::string faultsOf(const Bytes& bytes)
{
    const test::NaiveReader reader(bytes);
    if (reader.counts() != reader.references())
        return "the counts are not the references";
    const auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    if (!image)
        return image.error().text();
    if (!(*image)->problems().empty())
        return (*image)->problems().front().text();
    const auto census = takeCensus(**image, {});
    if (!census)
        return census.error().text();
    return (*census)->isClean() ? "" : describe((*census)->findings.front(), (*image)->geometry().clusterBits());
}

std::vector<std::uint64_t> clustersInUse(const Bytes& bytes)
{
    std::vector<std::uint64_t> clusters;
    for (const auto& [cluster, count] : test::NaiveReader(bytes).counts())
        clusters.push_back(cluster);
    return clusters;
}

std::string text(const Bytes& bytes, std::size_t at, std::size_t length)
{
    return {reinterpret_cast<const char*>(bytes.data()) + at, length};
}

} // namespace

/// New images: what cannot be, what stands where, and what becomes of files.
class CreateTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void refusesWhatCannotBe_data();
    void refusesWhatCannotBe();
    void tellsAllReasonsAtOnce();
    void reachesAsFarAsTheL1TableMayGo_data();
    void reachesAsFarAsTheL1TableMayGo();
    void laysOutEveryWidthAndClusterSizeAlike_data();
    void laysOutEveryWidthAndClusterSizeAlike();
    void aTableLargerThanARefblockReachesIsCounted();
    void aDiskOfNoBytesHasNoTable();
    void roundsTheSizeUpToSectors();
    void keepsTheNamesOfOtherFiles();
    void writesTheFeatureNamesOnlyWhereThereIsRoom();
    void aVersion2HeaderHasNoFeatures();
    void preallocatesEveryCluster_data();
    void preallocatesEveryCluster();
    void preallocatedClustersShowTheBackingFile();
    void aRawDataFileIsMappedInFull();
    void stopsWhenAsked();
    void anyFailureIsTold();
    void theFileIsRemovedAfterAFailure();
    void aRefusalLeavesTheOldFile();
    void aFileInUseIsLeftAlone();
    void aDataFileInUseLeavesTheOldImage();
    void theDataFileIsBesideTheImage();
    void theBackingFileGivesTheSize();
    void neverOverwritesAFileThatItNeeds();

private:
    std::string path(const char* name) const { return m_folder->filePath(QString::fromUtf8(name)).toStdString(); }
    bool exists(const char* name) const { return QFile::exists(m_folder->filePath(QString::fromUtf8(name))); }
    Bytes contents(const char* name) const { return test::readFile(m_folder->filePath(QString::fromUtf8(name))); }
    bool put(const char* name, const Bytes& bytes) const
    {
        return test::writeFile(m_folder->filePath(QString::fromUtf8(name)), bytes);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

void CreateTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
}

using Change = void (*)(CreateOptions&);
Q_DECLARE_METATYPE(Change)

void CreateTest::refusesWhatCannotBe_data()
{
    QTest::addColumn<Change>("change");
    QTest::addColumn<QString>("word");
    const auto row = [](const char* name, const char* word, Change change) {
        QTest::newRow(name) << change << QString::fromUtf8(word);
    };
    row("clusters of 256 bytes", "cluster size", [](CreateOptions& o) { o.clusterSize = 256; });
    row("clusters of 4 MiB", "cluster size", [](CreateOptions& o) { o.clusterSize = 4 * kMiB; });
    row("clusters of 1000 bytes", "cluster size", [](CreateOptions& o) { o.clusterSize = 1000; });
    row("clusters of no bytes", "cluster size", [](CreateOptions& o) { o.clusterSize = 0; });
    row("a width of 0", "refcount_bits=0", [](CreateOptions& o) { o.refcountBits = 0; });
    row("a width of 3", "refcount_bits=3", [](CreateOptions& o) { o.refcountBits = 3; });
    row("a width of 128", "refcount_bits=128", [](CreateOptions& o) { o.refcountBits = 128; });
    row("a version between", "Version 4", [](CreateOptions& o) { o.version = 4; });
    row("version 2 and 1 bit", "refcount_bits=1", [](CreateOptions& o) { o.version = 2, o.refcountBits = 1; });
    row("version 2 and 64 bits", "compat=1.1", [](CreateOptions& o) { o.version = 2, o.refcountBits = 64; });
    row("version 2, lazy", "Lazy", [](CreateOptions& o) { o.version = 2, o.lazyRefcounts = true; });
    row("version 2, extended", "Extended", [](CreateOptions& o) { o.version = 2, o.extendedL2 = true; });
    row("version 2, zstd", "zlib", [](CreateOptions& o) { o.version = 2, o.compression = CompressionType::Zstd; });
    row("version 2, data file", "data file", [](CreateOptions& o) { o.version = 2, o.dataFile = "d"; });
    row("small clusters, extended", "16384", [](CreateOptions& o) { o.extendedL2 = true, o.clusterSize = 8192; });
    row("raw without data file", "data_file_raw", [](CreateOptions& o) { o.dataFileRaw = true; });
    row("raw with backing file", "exclude",
        [](CreateOptions& o) { o.dataFile = "d", o.dataFileRaw = true, o.backingFile = "b", o.backingFormat = "raw"; });
    row("backing file without format", "format", [](CreateOptions& o) { o.backingFile = "b"; });
    row("format without backing file", "backing file", [](CreateOptions& o) { o.backingFormat = "raw"; });
    row("preallocation over a backing file", "extended_l2", [](CreateOptions& o) {
        o.backingFile = "b", o.backingFormat = "raw", o.preallocation = Preallocation::Metadata;
    });
    row("a long backing name", "1023",
        [](CreateOptions& o) { o.backingFile = std::string(1024, 'b'), o.backingFormat = "raw"; });
    row("a backing name that does not fit", "first cluster",
        [](CreateOptions& o) { o.backingFile = std::string(500, 'b'), o.backingFormat = "raw", o.clusterSize = 512; });
    row("a long backing format", "too long",
        [](CreateOptions& o) { o.backingFile = "b", o.backingFormat = std::string(16, 'f'); });
}

void CreateTest::refusesWhatCannotBe()
{
    QFETCH(Change, change);
    QFETCH(QString, word);
    CreateOptions options = sized(kMiB);
    VERIFY_OK(checkCreateOptions(options));
    change(options);
    const auto checked = checkCreateOptions(options);
    VERIFY_ERROR(checked, ErrorKind::Refused);
    QVERIFY2(QString::fromStdString(checked.error().text()).contains(word), test::why(checked));
    const Created created = create(options);
    VERIFY_ERROR(created.result, ErrorKind::Refused);
    QVERIFY(created.bytes.empty());
}

void CreateTest::tellsAllReasonsAtOnce()
{
    CreateOptions options = sized(kMiB);
    options.version = 2;
    options.refcountBits = 1;
    options.lazyRefcounts = true;
    options.backingFormat = "raw";
    const auto checked = checkCreateOptions(options);
    QVERIFY(!checked);
    for (const char* word : {"refcount_bits=1", "Lazy", "backing file"})
        QVERIFY2(checked.error().what.find(word) != std::string::npos, word);
}

void CreateTest::reachesAsFarAsTheL1TableMayGo_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<bool>("extended");
    for (const unsigned clusterBits : {9U, 12U, 16U, 21U})
        QTest::addRow("%u bits", clusterBits) << clusterBits << false;
    QTest::newRow("16 bits, extended") << 16U << true;
}

void CreateTest::reachesAsFarAsTheL1TableMayGo()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(bool, extended);
    CreateOptions options;
    options.clusterSize = std::uint64_t{1} << clusterBits;
    options.extendedL2 = extended;
    // 32 MiB of 8 bytes, each for a cluster of 8 (or 16) bytes, each for a cluster.
    options.size = std::uint64_t{1} << (22 + clusterBits - (extended ? 4 : 3) + clusterBits);
    VERIFY_OK(checkCreateOptions(options));
    ++options.size;
    VERIFY_ERROR(checkCreateOptions(options), ErrorKind::Refused);
}

void CreateTest::laysOutEveryWidthAndClusterSizeAlike_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    for (const unsigned clusterBits : {9U, 12U, 16U, 21U}) {
        for (unsigned order = 0; order <= 6; ++order)
            QTest::addRow("%u byte clusters, %u bits", 1U << clusterBits, 1U << order) << clusterBits << order;
    }
}

void CreateTest::laysOutEveryWidthAndClusterSizeAlike()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    CreateOptions options = sized(kMiB);
    options.clusterSize = std::uint64_t{1} << clusterBits;
    options.refcountBits = std::uint64_t{1} << order;
    const Created created = create(options);
    VERIFY_OK(created.result);
    const Bytes& bytes = created.bytes;
    QCOMPARE(test::getNumber(bytes, 24, 8), kMiB);
    QCOMPARE(test::getNumber(bytes, 48, 8), options.clusterSize); // reftable
    QCOMPARE(test::getNumber(bytes, options.clusterSize, 8), 2 * options.clusterSize); // refblock
    QCOMPARE(test::getNumber(bytes, 40, 8), 3 * options.clusterSize); // L1
    QCOMPARE(test::getNumber(bytes, 96, 4), order);
    QCOMPARE(faultsOf(bytes), std::string());
}

void CreateTest::aTableLargerThanARefblockReachesIsCounted()
{
    CreateOptions options = sized(64 * 1024 * kMiB);
    options.clusterSize = 512;
    options.refcountBits = 64;
    const Created created = create(options);
    VERIFY_OK(created.result);
    QVERIFY(clustersInUse(created.bytes).size() > 32768); // 16 MiB of L1 table
    QCOMPARE(faultsOf(created.bytes), std::string());
}

void CreateTest::aDiskOfNoBytesHasNoTable()
{
    const Created created = create(sized(0));
    VERIFY_OK(created.result);
    QCOMPARE(test::getNumber(created.bytes, 36, 4), 0U);
    QCOMPARE(clustersInUse(created.bytes), (std::vector<std::uint64_t>{0, 1, 2}));
    QCOMPARE(faultsOf(created.bytes), std::string());
}

void CreateTest::roundsTheSizeUpToSectors()
{
    const Created created = create(sized(1000));
    VERIFY_OK(created.result);
    QCOMPARE(test::getNumber(created.bytes, 24, 8), 1024U);
}

void CreateTest::keepsTheNamesOfOtherFiles()
{
    CreateOptions options = sized(kMiB);
    options.backingFile = "base, with a comma";
    options.backingFormat = "raw";
    options.dataFile = "data";
    const Created created = create(options);
    VERIFY_OK(created.result);
    QCOMPARE(text(created.bytes, test::getNumber(created.bytes, 8, 8), test::getNumber(created.bytes, 16, 4)),
        options.backingFile);
    const auto image = Image::open(std::make_shared<MemoryStorage>(created.bytes), {});
    VERIFY_OK(image);
    QCOMPARE((*image)->backingFile(), options.backingFile);
    QCOMPARE((*image)->extensions().backingFormat.value(), options.backingFormat);
    QCOMPARE((*image)->extensions().dataFile.value(), options.dataFile);
    QVERIFY((*image)->header().hasDataFile());
    QCOMPARE(created.data.size(), std::size_t{kMiB});
}

void CreateTest::writesTheFeatureNamesOnlyWhereThereIsRoom()
{
    CreateOptions options = sized(kMiB);
    options.clusterSize = 8192;
    const Bytes with = create(options).bytes;
    QCOMPARE(test::getNumber(with, 112, 4), 0x6803f857U);
    QCOMPARE(text(with, 112 + 8 + 2, 9), std::string("dirty bit"));
    options.clusterSize = 4096;
    QCOMPARE(test::getNumber(create(options).bytes, 112, 8), 0U);
}

void CreateTest::aVersion2HeaderHasNoFeatures()
{
    CreateOptions options = sized(kMiB);
    options.version = 2;
    const Created created = create(options);
    VERIFY_OK(created.result);
    QCOMPARE(test::getNumber(created.bytes, 4, 4), 2U);
    for (std::size_t at = 72; at < 65536; at += 8)
        QCOMPARE(test::getNumber(created.bytes, at, 8), 0U);
    QCOMPARE(faultsOf(created.bytes), std::string());
}

void CreateTest::preallocatesEveryCluster_data()
{
    QTest::addColumn<int>("mode");
    QTest::addColumn<bool>("extended");
    for (const bool extended : {false, true}) {
        QTest::addRow("metadata, extended %d", extended) << static_cast<int>(Preallocation::Metadata) << extended;
        QTest::addRow("falloc, extended %d", extended) << static_cast<int>(Preallocation::Falloc) << extended;
        QTest::addRow("full, extended %d", extended) << static_cast<int>(Preallocation::Full) << extended;
    }
}

void CreateTest::preallocatesEveryCluster()
{
    QFETCH(int, mode);
    QFETCH(bool, extended);
    CreateOptions options = sized(kMiB + 512);
    options.clusterSize = 16384;
    options.extendedL2 = extended;
    options.preallocation = static_cast<Preallocation>(mode);
    const Created created = create(options);
    VERIFY_OK(created.result);
    QCOMPARE(clustersInUse(created.bytes).size(), std::size_t{4 + 1 + 65}); // first ones, L2 table, data
    QCOMPARE(faultsOf(created.bytes), std::string());
    auto editor = ImageEditor::open(std::make_shared<MemoryStorage>(created.bytes), {}, {});
    VERIFY_OK(editor);
    GuestWriter guest(**editor);
    Bytes disk(guest.size(), std::byte{1});
    VERIFY_OK(guest.read(0, disk));
    QCOMPARE(disk, Bytes(guest.size()));
    for (std::uint64_t at = 0; at < guest.size(); at += options.clusterSize)
        QVERIFY(guest.mapping(GuestOffset(at), 512)->host.has_value());
}

void CreateTest::preallocatedClustersShowTheBackingFile()
{
    CreateOptions options = sized(kMiB);
    options.extendedL2 = true;
    options.backingFile = "b";
    options.backingFormat = "raw";
    options.preallocation = Preallocation::Metadata;
    const Created created = create(options);
    VERIFY_OK(created.result);
    auto editor = ImageEditor::open(std::make_shared<MemoryStorage>(created.bytes), {}, {});
    VERIFY_OK(editor);
    GuestWriter guest(**editor);
    for (std::uint64_t at = 0; at < kMiB; at += 4096)
        QCOMPARE(guest.mapping(GuestOffset(at), 512)->kind, MappingKind::UnallocatedHere);
}

void CreateTest::aRawDataFileIsMappedInFull()
{
    CreateOptions options = sized(kMiB);
    options.dataFile = "d";
    options.dataFileRaw = true;
    const auto image = std::make_shared<MemoryStorage>();
    const auto data = std::make_shared<MemoryStorage>();
    VERIFY_OK(createImage(options, image, data, {}));
    auto editor = ImageEditor::open(image, GuestFiles{nullptr, data}, {});
    VERIFY_OK(editor);
    const auto extent = GuestWriter(**editor).mapping(GuestOffset(0), kMiB);
    VERIFY_OK(extent);
    QCOMPARE(extent->kind, MappingKind::Data);
    QCOMPARE(extent->length, kMiB);
    QCOMPARE(extent->host->value(), 0U);
    const auto census = takeCensus(**Image::open(image, {}), {});
    QVERIFY(census && (*census)->isClean());
}

void CreateTest::stopsWhenAsked()
{
    std::stop_source source;
    source.request_stop();
    CreateOptions options = sized(kMiB);
    options.preallocation = Preallocation::Full;
    VERIFY_ERROR(create(options, {source.get_token(), {}}).result, ErrorKind::Cancelled);
}

void CreateTest::anyFailureIsTold()
{
    CreateOptions options = sized(kMiB);
    options.preallocation = Preallocation::Full;
    const auto count = [&](test::StorageOp op, std::uint64_t failFrom) {
        const auto plan = std::make_shared<test::FaultPlan>();
        plan->failingOp = op;
        plan->failFrom = failFrom;
        plan->failure = ErrorKind::NoSpace;
        const auto storage = std::make_shared<test::FaultyStorage>(std::make_shared<MemoryStorage>(), plan);
        const auto result = createImage(options, storage, nullptr, {});
        return std::pair(test::failedWith(result, ErrorKind::NoSpace), plan->count(op));
    };
    for (const auto op : {test::StorageOp::Write, test::StorageOp::Flush}) {
        const std::uint64_t operations = count(op, 0).second;
        QVERIFY(operations > 3);
        for (std::uint64_t number = 1; number <= operations; ++number)
            QVERIFY2(count(op, number).first, QByteArray::number(static_cast<qulonglong>(number)).constData());
    }
}

void CreateTest::theFileIsRemovedAfterAFailure()
{
    std::stop_source source;
    source.request_stop();
    CreateOptions options = sized(kMiB);
    options.dataFile = "data";
    VERIFY_ERROR(createImageFile(options, path("new"), false, {source.get_token(), {}}), ErrorKind::Cancelled);
    QVERIFY(!exists("new"));
    QVERIFY(!exists("data"));
}

void CreateTest::aRefusalLeavesTheOldFile()
{
    QVERIFY(put("old", test::bytesOf("precious")));
    CreateOptions options = sized(kMiB);
    options.refcountBits = 3;
    VERIFY_ERROR(createImageFile(options, path("old"), false, {}), ErrorKind::Refused);
    options = sized(0);
    options.backingFile = "missing";
    options.backingFormat = "raw";
    VERIFY_ERROR(createImageFile(options, path("old"), true, {}), ErrorKind::NotFound);
    QCOMPARE(contents("old"), test::bytesOf("precious"));
}

void CreateTest::aFileInUseIsLeftAlone()
{
    QVERIFY(put("used", test::bytesOf("precious")));
    const auto holder = FileStorage::open(path("used"), Access::ReadWrite);
    VERIFY_OK(holder);
    VERIFY_ERROR(createImageFile(sized(kMiB), path("used"), false, {}), ErrorKind::InUse);
    QCOMPARE(contents("used"), test::bytesOf("precious"));
}

void CreateTest::aDataFileInUseLeavesTheOldImage()
{
    QVERIFY(put("old", test::bytesOf("precious")));
    QVERIFY(put("data", test::bytesOf("used")));
    const auto holder = FileStorage::open(path("data"), Access::ReadWrite);
    VERIFY_OK(holder);
    CreateOptions options = sized(kMiB);
    options.dataFile = "data";
    VERIFY_ERROR(createImageFile(options, path("old"), false, {}), ErrorKind::InUse);
    QCOMPARE(contents("old"), test::bytesOf("precious"));
    QCOMPARE(contents("data"), test::bytesOf("used"));
}

void CreateTest::theDataFileIsBesideTheImage()
{
    QVERIFY(QDir(m_folder->path()).mkdir("sub"));
    CreateOptions options = sized(kMiB);
    options.dataFile = "data";
    VERIFY_OK(createImageFile(options, path("sub/image"), false, {}));
    QVERIFY(exists("sub/data"));
    QCOMPARE(contents("sub/data").size(), std::size_t{kMiB});
}

void CreateTest::theBackingFileGivesTheSize()
{
    QVERIFY(put("raw", Bytes(10000)));
    VERIFY_OK(createImageFile(sized(3 * kMiB), path("base"), false, {}));
    for (const auto& [name, format, size] :
        {std::tuple("raw", "raw", std::uint64_t{10240}), std::tuple("base", "qcow2", 3 * kMiB)}) {
        CreateOptions options;
        options.backingFile = name;
        options.backingFormat = format;
        VERIFY_OK(createImageFile(options, path("over"), true, {}));
        QCOMPARE(test::getNumber(contents("over"), 24, 8), size);
        VERIFY_OK(createImageFile(options, path("over"), false, {}));
        QCOMPARE(test::getNumber(contents("over"), 24, 8), 0U);
    }
}

void CreateTest::neverOverwritesAFileThatItNeeds()
{
    VERIFY_OK(createImageFile(sized(kMiB), path("base"), false, {}));
    CreateOptions middle;
    middle.backingFile = "base";
    middle.backingFormat = "qcow2";
    VERIFY_OK(createImageFile(middle, path("middle"), true, {}));
    const Bytes base = contents("base");

    CreateOptions options = sized(kMiB);
    options.backingFile = "./base";
    options.backingFormat = "qcow2";
    VERIFY_ERROR(createImageFile(options, path("base"), false, {}), ErrorKind::Refused);
    options.backingFile = "middle"; // the image itself, two files further down
    options.size = 0;
    VERIFY_ERROR(createImageFile(options, path("base"), true, {}), ErrorKind::Refused);
    options = sized(kMiB);
    options.dataFile = "base";
    VERIFY_ERROR(createImageFile(options, path("base"), false, {}), ErrorKind::Refused);
    options.dataFile = "new";
    VERIFY_ERROR(createImageFile(options, path("new"), false, {}), ErrorKind::Refused);
    options.dataFile = "base";
    options.backingFile = "base";
    options.backingFormat = "qcow2";
    VERIFY_ERROR(createImageFile(options, path("new"), false, {}), ErrorKind::Refused);
    QCOMPARE(contents("base"), base);
}

QTEST_GUILESS_MAIN(CreateTest)
#include "create_test.moc"
