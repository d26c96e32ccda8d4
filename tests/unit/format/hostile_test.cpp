// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/bitmap_directory.h"
#include "core/format/field_catalog.h"
#include "core/format/header_extensions.h"
#include "core/format/limits.h"
#include "core/format/luks_header.h"
#include "core/format/snapshot_table.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

#include <random>

using namespace cowscope;
using test::Bytes;

namespace
{

/// Values at the edges of every integer width, where overflows hide.
std::vector<std::uint64_t> boundaryValues(unsigned bytes)
{
    std::vector<std::uint64_t> out{0, 1, 2, 7, 8, 9, 21, 22, 63, 64, 71, 72, 104, 511, 512, 513, 65535, 65536, 65537};
    for (unsigned bit = 7; bit < bytes * 8; bit += 8) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        out.insert(out.end(), {power - 1, power, power + 1, power * 2 - 1});
    }
    return out;
}

/// Hands the bytes to every decoder. A decoder may accept or refuse them; it may not crash or read outside.
/// Returns how many of them accepted.
int decodeEverything(const Bytes& bytes)
{
    int accepted = 0;
    if (const auto header = decodeHeader(bytes)) {
        ++accepted;
        const auto cluster
            = std::span(bytes).first(std::min<std::size_t>(bytes.size(), std::size_t{1} << header->clusterBits));
        if (const auto extensions = decodeExtensions(*header, cluster)) {
            ++accepted;
            (void)refuseUnknownFeatures(*header, *extensions);
            (void)encodeExtensions(extensions->raw);
        }
        (void)encodeHeader(*header);
    }
    if (const auto snapshot = decodeSnapshot(bytes, HostOffset(0))) {
        ++accepted;
        (void)encodeSnapshot(*snapshot);
    }
    for (const std::uint32_t count : {0U, 1U, 2U, 65535U}) {
        if (const auto bitmaps = decodeBitmapDirectory(bytes, HostOffset(0), count))
            (void)encodeBitmapDirectory(*bitmaps);
    }
    accepted += decodeLuksHeader(bytes, HostOffset(0)).has_value() ? 1 : 0;
    return accepted;
}

Bytes richHeader(std::uint32_t version, unsigned clusterBits)
{
    test::ImageBuilder builder({.version = version, .clusterBits = clusterBits, .virtualSize = 65536});
    builder.extension(0xe2792aca, test::bytesOf("raw"));
    builder.extension(0x0537be77, Bytes(16, std::byte{1}));
    builder.backingFile("base.img");
    Bytes bytes = builder.build().bytes;
    bytes.resize(std::size_t{1} << clusterBits);
    return bytes;
}

} // namespace

/// Seeded and bounded, so that a failure repeats.
class HostileTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void survivesBoundaryValuesInEveryHeaderField();
    void survivesPairsOfBoundaryValues();
    void survivesRandomBytes();
    void survivesRandomDamageToSoundHeaders();
    void survivesHeadersCutAnywhere();
    void acceptedHeadersStayWithinTheLimits();

private:
    std::mt19937_64 m_random{20240229};
};

void HostileTest::survivesBoundaryValuesInEveryHeaderField()
{
    for (const std::uint32_t version : {2U, 3U}) {
        const Bytes sound = richHeader(version, 12);
        QVERIFY(decodeEverything(sound) >= 2);
        for (const Field& field : fieldsOf(Structure::Header)) {
            for (const std::uint64_t value : boundaryValues(field.bytes)) {
                Bytes bytes = sound;
                test::putNumber(bytes, field.offset, value, field.bytes);
                decodeEverything(bytes);
            }
        }
    }
}

void HostileTest::survivesPairsOfBoundaryValues()
{
    const Bytes sound = richHeader(3, 9);
    const auto fields = fieldsOf(Structure::Header);
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes = sound;
        for (int n = 0; n < 2; ++n) {
            const Field& field = fields[2 + m_random() % (fields.size() - 2)];
            const auto values = boundaryValues(field.bytes);
            test::putNumber(bytes, field.offset, values[m_random() % values.size()], field.bytes);
        }
        decodeEverything(bytes);
    }
}

void HostileTest::survivesRandomBytes()
{
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes(m_random() % 700);
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(m_random());
        decodeEverything(bytes);
    }
}

void HostileTest::survivesRandomDamageToSoundHeaders()
{
    const Bytes sound = richHeader(3, 9);
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes = sound;
        for (std::uint64_t n = m_random() % 8; n-- > 0;)
            bytes[8 + m_random() % 200] = static_cast<std::byte>(m_random());
        decodeEverything(bytes);
    }
}

void HostileTest::survivesHeadersCutAnywhere()
{
    const Bytes sound = richHeader(3, 9);
    for (std::size_t length = 0; length <= sound.size(); ++length)
        decodeEverything(Bytes(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(length)));
}

void HostileTest::acceptedHeadersStayWithinTheLimits()
{
    const Bytes sound = richHeader(3, 16);
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes = sound;
        for (std::uint64_t n = m_random() % 4; n-- > 0;)
            bytes[8 + m_random() % 96] = static_cast<std::byte>(m_random());
        const auto header = decodeHeader(bytes);
        if (!header)
            continue;
        QVERIFY(header->clusterBits >= kMinClusterBits && header->clusterBits <= kMaxClusterBits);
        QVERIFY(header->refcountOrder <= kMaxRefcountOrder);
        QVERIFY(std::uint64_t{header->l1Size} * 8 <= kMaxL1Bytes);
        QVERIFY(std::uint64_t{header->refcountTableClusters} << header->clusterBits <= kMaxReftableBytes);
        QVERIFY(header->snapshotCount <= kMaxSnapshots);
        QVERIFY(header->size <= kMaxVirtualBytes);
        QVERIFY(header->headerLength <= bytes.size());
    }
}

QTEST_GUILESS_MAIN(HostileTest)
#include "hostile_test.moc"
