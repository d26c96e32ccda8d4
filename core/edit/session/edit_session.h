// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/analysis/image_diff.h"
#include "core/edit/session/edit.h"
#include "core/edit/session/lent_storage.h"

#include <mutex>
#include <vector>

namespace cowscope
{

/// An image and what a check says of it.
struct CheckedImage {
    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
};

/// What tells two states of a file apart without reading it.
struct FileState {
    std::uint64_t bytes = 0;
    std::int64_t modified = 0; ///< nanoseconds since 1970; 0 where the storage is no file

    bool operator==(const FileState&) const = default;
};

/// What an edit would do. Dropping it drops the edit. The images read through the session's file and, behind the edit,
/// through the overlay that holds the changes; that is over when the session is. What they hold in memory stays.
struct EditPreview {
    Edit edit;
    FileState of; ///< the state of the file that all this is true of
    std::any outcome; ///< what the edit returned
    CheckedImage before;
    CheckedImage after;
    ImageDiff diff; ///< of their metadata
    std::vector<StorageExtent> written; ///< bytes of the file that would be written, in sectors, in their order

    std::uint64_t fileBytesBefore() const { return before.image->fileSize(); }
    std::uint64_t fileBytesAfter() const { return after.image->fileSize(); }
    std::uint64_t bytesWritten() const; ///< each byte once; bytes of other files are not counted
    std::uint64_t clustersWritten() const; ///< clusters that hold them
    bool changesNothing() const { return written.empty() && fileBytesBefore() == fileBytesAfter(); }

    /// Whether a check finds nothing behind the edit that it did not find before: no more corruptions, leaks or parts
    /// that cannot be checked.
    bool isSound() const;
};

/// Edits of one image file, each first as a preview that writes nothing, then, if wanted, committed. Holds the locks
/// of a writer from the beginning to the commit or to its own end, so that no program that heeds them can come between.
///
/// A preview runs the whole edit on an OverlayStorage and checks what comes out. Changes up to 32 MiB are kept in
/// memory, more of them in a temporary file without a name in $TMPDIR or /var/tmp; contents that an amend copies are
/// not kept at all. Previews may be made from several threads at once; commit() wants the session to itself.
class EditSession
{
public:
    /// `storage` was opened for writing and locked by the caller, who gives it away.
    explicit EditSession(std::shared_ptr<Storage> storage)
        : m_storage(std::make_shared<LentStorage>(std::move(storage)))
    {
    }
    ~EditSession();
    EditSession(const EditSession&) = delete;
    EditSession& operator=(const EditSession&) = delete;

    /// The image as it is, and what a check says of it. Looked at once, and again only if somebody changed the file.
    Result<CheckedImage> before(const TaskContext& task) const;

    /// Scratch space over the file, for costs that are found by trying.
    Result<std::shared_ptr<Storage>> trial() const;

    /// Errors: those of the edit, and of opening and checking its result; Cancelled; NoSpace of the temporary file.
    Result<EditPreview> preview(Edit edit, const TaskContext& task) const;

    /// Runs the edit on the file, having proved by length and time of change that it is the one that was previewed.
    /// Whatever comes of it, the locks are given back and the session is over: for another try open a new one. Returns
    /// what the edit returned. Errors: Refused (another file now; the session is over), those of the edit.
    Result<std::any> commit(const EditPreview& preview, const TaskContext& task);

private:
    Result<FileState> state() const;

    std::shared_ptr<LentStorage> m_storage;
    mutable std::mutex m_mutex; ///< of what follows
    mutable CheckedImage m_before;
    mutable FileState m_beforeOf;
};

} // namespace cowscope
