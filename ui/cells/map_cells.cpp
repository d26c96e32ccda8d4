// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/map_cells.h"

namespace cowscope::ui
{

namespace
{

constexpr std::uint64_t kClustersAtOnce = std::uint64_t{1}
    << 18; ///< looked at in the GUI's thread: a millisecond or two

using Fetched = std::vector<std::pair<std::uint64_t, CellStore::Chunk>>;

} // namespace

void MapCells::setSource(std::shared_ptr<const MapSource> source)
{
    m_job.reset();
    m_fetch.reset();
    m_store.reset();
    m_pyramid = source ? std::make_shared<MapPyramid>(std::move(source)) : nullptr;
    if (m_pyramid) {
        m_store.emplace(m_pyramid);
        build();
    }
    Q_EMIT changed();
}

void MapCells::resume()
{
    if (!m_pyramid || m_job || isComplete())
        return;
    build();
    Q_EMIT changed();
}

void MapCells::build()
{
    m_job = std::make_unique<Job>(
        tr("Summing up the map"), [pyramid = m_pyramid](const TaskContext& task) -> Result<std::any> {
            if (auto built = pyramid->build(task); !built)
                return failed(built);
            return std::any(true);
        });
    connect(m_job.get(), &Job::progressed, this, [this] {
        m_store->forgetFill();
        Q_EMIT changed();
    });
    connect(m_job.get(), &Job::finished, this, &MapCells::ended);
    connect(m_job.get(), &Job::cancelled, this, &MapCells::ended);
    connect(m_job.get(), &Job::failed, this, &MapCells::ended);
    m_job->start();
}

void MapCells::ended()
{
    m_job.release()->deleteLater();
    m_store->forgetFill();
    Q_EMIT changed();
}

void MapCells::prepare(unsigned level, std::span<const std::uint64_t> cells)
{
    if (!m_store)
        return;
    std::vector<std::uint64_t> chunks = m_store->missing(level, cells);
    if (chunks.size() << (CellStore::kChunkBits + level) > kClustersAtOnce)
        return fetch(level, std::move(chunks));
    for (const std::uint64_t chunk : chunks)
        m_store->keep(level, chunk, CellStore::read(m_store->source(), level, chunk));
}

void MapCells::fetch(unsigned level, std::vector<std::uint64_t> chunks)
{
    if (m_fetch && m_fetchLevel == level)
        return; // when it has ended, changed() makes the view ask again for what is missing then
    m_fetchLevel = level;
    m_fetch = std::make_unique<Job>(
        tr("Looking closer"), [pyramid = m_pyramid, level, chunks](const TaskContext& task) -> Result<std::any> {
            auto fetched = std::make_shared<Fetched>(); // so that it can be moved out of the result
            for (const std::uint64_t chunk : chunks) {
                if (auto go = task.step({}); !go)
                    return failed(go);
                fetched->emplace_back(chunk, CellStore::read(pyramid->source(), level, chunk));
            }
            return std::any(fetched);
        });
    connect(m_fetch.get(), &Job::finished, this, [this, level](const std::any& result) {
        for (auto& [chunk, cells] : *std::any_cast<const std::shared_ptr<Fetched>&>(result))
            m_store->keep(level, chunk, std::move(cells));
        m_fetch.release()->deleteLater();
        Q_EMIT changed();
    });
    m_fetch->start();
}

} // namespace cowscope::ui
