// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/preallocate.h"

#include "core/edit/guest/guest_writer.h"

#include <algorithm>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kReserveBytes = std::uint64_t{64} << 20; ///< reserved between two looks at the stop token
constexpr std::uint64_t kWriteBytes = std::uint64_t{1} << 20;

/// Writes zeros over guest data that reads as zeros already.
Result<void> writeZeros(ImageEditor& editor, Storage& data, HostOffset at, std::uint64_t length)
{
    const std::vector<std::byte> zeros(std::min(length, kWriteBytes));
    for (std::uint64_t done = 0; done < length; done += zeros.size()) {
        const auto piece = std::span(zeros).first(std::min<std::uint64_t>(zeros.size(), length - done));
        auto written
            = editor.header().hasDataFile() ? data.write(at.value() + done, piece) : editor.overwrite(at + done, piece);
        if (!written)
            return written;
    }
    return {};
}

/// Takes the space on disk of the clusters that the stretch has.
Result<void> reserveSpace(
    ImageEditor& editor, std::uint64_t start, std::uint64_t length, bool full, const TaskContext& task)
{
    auto data = editor.dataStorage();
    if (!data)
        return failed(data);
    GuestWriter guest(editor);
    for (std::uint64_t done = 0; done < length;) {
        if (auto go = task.step({Phase::Write, done, length}); !go)
            return go;
        auto extent = guest.mapping(GuestOffset(start + done), std::min(length - done, kReserveBytes));
        if (!extent)
            return failed(extent);
        done += extent->length;
        if (!extent->host)
            continue;
        auto reserved = full ? writeZeros(editor, **data, *extent->host, extent->length)
                             : (*data)->reserve(extent->host->value(), extent->length);
        if (!reserved)
            return reserved;
    }
    if (task.report)
        task.report({Phase::Write, length, length});
    return (*data)->flush();
}

} // namespace

Result<void> preallocateDisk(ImageEditor& editor, std::uint64_t start, std::uint64_t length,
    Preallocation preallocation, const TaskContext& task)
{
    if (preallocation == Preallocation::Off || length == 0)
        return {};
    GuestWriter guest(editor);
    // A standard entry with a cluster hides the backing file, so it must say zero where the disk has just grown.
    if (editor.header().backingFileOffset.value() != 0 && !editor.header().hasExtendedL2()) {
        if (auto zeroed = guest.zeroUnrecorded(start, length, task); !zeroed) {
            (void)editor.rollback(); // the first error is the one to tell
            return zeroed;
        }
    }
    if (auto reserved = guest.preallocate(start, length, task); !reserved)
        return reserved;
    if (preallocation == Preallocation::Metadata) {
        if (task.report) // too late to be stopped
            task.report({Phase::Write, length, length});
        return {};
    }
    return reserveSpace(editor, start, length, preallocation == Preallocation::Full, task);
}

} // namespace cowscope
