// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/convert.h"

#include "core/base/checked_math.h"
#include "core/edit/guest/guest_writer.h"

#include <algorithm>
#include <cstring>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kChunkBytes = std::uint64_t{4} << 20; ///< read and written at a time
constexpr std::uint64_t kRawBlockBytes = 4096; ///< zeros of this length become a hole, as with qemu-img

/// Where the copy goes. Offsets and lengths are multiples of unit() or end with the disk.
class Target
{
public:
    virtual ~Target() = default;

    virtual std::uint64_t unit() const = 0; ///< bytes, a power of two: zeros are told apart in such pieces
    virtual Result<void> write(std::uint64_t start, std::span<const std::byte> bytes) = 0;
    virtual Result<void> zero(std::uint64_t start, std::uint64_t length) = 0;
    virtual bool hasBacking() const { return false; } ///< what the source does not hold itself shows through
};

/// Whether the target was made for the copy, and so reads as zeros, or had contents before.
enum class TargetAge { New, Old };

class RawTarget final : public Target
{
public:
    RawTarget(Storage& storage, TargetAge age)
        : m_storage(storage)
        , m_age(age)
    {
    }

    std::uint64_t unit() const override { return kRawBlockBytes; }
    Result<void> write(std::uint64_t start, std::span<const std::byte> bytes) override
    {
        return m_storage.write(start, bytes);
    }
    Result<void> zero(std::uint64_t start, std::uint64_t length) override
    {
        if (m_age == TargetAge::New)
            return {}; // all hole
        const std::vector<std::byte> zeros(std::min(length, kChunkBytes));
        for (std::uint64_t done = 0; done < length; done += zeros.size()) {
            const auto piece = std::span(zeros).first(std::min<std::uint64_t>(length - done, zeros.size()));
            if (auto written = m_storage.write(start + done, piece); !written)
                return written;
        }
        return {};
    }

private:
    Storage& m_storage;
    TargetAge m_age;
};

class ImageTarget final : public Target
{
public:
    ImageTarget(ImageEditor& editor, TargetAge age, bool compressed, TaskContext task)
        : m_editor(editor)
        , m_age(age)
        , m_writer(editor)
        , m_compressed(compressed)
        , m_task(std::move(task))
    {
    }

    std::uint64_t unit() const override { return m_editor.geometry().clusterSize(); }
    bool hasBacking() const override { return m_age == TargetAge::New && !m_editor.backingFile().empty(); }

    Result<void> write(std::uint64_t start, std::span<const std::byte> bytes) override
    {
        // Of a larger disk the last cluster may keep a part of what it has.
        const bool whole = bytes.size() % unit() == 0 || start + bytes.size() == m_writer.size();
        const std::size_t packed = !m_compressed ? 0 : whole ? bytes.size() : bytes.size() / unit() * unit();
        if (packed > 0) {
            if (auto written = m_writer.writeCompressed(start, bytes.first(packed), m_task); !written)
                return written;
        }
        return packed == bytes.size() ? Result<void>{} : m_writer.write(start + packed, bytes.subspan(packed), m_task);
    }

    Result<void> zero(std::uint64_t start, std::uint64_t length) override
    {
        // A new image shows zeros wherever nothing from below does.
        if (m_age == TargetAge::Old)
            return m_writer.zero(start, length, ZeroMode::Unmap, m_task);
        if (!hasBacking() || (m_editor.backing() && start >= m_editor.backing()->size()))
            return {};
        return m_writer.zero(start, length, ZeroMode::Unmap, m_task);
    }

private:
    ImageEditor& m_editor;
    TargetAge m_age;
    GuestWriter m_writer;
    bool m_compressed;
    TaskContext m_task;
};

bool isZero(std::span<const std::byte> bytes)
{
    return bytes.empty()
        || (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// What is to be done about a stretch of the disk.
enum class Content { BelowTarget, Zero, Data };

struct Stretch {
    std::uint64_t length = 0;
    Content content = Content::Data;
};

/// Copies a disk from beginning to end.
class DiskCopy
{
public:
    DiskCopy(GuestReader& source, Target& target, const TaskContext& task)
        : m_source(source)
        , m_target(target)
        , m_task(task)
        , m_buffer(std::max(kChunkBytes, target.unit()))
    {
    }

    Result<void> run()
    {
        std::uint64_t start = 0;
        while (start < m_source.size()) {
            if (auto go = step(start); !go)
                return go;
            auto stretch = stretchAt(start);
            if (!stretch)
                return failed(stretch);
            Result<void> done;
            if (stretch->content == Content::Data)
                done = copyData(start, stretch->length);
            else if (stretch->content == Content::Zero)
                done = m_target.zero(start, stretch->length);
            if (!done)
                return done;
            start += stretch->length;
        }
        return step(start);
    }

private:
    Result<void> step(std::uint64_t done) const { return m_task.step({Phase::Copy, done, m_source.size()}); }

    Content contentOf(const ChainExtent& extent) const
    {
        if (m_target.hasBacking() && extent.depth > 0)
            return Content::BelowTarget;
        return extent.zero ? Content::Zero : Content::Data;
    }

    /// The stretch from `start` on that is to be treated alike, in whole units of the target. A unit that is not all
    /// alike is data.
    Result<Stretch> stretchAt(std::uint64_t start)
    {
        const std::uint64_t size = m_source.size();
        std::optional<Content> content;
        std::uint64_t end = start;
        while (end < size && end - start < m_buffer.size()) {
            auto extent = m_source.chain().at(end, size - end);
            if (!extent)
                return failed(extent);
            if (content.value_or(contentOf(*extent)) != contentOf(*extent))
                break;
            content = contentOf(*extent);
            end += extent->length;
        }
        if (end < size)
            end &= ~(m_target.unit() - 1);
        if (end <= start)
            return Stretch{std::min(m_target.unit(), size - start), Content::Data};
        return Stretch{end - start, *content};
    }

    Result<void> copyData(std::uint64_t start, std::uint64_t length)
    {
        while (length > 0) {
            const auto bytes = std::span(m_buffer).first(std::min<std::uint64_t>(length, m_buffer.size()));
            if (auto read = m_source.read(start, bytes); !read)
                return read;
            if (auto written = writeChunk(start, bytes); !written)
                return written;
            start += bytes.size();
            length -= bytes.size();
            if (auto go = step(start); !go)
                return go;
        }
        return {};
    }

    /// Writes what is not zero.
    Result<void> writeChunk(std::uint64_t start, std::span<const std::byte> bytes)
    {
        while (!bytes.empty()) {
            const bool zero = isZero(unitOf(bytes, 0));
            std::size_t length = unitOf(bytes, 0).size();
            while (length < bytes.size() && isZero(unitOf(bytes, length)) == zero)
                length += unitOf(bytes, length).size();
            auto done = zero ? m_target.zero(start, length) : m_target.write(start, bytes.first(length));
            if (!done)
                return done;
            start += length;
            bytes = bytes.subspan(length);
        }
        return {};
    }

    std::span<const std::byte> unitOf(std::span<const std::byte> bytes, std::size_t at) const
    {
        return bytes.subspan(at, std::min<std::size_t>(m_target.unit(), bytes.size() - at));
    }

    GuestReader& m_source;
    Target& m_target;
    const TaskContext& m_task;
    std::vector<std::byte> m_buffer;
};

/// A storage that is flushed by its owner, not by an editor: as long as an image is being made, no order of writes on
/// the disk is better than another.
class UnflushedStorage final : public Storage
{
public:
    explicit UnflushedStorage(std::shared_ptr<Storage> inner)
        : m_inner(std::move(inner))
    {
    }

    Result<std::uint64_t> size() const override { return m_inner->size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_inner->allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        return m_inner->read(offset, out);
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override { return m_inner->extentAt(offset); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override
    {
        return m_inner->write(offset, bytes);
    }
    Result<void> flush() override { return {}; }
    Result<void> truncate(std::uint64_t size) override { return m_inner->truncate(size); }
    void discard(std::uint64_t offset, std::uint64_t length) override { m_inner->discard(offset, length); }
    Result<void> reserve(std::uint64_t offset, std::uint64_t length) override
    {
        return m_inner->reserve(offset, length);
    }
    bool canGrow() const override { return m_inner->canGrow(); }

private:
    std::shared_ptr<Storage> m_inner;
};

} // namespace

Result<void> checkConvertOptions(const ConvertOptions& options)
{
    if (options.compressed && options.create.preallocation != Preallocation::Off)
        return fail(ErrorKind::Refused, "Compression and preallocation exclude each other");
    if (options.compressed && !options.create.dataFile.empty())
        return fail(ErrorKind::Refused, "An image with an external data file has no compressed clusters");
    return checkCreateOptions(options.create);
}

Result<void> convertToRaw(GuestReader& source, Storage& target, const TaskContext& task)
{
    if (auto sized = target.truncate(source.size()); !sized)
        return sized;
    RawTarget raw(target, TargetAge::New);
    if (auto copied = DiskCopy(source, raw, task).run(); !copied)
        return copied;
    return target.flush();
}

Result<void> convertToImage(GuestReader& source, const ConvertOptions& options, std::shared_ptr<Storage> target,
    GuestFiles files, const TaskContext& task)
{
    CreateOptions create = options.create;
    create.size = std::max(create.size, source.size());
    if (auto possible = checkConvertOptions({create, options.compressed}); !possible)
        return possible;
    const TaskContext silent{task.stop, {}}; // progress tells of the disk, not of each write
    const std::shared_ptr<Storage> dataFile = files.dataFile;
    auto unflushed = std::make_shared<UnflushedStorage>(target);
    if (dataFile)
        files.dataFile = std::make_shared<UnflushedStorage>(dataFile);
    if (auto created = createImage(create, unflushed, files.dataFile, silent); !created)
        return created;
    auto editor = ImageEditor::open(std::move(unflushed), std::move(files), silent);
    if (!editor)
        return failed(editor);
    ImageTarget image(**editor, TargetAge::New, options.compressed, silent);
    if (auto copied = DiskCopy(source, image, task).run(); !copied)
        return copied;
    if (dataFile) {
        if (auto flushed = dataFile->flush(); !flushed)
            return flushed;
    }
    return target->flush();
}

Result<void> overwriteRaw(GuestReader& source, Storage& target, const TaskContext& task)
{
    RawTarget raw(target, TargetAge::Old);
    if (auto copied = DiskCopy(source, raw, task).run(); !copied)
        return copied;
    return target.flush();
}

Result<void> overwriteImage(GuestReader& source, ImageEditor& target, bool compressed, const TaskContext& task)
{
    ImageTarget image(target, TargetAge::Old, compressed, {task.stop, {}});
    return DiskCopy(source, image, task).run();
}

} // namespace cowscope
