// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/chain_survey.h"

#include "core/image/backing_chain.h"

#include <filesystem>
#include <fmt/format.h>
#include <set>

namespace cowscope
{

namespace
{

LayerFacts factsOf(const Image& image)
{
    return {.isImage = true,
        .virtualSize = image.geometry().virtualSize(),
        .fileSize = image.fileSize(),
        .version = image.header().version,
        .clusterSize = image.geometry().clusterSize(),
        .refcountBits = image.header().refcountBits(),
        .snapshots = image.snapshots().size(),
        .encrypted = image.header().cryptMethod != CryptMethod::None,
        .problem = image.problems().empty() ? std::string() : image.problems().front().what};
}

/// One name for a file, whatever links and dots lead to it.
std::string placeOf(const std::string& path)
{
    std::error_code failure;
    const auto place = std::filesystem::weakly_canonical(path, failure);
    return failure ? path : place.string();
}

std::optional<ChainFile> namedDataFile(const Image& image, const std::string& path, unsigned depth)
{
    if (!image.header().hasDataFile())
        return std::nullopt;
    ChainFile file{.role = ChainRole::Data, .depth = depth, .namedFormat = "raw"};
    auto resolved = dataFilePath(image, path);
    if (!resolved) {
        file.error = resolved.error();
        return file;
    }
    file.named = image.extensions().dataFile.value_or("");
    file.path = resolved->value_or("");
    return file;
}

std::optional<ChainFile> namedBackingFile(const Image& image, const std::string& path, unsigned depth)
{
    if (image.backingFile().empty())
        return std::nullopt;
    return ChainFile{.role = ChainRole::Backing,
        .depth = depth + 1,
        .named = image.backingFile(),
        .path = resolveBackingPath(path, image.backingFile()),
        .namedFormat = image.extensions().backingFormat.value_or("")};
}

/// Opens the file and fills in its facts or its error; the image if it is one.
std::shared_ptr<const Image> openFile(ChainFile& file, Sharing sharing, const TaskContext& task)
{
    const std::string& format = file.namedFormat;
    if (!format.empty() && format != "qcow2" && format != "raw") {
        file.error
            = Error{ErrorKind::Unsupported, fmt::format("The format is '{}'; only qcow2 and raw are read", format), {}};
        return nullptr;
    }
    auto opened = FileStorage::open(file.path, Access::ReadOnly, sharing);
    if (!opened) {
        file.error = opened.error();
        return nullptr;
    }
    const std::shared_ptr<const Storage> storage = std::move(*opened);
    const auto size = storage->size();
    if (!size) {
        file.error = size.error();
        return nullptr;
    }
    auto image = format == "raw" ? Result<std::shared_ptr<const Image>>(nullptr) : Image::open(storage, task);
    if (image && *image) {
        file.facts = factsOf(**image);
        return *image;
    }
    // Without a word about the format, what does not begin like an image is raw.
    if (image || (format.empty() && image.error().kind == ErrorKind::NotQcow2))
        file.facts = LayerFacts{.virtualSize = *size, .fileSize = *size, .problem = {}};
    else
        file.error = image.error();
    return nullptr;
}

} // namespace

std::vector<ChainFile> namedFiles(const Image& image, const std::string& path)
{
    std::vector<ChainFile> files{
        {.role = ChainRole::Image, .named = path, .path = path, .namedFormat = "qcow2", .facts = factsOf(image)}};
    if (auto data = namedDataFile(image, path, 0))
        files.push_back(std::move(*data));
    if (auto backing = namedBackingFile(image, path, 0))
        files.push_back(std::move(*backing));
    return files;
}

Result<std::vector<ChainFile>> surveyChain(
    const Image& first, const std::string& path, Sharing sharing, const TaskContext& task)
{
    std::vector<ChainFile> files{
        {.role = ChainRole::Image, .named = path, .path = path, .namedFormat = "qcow2", .facts = factsOf(first)}};
    std::set<std::string> met{placeOf(path)};
    std::shared_ptr<const Image> below;
    for (const Image* image = &first; image; image = below.get()) {
        const ChainFile above = files.back();
        if (auto go = task.step({Phase::Open, files.size(), 0}); !go)
            return failed(go);
        if (auto data = namedDataFile(*image, above.path, above.depth)) {
            if (!data->error)
                openFile(*data, sharing, task);
            files.push_back(std::move(*data));
        }
        auto backing = namedBackingFile(*image, above.path, above.depth);
        if (!backing)
            break;
        std::shared_ptr<const Image> next;
        if (!met.insert(placeOf(backing->path)).second)
            backing->error = Error{ErrorKind::Invalid, "The chain comes back to a file that it has already", {},
                "Look for an image that is its own backing file"};
        else if (backing->depth > BackingChain::kMaxDepth)
            backing->error = Error{ErrorKind::TooLarge,
                fmt::format("The backing chain is longer than {} files", BackingChain::kMaxDepth), {}};
        else
            next = openFile(*backing, sharing, task);
        files.push_back(std::move(*backing));
        below = std::move(next);
    }
    return files;
}

} // namespace cowscope
