// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/io_command.h"

#include "core/edit/guest/guest_writer.h"
#include "core/image/guest_reader.h"

#include <memory>

namespace cowscope::cli
{

/// A disk on which commands of `io` run, open for reading or for changes. Prints what qemu-io prints, to stdout.
class IoSession
{
public:
    explicit IoSession(GuestReader reader);
    explicit IoSession(std::unique_ptr<ImageEditor> editor);

    /// Runs one command and prints its outcome; returns whether it succeeded (a pattern that is not found is a
    /// failure).
    bool run(const IoCommand& command, const TaskContext& task);

    /// Commits what is pending.
    Result<void> close(const TaskContext& task);

private:
    struct Extent {
        std::uint64_t length = 0; ///< bytes
        bool allocated = false; ///< by the image itself, without its backing files
    };

    std::uint64_t size() const { return m_writer ? m_writer->size() : m_reader->size(); }
    Result<void> checkRange(const IoCommand& command) const;
    Result<Extent> extentAt(std::uint64_t start, std::uint64_t most);
    Result<void> perform(const IoCommand& command, const TaskContext& task);
    Result<void> read(const IoCommand& command, const TaskContext& task);
    Result<void> write(const IoCommand& command, const TaskContext& task);
    Result<void> alloc(const IoCommand& command);
    Result<void> map();

    std::unique_ptr<ImageEditor> m_editor; ///< null: open for reading
    std::optional<GuestWriter> m_writer; ///< with the editor
    std::optional<GuestReader> m_reader; ///< without it
    bool m_patternFound = true; ///< by the last read
};

} // namespace cowscope::cli
