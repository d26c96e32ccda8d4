// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/header/header_commit.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/trace_storage.h"

#include <fmt/format.h>
#include <functional>
#include <set>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr std::uint32_t kUnknownExtension = 0x12345678;
constexpr std::uint32_t kLongExtension = 0x23456789;

/// As qemu-img makes them, the extensions reach past the first sector; `nameBytes` is of the backing file's.
BuiltImage longHeader(std::size_t nameBytes)
{
    ImageBuilder builder({.clusterBits = 12, .headerLength = 112});
    builder.extension(kExtensionBackingFormat, bytesOf("raw"));
    builder.extension(kExtensionFeatureNames, Bytes(384, std::byte{0}));
    builder.extension(kUnknownExtension, bytesOf("keep me"));
    builder.backingFile(std::string(nameBytes, 'n'));
    for (std::uint64_t guest = 0; guest < 6; ++guest)
        builder.data(guest);
    return builder.build();
}

BuiltImage shortHeader()
{
    ImageBuilder builder({.clusterBits = 9, .virtualSize = 64 << 9, .compatible = 0x80});
    builder.extension(kExtensionBackingFormat, bytesOf("raw"));
    builder.extension(kUnknownExtension, bytesOf("keep me"));
    builder.extension(kLongExtension, Bytes(120, std::byte{9}));
    builder.backingFile("base.raw");
    builder.data(0);
    return builder.build();
}

struct Case {
    const char* name;
    std::function<BuiltImage()> make;
    std::function<void(HeaderEdit&)> fill;
};

const std::vector<Case>& cases()
{
    static const std::vector<Case> list{
        {"all in one sector", shortHeader,
            [](HeaderEdit& edit) {
                edit.features = {{kDirtyBit, true}, {{FeatureType::Compatible, 7}, false}};
                edit.backingFile.emplace("a/much/longer/name/than/that/which/was/there/before.qcow2");
                edit.backingFormat.emplace("qcow2");
                edit.dropped = {kUnknownExtension};
            }},
        {"no backing file any more", shortHeader,
            [](HeaderEdit& edit) {
                edit.backingFile.emplace("");
                edit.backingFormat.emplace("");
            }},
        {"bits of a long header", [] { return longHeader(40); },
            [](HeaderEdit& edit) {
                edit.features = {{kLazyRefcountsBit, true}, {kCorruptBit, true}};
            }},
        {"name of a long header", [] { return longHeader(40); },
            [](HeaderEdit& edit) { edit.backingFile.emplace(300, 'z'); }},
        {"a shorter name of a long header", [] { return longHeader(800); },
            [](HeaderEdit& edit) { edit.backingFile.emplace("short"); }},
        {"the names of the features dropped", [] { return longHeader(40); },
            [](HeaderEdit& edit) { edit.dropped = {kExtensionFeatureNames}; }},
        {"format of a long header", [] { return longHeader(40); },
            [](HeaderEdit& edit) { edit.backingFormat.emplace("qcow2"); }},
    };
    return list;
}

/// All that a reader takes from the first cluster.
std::string seen(const Bytes& bytes)
{
    const auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    if (!image)
        return image.error().text();
    const Header& header = (*image)->header();
    std::string text = fmt::format("{} {} {} {}", header.incompatibleFeatures, header.compatibleFeatures,
        header.autoclearFeatures, (*image)->backingFile());
    for (const RawExtension& extension : (*image)->extensions().raw) {
        text += fmt::format(" {:#x}:", extension.type);
        for (const std::byte byte : extension.data)
            text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    }
    return text;
}

Bytes behindHeader(const Bytes& bytes)
{
    return {bytes.begin() + (std::ptrdiff_t{1} << getNumber(bytes, 20, 4)), bytes.end()};
}

/// What is wrong with the states that a crash may leave; empty: nothing.
std::string faultOf(const TraceStorage& trace)
{
    const std::set<std::string> good{seen(trace.initial()), seen(trace.bytes())};
    if (good.size() != 2)
        return "nothing has changed";
    std::string fault;
    trace.eachCrashState({.random = 20}, [&](const WriteTrace::CrashState& state) {
        if (!good.contains(seen(state.bytes)))
            fault = fmt::format("after step {}: {}", state.steps, seen(state.bytes));
        if (behindHeader(state.bytes) != behindHeader(trace.initial()))
            fault = "something behind the header has changed";
    });
    return fault;
}

} // namespace

/// Cuts the power at every step of an edit of the header and of its undo: the header is the old one or the new one.
/// crash_every_edit has the edits that change no more than a sector, of every kind of image.
class HeaderEditCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyPowerCutLeavesTheOldHeaderOrTheNew_data();
    void everyPowerCutLeavesTheOldHeaderOrTheNew();
};

void HeaderEditCrashTest::everyPowerCutLeavesTheOldHeaderOrTheNew_data()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < cases().size(); ++i)
        QTest::newRow(cases()[i].name) << static_cast<int>(i);
}

void HeaderEditCrashTest::everyPowerCutLeavesTheOldHeaderOrTheNew()
{
    QFETCH(int, index);
    const Case& each = cases()[static_cast<std::size_t>(index)];
    HeaderEdit edit;
    each.fill(edit);
    const auto trace = std::make_shared<TraceStorage>(each.make().bytes);
    const auto change = applyHeaderEdit(trace, edit, {}, {});
    VERIFY_OK(change);
    QCOMPARE(QByteArray::fromStdString(faultOf(*trace)), QByteArray());

    const auto back = std::make_shared<TraceStorage>(trace->bytes());
    if (const auto undone = undoHeaderEdit(back, *change, {}); undone) {
        QCOMPARE(QByteArray::fromStdString(seen(back->bytes())), QByteArray::fromStdString(seen(trace->initial())));
        QCOMPARE(QByteArray::fromStdString(faultOf(*back)), QByteArray());
    } else { // what cannot be done at one stroke is not done
        VERIFY_ERROR(undone, ErrorKind::Refused);
        QVERIFY(back->bytes() == trace->bytes());
    }
}

QTEST_GUILESS_MAIN(HeaderEditCrashTest)
#include "header_edit_crash_test.moc"
