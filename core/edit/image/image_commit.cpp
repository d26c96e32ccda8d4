// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/image_editor.h"

#include "core/base/big_endian.h"
#include "core/edit/image/header_switch.h"
#include "core/storage/gathered_writer.h"

#include <algorithm>
#include <utility>

namespace cowscope
{

// The order of a commit: see the class.

namespace
{

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kWorthADiscard = std::uint64_t{1} << 20; ///< where many single clusters become free
constexpr std::uint64_t kDiscardBytes = std::uint64_t{16} << 20; ///< at a time
constexpr std::uint64_t kSectorWords = kSectorBytes / 8;

std::vector<std::byte> bigEndian(std::span<const std::uint64_t> words)
{
    std::vector<std::byte> bytes(words.size() * 8);
    for (std::size_t i = 0; i < words.size(); ++i)
        storeBigEndian(std::span(bytes), i * 8, words[i]);
    return bytes;
}

} // namespace

std::uint64_t ImageEditor::pendingBytes() const
{
    return m_dirtyPages * m_geometry.clusterSize() + m_refcounts.pendingBytes();
}

bool ImageEditor::hasChanges() const
{
    return m_dirtyPages > 0 || m_refcounts.pendingBytes() > 0 || m_l1Fresh || !m_dirtyL1.empty() || m_extensionsChanged
        || m_header != m_committedHeader || !m_lateWords.empty();
}

Result<void> ImageEditor::flushIf(bool wrote)
{
    return wrote ? m_storage->flush() : Result<void>{};
}

Result<void> ImageEditor::commit(const TaskContext& task, CommitOrder order)
{
    if (!m_usable)
        return fail(ErrorKind::Io, "The image could not be read again after an error", std::nullopt, "Open it again");
    if (!hasChanges())
        return {};
    if (order == CommitOrder::Switch) {
        if (auto moved = m_refcounts.relocate(); !moved)
            return moved;
    }
    if (auto go = task.step({Phase::Flush, 0, 0}); !go)
        return go;
    m_header.autoclearFeatures &= kAutoclearKnown;
    m_switching = order == CommitOrder::Switch;
    if (auto written = writeNewClusters(task); !written)
        return written;
    if (auto written = withTakeBack(&ImageEditor::writeInPlace); !written)
        return written;
    for (const ClusterRun& run : m_refcounts.settle()) {
        const std::uint64_t bytes = run.count * m_geometry.clusterSize();
        if (order == CommitOrder::InPlace || bytes >= kWorthADiscard)
            discard(m_geometry.offset(run.first).value(), bytes, task.stop);
    }
    return {};
}

/// The commit is done, and who wants it to stop does not wait for favours.
void ImageEditor::discard(std::uint64_t offset, std::uint64_t bytes, const std::stop_token& stop)
{
    for (std::uint64_t done = 0; done < bytes && !stop.stop_requested(); done += kDiscardBytes)
        m_storage->discard(offset + done, std::min(bytes - done, kDiscardBytes));
}

/// Does the part of a commit that writes over what the image on disk is made of. If it fails, that is undone; the file
/// gets its old length back, by rollback(), only when the disk has confirmed that.
Result<void> ImageEditor::withTakeBack(Result<void> (ImageEditor::*write)())
{
    const auto size = m_storage->size();
    if (!size)
        return std::unexpected(size.error());
    const std::uint64_t bytesBefore = std::exchange(m_committedBytes, std::max(m_committedBytes, *size));
    m_storage->begin();
    auto written = (this->*write)();
    if (written)
        m_storage->end();
    else if (m_storage->takeBack())
        m_committedBytes = bytesBefore;
    return written;
}

/// Steps 2 to 5.
Result<void> ImageEditor::writeInPlace()
{
    for (auto step : {&ImageEditor::writeCounts, &ImageEditor::writeEntries, &ImageEditor::writeHeader}) {
        if (auto done = (this->*step)(); !done)
            return done;
    }
    auto lowered = m_refcounts.writeFinal();
    if (!lowered)
        return failed(lowered);
    return flushIf(*lowered);
}

/// New tables may be written at any time before the commit: nothing on disk leads to them yet.
Result<void> ImageEditor::writeFreshPages(const TaskContext& task)
{
    std::vector<std::uint64_t> fresh;
    for (const auto& [offset, page] : m_l2Pages) {
        if (page.fresh)
            fresh.push_back(offset);
    }
    std::ranges::sort(fresh);
    GatheredWriter writer(*m_storage);
    for (const std::uint64_t offset : fresh) {
        if (task.stop.stop_requested())
            return fail(ErrorKind::Cancelled, "Cancelled");
        L2Page& page = m_l2Pages.at(offset);
        if (auto written = writer.write(offset, bigEndian(page.words)); !written)
            return written;
        page = {std::move(page.words), false, ~std::uint64_t{0}, 0};
        --m_dirtyPages;
        m_wroteContents = true;
    }
    return writer.finish();
}

Result<void> ImageEditor::writeFreshL1()
{
    if (!std::exchange(m_l1Fresh, false) || m_l1.empty())
        return {};
    auto bytes = bigEndian(m_l1);
    bytes.resize(alignUp(bytes.size(), m_geometry.clusterSize()));
    m_wroteContents = true;
    return m_storage->write(m_header.l1TableOffset.value(), bytes);
}

/// Step 1. New clusters that nobody has written to still belong to the file.
Result<void> ImageEditor::writeNewClusters(const TaskContext& task)
{
    if (auto written = writeFreshPages(task); !written)
        return written;
    if (auto written = writeFreshL1(); !written)
        return written;
    auto wrote = m_refcounts.writeFresh();
    if (!wrote)
        return failed(wrote);
    auto size = m_storage->size();
    if (!size)
        return failed(size);
    const std::uint64_t end
        = m_refcounts.pendingBytes() > 0 ? m_refcounts.end().value() * m_geometry.clusterSize() : *size;
    if (*size < end) {
        if (auto grown = m_storage->truncate(end); !grown)
            return grown;
    }
    const bool contents = std::exchange(m_wroteContents, false);
    return flushIf(contents || *wrote);
}

/// Step 2.
Result<void> ImageEditor::writeCounts()
{
    auto raised = m_refcounts.writeRaised();
    if (!raised)
        return failed(raised);
    if (auto flushed = flushIf(*raised); !flushed)
        return flushed;
    auto entries = m_refcounts.writeReftable();
    if (!entries)
        return failed(entries);
    if (auto flushed = flushIf(*entries); !flushed)
        return flushed;
    m_header.refcountTableOffset = m_refcounts.reftableOffset();
    m_header.refcountTableClusters = m_refcounts.reftableClusters();
    const bool moved = m_header.refcountTableOffset != m_committedHeader.refcountTableOffset;
    return moved && !m_switching ? switchReftable() : Result<void>{};
}

/// Only the table moves here: what else the header will say waits for the entries.
Result<void> ImageEditor::switchReftable()
{
    m_committedHeader.refcountTableOffset = m_header.refcountTableOffset;
    m_committedHeader.refcountTableClusters = m_header.refcountTableClusters;
    if (auto written = m_storage->write(0, headerSector(m_committedHeader)); !written)
        return written;
    return m_storage->flush();
}

Result<bool> ImageEditor::writeL2Pages()
{
    bool wrote = false;
    for (auto& [offset, page] : m_l2Pages) {
        if (page.firstDirty >= page.endDirty)
            continue;
        const std::uint64_t first = page.firstDirty / kSectorWords * kSectorWords;
        const std::uint64_t count
            = std::min<std::uint64_t>(alignUp(page.endDirty, kSectorWords), page.words.size()) - first;
        if (auto written = m_storage->write(offset + first * 8, bigEndian(std::span(page.words).subspan(first, count)));
            !written)
            return failed(written);
        page = {std::move(page.words), false, ~std::uint64_t{0}, 0};
        --m_dirtyPages;
        wrote = true;
    }
    return wrote;
}

Result<void> ImageEditor::writeL1Words(std::uint64_t first, std::uint64_t end)
{
    return m_storage->write(
        m_header.l1TableOffset.value() + first * 8, bigEndian(std::span(m_l1).subspan(first, end - first)));
}

/// Step 3.
Result<void> ImageEditor::writeEntries()
{
    auto pages = writeL2Pages();
    if (!pages)
        return failed(pages);
    bool wrote = *pages;
    for (auto entry = m_dirtyL1.begin(); entry != m_dirtyL1.end();) {
        const std::uint64_t first = *entry;
        std::uint64_t end = first;
        for (; entry != m_dirtyL1.end() && *entry == end; ++entry)
            ++end;
        if (auto written = writeL1Words(first, end); !written)
            return written;
        wrote = true;
    }
    m_dirtyL1.clear();
    for (const auto& [offset, raw] : m_lateWords) {
        if (auto written = m_storage->write(offset.value(), bigEndian({&raw, 1})); !written)
            return written;
        wrote = true;
    }
    m_lateWords.clear();
    return flushIf(wrote);
}

/// As much of the header as one sector takes: all that an edit changes is in its first 112 bytes.
std::vector<std::byte> ImageEditor::headerSector(const Header& header)
{
    auto bytes = encodeHeader(header);
    bytes.resize(std::min<std::size_t>(bytes.size(), kSectorBytes));
    return bytes;
}

/// Step 4.
Result<void> ImageEditor::writeHeader()
{
    if (m_header == m_committedHeader && !m_extensionsChanged)
        return {};
    if (m_extensionsChanged) {
        auto cluster = encodeHeaderCluster();
        if (!cluster)
            return failed(cluster);
        if (auto switched = switchHeader(*m_storage, *cluster); !switched)
            return switched;
    } else {
        if (auto written = m_storage->write(0, headerSector(m_header)); !written)
            return written;
        if (auto flushed = m_storage->flush(); !flushed)
            return flushed;
    }
    m_committedHeader = m_header;
    m_committedName = m_backingFile;
    m_extensionsChanged = false;
    return {};
}

Result<void> ImageEditor::trimFile()
{
    auto end = m_refcounts.usedEnd();
    if (!end)
        return failed(end);
    const std::uint64_t bytes = end->value() * m_geometry.clusterSize();
    auto size = m_storage->size();
    if (!size)
        return failed(size);
    if (bytes >= *size)
        return {};
    if (auto cut = m_storage->truncate(bytes); !cut)
        return cut;
    m_refcounts.setFileEnd(*end);
    m_committedBytes = bytes;
    return {};
}

} // namespace cowscope
