// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/header/header_commit.h"
#include "core/edit/header/header_rules.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/image_builder.h"

#include <algorithm>
#include <fmt/format.h>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr std::uint32_t kUnknownExtension = 0x12345678;
constexpr FeatureId kUnknownCompatible{FeatureType::Compatible, 7};
constexpr FeatureId kUnknownAutoclear{FeatureType::Autoclear, 9};

BuiltImage built(ImageOptions options = {})
{
    ImageBuilder builder(options);
    builder.extension(kUnknownExtension, bytesOf("keep me"));
    builder.data(0);
    builder.data(5);
    return builder.build();
}

BuiltImage backed(std::uint32_t version = 3)
{
    ImageBuilder builder({.version = version});
    builder.extension(kExtensionBackingFormat, bytesOf("raw"));
    builder.extension(kUnknownExtension, bytesOf("keep me"));
    builder.backingFile("base.raw");
    builder.data(0);
    return builder.build();
}

std::shared_ptr<const Image> opened(const Bytes& bytes)
{
    auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    return image ? *image : nullptr;
}

std::shared_ptr<const Census> checked(const Image& image)
{
    auto census = takeCensus(image, {});
    return census ? *census : nullptr;
}

HeaderEdit bits(std::initializer_list<std::pair<const FeatureId, bool>> features)
{
    HeaderEdit edit;
    edit.features = features;
    return edit;
}

NoteLevel levelOf(const Bytes& bytes, const HeaderEdit& edit, bool withCheck = true)
{
    const auto image = opened(bytes);
    return highestLevel(headerEditNotes(*image, withCheck ? checked(*image).get() : nullptr, edit));
}

std::string allText(const Bytes& bytes, const HeaderEdit& edit)
{
    std::string text;
    for (const HeaderNote& note : headerEditNotes(*opened(bytes), nullptr, edit))
        text += fmt::format("{}\n", note.text);
    return text;
}

Result<HeaderChange> edited(Bytes& bytes, const HeaderEdit& edit)
{
    const auto file = std::make_shared<MemoryStorage>(bytes);
    auto change = applyHeaderEdit(file, edit, {}, {});
    bytes = file->bytes();
    return change;
}

} // namespace

/// Fields of the header, changed by hand.
class HeaderEditTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void listsEveryFieldAndWhyItIsFixed();
    void changesNothingButTheFeatureWords();
    void changesNamesAndKeepsWhatItDoesNotKnow();
    void editsImagesThatAreMarked();
    void clearsUnknownBitsAndDropsExtensions();
    void worksOnVersionTwo();
    void saysWhatItMeans_data();
    void saysWhatItMeans();
    void refusesWhatCannotBe_data();
    void refusesWhatCannotBe();
    void marksAreJudgedByTheCheck();
    void refusesAnotherHeaderThanExpected();
    void undoesAndRedoes();
    void refusesToUndoWhatWasChangedSince();
    void namesTheBytesThatChange();
    void takesBackAWriteThatFails();
};

void HeaderEditTest::listsEveryFieldAndWhyItIsFixed()
{
    const auto image = opened(built({.compatible = 0x81, .autoclear = 1U << 9}).bytes);
    const auto fields = headerFields(*image);
    const auto find
        = [&](const HeaderField& field) { return std::ranges::find(fields, field, &HeaderFieldState::field); };
    const auto feature = [&](FeatureId id) { return *find({HeaderField::Kind::Feature, id, 0}); };
    QVERIFY(feature(kDirtyBit).whyFixed.empty() && !feature(kDirtyBit).on);
    QVERIFY(feature(kLazyRefcountsBit).whyFixed.empty() && feature(kLazyRefcountsBit).on);
    QVERIFY(feature(kUnknownCompatible).whyFixed.empty() && feature(kUnknownCompatible).on);
    QVERIFY(feature(kUnknownAutoclear).whyFixed.empty());
    for (const unsigned bit : {2U, 3U, 4U})
        QVERIFY(!feature({FeatureType::Incompatible, bit}).whyFixed.empty());
    QVERIFY(!feature(kBitmapsBit).whyFixed.empty()); // there are none
    QVERIFY(!feature(kRawDataFileBit).whyFixed.empty());
    QVERIFY(find({HeaderField::Kind::Extension, {}, kUnknownExtension})->whyFixed.empty());
    QVERIFY(!find({HeaderField::Kind::DataFile, {}, 0})->whyFixed.empty());
    for (const HeaderFieldState& state : fields)
        QVERIFY2(!state.name.empty() && !state.about.empty(), state.name.c_str());
}

void HeaderEditTest::changesNothingButTheFeatureWords()
{
    BuiltImage image = built();
    Bytes wanted = image.bytes;
    put64(wanted, 72, 3); // dirty and corrupt
    put64(wanted, 80, 1); // lazy refcounts
    VERIFY_OK(edited(image.bytes, bits({{kDirtyBit, true}, {kCorruptBit, true}, {kLazyRefcountsBit, true}})));
    QVERIFY(image.bytes == wanted);
}

void HeaderEditTest::changesNamesAndKeepsWhatItDoesNotKnow()
{
    BuiltImage image = backed();
    HeaderEdit edit;
    edit.backingFile.emplace("a/longer/name/of/another.qcow2");
    edit.backingFormat.emplace("qcow2");
    const Bytes tail(image.bytes.begin() + 4096, image.bytes.end());
    VERIFY_OK(edited(image.bytes, edit));
    auto now = opened(image.bytes);
    QCOMPARE(now->backingFile(), *edit.backingFile);
    QCOMPARE(now->extensions().backingFormat.value_or(""), std::string("qcow2"));
    QCOMPARE(now->extensions().raw.size(), 2U);
    QVERIFY(now->extensions().raw.back().data == bytesOf("keep me"));
    QVERIFY(std::equal(tail.begin(), tail.end(), image.bytes.begin() + 4096));
    edit.backingFile.emplace("");
    edit.backingFormat.emplace("");
    VERIFY_OK(edited(image.bytes, edit));
    now = opened(image.bytes);
    QVERIFY(now->backingFile().empty() && !now->extensions().backingFormat);
    QCOMPARE(now->header().backingFileOffset.value(), 0U);
    QVERIFY(now->extensions().raw.back().data == bytesOf("keep me"));
}

/// No repair runs behind the user's back: the wrong count stays.
void HeaderEditTest::editsImagesThatAreMarked()
{
    BuiltImage image = built({.incompatible = 3});
    image.setCount(1, 7);
    VERIFY_OK(edited(image.bytes, bits({{kDirtyBit, false}})));
    QCOMPARE(getNumber(image.bytes, 72, 8), 2U);
    QCOMPARE(image.count(1), 7U);
    VERIFY_OK(edited(image.bytes, bits({{kCorruptBit, false}})));
    QCOMPARE(getNumber(image.bytes, 72, 8), 0U);
    QCOMPARE(image.count(1), 7U);
}

void HeaderEditTest::clearsUnknownBitsAndDropsExtensions()
{
    BuiltImage image = built({.compatible = 0x80, .autoclear = 1U << 9});
    HeaderEdit edit = bits({{kUnknownCompatible, false}});
    edit.dropped = {kUnknownExtension};
    QCOMPARE(levelOf(image.bytes, edit), NoteLevel::Warning);
    QVERIFY(allText(image.bytes, edit).find("autoclear bit") != std::string::npos);
    VERIFY_OK(edited(image.bytes, edit));
    const auto now = opened(image.bytes);
    QCOMPARE(now->header().compatibleFeatures, 0U);
    QCOMPARE(now->header().autoclearFeatures, 0U); // any writer's duty
    QVERIFY(now->extensions().raw.empty());
    BuiltImage other = built({.autoclear = 1U << 9});
    VERIFY_OK(edited(other.bytes, bits({{kUnknownAutoclear, false}})));
    QCOMPARE(opened(other.bytes)->header().autoclearFeatures, 0U);
}

void HeaderEditTest::worksOnVersionTwo()
{
    BuiltImage image = backed(2);
    HeaderEdit edit;
    edit.backingFile.emplace("other.raw");
    VERIFY_OK(edited(image.bytes, edit));
    QCOMPARE(opened(image.bytes)->backingFile(), *edit.backingFile);
    QCOMPARE(getNumber(image.bytes, 4, 4), 2U);
    VERIFY_ERROR(edited(image.bytes, bits({{kLazyRefcountsBit, true}})), ErrorKind::Refused);
}

void HeaderEditTest::saysWhatItMeans_data()
{
    QTest::addColumn<int>("level");
    QTest::addColumn<QByteArray>("part");
    QTest::addColumn<HeaderEdit>("edit");
    const auto row = [](const char* name, NoteLevel level, const char* part, HeaderEdit edit) {
        QTest::newRow(name) << static_cast<int>(level) << QByteArray(part) << std::move(edit);
    };
    const auto with = [](const std::function<void(HeaderEdit&)>& fill) {
        HeaderEdit edit;
        fill(edit);
        return edit;
    };
    row("nothing", NoteLevel::Note, "", {});
    row("what is so anyway", NoteLevel::Note, "", bits({{kDirtyBit, false}}));
    row("dirty", NoteLevel::Warning, "repairs its counts first", bits({{kDirtyBit, true}}));
    row("corrupt", NoteLevel::Warning, "for reading only", bits({{kCorruptBit, true}}));
    row("lazy", NoteLevel::Note, "written late", bits({{kLazyRefcountsBit, true}}));
    row("another backing file", NoteLevel::Warning, "Only the name",
        with([](HeaderEdit& e) { e.backingFile.emplace("x"); }));
    row("no backing file", NoteLevel::Danger, "reads as zeros", with([](HeaderEdit& e) {
        e.backingFile.emplace("");
        e.backingFormat.emplace("");
    }));
    row("unheard of format", NoteLevel::Warning, "no format",
        with([](HeaderEdit& e) { e.backingFormat.emplace("zip"); }));
    row("dropped", NoteLevel::Warning, "is lost", with([](HeaderEdit& e) { e.dropped = {kUnknownExtension}; }));
}

void HeaderEditTest::saysWhatItMeans()
{
    QFETCH(int, level);
    QFETCH(QByteArray, part);
    QFETCH(HeaderEdit, edit);
    const BuiltImage image = backed();
    QCOMPARE(static_cast<int>(levelOf(image.bytes, edit)), level);
    const std::string text = allText(image.bytes, edit);
    QVERIFY2(part.isEmpty() ? text.empty() : text.find(part.toStdString()) != std::string::npos, text.c_str());
}

void HeaderEditTest::refusesWhatCannotBe_data()
{
    QTest::addColumn<QByteArray>("part");
    QTest::addColumn<HeaderEdit>("edit");
    const auto row = [](const char* name, const char* part, const std::function<void(HeaderEdit&)>& fill) {
        HeaderEdit edit;
        fill(edit);
        QTest::newRow(name) << QByteArray(part) << edit;
    };
    const auto bit = [](FeatureType type, unsigned number) {
        return [=](HeaderEdit& edit) { edit.features[{type, number}] = true; };
    };
    row("data file bit", "in which file", bit(FeatureType::Incompatible, 2));
    row("compression bit", "compression type", bit(FeatureType::Incompatible, 3));
    row("extended L2 bit", "misread", bit(FeatureType::Incompatible, 4));
    row("unknown incompatible bit", "Only a program", bit(FeatureType::Incompatible, 20));
    row("unknown compatible bit", "Only a program", bit(FeatureType::Compatible, 20));
    row("unknown autoclear bit", "Only a program", bit(FeatureType::Autoclear, 20));
    row("bitmaps without bitmaps", "no bitmaps extension", bit(FeatureType::Autoclear, 0));
    row("raw data file", "Nobody can vouch", bit(FeatureType::Autoclear, 1));
    row("format without file", "needs a backing file", [](HeaderEdit& e) { e.backingFile.emplace(""); });
    row("file without format", "needs its format", [](HeaderEdit& e) { e.backingFormat.emplace(""); });
    row("name too long", "1023", [](HeaderEdit& e) { e.backingFile.emplace(1024, 'x'); });
    row("format too long", "15", [](HeaderEdit& e) { e.backingFormat.emplace(16, 'x'); });
    row("zero in the name", "code 0", [](HeaderEdit& e) { e.backingFile.emplace("a\0b", 3); });
    row("data file name", "no external data file", [](HeaderEdit& e) { e.dataFile.emplace("x"); });
}

void HeaderEditTest::refusesWhatCannotBe()
{
    QFETCH(QByteArray, part);
    QFETCH(HeaderEdit, edit);
    BuiltImage image = backed();
    const Bytes before = image.bytes;
    QCOMPARE(levelOf(image.bytes, edit), NoteLevel::Refusal);
    const auto change = edited(image.bytes, edit);
    VERIFY_ERROR(change, ErrorKind::Refused);
    QVERIFY2(change.error().what.find(part.toStdString()) != std::string::npos, change.error().what.c_str());
    QVERIFY(image.bytes == before);
}

void HeaderEditTest::marksAreJudgedByTheCheck()
{
    const HeaderEdit clear = bits({{kDirtyBit, false}});
    BuiltImage image = built({.incompatible = 1});
    QCOMPARE(levelOf(image.bytes, clear), NoteLevel::Note);
    QCOMPARE(levelOf(image.bytes, clear, false), NoteLevel::Danger); // nobody has looked
    image.setCount(2, 3);
    QCOMPARE(levelOf(image.bytes, clear), NoteLevel::Danger); // the copied flag or the count is wrong
    BuiltImage leaking = built({.incompatible = 1});
    ImageBuilder builder({.incompatible = 1});
    builder.leak(builder.allocate(1, 0) / 4096);
    QCOMPARE(levelOf(builder.build().bytes, clear), NoteLevel::Warning);
}

void HeaderEditTest::refusesAnotherHeaderThanExpected()
{
    BuiltImage image = built();
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    Bytes expected(image.bytes.begin(), image.bytes.begin() + 4096);
    const HeaderEdit edit = bits({{kLazyRefcountsBit, true}});
    expected[100] ^= std::byte{1};
    VERIFY_ERROR(applyHeaderEdit(file, edit, expected, {}), ErrorKind::Refused);
    QVERIFY(file->bytes() == image.bytes);
    expected[100] ^= std::byte{1};
    VERIFY_OK(applyHeaderEdit(file, edit, expected, {}));
}

void HeaderEditTest::undoesAndRedoes()
{
    const Bytes before = backed().bytes;
    const auto file = std::make_shared<MemoryStorage>(before);
    HeaderEdit edit = bits({{kDirtyBit, true}, {kLazyRefcountsBit, true}});
    edit.backingFile.emplace("b");
    edit.dropped = {kUnknownExtension};
    const auto change = applyHeaderEdit(file, edit, {}, {});
    VERIFY_OK(change);
    const Bytes after = file->bytes();
    const HeaderEdit back = editBack(*opened(after), *change);
    QVERIFY(back.features == (std::map<FeatureId, bool>{{kDirtyBit, false}, {kLazyRefcountsBit, false}}));
    QCOMPARE(back.backingFile.value_or(""), std::string("base.raw"));
    QVERIFY(!back.backingFormat && !back.dataFile);
    const auto undone = undoHeaderEdit(file, *change, {});
    VERIFY_OK(undone);
    QVERIFY(file->bytes() == before); // here even the name is back in its place
    VERIFY_OK(undoHeaderEdit(file, *undone, {}));
    QVERIFY(file->bytes() == after);
}

void HeaderEditTest::refusesToUndoWhatWasChangedSince()
{
    BuiltImage image = built();
    const auto change = edited(image.bytes, bits({{kLazyRefcountsBit, true}}));
    VERIFY_OK(change);
    VERIFY_OK(edited(image.bytes, bits({{kDirtyBit, true}})));
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_ERROR(undoHeaderEdit(file, *change, {}), ErrorKind::Refused);
    QVERIFY(file->bytes() == image.bytes);
}

void HeaderEditTest::namesTheBytesThatChange()
{
    const auto image = opened(backed().bytes);
    HeaderEdit edit = bits({{kLazyRefcountsBit, true}});
    edit.backingFile.emplace("");
    edit.backingFormat.emplace("");
    const auto change = planHeaderEdit(*image, edit);
    VERIFY_OK(change);
    std::map<std::string, ChangedBytes> parts;
    for (const ChangedBytes& part : changedBytes(*change))
        parts[part.name] = part;
    QCOMPARE(parts.at("compatible_features").offset, 80U);
    QCOMPARE(std::to_integer<unsigned>(parts.at("compatible_features").before.back()), 0U);
    QCOMPARE(std::to_integer<unsigned>(parts.at("compatible_features").after.back()), 1U);
    QVERIFY(parts.at("backing file name").before == bytesOf("base.raw"));
    QVERIFY(parts.at("backing file name").after.empty());
    QVERIFY(parts.contains("Backing file format") && parts.contains("backing_file_offset"));
    QVERIFY(!parts.contains("incompatible_features") && !parts.contains("size"));
}

void HeaderEditTest::takesBackAWriteThatFails()
{
    const BuiltImage image = backed();
    HeaderEdit edit;
    edit.backingFile.emplace("x");
    for (const StorageOp op : {StorageOp::Write, StorageOp::Flush}) {
        const auto file = std::make_shared<MemoryStorage>(image.bytes);
        const auto plan = std::make_shared<FaultPlan>();
        plan->failingOp = op;
        plan->failFrom = 1;
        VERIFY_ERROR(applyHeaderEdit(std::make_shared<FaultyStorage>(file, plan), edit, {}, {}), ErrorKind::Io);
        QVERIFY(file->bytes() == image.bytes);
    }
}

QTEST_GUILESS_MAIN(HeaderEditTest)
#include "header_edit_test.moc"
