// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/faulty_storage.h"

namespace cowscope::test
{

FaultyStorage::FaultyStorage(std::shared_ptr<Storage> inner, std::shared_ptr<FaultPlan> plan)
    : m_inner(std::move(inner))
    , m_plan(std::move(plan))
{
}

Result<void> FaultyStorage::enter(StorageOp op, std::optional<std::uint64_t> offset)
{
    const std::uint64_t number = ++m_plan->counts[static_cast<std::size_t>(op)];
    if (m_plan->before)
        m_plan->before(op, number);
    const bool hit = m_plan->failFrom != 0 && op == m_plan->failingOp
        && (number == m_plan->failFrom || (m_plan->failAllAfter && number > m_plan->failFrom));
    if (hit)
        return fail(m_plan->failure, "The test made this operation fail", offset);
    return {};
}

Result<void> FaultyStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (auto entered = enter(StorageOp::Write, offset); !entered) {
        if (m_plan->tearWrites)
            (void)m_inner->write(offset, bytes.first(bytes.size() / 1024 * 512));
        return failed(entered);
    }
    return m_inner->write(offset, bytes);
}

Result<void> FaultyStorage::flush()
{
    if (auto entered = enter(StorageOp::Flush, {}); !entered)
        return failed(entered);
    return m_inner->flush();
}

Result<void> FaultyStorage::truncate(std::uint64_t size)
{
    if (auto entered = enter(StorageOp::Truncate, size); !entered)
        return failed(entered);
    return m_inner->truncate(size);
}

} // namespace cowscope::test
