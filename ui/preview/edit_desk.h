// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_source.h"
#include "core/edit/session/edit_session.h"
#include "ui/cells/marked_clusters.h"
#include "ui/document/image_document.h"

#include <memory>
#include <mutex>

namespace cowscope::ui
{

/// A preview with all that it takes to show it.
struct ShownPreview {
    EditPreview edit;
    std::shared_ptr<const CensusMapSource> before;
    std::shared_ptr<const CensusMapSource> after;
    std::shared_ptr<const MarkedClusters> changed; ///< written, or taken into use, or given up
};

/// What the jobs of one dialog work at: an edit session that the first of them opens and the others share, however
/// many of them are dropped before they end. The image stays locked until something was committed, or the desk is
/// left. Members may be called from several threads; errors name the file.
class EditDesk
{
public:
    EditDesk(ImageDocument::StorageOpener opener, std::string path)
        : m_opener(std::move(opener))
        , m_path(std::move(path))
    {
    }

    /// Opens one where there is none: after a commit, too.
    Result<std::shared_ptr<EditSession>> session();

    Result<std::shared_ptr<const ShownPreview>> preview(Edit edit, const TaskContext& task);

    /// What was previewed, on the file. Returns what the edit returns. Leaves the desk, whatever comes of it.
    Result<std::any> commit(const ShownPreview& preview, const TaskContext& task);

    /// Gives the locks back, at the latest when the jobs that use the session have ended.
    void leave();

private:
    ImageDocument::StorageOpener m_opener;
    std::string m_path;
    std::mutex m_mutex; ///< of what follows
    std::shared_ptr<EditSession> m_session;
};

} // namespace cowscope::ui
