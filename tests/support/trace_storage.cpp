// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/trace_storage.h"

#include <algorithm>
#include <functional>

namespace cowscope::test
{

namespace
{

using SectorFilter = std::function<bool()>; ///< whether the next sector reaches the disk

void apply(Bytes& file, const TraceStorage::Write& write, const SectorFilter& keepSector)
{
    std::size_t done = 0;
    while (done < write.bytes.size()) {
        const std::uint64_t at = write.offset + done;
        const std::uint64_t toSectorEnd = TraceStorage::kSectorBytes - at % TraceStorage::kSectorBytes;
        const std::size_t length = std::min<std::uint64_t>(toSectorEnd, write.bytes.size() - done);
        if (keepSector()) {
            if (file.size() < at + length)
                file.resize(at + length);
            std::copy_n(write.bytes.begin() + static_cast<std::ptrdiff_t>(done), length,
                file.begin() + static_cast<std::ptrdiff_t>(at));
        }
        done += length;
    }
}

void apply(Bytes& file, const TraceStorage::Step& step, const SectorFilter& keepSector)
{
    if (const auto* write = std::get_if<TraceStorage::Write>(&step))
        apply(file, *write, keepSector);
    else if (const auto* truncate = std::get_if<TraceStorage::Truncate>(&step))
        file.resize(truncate->size);
}

bool all()
{
    return true;
}

} // namespace

TraceStorage::TraceStorage(Bytes initial)
    : m_initial(initial)
    , m_now(std::move(initial))
{
}

Bytes TraceStorage::stateAfter(std::size_t count) const
{
    Bytes file = m_initial;
    for (std::size_t i = 0; i < count; ++i)
        apply(file, m_steps[i], all);
    return file;
}

Bytes TraceStorage::stateAfterPowerCut(std::size_t count, std::mt19937_64& random) const
{
    std::size_t durable = count;
    while (durable > 0 && !std::holds_alternative<Flush>(m_steps[durable - 1]))
        --durable;
    Bytes file = stateAfter(durable);

    std::vector<std::size_t> pending;
    for (std::size_t i = durable; i < count; ++i)
        pending.push_back(i);
    std::shuffle(pending.begin(), pending.end(), random);
    for (const std::size_t index : pending) {
        switch (random() % 3) {
        case 0: // lost
            break;
        case 1: // torn
            apply(file, m_steps[index], [&] { return random() % 2 == 0; });
            break;
        default:
            apply(file, m_steps[index], all);
        }
    }
    return file;
}

Result<void> TraceStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    auto result = m_now.write(offset, bytes);
    if (result)
        m_steps.emplace_back(Write{offset, {bytes.begin(), bytes.end()}});
    return result;
}

Result<void> TraceStorage::flush()
{
    m_steps.emplace_back(Flush{});
    return {};
}

Result<void> TraceStorage::truncate(std::uint64_t size)
{
    auto result = m_now.truncate(size);
    if (result)
        m_steps.emplace_back(Truncate{size});
    return result;
}

} // namespace cowscope::test
