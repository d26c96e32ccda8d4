// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/io_session.h"

#include "app/cli/command.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kReadBytes = std::uint64_t{4} << 20; ///< at a time
constexpr std::uint64_t kWriteBytes = std::uint64_t{64} << 20; ///< at a time: each piece is committed
constexpr std::uint8_t kDefaultPattern = 0xcd;

/// "64 KiB", "1.500 KiB", "100 bytes".
std::string sizeText(double bytes)
{
    constexpr std::string_view kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
        bytes /= 1024;
        ++unit;
    }
    std::string number = fmt::format("{:.3f}", bytes);
    if (number.ends_with(".000"))
        number.resize(number.size() - 4);
    return fmt::format("{} {}", number, kUnits[unit]);
}

std::string sizeText(std::uint64_t bytes)
{
    return sizeText(static_cast<double>(bytes));
}

/// Sixteen bytes a line: their offset, their values, and letters and digits as such.
void dump(std::uint64_t offset, std::span<const std::byte> bytes)
{
    for (std::size_t line = 0; line < bytes.size(); line += 16) {
        const auto part = bytes.subspan(line, std::min<std::size_t>(16, bytes.size() - line));
        std::string values;
        std::string letters;
        for (const std::byte each : part) {
            const auto c = std::to_integer<char>(each);
            const bool shown = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            values += fmt::format("{:02x} ", std::to_integer<unsigned>(each));
            letters += shown ? c : '.';
        }
        fmt::print("{:08x}:  {} {}\n", offset + line, values, letters);
    }
}

std::string_view verbName(IoVerb verb)
{
    constexpr std::string_view kNames[] = {"read", "write", "discard", "flush", "alloc", "map", "length", "quit"};
    return kNames[static_cast<std::size_t>(verb)];
}

/// "wrote 512/512 bytes at offset 0", and how fast.
void printTransfer(const IoCommand& command, Clock::duration taken)
{
    const double seconds = std::max(std::chrono::duration<double>(taken).count(), 1e-9);
    fmt::print("{} {}/{} bytes at offset {}\n", command.verb == IoVerb::Write ? "wrote" : verbName(command.verb),
        command.length, command.length, command.offset);
    fmt::print("{}, 1 ops; {:05.2f} sec ({}/sec and {:.4f} ops/sec)\n", sizeText(command.length), seconds,
        sizeText(static_cast<double>(command.length) / seconds), 1 / seconds);
}

} // namespace

IoSession::IoSession(GuestReader reader)
    : m_reader(std::move(reader))
{
}

IoSession::IoSession(std::unique_ptr<ImageEditor> editor)
    : m_editor(std::move(editor))
    , m_writer(std::in_place, *m_editor)
{
}

bool IoSession::run(const IoCommand& command, const TaskContext& task)
{
    m_patternFound = true;
    const auto begin = Clock::now();
    if (auto done = perform(command, task); !done) {
        printText(stdout, fmt::format("{} failed: {}\n", verbName(command.verb), done.error().text()));
        return false;
    }
    const bool transfers = command.changes() || command.verb == IoVerb::Read;
    if (transfers && !command.quiet)
        printTransfer(command, Clock::now() - begin);
    return m_patternFound;
}

Result<void> IoSession::close(const TaskContext& task)
{
    return m_writer ? m_writer->flush(task) : Result<void>{};
}

Result<void> IoSession::perform(const IoCommand& command, const TaskContext& task)
{
    if (command.changes() && !m_writer)
        return fail(ErrorKind::Refused, "The image is open for reading only");
    switch (command.verb) {
    case IoVerb::Read:
        return read(command, task);
    case IoVerb::Write:
        return write(command, task);
    case IoVerb::Discard:
        return m_writer->discard(command.offset, command.length, task);
    case IoVerb::Flush:
        return close(task);
    case IoVerb::Alloc:
        return alloc(command);
    case IoVerb::Map:
        return map();
    case IoVerb::Length:
        fmt::print("{}\n", sizeText(size()));
        return {};
    case IoVerb::Quit:
        break;
    }
    return {};
}

Result<void> IoSession::checkRange(const IoCommand& command) const
{
    if (command.offset <= size() && command.length <= size() - command.offset)
        return {};
    return fail(
        ErrorKind::Refused, fmt::format("The range reaches past the end of the disk, which has {} bytes", size()));
}

Result<void> IoSession::read(const IoCommand& command, const TaskContext& task)
{
    if (auto legal = checkRange(command); !legal)
        return legal;
    std::vector<std::byte> buffer(std::min(command.length, kReadBytes));
    const auto differs = [&](std::byte b) { return std::to_integer<std::uint8_t>(b) != command.pattern; };
    for (std::uint64_t done = 0; done < command.length; done += buffer.size()) {
        buffer.resize(std::min<std::uint64_t>(buffer.size(), command.length - done));
        if (auto go = task.step({Phase::Copy, done, command.length}); !go)
            return go;
        const std::uint64_t at = command.offset + done;
        auto read = m_writer ? m_writer->read(at, buffer) : m_reader->read(at, buffer);
        if (!read)
            return read;
        if (command.pattern && std::ranges::any_of(buffer, differs))
            m_patternFound = false;
        if (command.verbose && !command.quiet)
            dump(at, buffer);
    }
    if (!m_patternFound)
        fmt::print("Pattern verification failed at offset {}, {} bytes\n", command.offset, command.length);
    return {};
}

Result<void> IoSession::write(const IoCommand& command, const TaskContext& task)
{
    if (auto legal = checkRange(command); !legal) // in whole, whatever the pieces
        return legal;
    if (command.zero)
        return m_writer->zero(
            command.offset, command.length, command.unmap ? ZeroMode::Unmap : ZeroMode::KeepClusters, task);
    std::vector<std::byte> bytes(
        std::min(command.length, kWriteBytes), static_cast<std::byte>(command.pattern.value_or(kDefaultPattern)));
    for (std::uint64_t done = 0; done < command.length; done += bytes.size()) {
        bytes.resize(std::min<std::uint64_t>(bytes.size(), command.length - done));
        const std::uint64_t at = command.offset + done;
        auto written
            = command.compressed ? m_writer->writeCompressed(at, bytes, task) : m_writer->write(at, bytes, task);
        if (!written)
            return written;
    }
    return {};
}

Result<IoSession::Extent> IoSession::extentAt(std::uint64_t start, std::uint64_t most)
{
    if (m_writer) {
        auto extent = m_writer->mapping(GuestOffset(start), most);
        if (!extent)
            return failed(extent);
        const bool none = extent->kind == MappingKind::Unallocated || extent->kind == MappingKind::UnallocatedHere;
        return Extent{std::min(extent->length, most), !none};
    }
    auto extent = m_reader->chain().at(start, most);
    if (!extent)
        return failed(extent);
    return Extent{extent->length, extent->depth == 0 && extent->present};
}

/// How much of the range is allocated, as far as it lies within the disk.
Result<void> IoSession::alloc(const IoCommand& command)
{
    const std::uint64_t start = std::min(command.offset, size());
    const std::uint64_t end = start + std::min(command.length, size() - start);
    std::uint64_t allocated = 0;
    for (std::uint64_t at = start; at < end;) {
        auto extent = extentAt(at, end - at);
        if (!extent)
            return failed(extent);
        allocated += extent->allocated ? extent->length : 0;
        at += extent->length;
    }
    fmt::print("{}/{} bytes allocated at offset {}\n", allocated, end - start, sizeText(command.offset));
    return {};
}

Result<void> IoSession::map()
{
    for (std::uint64_t at = 0; at < size();) {
        Extent stretch;
        do {
            auto extent = extentAt(at + stretch.length, size() - at - stretch.length);
            if (!extent)
                return failed(extent);
            if (stretch.length > 0 && extent->allocated != stretch.allocated)
                break;
            stretch = {stretch.length + extent->length, extent->allocated};
        } while (at + stretch.length < size());
        fmt::print("{} ({:#x}) bytes {} at offset {} ({:#x})\n", sizeText(stretch.length), stretch.length,
            stretch.allocated ? "    allocated" : "not allocated", sizeText(at), at);
        at += stretch.length;
    }
    return {};
}

} // namespace cowscope::cli
