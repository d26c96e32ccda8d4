// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compare/comparison.h"

#include "core/edit/image/metadata_copy.h"

namespace cowscope::ui
{

namespace
{

constexpr std::size_t kContentRuns = 4096;

Result<std::shared_ptr<const Image>> openImage(const std::string& path, Sharing sharing, const TaskContext& task)
{
    auto storage = FileStorage::open(path, Access::ReadOnly, sharing);
    if (!storage)
        return failed(storage);
    auto image = Image::open(std::move(*storage), task);
    if (!image)
        return std::unexpected(std::move(image.error()).in(path));
    return image;
}

Result<ContentDiff> compareGuests(const ComparedImage& first, const std::string& other, const TaskContext& task)
{
    const TaskContext silent{task.stop, {}};
    auto a = BackingChain::openFile(first.path, "qcow2", first.sharing, silent);
    if (!a)
        return failed(a);
    auto b = BackingChain::openFile(other, "qcow2", Sharing::Locked, silent);
    if (!b)
        return failed(b);
    GuestReader firstReader(std::move(*a));
    GuestReader secondReader(std::move(*b));
    auto diff = compareContents(firstReader, secondReader, {.mostRuns = kContentRuns}, task);
    if (!diff)
        return std::unexpected(std::move(diff.error().error));
    return *diff;
}

Result<std::any> compare(Comparison comparison, const TaskContext& task)
{
    auto diff = compareMetadata(*comparison.first, *comparison.second, task);
    if (!diff)
        return failed(diff);
    comparison.metadata = std::move(*diff);
    return std::any(std::shared_ptr<const Comparison>(std::make_shared<Comparison>(std::move(comparison))));
}

} // namespace

Job::Work rememberWork(std::shared_ptr<const Image> image, std::string file)
{
    return [image = std::move(image), file = std::move(file)](const TaskContext& task) -> Result<std::any> {
        {
            auto target = FileStorage::create(file);
            if (!target)
                return failed(target);
            if (auto copied = copyMetadata(*image, **target, {}, task); !copied)
                return failed(copied);
        }
        auto copy = openImage(file, Sharing::Unlocked, {task.stop, {}});
        if (!copy)
            return failed(copy);
        return std::any(std::move(*copy));
    };
}

Job::Work compareStatesWork(std::shared_ptr<const Image> before, std::shared_ptr<const Image> now)
{
    return [before = std::move(before), now = std::move(now)](const TaskContext& task) -> Result<std::any> {
        return compare({before, now, {}, {}}, task);
    };
}

Job::Work compareFilesWork(ComparedImage image, std::string other, bool contents)
{
    return [image = std::move(image), other = std::move(other), contents](const TaskContext& task) -> Result<std::any> {
        auto second = openImage(other, Sharing::Locked, {task.stop, {}});
        if (!second)
            return failed(second);
        Comparison comparison{image.image, *second, {}, {}};
        if (contents) {
            auto diff = compareGuests(image, other, task);
            if (!diff)
                return failed(diff);
            comparison.contents = std::move(*diff);
        }
        return compare(std::move(comparison), {task.stop, {}});
    };
}

} // namespace cowscope::ui
