// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/compression.h"
#include "tests/support/bytes.h"
#include "tests/support/expect.h"

#include <QtTest/QtTest>
#include <algorithm>
#include <random>
#include <zlib.h>
#include <zstd.h>

using namespace cowscope;
using test::Bytes;

namespace
{

constexpr std::byte kUntouched{0xee};

/// Text-like bytes: they compress well, but not to nothing, and repeat at distances up to `reach`.
Bytes wordy(std::size_t size, std::size_t reach = 4096)
{
    std::mt19937_64 random(7);
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        const bool fresh = i < 16 || random() % 4 == 0;
        bytes[i] = fresh ? static_cast<std::byte>(random() % 64) : bytes[i - 1 - random() % std::min(i, reach)];
    }
    return bytes;
}

Bytes noise(std::size_t size)
{
    std::mt19937_64 random(11);
    Bytes bytes(size);
    std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
    return bytes;
}

/// Raw deflate with a window of its own, by zlib itself.
Bytes deflated(const Bytes& data, int windowBits, int flush = Z_FINISH)
{
    Bytes out(data.size() + 1024);
    z_stream stream = {};
    deflateInit2(&stream, 9, Z_DEFLATED, windowBits, 9, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, flush);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

Bytes zstdFrame(std::span<const std::byte> data)
{
    Bytes out(ZSTD_compressBound(data.size()));
    out.resize(ZSTD_compress(out.data(), out.size(), data.data(), data.size(), 3));
    return out;
}

/// What a reader with a strict 4 KiB window makes of raw deflate: history beyond it is thrown away.
bool inflatesInSmallWindow(const Bytes& packed, const Bytes& wanted)
{
    z_stream stream = {};
    inflateInit2(&stream, -12);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    Bytes out;
    Bytes piece(512); // small, so that zlib has to keep the history in its own window
    int status = Z_OK;
    while (status == Z_OK && out.size() < wanted.size()) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        status = inflate(&stream, Z_NO_FLUSH);
        out.insert(out.end(), piece.begin(), piece.end() - stream.avail_out);
    }
    inflateEnd(&stream);
    return out == wanted;
}

} // namespace

Q_DECLARE_METATYPE(cowscope::CompressionType)

class CompressionTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyClusterSizeComesBack_data();
    void everyClusterSizeComesBack();
    void noiseIsNotCompressed_data() { eachType(); }
    void noiseIsNotCompressed();
    void zlibNeedsNoMoreThanAWindowOf4KiB();
    void whatFollowsTheDataIsIgnored_data() { eachType(); }
    void whatFollowsTheDataIsIgnored();
    void aMissingTrailerDoesNoHarm_data() { eachType(); }
    void aMissingTrailerDoesNoHarm();
    void dataForMoreThanAClusterStopsAtItsEnd_data() { eachType(); }
    void dataForMoreThanAClusterStopsAtItsEnd();
    void dataThatEndsEarlyIsAnError_data() { eachType(); }
    void dataThatEndsEarlyIsAnError();
    void garbageIsAnErrorWithItsPlace_data() { eachType(); }
    void garbageIsAnErrorWithItsPlace();
    void severalZstdFramesMakeOneCluster();
    void anErrorDoesNotSpoilTheNextCluster_data() { eachType(); }
    void anErrorDoesNotSpoilTheNextCluster();

private:
    static void eachType()
    {
        QTest::addColumn<CompressionType>("type");
        QTest::newRow("zlib") << CompressionType::Zlib;
        QTest::newRow("zstd") << CompressionType::Zstd;
    }
    static Bytes packed(CompressionType type, const Bytes& data)
    {
        return type == CompressionType::Zlib ? deflated(data, -12) : zstdFrame(data);
    }
};

void CompressionTest::everyClusterSizeComesBack_data()
{
    QTest::addColumn<CompressionType>("type");
    QTest::addColumn<int>("bits");
    for (const int bits : {9, 12, 16, 21}) {
        QTest::addRow("zlib, %d bits", bits) << CompressionType::Zlib << bits;
        QTest::addRow("zstd, %d bits", bits) << CompressionType::Zstd << bits;
    }
}

void CompressionTest::everyClusterSizeComesBack()
{
    QFETCH(CompressionType, type);
    QFETCH(int, bits);
    for (const Bytes& cluster : {wordy(std::size_t{1} << bits), Bytes(std::size_t{1} << bits)}) {
        const auto compressed = compressCluster(type, cluster);
        QVERIFY(compressed);
        QVERIFY(compressed->size() < cluster.size());
        Bytes back(cluster.size(), kUntouched);
        VERIFY_OK(decompressCluster(type, *compressed, back, HostOffset(0)));
        QVERIFY(back == cluster);
    }
}

void CompressionTest::noiseIsNotCompressed()
{
    QFETCH(CompressionType, type);
    for (const std::size_t size : {std::size_t{512}, std::size_t{65536}})
        QVERIFY(!compressCluster(type, noise(size)));
}

void CompressionTest::zlibNeedsNoMoreThanAWindowOf4KiB()
{
    // Repeats 6000 bytes back: a larger window would use them, and a reader with 4 KiB would then be lost.
    const Bytes base = noise(6000);
    Bytes cluster(65536);
    for (std::size_t i = 0; i < cluster.size(); ++i)
        cluster[i] = i % 3 == 0 ? std::byte{0} : base[i % base.size()];
    QVERIFY(!inflatesInSmallWindow(deflated(cluster, -15), cluster)); // the test can tell
    const auto compressed = compressCluster(CompressionType::Zlib, cluster);
    QVERIFY(compressed);
    QVERIFY(inflatesInSmallWindow(*compressed, cluster));
}

void CompressionTest::whatFollowsTheDataIsIgnored()
{
    QFETCH(CompressionType, type);
    const Bytes cluster = wordy(4096);
    Bytes data = packed(type, cluster);
    const Bytes junk = noise(700);
    data.insert(data.end(), junk.begin(), junk.end());
    Bytes back(cluster.size(), kUntouched);
    VERIFY_OK(decompressCluster(type, data, back, HostOffset(0)));
    QVERIFY(back == cluster);
}

void CompressionTest::aMissingTrailerDoesNoHarm()
{
    QFETCH(CompressionType, type);
    const Bytes cluster = wordy(4096);
    Bytes data;
    if (type == CompressionType::Zlib) {
        data = deflated(cluster, -12, Z_SYNC_FLUSH); // ends with an empty block instead of the last one
        data.resize(data.size() - 4);
    } else {
        data.resize(ZSTD_compressBound(cluster.size()) + 4);
        ZSTD_CCtx* context = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); // 4 bytes at the end of the frame
        data.resize(ZSTD_compress2(context, data.data(), data.size(), cluster.data(), cluster.size()) - 4);
        ZSTD_freeCCtx(context);
    }
    Bytes back(cluster.size(), kUntouched);
    VERIFY_OK(decompressCluster(type, data, back, HostOffset(0)));
    QVERIFY(back == cluster);
}

void CompressionTest::dataForMoreThanAClusterStopsAtItsEnd()
{
    QFETCH(CompressionType, type);
    const Bytes twice = wordy(8192);
    Bytes buffer(8192, kUntouched);
    VERIFY_OK(decompressCluster(type, packed(type, twice), std::span(buffer).first(4096), HostOffset(0)));
    QVERIFY(std::equal(buffer.begin(), buffer.begin() + 4096, twice.begin()));
    QVERIFY(std::all_of(buffer.begin() + 4096, buffer.end(), [](std::byte b) { return b == kUntouched; }));
}

void CompressionTest::dataThatEndsEarlyIsAnError()
{
    QFETCH(CompressionType, type);
    Bytes back(4096);
    const Bytes data = packed(type, wordy(4096));
    const auto half = decompressCluster(type, std::span(data).first(data.size() / 2), back, HostOffset(0x1234));
    VERIFY_ERROR(half, ErrorKind::Invalid);
    VERIFY_ERROR(decompressCluster(type, packed(type, wordy(4095)), back, HostOffset(0)), ErrorKind::Invalid);
    VERIFY_ERROR(decompressCluster(type, {}, back, HostOffset(0)), ErrorKind::Invalid);
}

void CompressionTest::garbageIsAnErrorWithItsPlace()
{
    QFETCH(CompressionType, type);
    Bytes back(4096);
    const auto done = decompressCluster(type, Bytes(600, std::byte{0xff}), back, HostOffset(0x5678));
    VERIFY_ERROR(done, ErrorKind::Invalid);
    QCOMPARE(done.error().offset.value_or(0), std::uint64_t{0x5678});
}

void CompressionTest::severalZstdFramesMakeOneCluster()
{
    const Bytes cluster = wordy(4096);
    Bytes data = zstdFrame(std::span(cluster).first(1000));
    const Bytes rest = zstdFrame(std::span(cluster).subspan(1000));
    data.insert(data.end(), rest.begin(), rest.end());
    Bytes back(cluster.size(), kUntouched);
    VERIFY_OK(decompressCluster(CompressionType::Zstd, data, back, HostOffset(0)));
    QVERIFY(back == cluster);
}

void CompressionTest::anErrorDoesNotSpoilTheNextCluster()
{
    QFETCH(CompressionType, type);
    const Bytes cluster = wordy(4096);
    const Bytes data = packed(type, cluster);
    Bytes back(cluster.size());
    VERIFY_ERROR(
        decompressCluster(type, std::span(data).first(data.size() / 2), back, HostOffset(0)), ErrorKind::Invalid);
    VERIFY_OK(decompressCluster(type, data, back, HostOffset(0)));
    QVERIFY(back == cluster);
}

QTEST_GUILESS_MAIN(CompressionTest)
#include "compression_test.moc"
