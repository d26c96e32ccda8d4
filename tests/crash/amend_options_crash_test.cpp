// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/undo_amend.h"
#include "tests/support/amend_edits.h"
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/trace_storage.h"

#include <QTemporaryDir>
#include <fmt/format.h>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr int kCutsPerStep = 16; ///< power cuts tried behind each step
constexpr int kJudgedCuts = 10; ///< of each case, those that the reference tool judges too

struct Case {
    const char* name;
    std::function<BuiltImage()> make;
    AmendRequest request;
};

AmendRequest request(const std::function<void(AmendRequest&)>& fill)
{
    AmendRequest out;
    fill(out);
    return out;
}

/// As qemu-img makes them: the extensions reach past the first sector, and the backing file name stands behind.
BuiltImage longHeader()
{
    ImageBuilder builder(
        {.clusterBits = 12, .refcountOrder = 5, .virtualSize = std::uint64_t{300} << 12, .headerLength = 112});
    builder.extension(0xe2792aca, Bytes{std::byte{'r'}, std::byte{'a'}, std::byte{'w'}});
    builder.extension(0x6803f857, Bytes(384, std::byte{0}));
    builder.backingFile("a/rather/long/name/of/a/backing/file.raw");
    for (std::uint64_t guest = 0; guest < 12; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    for (const std::uint64_t guest : {3, 20, 250})
        builder.zero(guest);
    builder.snapshot("1", "s1");
    builder.data(2, 0x90);
    return builder.build();
}

BuiltImage versionTwo()
{
    ImageBuilder builder({.version = 2, .clusterBits = 9, .virtualSize = std::uint64_t{300} << 9});
    for (std::uint64_t guest = 0; guest < 12; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    builder.snapshot("1", "s1");
    builder.data(2, 0x90);
    return builder.build();
}

const std::vector<Case>& cases()
{
    static const auto down = request([](AmendRequest& r) { r.version = 2; });
    static const auto up = request([](AmendRequest& r) {
        r.version = 3;
        r.order = 2;
        r.lazyRefcounts = true;
    });
    static const auto split = request([](AmendRequest& r) {
        r.order = 0;
        r.splitShared = true;
    });
    static const auto all = request([](AmendRequest& r) {
        r.order = 6;
        r.lazyRefcounts = true;
        r.size = std::uint64_t{9000} << 9;
    });
    static const auto rename = request([](AmendRequest& r) {
        r.backingFile = "another/name/that/is/longer/than/the/one/before/it/was.qcow2";
        r.backingFormat = "qcow2";
    });
    static const std::vector<Case> list{
        {"downgrade, 512 byte clusters", [] { return zeroed(9, 4); }, down},
        {"downgrade over a backing file", [] { return zeroed(12, 3, "base.raw"); }, down},
        {"downgrade of a long header", longHeader, down},
        {"upgrade with another width", versionTwo, up},
        {"split to 1 bit", [] { return mixed(9, 4, 2, true); }, split},
        {"split to 1 bit, extended entries", [] { return extended(5, 2); }, split},
        {"width, lazy refcounts and size", [] { return mixed(9, 3, 1); }, all},
        {"another backing file, long header", longHeader, rename},
    };
    return list;
}

/// The header's own part of the state: what a guest sees depends on it too.
std::string headerState(const Bytes& image)
{
    const auto opened = Image::open(std::make_shared<MemoryStorage>(image), {});
    if (!opened)
        return "cannot be opened";
    const Header& header = (*opened)->header();
    return fmt::format("{} {} {} {} {}", header.version, header.refcountOrder, header.compatibleFeatures,
        (*opened)->backingFile(), (*opened)->extensions().backingFormat.value_or(""));
}

} // namespace

/// Cuts the power at every step of amends: every state that a disk may be left in is the old image or the new one,
/// header and disks alike, without an error or a leak.
class AmendOptionsCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyPowerCutLeavesTheOldImageOrTheNew_data() { eachCase(); }
    void everyPowerCutLeavesTheOldImageOrTheNew();
    void qemuFindsEveryStateSound_data() { eachCase(); }
    void qemuFindsEveryStateSound();
    void everyPowerCutInAnUndoLeavesOneOfThem();

private:
    static void eachCase();
    static std::shared_ptr<TraceStorage> traceOf(const Case& amend, const BuiltImage& image);

    QTemporaryDir m_folder;
};

void AmendOptionsCrashTest::eachCase()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < cases().size(); ++i)
        QTest::newRow(cases()[i].name) << static_cast<int>(i);
}

std::shared_ptr<TraceStorage> AmendOptionsCrashTest::traceOf(const Case& amend, const BuiltImage& image)
{
    auto trace = std::make_shared<TraceStorage>(image.bytes);
    const auto done = amendImage(trace, {}, amend.request, {});
    if (!done)
        qWarning("%s", done.error().text().c_str());
    return done ? trace : nullptr;
}

void AmendOptionsCrashTest::everyPowerCutLeavesTheOldImageOrTheNew()
{
    QFETCH(int, index);
    const Case& amend = cases()[static_cast<std::size_t>(index)];
    const BuiltImage image = amend.make();
    const auto trace = traceOf(amend, image);
    QVERIFY(trace != nullptr);
    const std::pair before{headerState(image.bytes), guestStates(image.bytes)};
    const std::pair after{headerState(trace->bytes()), guestStates(trace->bytes())};
    QVERIFY(before != after);
    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    bool sawOld = false;
    bool sawNew = false;
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut <= kCutsPerStep; ++cut) {
            const Bytes state = cut == 0 ? trace->stateAfter(step) : trace->stateAfterPowerCut(step, random);
            QCOMPARE(findingsOf(state), std::string());
            const std::pair found{headerState(state), guestStates(state)};
            QVERIFY2(found == before || found == after,
                qPrintable(QStringLiteral("step %1: %2").arg(step).arg(found.first.c_str())));
            sawOld |= found == before;
            sawNew |= found == after;
        }
    }
    QVERIFY(sawOld && sawNew);
    QCOMPARE(faultsOf(trace->bytes()), std::string());
}

void AmendOptionsCrashTest::qemuFindsEveryStateSound()
{
    REQUIRE_QEMU();
    QFETCH(int, index);
    const Case& amend = cases()[static_cast<std::size_t>(index)];
    const auto trace = traceOf(amend, amend.make());
    QVERIFY(trace != nullptr);
    std::mt19937_64 random(1000 + static_cast<std::uint64_t>(index));
    const QString path = m_folder.filePath("state.qcow2");
    for (int cut = 0; cut < kJudgedCuts; ++cut) {
        const std::size_t step = random() % (trace->steps().size() + 1);
        QVERIFY(writeFile(path, cut % 3 == 0 ? trace->stateAfter(step) : trace->stateAfterPowerCut(step, random)));
        // The backing file is not there, and need not be: its name is all that the image says of it.
        const auto check = qemu::img({"check", path});
        const bool missing = check.err.contains("Could not open backing file");
        QVERIFY2(missing || check.exit == 0, check.out + check.err);
    }
}

void AmendOptionsCrashTest::everyPowerCutInAnUndoLeavesOneOfThem()
{
    const BuiltImage image = mixed(9, 4, 2);
    const auto amended = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(amendImage(amended, {}, request([](AmendRequest& r) { r.order = 6; }), {}));
    const auto trace = std::make_shared<TraceStorage>(amended->bytes());
    VERIFY_OK(undoAmend(trace, std::nullopt, {}));
    std::mt19937_64 random(7);
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut <= kCutsPerStep; ++cut) {
            const Bytes state = cut == 0 ? trace->stateAfter(step) : trace->stateAfterPowerCut(step, random);
            QCOMPARE(findingsOf(state), std::string());
            QVERIFY(guestStates(state) == guestStates(image.bytes));
        }
    }
}

QTEST_GUILESS_MAIN(AmendOptionsCrashTest)
#include "amend_options_crash_test.moc"
