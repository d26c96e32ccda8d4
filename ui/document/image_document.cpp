// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/document/image_document.h"

#include <QFile>
#include <QFileInfo>

#include <utility>

namespace cowscope::ui
{

namespace
{

constexpr int kSettleMilliseconds = 500;

struct OpenedImage {
    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
};

/// Gives the image locks back at the end of the job: a viewer must not keep a virtual machine from starting.
class LockGuard
{
public:
    explicit LockGuard(Storage& storage)
        : m_file(dynamic_cast<FileStorage*>(&storage))
    {
    }
    ~LockGuard()
    {
        if (m_file)
            m_file->unlock();
    }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;

private:
    FileStorage* m_file;
};

Result<std::any> openImage(
    const ImageDocument::StorageOpener& opener, const std::string& path, Sharing sharing, const TaskContext& task)
{
    auto storage = opener(path, Access::ReadOnly, sharing);
    if (!storage)
        return std::unexpected(std::move(storage.error()).in(path));
    const LockGuard locks(**storage);
    auto image = Image::open(*storage, task);
    if (!image)
        return std::unexpected(std::move(image.error()).in(path));
    auto census = takeCensus(**image, task);
    if (!census)
        return std::unexpected(std::move(census.error()).in(path));
    return std::any(OpenedImage{*image, *census});
}

} // namespace

Result<std::shared_ptr<Storage>> ImageDocument::openFile(const std::string& path, Access access, Sharing sharing)
{
    auto file = FileStorage::open(path, access, sharing);
    if (!file)
        return cowscope::failed(file);
    return std::shared_ptr<Storage>(std::move(*file));
}

ImageDocument::FileStamp ImageDocument::FileStamp::of(const QString& path)
{
    const QFileInfo info(path);
    return {info.size(), info.lastModified()};
}

ImageDocument::ImageDocument(QObject* parent)
    : QObject(parent)
{
    m_settle.setSingleShot(true);
    m_settle.setInterval(kSettleMilliseconds);
    connect(&m_watcher, &QFileSystemWatcher::fileChanged, this, [this] { m_settle.start(); });
    connect(&m_settle, &QTimer::timeout, this, &ImageDocument::compareWithDisk);
}

void ImageDocument::open(const QString& path, Sharing sharing)
{
    startJob(path, sharing, false);
}

void ImageDocument::reload()
{
    if (m_image)
        startJob(m_path, m_sharing, true);
}

void ImageDocument::setEditing(bool editing)
{
    if (std::exchange(m_editing, editing) && !editing)
        reload();
}

void ImageDocument::whenIdle(QObject* context, std::function<void()> call)
{
    if (m_job)
        m_idleCalls.push_back({context, std::move(call)});
    else
        call();
}

/// What was put off until now, unless another open has begun meanwhile.
void ImageDocument::callIdle()
{
    if (m_job)
        return;
    for (const IdleCall& each : std::exchange(m_idleCalls, {}))
        if (each.context)
            each.call();
}

void ImageDocument::close()
{
    dropJob();
    m_settle.stop();
    watch(QString());
    m_image.reset();
    m_census.reset();
    m_path.clear();
    m_sharing = Sharing::Locked;
    m_selection.reset();
    Q_EMIT closed();
}

void ImageDocument::startJob(const QString& path, Sharing sharing, bool keepSelection)
{
    dropJob();
    const FileStamp stamp = FileStamp::of(path);
    const std::string name = QFile::encodeName(path).toStdString();
    m_job = new Job(
        tr("Opening %1").arg(QFileInfo(path).fileName()),
        [opener = m_opener, name, sharing](const TaskContext& task) { return openImage(opener, name, sharing, task); },
        this);
    connect(m_job, &Job::finished, this, [=, this](const std::any& result) {
        dropJob();
        const auto& opened = std::any_cast<const OpenedImage&>(result);
        m_image = opened.image;
        m_census = opened.census;
        m_path = path;
        m_sharing = sharing;
        m_stamp = stamp;
        watch(path);
        if (!keepSelection)
            m_selection.reset();
        Q_EMIT this->opened();
    });
    connect(m_job, &Job::failed, this, [this](const Error& error) {
        dropJob();
        Q_EMIT failed(error);
    });
    connect(m_job, &Job::cancelled, this, [this] {
        dropJob();
        Q_EMIT cancelled();
    });
    Q_EMIT jobStarted(m_job);
    m_job->start();
}

void ImageDocument::dropJob()
{
    if (!m_job)
        return;
    m_job->cancel();
    m_job->disconnect(this);
    std::exchange(m_job, nullptr)->deleteLater();
    QMetaObject::invokeMethod(this, &ImageDocument::callIdle, Qt::QueuedConnection);
}

void ImageDocument::watch(const QString& path)
{
    if (!m_watcher.files().isEmpty())
        m_watcher.removePaths(m_watcher.files());
    if (!path.isEmpty())
        m_watcher.addPath(path);
}

void ImageDocument::compareWithDisk()
{
    // A job that runs will bring the present state, and with it a new stamp.
    if (!m_image || m_job || m_editing)
        return;
    if (FileStamp::of(m_path) != m_stamp)
        Q_EMIT changedOnDisk();
    if (m_watcher.files().isEmpty() && QFileInfo::exists(m_path))
        watch(m_path); // replaced by another file of that name
}

} // namespace cowscope::ui
