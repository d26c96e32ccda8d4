// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "ui/jobs/job.h"

#include <QObject>

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace cowscope::ui
{

/// Bytes of an image file for a view that must not wait for a disk: what is there is there, what is not is read in a
/// job, and loaded() tells when it has come. Keeps at most kMaxPages pages, those used last.
class ByteCache : public QObject
{
    Q_OBJECT

public:
    static constexpr std::uint64_t kPageBytes = 1U << 16;
    static constexpr std::size_t kMaxPages = 64;

    using QObject::QObject;

    /// Forgets everything; null: nothing can be asked for.
    void setImage(std::shared_ptr<const Image> image);

    /// The byte at `offset` if it has been read; nothing too behind the end of the file.
    std::optional<std::byte> at(std::uint64_t offset);

    /// `count` bytes from `offset` on, fewer at the end of the file; nothing until all of them have been read.
    std::optional<std::vector<std::byte>> bytes(std::uint64_t offset, std::uint64_t count);

    /// Reads the pages of a range (at most kMaxPages / 2 of them) that are not there. Wishes that are not met yet are
    /// forgotten: a view has scrolled on.
    void want(std::uint64_t offset, std::uint64_t count);

Q_SIGNALS:
    void loaded();

private:
    struct Page {
        std::vector<std::byte> bytes; ///< shorter at the end of the file, empty where reading failed
        std::list<std::uint64_t>::iterator age;
    };
    struct ReadPage {
        std::uint64_t index;
        std::vector<std::byte> bytes;
    };

    const Page* page(std::uint64_t index);
    void read();
    void store(ReadPage page);

    std::shared_ptr<const Image> m_image;
    std::map<std::uint64_t, Page> m_pages;
    std::list<std::uint64_t> m_ages; ///< page numbers, the one used last in front
    std::vector<std::uint64_t> m_wanted;
    std::unique_ptr<Job> m_job;
};

} // namespace cowscope::ui
