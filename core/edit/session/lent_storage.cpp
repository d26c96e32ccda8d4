// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/session/lent_storage.h"

namespace cowscope
{

namespace
{

std::unexpected<Error> takenBack()
{
    return fail(ErrorKind::Io, "The image was closed", {}, "Open it again");
}

} // namespace

Result<std::uint64_t> LentStorage::size() const
{
    const auto storage = inner();
    return storage ? storage->size() : takenBack();
}

Result<std::uint64_t> LentStorage::allocatedBytes() const
{
    const auto storage = inner();
    return storage ? storage->allocatedBytes() : takenBack();
}

Result<std::size_t> LentStorage::read(std::uint64_t offset, std::span<std::byte> out) const
{
    const auto storage = inner();
    return storage ? storage->read(offset, out) : takenBack();
}

Result<StorageExtent> LentStorage::extentAt(std::uint64_t offset) const
{
    const auto storage = inner();
    return storage ? storage->extentAt(offset) : takenBack();
}

Result<void> LentStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    const auto storage = inner();
    return storage ? storage->write(offset, bytes) : takenBack();
}

Result<void> LentStorage::flush()
{
    const auto storage = inner();
    return storage ? storage->flush() : takenBack();
}

Result<void> LentStorage::truncate(std::uint64_t size)
{
    const auto storage = inner();
    return storage ? storage->truncate(size) : takenBack();
}

void LentStorage::discard(std::uint64_t offset, std::uint64_t length)
{
    if (const auto storage = inner())
        storage->discard(offset, length);
}

Result<void> LentStorage::reserve(std::uint64_t offset, std::uint64_t length)
{
    const auto storage = inner();
    return storage ? storage->reserve(offset, length) : takenBack();
}

bool LentStorage::canGrow() const
{
    const auto storage = inner();
    return storage && storage->canGrow();
}

bool LentStorage::readsWhileAppending() const
{
    const auto storage = inner();
    return storage && storage->readsWhileAppending();
}

} // namespace cowscope
