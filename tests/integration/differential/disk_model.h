// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <QString>
#include <vector>

namespace cowscope::test
{

/// What the guest of an image has to read, as plain arrays of bytes: the disk, and a copy of it for each snapshot.
/// Knows of the format only how large a cluster is. Offsets and lengths in bytes, always within the disk.
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
    void applySnapshot(std::size_t index) { m_disk = m_snapshots[index].contents; }
    void removeSnapshot(std::size_t index) { m_snapshots.erase(m_snapshots.begin() + static_cast<long>(index)); }

private:
    std::uint64_t m_clusterSize = 512;
    Contents m_disk;
    std::vector<Snapshot> m_snapshots;
};

} // namespace cowscope::test
