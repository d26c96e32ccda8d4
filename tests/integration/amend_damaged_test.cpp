// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/big_endian.h"
#include "tests/integration/cli.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;
using test::Bytes;

namespace
{

std::uint64_t wordAt(const Bytes& bytes, std::uint64_t offset)
{
    return loadBigEndian<std::uint64_t>(bytes, offset);
}

void setWord(Bytes& bytes, std::uint64_t offset, std::uint64_t value)
{
    storeBigEndian(std::span(bytes), offset, value);
}

} // namespace

/// Images that were cut or damaged: amend keeps every cluster that anything refers to, or refuses.
class AmendDamagedTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void keepsATableThatReachesBehindTheFile();
    void refusesAClusterWithTwoOwnersThoughItsCountOverflows();
    void refusesAWidthThatARepairWouldOverflow();

private:
    QString create(const QString& options, const QString& size, const QStringList& writes = {});
    test::ProgramRun amend(const QString& path, unsigned bits)
    {
        return test::cli({"amend", "-o", QStringLiteral("refcount_bits=%1").arg(bits), path}, m_folder.path());
    }

    QTemporaryDir m_folder;
    int m_number = 0;
};

QString AmendDamagedTest::create(const QString& options, const QString& size, const QStringList& writes)
{
    const QString path = m_folder.filePath(QStringLiteral("%1.qcow2").arg(++m_number));
    if (test::qemu::img({"create", "-q", "-f", "qcow2", "-o", options, path, size}).exit != 0)
        return {};
    if (!writes.isEmpty() && test::qemu::io(path, writes).exit != 0)
        return {};
    return path;
}

/// The L1 table of an empty image takes less than its cluster, so a file cut before it is legal: it reads as zeros.
void AmendDamagedTest::keepsATableThatReachesBehindTheFile()
{
    const QString path = create("cluster_size=64k", "1G");
    QVERIFY(QFile::resize(path, 3 * 65536));
    QCOMPARE(test::qemu::checkExit(path), 0);
    QCOMPARE(test::cli({"check", path}, m_folder.path()).exit, 0);
    QCOMPARE(amend(path, 32).exit, 0);
    QCOMPARE(test::qemu::checkExit(path), 0);
    QVERIFY(test::qemu::io(path, {"write -P 7 0 64k", "read -P 7 0 64k"}).exit == 0);
    QCOMPARE(test::qemu::checkExit(path), 0);
}

void AmendDamagedTest::refusesAClusterWithTwoOwnersThoughItsCountOverflows()
{
    const QString path = create("cluster_size=512,refcount_bits=1", "64k", {"write 0 4k"});
    Bytes bytes = test::readFile(path);
    const std::uint64_t l2 = wordAt(bytes, wordAt(bytes, 40)) & 0x00fffffffffffe00;
    setWord(bytes, l2 + 3 * 8, std::uint64_t{1} << 63 | wordAt(bytes, 48)); // guest data in the reftable
    QVERIFY(test::writeFile(path, bytes));
    const auto done = amend(path, 16);
    QCOMPARE(done.exit, 1);
    QVERIFY2(done.err.contains("two owners"), done.err);
    QVERIFY(test::readFile(path) == bytes);
}

void AmendDamagedTest::refusesAWidthThatARepairWouldOverflow()
{
    const QString path = create("cluster_size=4k,refcount_bits=8", "1M", {"write 0 64k"});
    QCOMPARE(test::qemu::img({"snapshot", "-c", "one", path}).exit, 0);
    Bytes bytes = test::readFile(path);
    const std::uint64_t refblock = wordAt(bytes, wordAt(bytes, 48));
    for (std::uint64_t i = 0; i < 64; ++i) {
        if (bytes[refblock + i] == std::byte{2})
            bytes[refblock + i] = std::byte{1}; // too low: the snapshot's reference is not counted
    }
    QVERIFY(test::writeFile(path, bytes));
    const auto refused = amend(path, 1);
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("has count 2"), refused.err);
    QVERIFY(test::readFile(path) == bytes);

    QCOMPARE(amend(path, 2).exit, 0);
    QCOMPARE(test::qemu::img({"check", "-q", "-r", "all", path}).exit, 0);
    QCOMPARE(test::qemu::checkExit(path), 0);
}

QTEST_GUILESS_MAIN(AmendDamagedTest)
#include "amend_damaged_test.moc"
