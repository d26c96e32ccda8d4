// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/revertible_storage.h"

#include <utility>

namespace cowscope
{

void RevertibleStorage::begin()
{
    m_kept.clear();
    m_keeping = true;
}

void RevertibleStorage::end()
{
    m_kept.clear();
    m_keeping = false;
}

Result<void> RevertibleStorage::takeBack()
{
    m_keeping = false;
    const auto kept = std::exchange(m_kept, {});
    for (auto step = kept.rbegin(); step != kept.rend(); ++step) {
        auto done = step->bytes.empty() ? m_inner->flush() : m_inner->write(step->offset, step->bytes);
        if (!done)
            return done;
    }
    return m_inner->flush();
}

Result<void> RevertibleStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (m_keeping && !bytes.empty()) {
        Kept before{offset, std::vector<std::byte>(bytes.size())};
        if (auto read = m_inner->read(offset, before.bytes); !read)
            return failed(read);
        m_kept.push_back(std::move(before));
    }
    return m_inner->write(offset, bytes);
}

Result<void> RevertibleStorage::flush()
{
    if (m_keeping)
        m_kept.push_back({});
    return m_inner->flush();
}

} // namespace cowscope
