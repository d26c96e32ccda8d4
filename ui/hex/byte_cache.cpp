// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hex/byte_cache.h"

#include <algorithm>

namespace cowscope::ui
{

void ByteCache::setImage(std::shared_ptr<const Image> image)
{
    m_job.reset();
    m_wanted.clear();
    m_pages.clear();
    m_ages.clear();
    m_image = std::move(image);
}

const ByteCache::Page* ByteCache::page(std::uint64_t index)
{
    const auto found = m_pages.find(index);
    if (found == m_pages.end())
        return nullptr;
    m_ages.splice(m_ages.begin(), m_ages, found->second.age);
    return &found->second;
}

std::optional<std::byte> ByteCache::at(std::uint64_t offset)
{
    const Page* held = page(offset / kPageBytes);
    const std::uint64_t place = offset % kPageBytes;
    return held && place < held->bytes.size() ? std::optional(held->bytes[place]) : std::nullopt;
}

std::optional<std::vector<std::byte>> ByteCache::bytes(std::uint64_t offset, std::uint64_t count)
{
    if (!m_image || offset >= m_image->fileSize())
        return std::nullopt;
    count = std::min(count, m_image->fileSize() - offset);
    std::vector<std::byte> out;
    for (std::uint64_t at = offset; at < offset + count;) {
        const Page* held = page(at / kPageBytes);
        const std::uint64_t place = at % kPageBytes;
        if (!held || place >= held->bytes.size())
            return std::nullopt;
        const std::uint64_t most = std::min<std::uint64_t>(held->bytes.size() - place, offset + count - at);
        const auto from = held->bytes.begin() + static_cast<std::ptrdiff_t>(place);
        out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(most));
        at += most;
    }
    return out;
}

void ByteCache::want(std::uint64_t offset, std::uint64_t count)
{
    m_wanted.clear();
    if (!m_image || count == 0 || offset >= m_image->fileSize())
        return;
    const std::uint64_t last = (offset + std::min(count, m_image->fileSize() - offset) - 1) / kPageBytes;
    for (std::uint64_t index = offset / kPageBytes; index <= last && m_wanted.size() < kMaxPages / 2; ++index)
        if (!m_pages.contains(index))
            m_wanted.push_back(index);
    read();
}

void ByteCache::read()
{
    if (m_job || m_wanted.empty())
        return;
    m_job = std::make_unique<Job>(tr("Reading bytes"),
        [image = m_image, wanted = std::exchange(m_wanted, {})](const TaskContext& task) -> Result<std::any> {
            std::vector<ReadPage> pages;
            for (const std::uint64_t index : wanted) {
                if (auto step = task.step({Phase::Open, pages.size() * kPageBytes, wanted.size() * kPageBytes}); !step)
                    return failed(step);
                std::vector<std::byte> bytes(kPageBytes);
                const auto read = image->storage().read(index * kPageBytes, bytes);
                bytes.resize(read.value_or(0)); // a page that cannot be read stays empty, and is shown so
                pages.push_back({index, std::move(bytes)});
            }
            return std::any(std::move(pages));
        });
    connect(m_job.get(), &Job::finished, this, [this](const std::any& result) {
        m_job.release()->deleteLater();
        for (const ReadPage& page : std::any_cast<const std::vector<ReadPage>&>(result))
            store(page);
        read(); // what was wanted meanwhile
        Q_EMIT loaded();
    });
    m_job->start();
}

void ByteCache::store(ReadPage read)
{
    if (m_pages.contains(read.index))
        return;
    m_ages.push_front(read.index);
    m_pages.emplace(read.index, Page{std::move(read.bytes), m_ages.begin()});
    while (m_pages.size() > kMaxPages) {
        m_pages.erase(m_ages.back());
        m_ages.pop_back();
    }
}

} // namespace cowscope::ui
