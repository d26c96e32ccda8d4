// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/strong_index.h"
#include "core/format/field_catalog.h"

#include <QObject>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace cowscope::ui
{

/// `count` host clusters from `first` on; count is at least 1.
struct ClusterRange {
    HostCluster first;
    std::uint64_t count = 1;

    bool contains(HostCluster cluster) const { return cluster >= first && cluster - first < count; }
    bool operator==(const ClusterRange&) const = default;
};

/// `count` bytes of the image file from `first` on, which may lie behind its end; count is at least 1 and
/// first + count does not overflow.
struct ByteRange {
    HostOffset first;
    std::uint64_t count = 1;

    bool contains(HostOffset offset) const { return offset >= first && offset - first < count; }
    bool operator==(const ByteRange&) const = default;
};

/// One field of one on-disk structure.
struct FieldSelection {
    Structure structure = Structure::Header;
    std::uint64_t index = 0; ///< which of several structures of that kind, for example the number of the extension
    HostOffset structureOffset; ///< where the structure begins
    std::size_t field = 0; ///< in fieldsOf(structure)

    bool operator==(const FieldSelection&) const = default;
};

/// The part of the refcounts that one entry of the reftable leads to; the refblock itself may not exist.
struct RefblockSelection {
    std::uint64_t reftableIndex = 0;

    bool operator==(const RefblockSelection&) const = default;
};

/// One entry of Image::snapshots().
struct SnapshotSelection {
    std::size_t index = 0;

    bool operator==(const SnapshotSelection&) const = default;
};

/// One entry of Image::bitmaps().
struct BitmapSelection {
    std::size_t index = 0;

    bool operator==(const BitmapSelection&) const = default;
};

/// A stretch of a virtual disk: of the active one, or of the one that a snapshot keeps.
struct GuestRange {
    GuestOffset first;
    std::uint64_t bytes = 1; ///< at least 1
    std::optional<std::size_t> snapshot = {}; ///< index in Image::snapshots(); nothing: the active disk

    bool operator==(const GuestRange&) const = default;
};

/// The one thing that is selected in a window, whichever panel it was selected in, with its history.
/// It knows nothing of the image. Whoever selects guarantees that the thing exists then; after a reload it may not.
class Selection : public QObject
{
    Q_OBJECT

public:
    using Value = std::variant<std::monostate, ClusterRange, FieldSelection, RefblockSelection, SnapshotSelection,
        BitmapSelection, ByteRange, GuestRange>;

    explicit Selection(QObject* parent = nullptr);

    const Value& current() const { return m_history[m_at]; }

    /// The current value if it is of kind T, else null.
    template <typename T>
    const T* as() const
    {
        return std::get_if<T>(&current());
    }

    enum class Step {
        Jump, ///< an entry of the history of its own
        Nudge, ///< replaces the entry before if that was a nudge too: a cursor that wanders fills no history
    };

    /// Selects and adds to the history, dropping what lay ahead. Selecting what is selected does nothing.
    void select(const Value& value, Step step = Step::Jump);

    bool canGoBack() const { return m_at > 0; }
    bool canGoForward() const { return m_at + 1 < m_history.size(); }
    void back(); ///< nothing happens at the start of the history
    void forward(); ///< nothing happens at its end

    /// Nothing selected, no history: another image.
    void reset();

Q_SIGNALS:
    void changed();

private:
    static constexpr std::size_t kMaxHistory = 500;

    std::vector<Value> m_history{Value()};
    std::size_t m_at = 0;
    bool m_nudged = false; ///< the entry at m_at came from a nudge
};

} // namespace cowscope::ui
