// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/cells/cell_store.h"
#include "ui/jobs/job.h"

#include <QObject>

#include <memory>
#include <optional>

namespace cowscope::ui
{

/// The cells of the map of one image, as far as they are known: jobs build the pyramid and look closer where the user
/// does. Nothing here keeps the GUI's thread for more than some hundred thousand clusters.
class MapCells : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    /// Starts to sum it up. Null: no map.
    void setSource(std::shared_ptr<const MapSource> source);

    /// What is known so far; null without a source.
    const CellStore* store() const { return m_store ? &*m_store : nullptr; }
    std::uint64_t clusters() const { return m_store ? m_store->clusters() : 0; }
    std::uint64_t ready() const { return m_pyramid ? m_pyramid->ready() : 0; } ///< clusters summed up
    bool isComplete() const { return m_pyramid && m_pyramid->isComplete(); }

    Job* job() const { return m_job.get(); } ///< the one that sums up; null when it has ended
    void resume(); ///< after its cancel

    /// Looks up, now or in a job, what is needed to show these cells; changed() follows where it takes a job.
    void prepare(unsigned level, std::span<const std::uint64_t> cells);

Q_SIGNALS:
    void changed(); ///< another source, or more is known

private:
    void build();
    void ended();
    void fetch(unsigned level, std::vector<std::uint64_t> chunks);

    std::shared_ptr<MapPyramid> m_pyramid;
    std::optional<CellStore> m_store;
    std::unique_ptr<Job> m_job;
    std::unique_ptr<Job> m_fetch;
    unsigned m_fetchLevel = 0;
};

} // namespace cowscope::ui
