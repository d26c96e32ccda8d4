// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/refcount_codec.h"
#include "tests/support/bytes.h"
#include "tests/support/expect.h"

#include <random>

using namespace cowscope;
using test::Bytes;

/// Compares the codec with the bit-by-bit model of tests/support/bytes.h, for every width.
class RefcountCodecTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void knowsItsLimits();
    void getsWhatTheModelPut_data() { eachOrder(); }
    void getsWhatTheModelPut();
    void setsOneEntryAndLeavesItsNeighbours_data() { eachOrder(); }
    void setsOneEntryAndLeavesItsNeighbours();
    void unpacksAnyNumberOfEntries_data() { eachOrder(); }
    void unpacksAnyNumberOfEntries();
    void packsAnyNumberOfEntries_data() { eachOrder(); }
    void packsAnyNumberOfEntries();
    void packsAndUnpacksWholeRefblocks_data() { eachOrder(); }
    void packsAndUnpacksWholeRefblocks();
    void storesTheWholeRange_data() { eachOrder(); }
    void storesTheWholeRange();
    void narrowEntriesFillABytesLowBitsFirst();
    void findsAnyByteThatIsNotZero();

private:
    static void eachOrder();
    std::uint64_t count(unsigned order) { return m_random() & RefcountCodec(order).maximum(); }
    Bytes noise(std::size_t bytes);

    std::mt19937_64 m_random{0xc0351};
};

void RefcountCodecTest::eachOrder()
{
    QTest::addColumn<unsigned>("order");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order;
}

Bytes RefcountCodecTest::noise(std::size_t bytes)
{
    Bytes out(bytes);
    for (std::byte& byte : out)
        byte = static_cast<std::byte>(m_random());
    return out;
}

void RefcountCodecTest::knowsItsLimits()
{
    QCOMPARE(RefcountCodec(0).maximum(), 1U);
    QCOMPARE(RefcountCodec(1).maximum(), 3U);
    QCOMPARE(RefcountCodec(2).maximum(), 15U);
    QCOMPARE(RefcountCodec(3).maximum(), 255U);
    QCOMPARE(RefcountCodec(4).maximum(), 65535U);
    QCOMPARE(RefcountCodec(5).maximum(), 4294967295U);
    QCOMPARE(RefcountCodec(6).maximum(), UINT64_MAX);
    QCOMPARE(RefcountCodec(0).entriesIn(512), 4096U);
    QCOMPARE(RefcountCodec(4).entriesIn(65536), 32768U);
    QCOMPARE(RefcountCodec(6).entriesIn(2 << 20), 262144U);
    QCOMPARE(RefcountCodec(0).bytesFor(9), 2U);
    QCOMPARE(RefcountCodec(2).bytesFor(3), 2U);
    QCOMPARE(RefcountCodec(6).bytesFor(3), 24U);
}

void RefcountCodecTest::getsWhatTheModelPut()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    const Bytes block = noise(512);
    for (std::uint64_t i = 0; i < codec.entriesIn(512); ++i)
        QCOMPARE(codec.get(block, i), test::getCount(block, 0, order, i));
}

void RefcountCodecTest::setsOneEntryAndLeavesItsNeighbours()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    Bytes ours = noise(512);
    Bytes model = ours;
    for (int i = 0; i < 5000; ++i) {
        const std::uint64_t index = m_random() % codec.entriesIn(512);
        const std::uint64_t value = count(order);
        codec.set(ours, index, value);
        test::putCount(model, 0, order, index, value);
        QCOMPARE(codec.get(ours, index), value);
    }
    QCOMPARE(ours, model);
}

void RefcountCodecTest::unpacksAnyNumberOfEntries()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    const Bytes block = noise(600);
    for (std::size_t length = 0; length <= 70; ++length) {
        std::vector<std::uint64_t> counts(length + 1, 0x7777);
        codec.unpack(std::span(block).first(codec.bytesFor(length)), std::span(counts).first(length));
        for (std::size_t i = 0; i < length; ++i)
            QCOMPARE(counts[i], test::getCount(block, 0, order, i));
        QCOMPARE(counts[length], 0x7777U); // nothing past the end
    }
}

void RefcountCodecTest::packsAnyNumberOfEntries()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    for (std::size_t length = 0; length <= 70; ++length) {
        std::vector<std::uint64_t> counts(length);
        for (auto& value : counts)
            value = count(order);
        Bytes model(600, std::byte{0xaa});
        std::fill_n(model.begin(), codec.bytesFor(length), std::byte{0}); // a last partial byte is cleared
        for (std::size_t i = 0; i < length; ++i)
            test::putCount(model, 0, order, i, counts[i]);
        Bytes ours(600, std::byte{0xaa});
        codec.pack(counts, ours);
        QCOMPARE(ours, model);
    }
}

void RefcountCodecTest::packsAndUnpacksWholeRefblocks()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    for (const std::size_t size : {512U, 4096U, 65536U}) {
        const Bytes block = noise(size);
        std::vector<std::uint64_t> counts(codec.entriesIn(size));
        codec.unpack(block, counts);
        Bytes back(size);
        codec.pack(counts, back);
        QCOMPARE(back, block);
    }
}

void RefcountCodecTest::storesTheWholeRange()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, codec.maximum() - 1, codec.maximum()}) {
        Bytes block = noise(64);
        codec.set(block, 3, value);
        QCOMPARE(codec.get(block, 3), value);
        QCOMPARE(test::getCount(block, 0, order, 3), value);
    }
}

void RefcountCodecTest::narrowEntriesFillABytesLowBitsFirst()
{
    Bytes block(2);
    RefcountCodec(0).set(block, 0, 1);
    RefcountCodec(0).set(block, 10, 1);
    QCOMPARE(test::getNumber(block, 0, 2), 0x0104U);
    block.assign(2, std::byte{0});
    RefcountCodec(1).set(block, 1, 2);
    RefcountCodec(1).set(block, 7, 3);
    QCOMPARE(test::getNumber(block, 0, 2), 0x08c0U);
    block.assign(2, std::byte{0});
    RefcountCodec(2).set(block, 0, 5);
    RefcountCodec(2).set(block, 3, 10);
    QCOMPARE(test::getNumber(block, 0, 2), 0x05a0U);
}

void RefcountCodecTest::findsAnyByteThatIsNotZero()
{
    for (std::size_t length = 0; length <= 40; ++length) {
        Bytes bytes(length);
        QVERIFY(isAllZero(bytes));
        for (std::size_t at = 0; at < length; ++at) {
            bytes[at] = std::byte{0x10};
            QVERIFY(!isAllZero(bytes));
            bytes[at] = std::byte{0};
        }
    }
    Bytes block(65536);
    QVERIFY(isAllZero(block));
    block.back() = std::byte{1};
    QVERIFY(!isAllZero(block));
}

QTEST_GUILESS_MAIN(RefcountCodecTest)
#include "refcount_codec_test.moc"
