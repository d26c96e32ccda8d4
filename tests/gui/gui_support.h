// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/faulty_storage.h"
#include "tests/support/qemu_oracle.h"
#include "ui/document/image_document.h"

#include <QSemaphore>
#include <QTemporaryDir>
#include <QtTest/QtTest>

namespace cowscope::test
{

/// A temporary folder with images that qemu-img makes, and settings of its own for the program under test.
class ImageFolder
{
public:
    ImageFolder();

    QString path(const QString& name) const { return m_folder.filePath(name); }

    /// A new image; `options` as for `qemu-img create -o`.
    QString create(const QString& name, const QString& options = QStringLiteral("cluster_size=4096"),
        const QString& size = QStringLiteral("2M")) const;

    /// One with data, `snapshots` snapshots between which some of it changed, and a compressed cluster.
    QString createWithSnapshots(const QString& name, int snapshots, const QString& options) const;

    /// The same with one cluster that is counted but not used, and one that is used more often than counted. Returns
    /// the path; the clusters are the numbers `leaked` and `low`.
    QString createDamaged(const QString& name, std::uint64_t& leaked, std::uint64_t& low) const;

private:
    QTemporaryDir m_folder;
};

/// Opens and waits for the end; whether it was opened().
bool openAndWait(ui::ImageDocument& document, const QString& path, Sharing sharing = Sharing::Locked);

/// Until no job of the program runs and what they posted has been delivered.
bool waitForJobs();

/// A storage opener whose writable storages follow a fault plan.
ui::ImageDocument::StorageOpener faultyOpener(std::shared_ptr<FaultPlan> plan);

/// Stops the worker before one of its writes until the test lets it go on.
struct Gate {
    explicit Gate(std::uint64_t atWrite);

    std::shared_ptr<FaultPlan> plan;
    QSemaphore reached;
    QSemaphore goOn;
};

/// Clicks a button of a dialog; false: it is not there, hidden or disabled.
bool clickButton(const QWidget& dialog, const QString& objectName);

/// The text of a label or of a NoticeBox that is shown; empty where there is none.
QString shownText(const QWidget& parent, const QString& objectName);

} // namespace cowscope::test
