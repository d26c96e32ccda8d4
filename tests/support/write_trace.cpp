// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/write_trace.h"

#include <algorithm>
#include <numeric>

namespace cowscope::test
{

namespace
{

using Step = WriteTrace::Step;

/// Whether sector `index` of `count` reaches the disk.
using SectorFilter = std::function<bool(std::size_t index, std::size_t count)>;

std::size_t sectorsOf(const WriteTrace::Write& write)
{
    constexpr std::uint64_t kSector = WriteTrace::kSectorBytes;
    return (write.offset + write.bytes.size() + kSector - 1) / kSector - write.offset / kSector;
}

void apply(Bytes& file, const WriteTrace::Write& write, const SectorFilter& keepSector)
{
    const std::size_t sectors = sectorsOf(write);
    std::size_t done = 0;
    for (std::size_t index = 0; done < write.bytes.size(); ++index) {
        const std::uint64_t at = write.offset + done;
        const std::uint64_t toSectorEnd = WriteTrace::kSectorBytes - at % WriteTrace::kSectorBytes;
        const std::size_t length = std::min<std::uint64_t>(toSectorEnd, write.bytes.size() - done);
        if (keepSector(index, sectors)) {
            if (file.size() < at + length)
                file.resize(at + length);
            std::copy_n(write.bytes.begin() + static_cast<std::ptrdiff_t>(done), length,
                file.begin() + static_cast<std::ptrdiff_t>(at));
        }
        done += length;
    }
}

bool all(std::size_t, std::size_t)
{
    return true;
}

void apply(Bytes& file, const Step& step, const SectorFilter& keepSector = all)
{
    if (const auto* write = std::get_if<WriteTrace::Write>(&step))
        apply(file, *write, keepSector);
    else if (const auto* truncate = std::get_if<WriteTrace::Truncate>(&step))
        file.resize(truncate->size);
}

void cutAtRandom(Bytes& file, std::span<const Step> pending, std::mt19937_64& random)
{
    std::vector<std::size_t> order(pending.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t index : order) {
        switch (random() % 3) {
        case 0: // lost
            break;
        case 1: // torn
            apply(file, pending[index], [&](std::size_t, std::size_t) { return random() % 2 == 0; });
            break;
        default:
            apply(file, pending[index]);
        }
    }
}

/// The states behind one step, all but the random ones.
void eachPlainState(const Bytes& durable, std::span<const Step> pending, std::size_t single,
    const std::function<void(const Bytes&, bool killed)>& visit)
{
    visit(durable, pending.empty());
    if (pending.empty())
        return;
    const auto visitWith = [&](const std::function<SectorFilter(std::size_t)>& filterOf, bool killed = false) {
        Bytes file = durable;
        for (std::size_t i = 0; i < pending.size(); ++i) {
            if (const SectorFilter filter = filterOf(i))
                apply(file, pending[i], filter);
        }
        visit(file, killed);
    };
    visitWith([](std::size_t) { return SectorFilter(all); }, true);
    // What came last is new in this prefix: what came before has had its turn.
    const std::size_t first = pending.size() - std::min(pending.size(), single);
    for (std::size_t chosen = first; pending.size() > 1 && chosen < pending.size(); ++chosen) {
        visitWith([chosen](std::size_t i) { return i == chosen ? SectorFilter() : SectorFilter(all); });
        visitWith([chosen](std::size_t i) { return i == chosen ? SectorFilter(all) : SectorFilter(); });
    }
    const auto* last = std::get_if<WriteTrace::Write>(&pending.back());
    if (last == nullptr || sectorsOf(*last) < 2)
        return;
    static const std::vector<SectorFilter> tears{
        [](std::size_t i, std::size_t n) { return i < n / 2; },
        [](std::size_t i, std::size_t n) { return i >= n / 2; },
        [](std::size_t i, std::size_t) { return i > 0; },
        [](std::size_t i, std::size_t n) { return i + 1 < n; },
        [](std::size_t i, std::size_t) { return i % 2 == 0; },
        [](std::size_t i, std::size_t) { return i % 2 == 1; },
    };
    for (const SectorFilter& tear : tears)
        visitWith([&](std::size_t i) { return i + 1 == pending.size() ? tear : SectorFilter(all); });
}

} // namespace

Bytes WriteTrace::stateAfter(std::size_t count) const
{
    Bytes file = m_initial;
    for (std::size_t i = 0; i < count; ++i)
        apply(file, m_steps[i]);
    return file;
}

Bytes WriteTrace::stateAfterPowerCut(std::size_t count, std::mt19937_64& random) const
{
    std::size_t durable = count;
    while (durable > 0 && !std::holds_alternative<Flush>(m_steps[durable - 1]))
        --durable;
    Bytes file = stateAfter(durable);
    cutAtRandom(file, std::span(m_steps).subspan(durable, count - durable), random);
    return file;
}

void WriteTrace::eachCrashState(const CutBounds& bounds, const std::function<void(const CrashState&)>& visit) const
{
    std::mt19937_64 random(bounds.seed);
    const std::size_t stride = std::max<std::size_t>(1, m_steps.size() / std::max<std::size_t>(1, bounds.prefixes));
    Bytes durable = m_initial;
    std::size_t firstPending = 0;
    for (std::size_t count = 0; count <= m_steps.size(); ++count) {
        if (count > 0 && std::holds_alternative<Flush>(m_steps[count - 1])) {
            for (; firstPending < count; ++firstPending)
                apply(durable, m_steps[firstPending]);
        }
        if (count % stride != 0 && count != m_steps.size())
            continue;
        const auto pending = std::span(m_steps).subspan(firstPending, count - firstPending);
        eachPlainState(durable, pending, bounds.single, [&](const Bytes& state, bool killed) {
            visit({state, count, killed});
        });
        for (int cut = 0; !pending.empty() && cut < bounds.random; ++cut) {
            Bytes file = durable;
            cutAtRandom(file, pending, random);
            visit({file, count, false});
        }
    }
}

} // namespace cowscope::test
