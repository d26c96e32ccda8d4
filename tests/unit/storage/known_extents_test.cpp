// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/known_extents.h"
#include "tests/support/expect.h"

#include <algorithm>
#include <random>

using namespace cowscope;

namespace
{

/// A file with stretches of data and holes that take turns, which counts how often it is asked for them.
class StripedStorage final : public Storage
{
public:
    /// The stretches end at `ends`, ascending; the first one is data.
    explicit StripedStorage(std::vector<std::uint64_t> ends)
        : m_ends(std::move(ends))
    {
    }

    Result<std::uint64_t> size() const override { return m_ends.back(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_ends.back(); }
    Result<std::size_t> read(std::uint64_t, std::span<std::byte>) const override { return 0; }
    Result<void> write(std::uint64_t, std::span<const std::byte>) override { return {}; }
    Result<void> flush() override { return {}; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    bool canGrow() const override { return false; }

    Result<StorageExtent> extentAt(std::uint64_t offset) const override
    {
        ++asked;
        const auto end = std::ranges::upper_bound(m_ends, offset);
        if (end == m_ends.end())
            return StorageExtent{offset, 0, false};
        return StorageExtent{offset, *end - offset, (end - m_ends.begin()) % 2 == 0};
    }

    mutable int asked = 0;

private:
    std::vector<std::uint64_t> m_ends;
};

StripedStorage stripes(std::mt19937& random, std::size_t count)
{
    std::vector<std::uint64_t> ends;
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < count; ++i)
        ends.push_back(end += 1 + random() % 100);
    return StripedStorage(std::move(ends));
}

} // namespace

class KnownExtentsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void answersAsTheStorageDoes();
    void asksOnceForAStretch();
    void asksAgainOncePastItsMost();
};

void KnownExtentsTest::answersAsTheStorageDoes()
{
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
        const StripedStorage storage = stripes(random, 1 + random() % 50);
        KnownExtents known;
        for (int i = 0; i < 2000; ++i) {
            const std::uint64_t offset = random() % 6000;
            const auto wanted = storage.extentAt(offset);
            const auto extent = known.at(storage, offset);
            VERIFY_OK(extent);
            QCOMPARE(extent->offset, wanted->offset);
            QCOMPARE(extent->length, wanted->length);
            QCOMPARE(extent->data, wanted->data);
        }
    }
}

void KnownExtentsTest::asksOnceForAStretch()
{
    const StripedStorage storage({1000, 5000, 6000});
    KnownExtents known;
    for (std::uint64_t offset = 0; offset < 6000; ++offset)
        VERIFY_OK(known.at(storage, offset));
    QCOMPARE(storage.asked, 3);
    for (std::uint64_t offset = 6000; offset-- > 0;)
        VERIFY_OK(known.at(storage, offset));
    QCOMPARE(storage.asked, 3);
}

void KnownExtentsTest::asksAgainOncePastItsMost()
{
    std::vector<std::uint64_t> ends(KnownExtents::kMost + 10);
    for (std::size_t i = 0; i < ends.size(); ++i)
        ends[i] = 2 * i + 2;
    const StripedStorage storage(ends);
    KnownExtents known;
    for (std::uint64_t offset = 0; offset < ends.back(); offset += 2) {
        const auto extent = known.at(storage, offset + 1);
        VERIFY_OK(extent);
        QCOMPARE(extent->length, 1U);
    }
    const int asked = storage.asked;
    VERIFY_OK(known.at(storage, 1)); // was dropped
    QCOMPARE(storage.asked, asked + 1);
}

QTEST_GUILESS_MAIN(KnownExtentsTest)
#include "known_extents_test.moc"
