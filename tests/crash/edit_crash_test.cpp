// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/snapshot_edits.h"
#include "tests/support/trace_storage.h"

#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr int kCutsPerStep = 16; ///< power cuts tried behind each step
constexpr int kJudgedCuts = 12; ///< of each case, those that the reference tool judges too

/// One edit of one image.
struct Case {
    const char* name;
    std::function<BuiltImage()> make;
    Edit edit;
};

/// Enough tables and refblocks for several writes of each kind.
BuiltImage wide(unsigned order)
{
    ImageBuilder builder({.clusterBits = 9, .refcountOrder = order, .virtualSize = std::uint64_t{40'000} << 9});
    for (std::uint64_t guest = 0; guest < 40'000; guest += 700)
        builder.data(guest, static_cast<std::uint8_t>(guest / 700 + 1));
    builder.snapshot("1", "s1");
    for (std::uint64_t guest = 0; guest < 40'000; guest += 2100)
        builder.data(guest, 0xee);
    return builder.build();
}

const std::vector<Case>& cases()
{
    static const auto small = [] { return mixed(9, 4, 2, true); };
    static const auto large = [] { return mixed(12, 6, 2, true); };
    static const auto narrow = [] { return mixed(9, 1, 2); };
    static const auto oneBit = [] { return mixed(9, 0, 0); };
    static const auto subclusters = [] { return extended(5, 1); };
    static const auto many = [] { return wide(4); };
    static const auto manyNarrow = [] { return wide(1); };
    static const std::vector<Case> all{
        {"create", small, creating()},
        {"create, 64 bits", large, creating()},
        {"create, extended entries", subclusters, creating()},
        {"create, many tables", many, creating()},
        {"create with copies, 1 bit", oneBit, creating(OnOverflow::Copy)},
        {"create with copies, 2 bits", narrow, creating(OnOverflow::Copy)},
        {"create with copies, many tables", manyNarrow, creating(OnOverflow::Copy)},
        {"apply", small, applying("1")},
        {"apply, 64 bits", large, applying("2")},
        {"apply, extended entries", subclusters, applying("1")},
        {"apply, many tables", many, applying("1")},
        {"apply with copies, 2 bits", narrow, applying("1", OnOverflow::Copy)},
        {"apply another size",
            [] {
                BuiltImage image = small();
                put64(image.bytes, image.layout.snapshotTable + 48, std::uint64_t{2000} << 9);
                return image;
            },
            applying("1")},
        {"delete", small, deleting("1")},
        {"delete, 64 bits", large, deleting("2")},
        {"delete, extended entries", subclusters, deleting("1")},
        {"delete the only one, many tables", manyNarrow, deleting("1")},
    };
    return all;
}

} // namespace

/// Cuts the power at every step of edits of snapshots: every state that a disk may be left in is the old image or the
/// new one as far as any guest can see, for the active disk and every snapshot, and without an error or a leak.
class EditCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyPowerCutLeavesTheOldImageOrTheNew_data() { eachCase(); }
    void everyPowerCutLeavesTheOldImageOrTheNew();
    void powerCutsWhileCancellingLeaveTheOldImage_data() { eachCase(); }
    void powerCutsWhileCancellingLeaveTheOldImage();
    void powerCutsInASeriesOfEditsLoseOneAtMost();
    void qemuFindsEveryStateSound_data() { eachCase(); }
    void qemuFindsEveryStateSound();

private:
    static void eachCase();
    static std::shared_ptr<TraceStorage> traceOf(const Case& edit, const BuiltImage& image);

    QTemporaryDir m_folder;
};

void EditCrashTest::eachCase()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < cases().size(); ++i)
        QTest::newRow(cases()[i].name) << static_cast<int>(i);
}

/// Everything that the edit does to the file; null if it fails.
std::shared_ptr<TraceStorage> EditCrashTest::traceOf(const Case& edit, const BuiltImage& image)
{
    auto trace = std::make_shared<TraceStorage>(image.bytes);
    auto editor = ImageEditor::open(trace, {}, {});
    return editor && edit.edit(**editor, {}) ? trace : nullptr;
}

void EditCrashTest::everyPowerCutLeavesTheOldImageOrTheNew()
{
    QFETCH(int, index);
    const Case& edit = cases()[static_cast<std::size_t>(index)];
    const BuiltImage image = edit.make();
    const auto trace = traceOf(edit, image);
    QVERIFY(trace != nullptr);
    const States before = guestStates(image.bytes);
    const States after = guestStates(trace->bytes());
    QVERIFY(before != after);
    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    int corrupted = 0;
    std::string first;
    bool sawOld = false;
    bool sawNew = false;
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut <= kCutsPerStep; ++cut) {
            const Bytes state = cut == 0 ? trace->stateAfter(step) : trace->stateAfterPowerCut(step, random);
            if (const std::string findings = findingsOf(state); !findings.empty()) {
                ++corrupted;
                first = first.empty() ? findings : first;
                continue;
            }
            const States found = guestStates(state);
            QVERIFY2(found == before || found == after, qPrintable(QStringLiteral("step %1").arg(step)));
            sawOld |= found == before;
            sawNew |= found == after;
        }
    }
    QVERIFY2(corrupted == 0, qPrintable(QStringLiteral("%1 states: %2").arg(corrupted).arg(first.c_str())));
    QVERIFY(sawOld && sawNew);
    QCOMPARE(faultsOf(trace->bytes()), std::string());
}

void EditCrashTest::powerCutsWhileCancellingLeaveTheOldImage()
{
    QFETCH(int, index);
    const Case& edit = cases()[static_cast<std::size_t>(index)];
    const BuiltImage image = edit.make();
    const States before = guestStates(image.bytes);
    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    for (int at = 0;; at = at * 2 + 1) { // the first stops, and some of the many later ones
        const auto trace = std::make_shared<TraceStorage>(image.bytes);
        auto editor = ImageEditor::open(trace, {}, {});
        VERIFY_OK(editor);
        std::stop_source stop;
        int seen = 0;
        const auto done = edit.edit(**editor, {stop.get_token(), [&](const Progress&) {
                                                   if (seen++ == at)
                                                       stop.request_stop();
                                               }});
        if (done)
            break;
        VERIFY_ERROR(done, ErrorKind::Cancelled);
        QCOMPARE(trace->bytes().size(), image.bytes.size());
        for (std::size_t step = 1; step <= trace->steps().size(); ++step) {
            const Bytes state = trace->stateAfterPowerCut(step, random);
            QCOMPARE(findingsOf(state), std::string());
            QVERIFY(guestStates(state) == before);
        }
    }
}

/// One editor, several edits: a cut takes back the one that it hits, and none before it.
void EditCrashTest::powerCutsInASeriesOfEditsLoseOneAtMost()
{
    const BuiltImage image = mixed(9, 2, 1);
    const auto trace = std::make_shared<TraceStorage>(image.bytes);
    auto editor = ImageEditor::open(trace, {}, {});
    VERIFY_OK(editor);
    std::vector<std::size_t> ends{0}; // steps after each edit
    std::vector<States> states{guestStates(image.bytes)};
    for (const Edit& edit : {creating(), creating(), applying("1"), deleting("2"), creating(), applying("3"),
             deleting("1"), deleting("3"), deleting("4")}) {
        VERIFY_OK(edit(**editor, {}));
        ends.push_back(trace->steps().size());
        states.push_back(guestStates(trace->bytes()));
    }
    std::mt19937_64 random(9);
    std::size_t edits = 0; // that have ended
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        while (edits + 1 < ends.size() && ends[edits + 1] <= step)
            ++edits;
        for (int cut = 0; cut < kCutsPerStep; ++cut) {
            const Bytes state = trace->stateAfterPowerCut(step, random);
            QCOMPARE(findingsOf(state), std::string());
            const States found = guestStates(state);
            QVERIFY(found == states[edits] || (edits + 1 < states.size() && found == states[edits + 1]));
        }
    }
}

void EditCrashTest::qemuFindsEveryStateSound()
{
    REQUIRE_QEMU();
    QFETCH(int, index);
    const Case& edit = cases()[static_cast<std::size_t>(index)];
    const auto trace = traceOf(edit, edit.make());
    QVERIFY(trace != nullptr);
    std::mt19937_64 random(1000 + static_cast<std::uint64_t>(index));
    const QString path = m_folder.filePath("state.qcow2");
    for (int cut = 0; cut < kJudgedCuts; ++cut) {
        const std::size_t step = random() % (trace->steps().size() + 1);
        QVERIFY(writeFile(path, cut % 3 == 0 ? trace->stateAfter(step) : trace->stateAfterPowerCut(step, random)));
        const auto check = qemu::img({"check", path});
        QVERIFY2(check.exit == 0, check.out + check.err);
    }
}

QTEST_GUILESS_MAIN(EditCrashTest)
#include "edit_crash_test.moc"
