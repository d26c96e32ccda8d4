// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <QString>
#include <vector>

namespace cowscope::test
{

/// What the guest of an image has to read, as plain arrays of bytes: the disk, and a copy of it for each snapshot;
/// and what its bitmaps have to mark. Knows of the format only how large a cluster is. Offsets and lengths in bytes,
/// always within the disk.
class DiskModel
{
public:
    struct Contents {
        Bytes bytes;
        std::vector<bool> touched; ///< by cluster: something may be allocated there, so that -c can be refused
    };
    struct Snapshot {
        QString name;
        Contents contents;
    };

    struct Bitmap {
        QString name;
        std::uint64_t granularity = 0; ///< bytes
        bool enabled = false;
        std::vector<bool> must; ///< stretches that have to be marked
        std::vector<bool> may; ///< stretches that can be marked
    };

    DiskModel() = default;

    /// A disk that holds `bytes`; `touched` for all its clusters.
    DiskModel(Bytes bytes, std::uint64_t clusterSize, bool touched);

    std::uint64_t size() const { return m_disk.bytes.size(); }
    std::uint64_t clusterSize() const { return m_clusterSize; }
    std::uint64_t clusters() const { return (size() + m_clusterSize - 1) / m_clusterSize; }
    const Bytes& bytes() const { return m_disk.bytes; }
    bool touched(std::uint64_t cluster) const { return m_disk.touched[cluster]; }

    void write(std::uint64_t start, std::uint64_t length, std::uint8_t pattern);

    /// Only whole clusters are discarded; the last one of the disk is whole when it reaches its end.
    void discard(std::uint64_t start, std::uint64_t length);

    /// New bytes are zero.
    void resize(std::uint64_t size);

    /// The same contents in another image.
    void moveInto(std::uint64_t clusterSize);

    const std::vector<Snapshot>& snapshots() const { return m_snapshots; }
    void takeSnapshot(const QString& name) { m_snapshots.push_back({name, m_disk}); }
    void applySnapshot(std::size_t index);
    void removeSnapshot(std::size_t index) { m_snapshots.erase(m_snapshots.begin() + static_cast<long>(index)); }

    const std::vector<Bitmap>& bitmaps() const { return m_bitmaps; }
    void addBitmap(const QString& name, std::uint64_t granularity, bool enabled);
    void removeBitmap(std::size_t index) { m_bitmaps.erase(m_bitmaps.begin() + static_cast<long>(index)); }
    void clearBitmap(std::size_t index);
    void enableBitmap(std::size_t index, bool enabled) { m_bitmaps[index].enabled = enabled; }

private:
    void mark(std::uint64_t start, std::uint64_t length, bool must);
    void resizeBitmaps();

    std::uint64_t m_clusterSize = 512;
    Contents m_disk;
    std::vector<Snapshot> m_snapshots;
    std::vector<Bitmap> m_bitmaps;
};

} // namespace cowscope::test
