// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/byte_search.h"
#include "core/storage/file_storage.h"
#include "core/storage/memory_storage.h"
#include "tests/support/bytes.h"
#include "tests/support/expect.h"

#include <QFile>
#include <QTemporaryDir>

#include <random>

using namespace cowscope;
using test::Bytes;

namespace
{

using Found = std::optional<std::uint64_t>;

constexpr std::uint64_t kHole = std::uint64_t{64} << 20;

/// A file that begins with a hole of kHole bytes. Counts the bytes that are read.
class HoleStorage : public Storage
{
public:
    explicit HoleStorage(Bytes bytes)
        : m_memory(std::move(bytes))
    {
    }

    Result<std::uint64_t> size() const override { return m_memory.size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_memory.allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        bytesRead += out.size();
        return m_memory.read(offset, out);
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override
    {
        const std::uint64_t size = m_memory.size().value_or(0);
        if (offset >= size)
            return StorageExtent{};
        return offset < kHole ? StorageExtent{0, kHole, false} : StorageExtent{kHole, size - kHole, true};
    }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override
    {
        return m_memory.write(offset, bytes);
    }
    Result<void> flush() override { return m_memory.flush(); }
    Result<void> truncate(std::uint64_t size) override { return m_memory.truncate(size); }
    bool canGrow() const override { return m_memory.canGrow(); }

    mutable std::uint64_t bytesRead = 0;

private:
    MemoryStorage m_memory;
};

Result<Found> find(const Storage& storage, const Bytes& pattern, std::uint64_t from, std::uint64_t to)
{
    return findBytes(storage, {pattern}, from, to, {});
}

Result<Found> findLast(const Storage& storage, const Bytes& pattern, std::uint64_t from, std::uint64_t to)
{
    return findBytes(storage, {.bytes = pattern, .backward = true}, from, to, {});
}

} // namespace

class ByteSearchTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsTheFirstMatchFromAPlaceOn();
    void findsMatchesAcrossPieces();
    void beginsBeforeTheEndOfTheRange();
    void doesNotReadHoles();
    void findsZerosInAHole();
    void findsAMatchThatBeginsInAHole();
    void findsTheLastMatchBeforeAPlace();
    void findsMatchesAcrossPiecesBackwards();
    void doesNotReadHolesBackwards();
    void ignoresCaseOfLetters();
    void agreesWithAPlainSearch();
    void findsDataOfASparseFileOfManyTebibytes();
    void canBeCancelled();
};

void ByteSearchTest::findsTheFirstMatchFromAPlaceOn()
{
    const MemoryStorage storage(test::bytesOf("abcabcabd"));
    QCOMPARE(find(storage, test::bytesOf("abc"), 0, 100).value(), Found(0));
    QCOMPARE(find(storage, test::bytesOf("abc"), 1, 100).value(), Found(3));
    QCOMPARE(find(storage, test::bytesOf("abc"), 4, 100).value(), Found());
    QCOMPARE(find(storage, test::bytesOf("abd"), 0, 100).value(), Found(6));
    QCOMPARE(find(storage, test::bytesOf("d"), 8, 100).value(), Found(8));
    QCOMPARE(find(storage, test::bytesOf("bdx"), 0, 100).value(), Found());
    QCOMPARE(find(storage, {}, 0, 100).value(), Found());
}

void ByteSearchTest::findsMatchesAcrossPieces()
{
    constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;
    for (const std::uint64_t at : {kPiece - 4, kPiece - 3, kPiece - 1, kPiece, 2 * kPiece - 2}) {
        Bytes bytes(3 * kPiece);
        test::putText(bytes, at, "look");
        QCOMPARE(find(MemoryStorage(bytes), test::bytesOf("look"), 0, bytes.size()).value(), Found(at));
    }
}

void ByteSearchTest::beginsBeforeTheEndOfTheRange()
{
    const MemoryStorage storage(test::bytesOf("....look"));
    QCOMPARE(find(storage, test::bytesOf("look"), 0, 5).value(), Found(4));
    QCOMPARE(find(storage, test::bytesOf("look"), 0, 4).value(), Found());
}

void ByteSearchTest::doesNotReadHoles()
{
    Bytes bytes(kHole + (1U << 20));
    test::putText(bytes, kHole + 500, "here");
    const HoleStorage storage(bytes);
    QCOMPARE(find(storage, test::bytesOf("here"), 0, bytes.size()).value(), Found(kHole + 500));
    QVERIFY(storage.bytesRead <= (std::uint64_t{2} << 20));
}

void ByteSearchTest::findsZerosInAHole()
{
    Bytes bytes(kHole + (1U << 20));
    const HoleStorage storage(bytes);
    QCOMPARE(find(storage, Bytes(8), 100, bytes.size()).value(), Found(100));
}

void ByteSearchTest::findsAMatchThatBeginsInAHole()
{
    Bytes bytes(kHole + (1U << 20));
    test::put8(bytes, kHole, 7);
    const HoleStorage storage(bytes);
    Bytes pattern(3);
    pattern[2] = std::byte{7};
    QCOMPARE(find(storage, pattern, 0, bytes.size()).value(), Found(kHole - 2));
    QCOMPARE(find(storage, pattern, kHole - 1, bytes.size()).value(), Found());
}

void ByteSearchTest::findsTheLastMatchBeforeAPlace()
{
    const MemoryStorage storage(test::bytesOf("abcabcabd"));
    QCOMPARE(findLast(storage, test::bytesOf("abc"), 0, 100).value(), Found(3));
    QCOMPARE(findLast(storage, test::bytesOf("abc"), 0, 4).value(), Found(3));
    QCOMPARE(findLast(storage, test::bytesOf("abc"), 0, 3).value(), Found(0));
    QCOMPARE(findLast(storage, test::bytesOf("abc"), 1, 3).value(), Found());
    QCOMPARE(findLast(MemoryStorage(test::bytesOf("aaaa")), test::bytesOf("aa"), 0, 4).value(), Found(2));
}

void ByteSearchTest::findsMatchesAcrossPiecesBackwards()
{
    constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;
    for (const std::uint64_t at : {kPiece - 4, kPiece - 3, kPiece - 1, kPiece, 2 * kPiece - 2}) {
        Bytes bytes(3 * kPiece);
        test::putText(bytes, at, "look");
        QCOMPARE(findLast(MemoryStorage(bytes), test::bytesOf("look"), 0, bytes.size()).value(), Found(at));
    }
}

void ByteSearchTest::doesNotReadHolesBackwards()
{
    Bytes bytes(kHole + (1U << 20));
    test::put8(bytes, kHole, 7);
    const HoleStorage storage(bytes);
    QCOMPARE(findLast(storage, test::bytesOf("none"), 0, bytes.size()).value(), Found());
    QVERIFY(storage.bytesRead <= (std::uint64_t{5} << 20));
    Bytes pattern(3);
    pattern[2] = std::byte{7};
    QCOMPARE(findLast(storage, pattern, 0, bytes.size()).value(), Found(kHole - 2));
    QCOMPARE(findLast(storage, Bytes(8), 0, kHole - 7).value(), Found(kHole - 8));
}

void ByteSearchTest::ignoresCaseOfLetters()
{
    const MemoryStorage storage(test::bytesOf("[@`{ Disk DISK"));
    const auto find = [&](const char* text, bool backward) {
        return findBytes(storage, {test::bytesOf(text), true, backward}, 0, 100, {}).value();
    };
    QCOMPARE(find("dISK", false), Found(5));
    QCOMPARE(find("disk", true), Found(10));
    QCOMPARE(find("{@", false), Found()); // '@' and '`' differ by the bit that tells the cases of letters apart
    QCOMPARE(find("`{", false), Found(2));
}

void ByteSearchTest::agreesWithAPlainSearch()
{
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 40, 'a');
        for (char& letter : text)
            letter = static_cast<char>('a' + random() % 2);
        const std::string pattern = text.substr(random() % (text.size() + 1), 1 + random() % 4);
        const std::uint64_t from = random() % 40;
        const std::uint64_t to = random() % 40;
        Found first;
        Found last;
        for (std::uint64_t at = from; at < to && !pattern.empty(); ++at)
            if (at < text.size() && text.compare(at, pattern.size(), pattern) == 0) {
                first = first.value_or(at);
                last = at;
            }
        const MemoryStorage storage(test::bytesOf(text.c_str()));
        QCOMPARE(find(storage, test::bytesOf(pattern.c_str()), from, to).value(), first);
        QCOMPARE(findLast(storage, test::bytesOf(pattern.c_str()), from, to).value(), last);
    }
}

void ByteSearchTest::findsDataOfASparseFileOfManyTebibytes()
{
    constexpr qint64 kFar = qint64{8} << 40;
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("huge"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    if (!file.resize(kFar + 4096) || !file.seek(kFar) || file.write("needle") != 6 || !file.flush())
        QSKIP("the file system holds no file of that size");
    file.close();
    const auto storage = FileStorage::open(path.toStdString(), Access::ReadOnly);
    VERIFY_OK(storage);
    QCOMPARE(find(**storage, test::bytesOf("needle"), 0, UINT64_MAX).value(), Found(kFar));
}

void ByteSearchTest::canBeCancelled()
{
    std::stop_source stop;
    stop.request_stop();
    const MemoryStorage storage(test::bytesOf("abc"));
    VERIFY_ERROR(findBytes(storage, {test::bytesOf("x")}, 0, 3, {stop.get_token(), {}}), ErrorKind::Cancelled);
}

QTEST_GUILESS_MAIN(ByteSearchTest)
#include "byte_search_test.moc"
