// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/edit/image/snapshots.h"
#include "core/storage/memory_storage.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/guest_states.h"
#include "tests/support/image_builder.h"
#include "tests/support/naive_reader.h"

#include <QtTest/QtTest>
#include <functional>

// What the tests of snapshots share: images, edits, and what an edit has to leave.

namespace cowscope::test
{

using States = std::map<std::string, GuestState>;
using Edit = std::function<Result<void>(ImageEditor&, const TaskContext&)>;

/// An image in memory and an editor on it.
struct Edited {
    std::shared_ptr<MemoryStorage> file;
    std::shared_ptr<FaultPlan> plan = std::make_shared<FaultPlan>();
    std::unique_ptr<ImageEditor> editor;

    explicit Edited(const Bytes& bytes)
        : file(std::make_shared<MemoryStorage>(bytes))
    {
        auto opened = ImageEditor::open(std::make_shared<FaultyStorage>(file, plan), {}, {});
        if (opened)
            editor = std::move(*opened);
        else
            qWarning("%s", opened.error().text().c_str());
    }
};

inline Edit creating(OnOverflow onOverflow = OnOverflow::Refuse)
{
    return [=](ImageEditor& editor, const TaskContext& task) -> Result<void> {
        auto made = createSnapshot(editor, {"new", 1'700'000'000, 5, onOverflow}, task);
        return made ? Result<void>{} : failed(made);
    };
}

inline Edit applying(std::string id, OnOverflow onOverflow = OnOverflow::Refuse)
{
    return [=](ImageEditor& editor, const TaskContext& task) { return applySnapshot(editor, id, onOverflow, task); };
}

inline Edit deleting(std::string id)
{
    return [=](ImageEditor& editor, const TaskContext& task) { return deleteSnapshot(editor, id, task); };
}

inline std::string findingsOf(const Bytes& bytes, bool flagsAndLeaksMatter = true)
{
    const auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    if (!image)
        return std::string("cannot be opened: ").append(image.error().text());
    if (!(*image)->problems().empty())
        return std::string("has a problem: ").append((*image)->problems().front().text());
    const auto taken = takeCensus(**image, {});
    if (!taken)
        return std::string("cannot be checked: ").append(taken.error().text());
    for (const Finding& finding : (*taken)->findings) {
        const bool minor = finding.severity() == Severity::Leak || finding.kind == FindingKind::CopiedFlagWrong
            || finding.severity() == Severity::Note;
        if (flagsAndLeaksMatter || !minor)
            return describe(finding, (*image)->geometry().clusterBits());
    }
    return {};
}

/// What is wrong with an image after an edit, by two readers; "" is what it has to be.
inline std::string faultsOf(const Bytes& bytes)
{
    const NaiveReader reader(bytes);
    if (reader.counts() != reader.references())
        return "the counts are not the references";
    return findingsOf(bytes);
}

/// What an edit that succeeds has to leave.
inline States withNew(States states, const std::string& id)
{
    states[id] = states[""];
    return states;
}

inline States applied(States states, const std::string& id)
{
    states[""] = states[id];
    return states;
}

inline States without(States states, const std::string& id)
{
    states.erase(id);
    return states;
}

/// All kinds of entries, in two L2 tables at least, some shared with two snapshots. The largest count is 3 where
/// nothing compressed is shared.
inline BuiltImage mixed(unsigned clusterBits, unsigned order, unsigned snapshots = 2, bool sharedCompressed = false)
{
    ImageBuilder builder(
        {.clusterBits = clusterBits, .refcountOrder = order, .virtualSize = (std::uint64_t{600} << clusterBits) + 512});
    const std::uint64_t size = builder.clusterSize();
    for (std::uint64_t guest = 0; guest < 20; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    builder.zero(21);
    builder.compressed({22}, size / 4);
    if (sharedCompressed)
        builder.compressed({23, 24, 25}, size / 2);
    builder.data(600, 0x66); // the last, partial cluster
    for (unsigned i = 0; i < snapshots; ++i) {
        const std::string id = std::to_string(i + 1);
        builder.snapshot(id, std::string(1, 's').append(id));
        builder.data(2 * i, static_cast<std::uint8_t>(0x80 + i));
    }
    return builder.build();
}

/// The same in an image with extended L2 entries.
inline BuiltImage extended(unsigned order, unsigned snapshots)
{
    ImageBuilder builder(
        {.clusterBits = 14, .refcountOrder = order, .virtualSize = std::uint64_t{2000} << 14, .extendedL2 = true});
    for (const std::uint64_t guest : {0, 1, 2, 1500})
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    builder.compressed({4}, 4096);
    for (unsigned i = 0; i < snapshots; ++i) {
        const std::string id = std::to_string(i + 1);
        builder.snapshot(id, std::string(1, 's').append(id));
        builder.data(1, static_cast<std::uint8_t>(0x80 + i));
    }
    BuiltImage image = builder.build();
    put64(image.bytes, image.l2EntryAt(2) + 8, 0x0000ff00'000000f0); // some subclusters here, some zero
    put64(image.bytes, image.l2EntryAt(3) + 8, 0xffffffff'00000000); // all zero, without a cluster
    return image;
}

/// Carries out an edit: the image has to be sound afterwards and its disks have to hold what is wanted. Returns what is
/// wrong.
inline QByteArray faultsOfEdit(Edited& edited, const Edit& edit, const States& wanted)
{
    if (edited.editor == nullptr)
        return "the image cannot be edited";
    if (const auto done = edit(*edited.editor, {}); !done)
        return QByteArray::fromStdString(done.error().text());
    const Bytes& bytes = edited.file->bytes();
    if (const std::string faults = faultsOf(bytes); !faults.empty())
        return QByteArray::fromStdString(faults);
    return guestStates(bytes) == wanted ? QByteArray() : QByteArray("a disk holds something else now");
}

} // namespace cowscope::test

#define SUCCEEDS(edited, edit, wanted) QCOMPARE(cowscope::test::faultsOfEdit(edited, edit, wanted), QByteArray())
