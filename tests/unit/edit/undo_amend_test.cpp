// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"
#include "core/edit/amend/undo_amend.h"
#include "core/edit/guest/guest_writer.h"
#include "tests/support/amend_edits.h"
#include "tests/support/expect.h"

#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

std::uint64_t orderOf(const Bytes& image)
{
    return getNumber(image, 96, 4);
}

Result<AmendPlan> amend(const std::shared_ptr<MemoryStorage>& file, unsigned order)
{
    return amendStorage(file, order, nullptr, {});
}

Result<std::vector<OldRefcounts>> found(const std::shared_ptr<MemoryStorage>& file)
{
    const auto image = Image::open(file, {});
    const auto census = takeCensus(**image, {});
    return findOldRefcounts(**image, **census, {});
}

} // namespace

/// Going back to the refcounts that an amend left behind, for as long as they are provably good.
class UndoAmendTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void bringsBackTheOldImage_data();
    void bringsBackTheOldImage();
    void undoesAnUndo();
    void asksWhichOfSeveralWidths();
    void findsNothingInAFreshImage();
    void findsNothingOnceACountHasChanged();
    void findsNothingOnceAByteIsOverwritten();
    void refusesADamagedImage();
    void doesNotTakeGuestDataForATable();
};

void UndoAmendTest::bringsBackTheOldImage_data()
{
    QTest::addColumn<unsigned>("from");
    QTest::addColumn<unsigned>("to");
    for (unsigned from = 0; from <= 6; ++from) {
        for (unsigned to = 0; to <= 6; ++to) {
            if (from != to)
                QTest::addRow("%u to %u bits", 1U << from, 1U << to) << from << to;
        }
    }
}

void UndoAmendTest::bringsBackTheOldImage()
{
    QFETCH(unsigned, from);
    QFETCH(unsigned, to);
    const BuiltImage image = mixed(9, from, from == 0 || to == 0 ? 0 : 1);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(amend(file, to));
    QCOMPARE(orderOf(file->bytes()), to);
    const auto undone = undoAmend(file, std::nullopt, {});
    VERIFY_OK(undone);
    QCOMPARE(undone->order, from);
    QVERIFY(file->bytes() == image.bytes); // every byte of it
}

void UndoAmendTest::undoesAnUndo()
{
    const BuiltImage image = mixed(12, 4);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    file->truncate(image.bytes.size() + (std::uint64_t{64} << 12)).value(); // the new structures need not go at the end
    VERIFY_OK(amend(file, 6));
    VERIFY_OK(undoAmend(file, std::nullopt, {}));
    QCOMPARE(orderOf(file->bytes()), 4U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
}

void UndoAmendTest::asksWhichOfSeveralWidths()
{
    ImageBuilder builder({.clusterBits = 9, .refcountOrder = 4, .virtualSize = 1 << 20});
    for (std::uint64_t guest = 0; guest < 600; ++guest)
        builder.data(guest);
    const auto file = std::make_shared<MemoryStorage>(builder.build().bytes);
    VERIFY_OK(amend(file, 5));
    VERIFY_OK(amend(file, 6)); // larger than what the first freed, so that both are there
    const auto both = found(file);
    VERIFY_OK(both);
    QCOMPARE(both->size(), 2U);
    const auto unclear = undoAmend(file, std::nullopt, {});
    VERIFY_ERROR(unclear, ErrorKind::Refused);
    QVERIFY(unclear.error().text().contains("refcount_bits"));
    QCOMPARE(orderOf(file->bytes()), 6U);
    VERIFY_OK(undoAmend(file, 4, {}));
    QCOMPARE(orderOf(file->bytes()), 4U);
    QCOMPARE(faultsOf(file->bytes()), std::string());
}

void UndoAmendTest::findsNothingInAFreshImage()
{
    const auto file = std::make_shared<MemoryStorage>(mixed(12, 4).bytes);
    const auto none = found(file);
    VERIFY_OK(none);
    QVERIFY(none->empty());
    const Bytes before = file->bytes();
    VERIFY_ERROR(undoAmend(file, std::nullopt, {}), ErrorKind::NotFound);
    QVERIFY(file->bytes() == before);
}

void UndoAmendTest::findsNothingOnceACountHasChanged()
{
    const auto file = std::make_shared<MemoryStorage>(mixed(9, 4).bytes);
    VERIFY_OK(amend(file, 6));
    QCOMPARE(found(file)->size(), 1U);
    {
        auto editor = ImageEditor::open(file, {}, {});
        VERIFY_OK(editor);
        GuestWriter writer(**editor);
        VERIFY_OK(writer.write(std::uint64_t{300} << 9, Bytes(512, std::byte{1}), {}));
        VERIFY_OK((*editor)->commit({}));
    }
    QVERIFY(found(file)->empty());
    VERIFY_ERROR(undoAmend(file, std::nullopt, {}), ErrorKind::NotFound);
}

void UndoAmendTest::findsNothingOnceAByteIsOverwritten()
{
    const BuiltImage image = mixed(12, 4);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(amend(file, 6));
    const std::uint64_t refblock = image.layout.refblocks.begin()->second;
    Bytes bytes = file->bytes();
    bytes[refblock + 1] = std::byte{2};
    QVERIFY(found(std::make_shared<MemoryStorage>(bytes))->empty());
    bytes = file->bytes();
    bytes[image.layout.reftable + 9] = std::byte{0x10};
    QVERIFY(found(std::make_shared<MemoryStorage>(bytes))->empty());
}

void UndoAmendTest::refusesADamagedImage()
{
    const BuiltImage image = mixed(12, 4);
    const auto file = std::make_shared<MemoryStorage>(image.bytes);
    VERIFY_OK(amend(file, 3));
    Bytes bytes = file->bytes();
    const std::uint64_t reftable = getNumber(bytes, 48, 8);
    bytes[getNumber(bytes, reftable, 8) + 3] = std::byte{0}; // the count of cluster 3
    VERIFY_ERROR(undoAmend(std::make_shared<MemoryStorage>(bytes), std::nullopt, {}), ErrorKind::Refused);
}

/// Free clusters may hold anything, also what a guest made look like a reftable that leads to a refblock.
void UndoAmendTest::doesNotTakeGuestDataForATable()
{
    ImageBuilder builder({.clusterBits = 12, .virtualSize = 1 << 20});
    builder.data(1);
    const std::uint64_t room = builder.skip(8);
    BuiltImage image = builder.build();
    for (std::uint64_t cluster = 0; cluster < 8; ++cluster) {
        for (std::uint64_t entry = 0; entry < 512; ++entry)
            put64(image.bytes, room + (cluster << 12) + entry * 8, room + ((entry % 8) << 12));
    }
    const auto none = found(std::make_shared<MemoryStorage>(image.bytes));
    VERIFY_OK(none);
    QVERIFY(none->empty());
}

QTEST_GUILESS_MAIN(UndoAmendTest)
#include "undo_amend_test.moc"
