// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/known_extents.h"

namespace cowscope
{

Result<StorageExtent> KnownExtents::at(const Storage& storage, std::uint64_t offset)
{
    const auto known = m_byEnd.upper_bound(offset);
    if (known != m_byEnd.end() && known->second.begin <= offset)
        return StorageExtent{offset, known->first - offset, known->second.data};
    auto asked = storage.extentAt(offset);
    if (!asked || asked->length == 0)
        return asked;
    const std::uint64_t end = offset + asked->length;
    if (known != m_byEnd.end() && known->first == end && known->second.data == asked->data) {
        known->second.begin = offset; // the part before what was known
        return asked;
    }
    if (m_byEnd.size() >= kMost)
        m_byEnd.clear();
    m_byEnd.insert_or_assign(end, Stretch{offset, asked->data});
    return asked;
}

} // namespace cowscope
