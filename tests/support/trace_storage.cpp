// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/trace_storage.h"

#include <algorithm>

namespace cowscope::test
{

TraceStorage::TraceStorage(Bytes initial)
    : WriteTrace(initial)
    , m_now(std::move(initial))
{
}

Result<void> TraceStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    auto result = m_now.write(offset, bytes);
    if (result)
        add(Write{offset, {bytes.begin(), bytes.end()}});
    return result;
}

Result<void> TraceStorage::flush()
{
    add(Flush{});
    return {};
}

Result<void> TraceStorage::truncate(std::uint64_t size)
{
    auto result = m_now.truncate(size);
    if (result)
        add(Truncate{size});
    return result;
}

void TraceStorage::discard(std::uint64_t offset, std::uint64_t length)
{
    const std::uint64_t end = m_now.bytes().size();
    if (offset < end)
        (void)write(offset, Bytes(std::min(length, end - offset)));
}

} // namespace cowscope::test
