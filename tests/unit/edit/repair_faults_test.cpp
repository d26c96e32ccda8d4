// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/repair.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/repair_judge.h"
#include "tests/support/sample_images.h"

#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;
using test::FaultPlan;
using test::FaultyStorage;
using test::StorageOp;

namespace
{

/// Work for every step of a repair: bad entries, a rebuild, new tables, counts in both directions, flags.
BuiltImage muchToDo()
{
    BuiltImage image = test::soundImage();
    for (const test::Damage& damage : test::damages()) {
        if (damage.kind == FindingKind::Leak || damage.kind == FindingKind::RefblockPastEnd
            || damage.kind == FindingKind::CopiedFlagWrong || damage.kind == FindingKind::L2EntryReserved)
            damage.hurt(image);
    }
    test::put32(image.bytes, image.layout.snapshotTable + 36, 0); // no sizes of the snapshot
    test::putText(image.bytes, image.layout.snapshotTable + 40, "1empty");
    test::setEntry(image, 40, image.layout.l1);
    return image;
}

/// A storage in memory of which one stretch cannot be read.
class BadSector final : public Storage
{
public:
    BadSector(Bytes bytes, std::uint64_t at)
        : m_inner(std::move(bytes))
        , m_at(at)
    {
    }
    const Bytes& bytes() const { return m_inner.bytes(); }
    Result<std::uint64_t> size() const override { return m_inner.size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_inner.allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        if (offset <= m_at && m_at < offset + out.size())
            return fail(ErrorKind::Io, "The test's disk is failing here", m_at);
        return m_inner.read(offset, out);
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override { return m_inner.extentAt(offset); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override
    {
        return m_inner.write(offset, bytes);
    }
    Result<void> flush() override { return m_inner.flush(); }
    Result<void> truncate(std::uint64_t size) override { return m_inner.truncate(size); }
    bool canGrow() const override { return true; }

private:
    MemoryStorage m_inner;
    std::uint64_t m_at;
};

} // namespace

class RepairFaultsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aFailingWriteOrFlushLeavesTheImageNoWorse_data();
    void aFailingWriteOrFlushLeavesTheImageNoWorse();
    void aStopLeavesTheImageNoWorse();
    void progressNeverGoesBack();
    void whatCannotBeReadIsNotGivenUp();
    void noCombinationOfDamagesIsMadeWorse();
    void noiseIsNeverMadeWorse_data();
    void noiseIsNeverMadeWorse();
};

void RepairFaultsTest::aFailingWriteOrFlushLeavesTheImageNoWorse_data()
{
    QTest::addColumn<int>("operation");
    QTest::addColumn<bool>("forGood");
    QTest::newRow("one write fails") << static_cast<int>(StorageOp::Write) << false;
    QTest::newRow("the disk is full from a write on") << static_cast<int>(StorageOp::Write) << true;
    QTest::newRow("one flush fails") << static_cast<int>(StorageOp::Flush) << false;
}

void RepairFaultsTest::aFailingWriteOrFlushLeavesTheImageNoWorse()
{
    QFETCH(int, operation);
    QFETCH(bool, forGood);
    const Bytes bytes = muchToDo().bytes;
    const test::ImageState before = test::stateOf(bytes);
    std::uint64_t failed = 0;
    for (std::uint64_t number = 1;; ++number) {
        const auto inner = std::make_shared<MemoryStorage>(bytes);
        const auto plan = std::make_shared<FaultPlan>();
        plan->failingOp = static_cast<StorageOp>(operation);
        plan->failFrom = number;
        plan->failAllAfter = forGood;
        plan->failure = forGood ? ErrorKind::NoSpace : ErrorKind::Io;
        const auto result = repairImage(std::make_shared<FaultyStorage>(inner, plan), RepairMode::All, nullptr, {});
        if (result)
            break; // there are no more operations than that
        VERIFY_ERROR(result, plan->failure);
        ++failed;
        QCOMPARE(test::worseThan(before, test::stateOf(inner->bytes())), std::string());
        const auto later = repairImage(inner, RepairMode::All, nullptr, {});
        VERIFY_OK(later);
        QVERIFY2(later->census->isClean(), test::stateOf(inner->bytes()).first.c_str());
        QCOMPARE(test::worseThan(before, test::stateOf(inner->bytes())), std::string());
    }
    QVERIFY(failed >= 6);
}

void RepairFaultsTest::aStopLeavesTheImageNoWorse()
{
    const Bytes bytes = muchToDo().bytes;
    const test::ImageState before = test::stateOf(bytes);
    int stops = 0;
    for (int at = 0;; ++at) {
        const auto storage = std::make_shared<MemoryStorage>(bytes);
        std::stop_source stop;
        int seen = 0;
        const auto result = repairImage(storage, RepairMode::All, nullptr, {stop.get_token(), [&](const Progress&) {
                                                                                if (seen++ == at)
                                                                                    stop.request_stop();
                                                                            }});
        QCOMPARE(test::worseThan(before, test::stateOf(storage->bytes())), std::string());
        if (result)
            break;
        VERIFY_ERROR(result, ErrorKind::Cancelled);
        ++stops;
    }
    QVERIFY(stops > 10);
}

void RepairFaultsTest::progressNeverGoesBack()
{
    std::vector<Progress> all;
    VERIFY_OK(repairImage(std::make_shared<MemoryStorage>(muchToDo().bytes), RepairMode::All, nullptr,
        {{}, [&](const Progress& progress) { all.push_back(progress); }}));
    QVERIFY(all.size() > 10);
    for (std::size_t i = 1; i < all.size(); ++i) {
        QVERIFY(all[i - 1].done <= all[i].done);
        QVERIFY(all[i - 1].done * all[i].total <= all[i].done * std::max<std::uint64_t>(all[i - 1].total, 1));
    }
    QVERIFY(all.back().total > 0);
    QCOMPARE(all.back().done, all.back().total);
}

void RepairFaultsTest::whatCannotBeReadIsNotGivenUp()
{
    BuiltImage image = test::soundImage();
    image.setCount(test::clusterOf(image, 5), 2);
    for (const RepairMode mode : {RepairMode::Leaks, RepairMode::All}) {
        const auto storage = std::make_shared<BadSector>(image.bytes, image.l2EntryAt(0) + 100);
        const auto result = repairImage(storage, mode, nullptr, {});
        VERIFY_OK(result);
        QVERIFY(result->plan.changesNothing());
        QVERIFY(!result->plan.remains.empty());
        QVERIFY(result->census->checkErrors > 0);
        QCOMPARE(storage->bytes(), image.bytes);
    }
}

void RepairFaultsTest::noCombinationOfDamagesIsMadeWorse()
{
    std::mt19937_64 random(1);
    int sound = 0;
    for (int i = 0; i < 200; ++i) {
        BuiltImage image = test::soundImage();
        std::string names;
        for (int n = 0; n < 4; ++n) {
            const test::Damage& damage = test::damages()[random() % test::damages().size()];
            damage.hurt(image);
            names += std::string(damage.name) + ", ";
        }
        const auto storage = std::make_shared<MemoryStorage>(image.bytes);
        const auto result = repairImage(storage, RepairMode::All, nullptr, {});
        QVERIFY2(result.has_value(), (names + test::why(result).toStdString()).c_str());
        const test::ImageState before = test::stateOf(image.bytes);
        const test::ImageState after = test::stateOf(storage->bytes());
        QVERIFY2(after.harm <= before.harm && after.unsafeFlags <= before.unsafeFlags, (names + after.first).c_str());
        QVERIFY2(after.sound || !result->plan.remains.empty(), (names + after.first).c_str());
        sound += after.sound ? 1 : 0;
    }
    QVERIFY2(sound > 180, qPrintable(QString::number(sound)));
}

void RepairFaultsTest::noiseIsNeverMadeWorse_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    QTest::newRow("clusters of 512 bytes, 16 bits") << 9U << 4U;
    QTest::newRow("clusters of 512 bytes, 1 bit") << 9U << 0U;
    QTest::newRow("clusters of 4 KiB, 64 bits") << 12U << 6U;
}

/// Pokes edge values and noise into every kind of metadata. Opening may fail; a repair may not make anything worse.
void RepairFaultsTest::noiseIsNeverMadeWorse()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    const BuiltImage sound
        = order == 0 ? test::plainImage(clusterBits, order) : test::snapshotImage(clusterBits, order, 2, true);
    std::mt19937_64 random(clusterBits * 7 + order);
    int mended = 0;
    for (int i = 0; i < 250; ++i) {
        Bytes bytes = sound.bytes;
        for (std::uint64_t n = 1 + random() % 6; n-- > 0;) {
            const std::array places{sound.layout.l1, sound.layout.reftable, sound.layout.snapshotTable,
                sound.layout.snapshotL1.empty() ? sound.layout.l1 : sound.layout.snapshotL1[0], sound.l2EntryAt(0),
                std::uint64_t{8}, sound.layout.refblocks.at(0)};
            const std::array<std::uint64_t, 8> edges{0, 1, 512, test::kCopied, test::kCompressed | 4096, test::kFar,
                sound.l2EntryAt(0), test::kCopied | sound.layout.reftable};
            const std::uint64_t at = places[random() % places.size()] + random() % 16 * 8;
            const std::uint64_t value = random() % 2 == 0 ? edges[random() % edges.size()] : random() >> random() % 64;
            test::put64(bytes, std::min<std::uint64_t>(at, bytes.size() - 8), value);
        }
        if (random() % 4 == 0)
            bytes.resize(random() % bytes.size());
        const test::ImageState before = test::stateOf(bytes);
        const auto storage = std::make_shared<MemoryStorage>(bytes);
        const auto result = repairImage(storage, RepairMode::All, nullptr, {});
        if (!before.unusable.empty())
            continue;
        const test::ImageState after = test::stateOf(storage->bytes());
        QVERIFY2(after.unusable.empty(), after.unusable.c_str());
        const QByteArray run = QByteArray::number(i) + ": " + QByteArray::fromStdString(after.first);
        QVERIFY2(after.harm <= before.harm, run);
        QVERIFY2(result.has_value(), run + test::why(result));
        QVERIFY2(after.sound || !result->plan.remains.empty(), run);
        mended += after.sound ? 1 : 0;
    }
    QVERIFY2(mended > 50, qPrintable(QString::number(mended)));
}

QTEST_GUILESS_MAIN(RepairFaultsTest)
#include "repair_faults_test.moc"
