// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/crash_cases.h"

#include "core/edit/amend/amend.h"
#include "core/edit/amend/amend_image.h"
#include "core/edit/amend/undo_amend.h"
#include "core/edit/guest/guest_writer.h"
#include "core/edit/guest/preallocate.h"
#include "core/edit/header/header_commit.h"
#include "core/edit/image/bitmaps.h"
#include "core/edit/image/resize.h"
#include "core/edit/image/snapshots.h"
#include "core/edit/repair/repair.h"
#include "core/storage/memory_storage.h"
#include "tests/support/concurrent_storage.h"

#include <random>

namespace cowscope::test
{

namespace
{

using EditorEdit = std::function<Result<void>(ImageEditor&, const TaskContext&)>;
using GuestEdit = std::function<Result<void>(GuestWriter&, std::uint64_t clusterSize, const TaskContext&)>;

StorageEdit onEditor(EditorEdit edit)
{
    return [edit = std::move(edit)](std::shared_ptr<Storage> storage, const TaskContext& task) -> Result<void> {
        auto editor = ImageEditor::open(std::move(storage), {}, task);
        return editor ? edit(**editor, task) : failed(editor);
    };
}

StorageEdit onGuest(GuestEdit edit)
{
    return onEditor([edit = std::move(edit)](ImageEditor& editor, const TaskContext& task) {
        GuestWriter writer(editor);
        return edit(writer, editor.geometry().clusterSize(), task);
    });
}

template <typename T>
Result<void> withoutValue(Result<T> result)
{
    return result ? Result<void>{} : failed(result);
}

StorageEdit amending(unsigned order)
{
    return [order](std::shared_ptr<Storage> storage, const TaskContext& task) {
        return withoutValue(
            amendStorage(std::make_shared<ConcurrentStorage>(std::move(storage)), order, nullptr, task));
    };
}

StorageEdit amendingAs(const std::function<void(AmendRequest&)>& ask)
{
    AmendRequest request;
    ask(request);
    return [request](std::shared_ptr<Storage> storage, const TaskContext& task) {
        return withoutValue(amendImage(std::move(storage), {}, request, task));
    };
}

StorageEdit editingHeader(const std::function<void(HeaderEdit&)>& ask)
{
    HeaderEdit edit;
    ask(edit);
    return [edit](std::shared_ptr<Storage> storage, const TaskContext& task) {
        return withoutValue(applyHeaderEdit(std::move(storage), edit, {}, task));
    };
}

StorageEdit creating()
{
    return onEditor([](ImageEditor& editor, const TaskContext& task) {
        return withoutValue(createSnapshot(editor, {"new", 1'700'000'000, 5, OnOverflow::Copy}, task));
    });
}

StorageEdit repairing(RepairMode mode)
{
    return [mode](std::shared_ptr<Storage> storage, const TaskContext& task) {
        return withoutValue(repairImage(std::move(storage), mode, nullptr, task));
    };
}

Bytes filled(std::uint64_t length, unsigned value)
{
    return Bytes(length, static_cast<std::byte>(value));
}

/// Counts wrong in both directions, at places that differ from kind to kind.
Bytes withWrongCounts(BuiltImage image)
{
    std::mt19937_64 random(image.layout.clusters);
    const std::uint64_t most = image.options.refcountOrder >= 3 ? 7 : (1U << (1U << image.options.refcountOrder)) - 1;
    for (std::uint64_t cluster = 1; cluster < image.layout.clusters; ++cluster) {
        if (random() % 4 == 0)
            image.setCount(cluster, random() % (most + 1));
    }
    return std::move(image.bytes);
}

struct NamedEdit {
    const char* name;
    StorageEdit run;
    Promise promise;
    bool writesInPlace = false;
};

const std::vector<NamedEdit>& anyImageEdits()
{
    static const std::vector<NamedEdit> all{
        {"snapshot create", creating(), Promise::OldOrNew},
        {"resize, grow", onEditor([](ImageEditor& editor, const TaskContext& task) {
             return resizeDisk(editor, editor.geometry().virtualSize() * 9, false, task);
         }),
            Promise::LeaksAtWorst},
        {"resize, shrink", onEditor([](ImageEditor& editor, const TaskContext& task) {
             return resizeDisk(editor, editor.geometry().virtualSize() / 2, true, task);
         }),
            Promise::LeaksAtWorst, true},
        {"bitmap add", onEditor([](ImageEditor& editor, const TaskContext& task) {
             return addBitmap(editor, {"another", 512}, task);
         }),
            Promise::LeaksAtWorst},
        {"write new and old", onGuest([](GuestWriter& writer, std::uint64_t size, const TaskContext& task) {
             return writer.write(size / 2, filled(3 * size, 0xf1), task);
         }),
            Promise::LeaksAtWorst, true},
        {"write many", onGuest([](GuestWriter& writer, std::uint64_t size, const TaskContext& task) {
             return writer.write(0, filled(writer.size() - writer.size() % size, 0xf2), task);
         }),
            Promise::LeaksAtWorst, true},
        {"write compressed", onGuest([](GuestWriter& writer, std::uint64_t size, const TaskContext& task) {
             return writer.writeCompressed(2 * size, filled(8 * size, 0xf3), task);
         }),
            Promise::LeaksAtWorst},
        {"write zeros", onGuest([](GuestWriter& writer, std::uint64_t size, const TaskContext& task) {
             return writer.zero(size / 2, 6 * size, ZeroMode::KeepClusters, task);
         }),
            Promise::LeaksAtWorst, true},
        {"discard", onGuest([](GuestWriter& writer, std::uint64_t, const TaskContext& task) {
             return writer.discard(0, writer.size(), task);
         }),
            Promise::LeaksAtWorst},
        {"preallocate", onGuest([](GuestWriter& writer, std::uint64_t, const TaskContext& task) {
             return writer.preallocate(0, writer.size(), task);
         }),
            Promise::LeaksAtWorst},
    };
    return all;
}

const std::vector<NamedEdit>& snapshotEdits()
{
    static const std::vector<NamedEdit> all{
        {"snapshot apply", onEditor([](ImageEditor& editor, const TaskContext& task) {
             return applySnapshot(editor, "1", OnOverflow::Copy, task);
         }),
            Promise::OldOrNew},
        {"snapshot delete",
            onEditor([](ImageEditor& editor, const TaskContext& task) { return deleteSnapshot(editor, "1", task); }),
            Promise::OldOrNew},
    };
    return all;
}

const std::vector<NamedEdit>& bitmapEdits()
{
    static const std::vector<NamedEdit> all{
        {"bitmap remove", onEditor([](ImageEditor& editor, const TaskContext& task) {
             return removeBitmap(editor, "changes", task);
         }),
            Promise::LeaksAtWorst},
        {"bitmap clear",
            onEditor([](ImageEditor& editor, const TaskContext& task) { return clearBitmap(editor, "changes", task); }),
            Promise::LeaksAtWorst},
        {"bitmap disable", onEditor([](ImageEditor& editor, const TaskContext& task) {
             return enableBitmap(editor, "changes", false, task);
         }),
            Promise::LeaksAtWorst},
    };
    return all;
}

/// For images without bitmaps, which version 2 cannot have.
const std::vector<NamedEdit>& amendEdits()
{
    static constexpr std::uint64_t kLarger = std::uint64_t{4} << 20; // than any of the disks
    static const std::vector<NamedEdit> all{
        {"amend compat=0.10", amendingAs([](AmendRequest& r) { r.version = 2; }), Promise::OldOrNew},
        {"amend lazy_refcounts", amendingAs([](AmendRequest& r) { r.lazyRefcounts = true; }), Promise::OldOrNew},
        {"amend size", amendingAs([](AmendRequest& r) { r.size = kLarger; }), Promise::OldOrNew},
        {"amend backing file", amendingAs([](AmendRequest& r) {
             r.backingFile = "base.raw";
             r.backingFormat = "raw";
         }),
            Promise::OldOrNew},
        {"amend split to 1 bit", amendingAs([](AmendRequest& r) {
             r.order = 0;
             r.splitShared = true;
         }),
            Promise::OldOrNew},
        {"amend all at once", amendingAs([](AmendRequest& r) {
             r.order = 5;
             r.lazyRefcounts = true;
             r.size = kLarger;
         }),
            Promise::OldOrNew},
        {"edit feature bits", editingHeader([](HeaderEdit& edit) {
             edit.features = {{kDirtyBit, true}, {kLazyRefcountsBit, true}};
         }),
            Promise::OldOrNew},
        {"edit names in the header", editingHeader([](HeaderEdit& edit) {
             edit.backingFile.emplace("base.raw");
             edit.backingFormat.emplace("raw");
         }),
            Promise::OldOrNew},
    };
    return all;
}

/// An image whose width has just been changed, so that this can be undone.
Bytes amended(const Bytes& image, unsigned order)
{
    const auto storage = std::make_shared<MemoryStorage>(image);
    return amendStorage(storage, order == 6 ? 5 : 6, nullptr, {}) ? storage->bytes() : Bytes{};
}

} // namespace

std::vector<CrashCase> widthCases(unsigned clusterBits)
{
    std::vector<CrashCase> cases;
    for (unsigned from = 0; from <= 6; ++from) {
        for (unsigned to = 0; to <= 6; ++to) {
            for (const ImageKind kind : kImageKinds) {
                if (from == to)
                    continue;
                const std::uint64_t most = std::min(from, to) >= 3 ? 200 : (1U << (1U << std::min(from, to))) - 1;
                cases.push_back({std::to_string(1U << from) + " to " + std::to_string(1U << to) + " bits", name(kind),
                    [=] { return imageOf(kind, clusterBits, from, most).bytes; }, amending(to), Promise::OldOrNew});
            }
        }
    }
    return cases;
}

std::vector<CrashCase> editCases(unsigned clusterBits, unsigned order)
{
    const std::uint64_t most = order >= 3 ? 200 : (1U << (1U << order)) - 1;
    std::vector<CrashCase> cases;
    const auto add = [&](const NamedEdit& edit, ImageKind kind) {
        cases.push_back({edit.name, name(kind), [=] { return imageOf(kind, clusterBits, order, most).bytes; }, edit.run,
            edit.promise, edit.writesInPlace});
    };
    for (const ImageKind kind : kImageKinds) {
        for (const NamedEdit& edit : anyImageEdits())
            add(edit, kind);
        const auto damaged = [=] { return withWrongCounts(imageOf(kind, clusterBits, order, most)); };
        cases.push_back({"repair", name(kind), damaged, repairing(RepairMode::All), Promise::NoWorse, true});
        cases.push_back({"repair leaks", name(kind), damaged, repairing(RepairMode::Leaks), Promise::NoWorse, true});
    }
    for (const ImageKind kind : kImageKinds) {
        const auto plain = [=] { return builderOf(kind, clusterBits, order, most).build().bytes; };
        for (const NamedEdit& edit : amendEdits())
            cases.push_back({edit.name, name(kind), plain, edit.run, edit.promise});
        cases.push_back({"amend undo", name(kind), [=] { return amended(plain(), order); },
            [](std::shared_ptr<Storage> storage, const TaskContext& task) {
                return withoutValue(undoAmend(std::move(storage), {}, task));
            },
            Promise::OldOrNew});
    }
    for (const NamedEdit& edit : snapshotEdits())
        add(edit, ImageKind::Snapshotted);
    for (const NamedEdit& edit : bitmapEdits())
        add(edit, ImageKind::Full);
    return cases;
}

} // namespace cowscope::test
