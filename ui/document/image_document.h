// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/image/image.h"
#include "core/storage/file_storage.h"
#include "ui/document/selection.h"
#include "ui/jobs/job.h"

#include <QDateTime>
#include <QFileSystemWatcher>
#include <QObject>
#include <QPointer>
#include <QString>
#include <QTimer>

#include <functional>
#include <memory>
#include <vector>

namespace cowscope::ui
{

/// The image of one window: opened and analysed in a job, then an immutable value until the next open or reload.
class ImageDocument : public QObject
{
    Q_OBJECT

public:
    /// Opens the bytes of an image; called in a worker thread. Tests put their own storage here.
    using StorageOpener
        = std::function<Result<std::shared_ptr<Storage>>(const std::string& path, Access access, Sharing sharing)>;

    /// The default opener: FileStorage.
    static Result<std::shared_ptr<Storage>> openFile(const std::string& path, Access access, Sharing sharing);

    explicit ImageDocument(QObject* parent = nullptr);

    void setStorageOpener(StorageOpener opener) { m_opener = std::move(opener); }
    const StorageOpener& storageOpener() const { return m_opener; }

    /// Opens read-only in a job, in place of one that still runs. Ends with opened(), failed() or cancelled(); after
    /// the latter two the image that was open before is still open. Image locks are held only while reading.
    void open(const QString& path, Sharing sharing = Sharing::Locked);

    /// The same file again, with the same sharing; the selection stays.
    void reload();

    /// While an edit of this program writes the file, its changes are no news. The end of the edit reloads.
    void setEditing(bool editing);

    /// Calls once no open runs any more, at once if none does: an edit takes locks that a running open would refuse.
    /// Nothing is called when `context` is gone by then.
    void whenIdle(QObject* context, std::function<void()> call);

    /// Cancels a running open and lets the image go.
    void close();

    QString path() const { return m_path; } ///< of the open image; empty if there is none
    bool isShared() const { return m_sharing == Sharing::Unlocked; } ///< opened without locks: it may be changing

    std::shared_ptr<const Image> image() const { return m_image; } ///< null until opened
    std::shared_ptr<const Census> census() const { return m_census; } ///< null exactly when image() is
    Selection& selection() { return m_selection; }
    Job* job() const { return m_job; } ///< the running open, null when idle

Q_SIGNALS:
    void jobStarted(cowscope::ui::Job* job);
    void opened();
    void failed(const cowscope::Error& error);
    void cancelled();
    void closed();
    void changedOnDisk(); ///< another program wrote the file: a reload is worth offering

private:
    /// What tells two states of a file apart without reading it.
    struct FileStamp {
        qint64 size = -1;
        QDateTime modified;

        static FileStamp of(const QString& path);
        bool operator==(const FileStamp&) const = default;
    };

    struct IdleCall {
        QPointer<QObject> context;
        std::function<void()> call;
    };

    void startJob(const QString& path, Sharing sharing, bool keepSelection);
    void dropJob();
    void callIdle();
    void watch(const QString& path);
    void compareWithDisk();

    StorageOpener m_opener = openFile;
    QString m_path;
    Sharing m_sharing = Sharing::Locked;
    FileStamp m_stamp;
    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const Census> m_census;
    Selection m_selection;
    Job* m_job = nullptr;
    std::vector<IdleCall> m_idleCalls; ///< that wait for the end of the job
    bool m_editing = false;
    QFileSystemWatcher m_watcher;
    QTimer m_settle; ///< a program that writes does so many times: look when it pauses
};

} // namespace cowscope::ui
