// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"

#include "ui/common/notice_box.h"

#include <QAbstractButton>
#include <QLabel>
#include <QSettings>

namespace cowscope::test
{

namespace
{

/// The 16-bit count of a cluster in a damaged image, which has one refblock in cluster 2.
void setCount(Bytes& image, std::uint64_t cluster, unsigned count)
{
    constexpr std::uint64_t kRefblock = 2 * 4096;
    image[kRefblock + 2 * cluster] = static_cast<std::byte>(count >> 8);
    image[kRefblock + 2 * cluster + 1] = static_cast<std::byte>(count);
}

} // namespace

ImageFolder::ImageFolder()
{
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, m_folder.filePath(QStringLiteral("settings")));
    QCoreApplication::setOrganizationName(QStringLiteral("Cowscope tests"));
    QCoreApplication::setApplicationName(QStringLiteral("cowscope"));
}

QString ImageFolder::create(const QString& name, const QString& options, const QString& size) const
{
    const ProgramRun run = qemu::img({QStringLiteral("create"), QStringLiteral("-q"), QStringLiteral("-f"),
        QStringLiteral("qcow2"), QStringLiteral("-o"), options, path(name), size});
    return run.exit == 0 ? path(name) : QString();
}

QString ImageFolder::createWithSnapshots(const QString& name, int snapshots, const QString& options) const
{
    const QString image = create(name, options);
    if (image.isEmpty()
        || qemu::io(image, {QStringLiteral("write -P 1 0 64k"), QStringLiteral("write -c -P 9 512k 4k")}).exit != 0)
        return {};
    for (int i = 0; i < snapshots; ++i) {
        const QString snapshot = QStringLiteral("s%1").arg(i);
        if (qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), snapshot, image}).exit != 0
            || qemu::io(image, {QStringLiteral("write -P 7 %1k 4k").arg(4 * i)}).exit != 0)
            return {};
    }
    return image;
}

QString ImageFolder::createDamaged(const QString& name, std::uint64_t& leaked, std::uint64_t& low) const
{
    const QString image = create(name);
    if (image.isEmpty() || qemu::io(image, {QStringLiteral("write -P 1 0 32k")}).exit != 0)
        return {};
    Bytes bytes = readFile(image);
    leaked = bytes.size() / 4096;
    low = leaked - 1; // the last cluster written: data of the guest
    bytes.resize(bytes.size() + 4096);
    setCount(bytes, leaked, 1);
    setCount(bytes, low, 0);
    return writeFile(image, bytes) ? image : QString();
}

bool openAndWait(ui::ImageDocument& document, const QString& path, Sharing sharing)
{
    QSignalSpy opened(&document, &ui::ImageDocument::opened);
    QSignalSpy failed(&document, &ui::ImageDocument::failed);
    document.open(path, sharing);
    return QTest::qWaitFor([&] { return opened.count() + failed.count() > 0; }, 20000) && opened.count() == 1;
}

bool waitForJobs()
{
    const bool quiet = QTest::qWaitFor([] { return !ui::Job::anyRunning(); }, 20000);
    QCoreApplication::processEvents();
    return quiet;
}

ui::ImageDocument::StorageOpener faultyOpener(std::shared_ptr<FaultPlan> plan)
{
    return [plan](const std::string& path, Access access, Sharing sharing) -> Result<std::shared_ptr<Storage>> {
        auto file = ui::ImageDocument::openFile(path, access, sharing);
        if (!file || access == Access::ReadOnly)
            return file;
        return std::make_shared<FaultyStorage>(*file, plan);
    };
}

Gate::Gate(std::uint64_t atWrite)
    : plan(std::make_shared<FaultPlan>())
{
    plan->before = [this, atWrite](StorageOp op, std::uint64_t number) {
        if (op != StorageOp::Write || number != atWrite)
            return;
        reached.release();
        goOn.acquire();
    };
}

bool clickButton(const QWidget& dialog, const QString& objectName)
{
    auto* button = dialog.findChild<QAbstractButton*>(objectName);
    if (!button || !button->isVisible() || !button->isEnabled())
        return false;
    QTest::mouseClick(button, Qt::LeftButton);
    return true;
}

QString shownText(const QWidget& parent, const QString& objectName)
{
    if (const auto* box = parent.findChild<ui::NoticeBox*>(objectName))
        return box->isVisible() ? box->text() : QString();
    const auto* label = parent.findChild<QLabel*>(objectName);
    return label && label->isVisible() ? label->text() : QString();
}

} // namespace cowscope::test
