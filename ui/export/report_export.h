// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/image_document.h"

class QWidget;

namespace cowscope::ui
{

/// Writes a report of the open image into a file: PDF or JSON where its name ends so, else HTML. In a job.
class ReportExport : public QObject
{
    Q_OBJECT

public:
    explicit ReportExport(ImageDocument& document, QObject* parent = nullptr);

    /// Asks where to save, then start()s. Nothing without an image.
    void choose(QWidget* parent);

    /// Ends with saved() or failed(), or neither if it is cancelled. A second one ends the first.
    void start(const QString& path);

Q_SIGNALS:
    void jobStarted(cowscope::ui::Job* job);
    void saved(const QString& path);
    void failed(const cowscope::Error& error);

private:
    ImageDocument& m_document;
    std::unique_ptr<Job> m_job;
};

} // namespace cowscope::ui
