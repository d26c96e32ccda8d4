// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/sound_census.h"
#include "core/storage/memory_storage.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <algorithm>
#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

std::shared_ptr<const Image> open(const Bytes& bytes)
{
    return Image::open(std::make_shared<MemoryStorage>(bytes), {}).value_or(nullptr);
}

/// "" if a sound census says of an image what the plain one says.
std::string difference(const SoundCensus& sound, const Image& image, const Census& plain)
{
    const Census& quick = sound.census;
    const auto figures = [](const Census& each) {
        return std::array{each.allocation.total, each.allocation.allocated, each.allocation.fragmented,
            each.allocation.compressed, each.imageEndOffset, each.map.clusters()};
    };
    if (figures(quick) != figures(plain))
        return "other figures";
    if (quick.largest != plain.largest)
        return "another largest count";
    for (unsigned order = 0; order < kWidthCount; ++order) {
        if (quick.obstacles[order].clusters != plain.obstacles[order].clusters
            || quick.obstacles[order].first != plain.obstacles[order].first)
            return "other obstacles to order " + std::to_string(order);
        if (quick.snapshotsThatFit[order] != plain.snapshotsThatFit[order])
            return "other room for snapshots at order " + std::to_string(order);
    }
    for (HostCluster cluster(0); cluster.value() < image.fileClusters(); ++cluster) {
        if (sound.counts.count(cluster) != plain.map.refcount(cluster))
            return "another count of cluster " + std::to_string(cluster.value());
    }
    return {};
}

} // namespace

class SoundCensusTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void agreesWithThePlainCensusOnRandomImages();
    void provesNothingOfADamagedImage_data();
    void provesNothingOfADamagedImage();
    void neverCallsSoundWhatThePlainCensusDoesNot();
    void seesACountBehindTheLastPage();
    void seesFromTheCountsWhatWasCutOff();
    void countsManySharedClusters();
    void canBeStopped();
    void checksWithThePlainCensusWhereSomethingIsWrong();
    void keepsWhatAStoppedCheckHas();
};

void SoundCensusTest::agreesWithThePlainCensusOnRandomImages()
{
    std::mt19937 random(1);
    for (int i = 0; i < 80; ++i) {
        const auto image = open(test::randomImage(random).bytes);
        QVERIFY(image != nullptr);
        const auto plain = takeCensus(*image, {});
        VERIFY_OK(plain);
        QVERIFY2((*plain)->isClean(), std::to_string(i).c_str());
        const auto sound = takeSoundCensus(*image, {});
        VERIFY_OK(sound);
        QVERIFY2(sound->has_value(), ("image " + std::to_string(i) + " is not proved sound").c_str());
        const std::string other = difference(**sound, *image, **plain);
        QVERIFY2(other.empty(), other.c_str());
    }
}

void SoundCensusTest::provesNothingOfADamagedImage_data()
{
    QTest::addColumn<std::size_t>("index");
    for (std::size_t i = 0; i < test::damages().size(); ++i)
        QTest::newRow(test::damages()[i].name) << i;
}

void SoundCensusTest::provesNothingOfADamagedImage()
{
    QFETCH(const std::size_t, index);
    BuiltImage built = test::soundImage();
    const auto before = open(built.bytes);
    QVERIFY(takeSoundCensus(*before, {}).value().has_value());
    test::damages()[index].hurt(built);
    const auto image = open(built.bytes);
    QVERIFY(image != nullptr);
    const auto sound = takeSoundCensus(*image, {});
    QVERIFY(!sound || !sound->has_value());
}

void SoundCensusTest::neverCallsSoundWhatThePlainCensusDoesNot()
{
    std::mt19937 random(2);
    int damaged = 0;
    for (int i = 0; i < 40; ++i) {
        const BuiltImage built = test::randomImage(random);
        for (int n = 0; n < 12; ++n) {
            BuiltImage hurt = built;
            // A bit somewhere in the file, or in a structure: most of the file is data.
            const std::array places{hurt.layout.l1, hurt.layout.reftable, hurt.layout.refblocks.begin()->second,
                hurt.layout.snapshotTable, hurt.l1Entry(0) & test::kOffsetMask, std::uint64_t{0}};
            const std::uint64_t from = places[random() % places.size()];
            const std::uint64_t at = from + random() % (from == 0 ? hurt.bytes.size() : 512);
            hurt.bytes[at] ^= std::byte{static_cast<unsigned char>(1U << random() % 8)};
            const auto image = open(hurt.bytes);
            if (image == nullptr)
                continue;
            const auto plain = takeCensus(*image, {});
            const auto sound = takeSoundCensus(*image, {});
            if (!sound || !sound->has_value())
                continue;
            VERIFY_OK(plain);
            QVERIFY2((*plain)->findings.empty(), ("bit at " + std::to_string(at)).c_str());
            const std::string other = difference(**sound, *image, **plain);
            QVERIFY2(other.empty(), other.c_str());
            damaged += hurt.bytes != built.bytes ? 1 : 0;
        }
    }
    QVERIFY(damaged > 0); // bits of data change nothing
}

void SoundCensusTest::seesACountBehindTheLastPage()
{
    // One refblock of 2 MiB clusters counts a million clusters, many pages of the census.
    test::ImageBuilder builder({.clusterBits = 21, .refcountOrder = 4, .virtualSize = std::uint64_t{1} << 30});
    BuiltImage built = builder.build();
    QVERIFY(takeSoundCensus(*open(built.bytes), {}).value().has_value());
    test::put16(built.bytes, built.layout.refblocks.at(0) + 2 * 900000, 1);
    QVERIFY(!takeSoundCensus(*open(built.bytes), {}).value().has_value());
}

void SoundCensusTest::seesFromTheCountsWhatWasCutOff()
{
    const auto settles = [](const BuiltImage& built) {
        const auto image = open(built.bytes);
        const auto proof = SoundnessProof::begin(*image, {});
        return proof && *proof != nullptr && (*proof)->readCounts({}).value_or(false);
    };
    const BuiltImage whole = test::plainImage(12, 4);
    QVERIFY(settles(whole));
    BuiltImage data = whole; // a count behind the end of the file, in the same page
    test::put16(data.bytes, data.layout.refblocks.at(0) + 2 * (data.layout.clusters + 3), 1);
    QVERIFY(!settles(data));
    BuiltImage refblock = whole;
    test::setReftable(refblock, 1, test::kFar);
    QVERIFY(!settles(refblock));
    BuiltImage table = whole;
    test::setL1(table, test::kCopied | test::kFar);
    QVERIFY(!settles(table));
}

void SoundCensusTest::countsManySharedClusters()
{
    // 253 snapshots share what is in the image: a count of 254 is the last that is held.
    for (const unsigned snapshots : {253U, 254U}) {
        const auto image = open(test::snapshotImage(12, 4, snapshots).bytes);
        const auto plain = takeCensus(*image, {});
        VERIFY_OK(plain);
        QVERIFY((*plain)->isClean());
        const auto sound = takeSoundCensus(*image, {});
        VERIFY_OK(sound);
        QCOMPARE(sound->has_value(), snapshots == 253);
        if (*sound) {
            const std::string other = difference(**sound, *image, **plain);
            QVERIFY2(other.empty(), other.c_str());
        }
    }
}

void SoundCensusTest::canBeStopped()
{
    std::stop_source stop;
    stop.request_stop();
    const auto image = open(test::plainImage(12, 4).bytes);
    const auto sound = takeSoundCensus(*image, {stop.get_token(), {}});
    QVERIFY(!sound);
    QCOMPARE(sound.error().kind, ErrorKind::Cancelled);
    QCOMPARE(checkImage(*image, {stop.get_token(), {}}).error().kind, ErrorKind::Cancelled);
}

void SoundCensusTest::checksWithThePlainCensusWhereSomethingIsWrong()
{
    BuiltImage built = test::soundImage();
    test::setCountOf(built, 3, 2);
    const auto image = open(built.bytes);
    std::uint64_t last = 0;
    bool backwards = false;
    const auto checked = checkImage(*image, {{}, [&](const Progress& progress) {
                                                 backwards = backwards || progress.done < last;
                                                 last = progress.done;
                                             }});
    VERIFY_OK(checked);
    const auto plain = takeCensus(*image, {});
    QVERIFY(!backwards);
    QCOMPARE((*checked)->leaks, 1U);
    QCOMPARE((*checked)->findings.size(), (*plain)->findings.size());
    QCOMPARE((*checked)->imageEndOffset, (*plain)->imageEndOffset);
}

void SoundCensusTest::keepsWhatAStoppedCheckHas()
{
    std::stop_source stop;
    stop.request_stop();
    const auto image = open(test::plainImage(12, 4).bytes);
    const auto checked = checkImage(*image, {stop.get_token(), {}}, {.keepPartial = true});
    VERIFY_OK(checked);
    QVERIFY(!(*checked)->complete);
}

QTEST_GUILESS_MAIN(SoundCensusTest)
#include "sound_census_test.moc"
