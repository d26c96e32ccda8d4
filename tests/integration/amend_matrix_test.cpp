// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/support/naive_reader.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;
using test::Bytes;

namespace
{

/// An image that qemu-img made, and what its guest reads.
struct Subject {
    QString path;
    QStringList snapshots; ///< those whose contents are compared
    std::vector<QByteArray> hashes; ///< active disk first
    std::map<std::uint64_t, std::uint64_t> counts; ///< by cluster, from the second reader
};

QString width(unsigned bits)
{
    return QStringLiteral("refcount_bits=%1").arg(bits);
}

std::uint64_t maximum(unsigned bits)
{
    return ~std::uint64_t{0} >> (64 - bits);
}

} // namespace

/// Every refcount width into every other, on images that qemu-img and qemu-io made, judged by qemu-img.
class AmendMatrixTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void changesEveryWidthIntoEveryOther_data();
    void changesEveryWidthIntoEveryOther();

private:
    bool make(Subject& subject, unsigned clusterSize, unsigned bits, unsigned snapshots, unsigned compressed);
    std::vector<QByteArray> hashes(const QString& path, const QStringList& snapshots);
    QString copyOf(const Subject& subject);
    void succeeds(const Subject& subject, unsigned bits);
    void isRefused(const Subject& subject, unsigned bits);

    QTemporaryDir m_folder;
    int m_number = 0;
};

void AmendMatrixTest::changesEveryWidthIntoEveryOther_data()
{
    QTest::addColumn<unsigned>("clusterSize");
    QTest::addColumn<unsigned>("from");
    for (const unsigned clusterSize : {512U, 4096U, 65536U, 2U << 20}) {
        for (unsigned from = 1; from <= 64; from *= 2)
            QTest::addRow("clusters of %u bytes, from %u bits", clusterSize, from) << clusterSize << from;
    }
}

void AmendMatrixTest::changesEveryWidthIntoEveryOther()
{
    QFETCH(unsigned, clusterSize);
    QFETCH(unsigned, from);
    // Snapshots and shared compressed clusters as far as the width counts; beside it an image that fits any width.
    Subject plain;
    QVERIFY(make(plain, clusterSize, from, 0, 1));
    Subject rich;
    QVERIFY(make(rich, clusterSize, from, from == 1 ? 0 : from == 2 ? 2 : 5, from <= 2 ? 1 : from == 4 ? 2 : 4));
    std::uint64_t largest = 0;
    for (const auto& [cluster, count] : rich.counts)
        largest = std::max(largest, count);
    QVERIFY(largest == (from == 1 ? 1U : from == 2 ? 3U : from == 4 ? 12U : 24U));

    for (unsigned to = 1; to <= 64; to *= 2) {
        const bool fits = largest <= maximum(to);
        succeeds(fits ? rich : plain, to);
        if (QTest::currentTestFailed())
            return;
        if (!fits)
            isRefused(rich, to);
        if (QTest::currentTestFailed())
            return;
    }
}

/// Data, zero and `compressed` compressed clusters, changed between snapshots; a copy of none is ever open.
bool AmendMatrixTest::make(
    Subject& subject, unsigned clusterSize, unsigned bits, unsigned snapshots, unsigned compressed)
{
    subject.path = m_folder.filePath(QStringLiteral("%1.qcow2").arg(++m_number));
    const unsigned clusters = clusterSize > 65536 ? 8 : 200;
    const auto at = [&](unsigned cluster) { return QString::number(std::uint64_t{cluster} * clusterSize); };
    const QString one = QString::number(clusterSize);
    const QString options = QStringLiteral("cluster_size=%1,%2").arg(clusterSize).arg(width(bits));
    bool good = test::qemu::img({"create", "-q", "-f", "qcow2", "-o", options, subject.path, at(clusters)}).exit == 0;
    QStringList writes{
        "write -P 17 " + at(0) + " " + QString::number(2 * clusterSize), "write -z " + at(2) + " " + one};
    for (unsigned i = 0; i < compressed; ++i)
        writes << QStringLiteral("write -c -P %1 ").arg(33 + i) + at(3 + i) + " " + one;
    writes << "write -P 90 " + at(clusters - 1) + " " + one;
    good = good && test::qemu::io(subject.path, writes).exit == 0;
    for (unsigned i = 1; i <= snapshots; ++i) {
        const QString name = QStringLiteral("s%1").arg(i);
        good = good && test::qemu::img({"snapshot", "-c", name, subject.path}).exit == 0;
        good = good
            && test::qemu::io(subject.path, {QStringLiteral("write -P %1 ").arg(100 + i) + at(1) + " 512"}).exit == 0;
        if (i == 1 || i == snapshots)
            subject.snapshots << name;
    }
    subject.hashes = hashes(subject.path, subject.snapshots);
    subject.counts = test::NaiveReader(test::readFile(subject.path)).counts();
    return good && test::qemu::checkExit(subject.path) == 0 && !subject.hashes.back().isEmpty();
}

std::vector<QByteArray> AmendMatrixTest::hashes(const QString& path, const QStringList& snapshots)
{
    std::vector<QByteArray> out{test::qemu::contentHash(path)};
    for (const QString& snapshot : snapshots)
        out.push_back(test::qemu::contentHash(path, snapshot));
    return out;
}

QString AmendMatrixTest::copyOf(const Subject& subject)
{
    const QString path = m_folder.filePath("copy.qcow2");
    QFile::remove(path);
    return test::runProgram("cp", {"--sparse=always", subject.path, path}).exit == 0 ? path : QString();
}

void AmendMatrixTest::succeeds(const Subject& subject, unsigned bits)
{
    const QString path = copyOf(subject);
    QVERIFY(!path.isEmpty());
    const auto amended = test::cli({"amend", "-o", width(bits), path});
    QVERIFY2(amended.exit == 0, amended.err);
    const auto check = test::qemu::img({"check", path});
    QVERIFY2(check.exit == 0, check.out + check.err);
    const auto info = test::qemu::img({"info", "--output=json", path}).json();
    QCOMPARE(info["format-specific"]["data"]["refcount-bits"].toInt(), static_cast<int>(bits));
    QVERIFY2(hashes(path, subject.snapshots) == subject.hashes, "the guest reads something else now");
}

void AmendMatrixTest::isRefused(const Subject& subject, unsigned bits)
{
    const QString path = copyOf(subject);
    QVERIFY(!path.isEmpty());
    const Bytes before = test::readFile(path);
    const auto amended = test::cli({"amend", "-o", width(bits), path});
    QCOMPARE(amended.exit, 1);
    const auto first
        = std::ranges::find_if(subject.counts, [&](const auto& each) { return each.second > maximum(bits); });
    const QByteArray cluster = "cluster " + QByteArray::number(qulonglong{first->first}) + " ";
    const QByteArray count = "count " + QByteArray::number(qulonglong{first->second});
    QVERIFY2(amended.err.contains(cluster), amended.err);
    QVERIFY2(amended.err.contains(count), amended.err);
    QVERIFY2(test::readFile(path) == before, "a refusal changed the file");
}

QTEST_GUILESS_MAIN(AmendMatrixTest)
#include "amend_matrix_test.moc"
