// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/screenshots.h"

#include "app/gui/demo_support.h"
#include "ui/amend_wizard/amend_wizard.h"
#include "ui/jobs/task_dialog.h"

#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QDockWidget>
#include <QLineEdit>
#include <QTableView>
#include <QTimer>
#include <QTreeView>

#include <algorithm>

namespace cowscope
{

namespace
{
constexpr int kPollMilliseconds = 50;
constexpr int kSettleMilliseconds = 300; ///< for layouts and chart animations
} // namespace

Screenshots::Screenshots(ui::MainWindow& window, const QString& folder, QSize dialogSize, QObject* parent)
    : QObject(parent)
    , m_window(window)
    , m_folder(folder)
    , m_dialogSize(dialogSize.isValid() ? dialogSize : window.size())
{
    connect(&window.document(), &ui::ImageDocument::opened, this, &Screenshots::waitUntilQuiet);
    connect(&window.document(), &ui::ImageDocument::failed, this, [this] { Q_EMIT done(false); });
}

void Screenshots::waitUntilQuiet()
{
    if (ui::Job::anyRunning())
        QTimer::singleShot(kPollMilliseconds, this, &Screenshots::waitUntilQuiet);
    else
        QTimer::singleShot(kSettleMilliseconds, this, &Screenshots::takeAll);
}

/// Something worth seeing in the view and in Details.
void Screenshots::select(ui::Views::View view)
{
    ui::Selection& selection = m_window.document().selection();
    const auto fields = fieldsOf(Structure::Header);
    const auto order = std::ranges::find(fields, header_field::kRefcountOrder, &Field::offset);
    switch (view) {
    case ui::Views::View::Lookup:
    case ui::Views::View::Tables:
        return selection.select(ui::GuestRange{GuestOffset(0), 1, std::nullopt});
    case ui::Views::View::Hex:
    case ui::Views::View::Header:
        return selection.select(
            ui::FieldSelection{Structure::Header, 0, HostOffset(0), static_cast<std::size_t>(order - fields.begin())});
    case ui::Views::View::Snapshots:
        if (!m_window.document().image()->snapshots().empty())
            selection.select(ui::SnapshotSelection{0});
        return;
    case ui::Views::View::Findings:
        if (auto* table = m_window.findChild<QTableView*>(QStringLiteral("findingsTable")))
            table->selectRow(0);
        if (auto* groups = m_window.findChild<QTreeView*>(QStringLiteral("findingGroups")))
            groups->setCurrentIndex(groups->model()->index(0, 0));
        return;
    case ui::Views::View::Structure:
    case ui::Views::View::Reftable:
        return selection.select(ui::RefblockSelection{0});
    case ui::Views::View::Guest: {
        const Geometry& geometry = m_window.document().image()->geometry();
        const std::uint64_t bytes = std::min(geometry.virtualSize(), 8 * geometry.clusterSize());
        return selection.select(ui::GuestRange{GuestOffset(0), std::max<std::uint64_t>(1, bytes), {}});
    }
    default:
        return selection.select(ui::ClusterRange{m_window.document().census()->largest.cluster, 1});
    }
}

void Screenshots::takeAll()
{
    bool saved = QDir().mkpath(m_folder);
    for (int i = 0; i < ui::Views::kViewCount; ++i) {
        const auto view = static_cast<ui::Views::View>(i);
        select(view);
        m_window.views().bringUp(view);
        settle(); // some views look up more about what is selected
        const QString name = m_window.views().dock(view)->windowTitle().toLower();
        saved = m_window.grab().save(QStringLiteral("%1/%2.png").arg(m_folder, name)) && saved;
    }
    saved = takeMaps() && saved;
    saved = takeDialogs() && saved;
    Q_EMIT done(takeWizard() && saved);
}

/// The map once more in each of its colours, the last time along the curve.
bool Screenshots::takeMaps()
{
    auto* colorBy = m_window.findChild<QComboBox*>(QStringLiteral("mapColorBy"));
    auto* layout = m_window.findChild<QComboBox*>(QStringLiteral("mapLayout"));
    if (!colorBy || !layout)
        return false;
    m_window.views().bringUp(ui::Views::View::Map);
    bool saved = true;
    const auto take = [&](const QString& name) {
        settle();
        saved = m_window.grab().save(QStringLiteral("%1/map-%2.png").arg(m_folder, name)) && saved;
    };
    for (int i = 1; i < colorBy->count(); ++i) {
        colorBy->setCurrentIndex(i);
        take(colorBy->itemText(i).section(u' ', -1).toLower());
    }
    colorBy->setCurrentIndex(0);
    layout->setCurrentIndex(1);
    take(QStringLiteral("curve"));
    layout->setCurrentIndex(0);
    return saved;
}

/// Dialogs that explain what was asked for show the more by it. Nothing is written.
void Screenshots::askForSomething(const QWidget& dialog)
{
    for (const QString& bit : {QStringLiteral("bit.0.1"), QStringLiteral("bit.1.0")})
        if (auto* box = dialog.findChild<QAbstractButton*>(bit); box && box->isEnabled())
            box->click();
    if (auto* lazy = dialog.findChild<QCheckBox*>(QStringLiteral("lazyRefcounts")); lazy && lazy->isEnabled())
        lazy->click();
    if (auto* count = dialog.findChild<QLineEdit*>(QStringLiteral("newCount")))
        count->setText(QStringLiteral("0"));
}

bool Screenshots::takeDialogs()
{
    select(ui::Views::View::Clusters);
    struct Way {
        const char* opener; ///< an action or a button
        const char* picture;
    };
    bool saved = true;
    for (const Way way : {Way{"repairAllAction", "repair"}, Way{"createSnapshotAction", "create-snapshot"},
             Way{"applySnapshot", "apply-snapshot"}, Way{"amendOptionsAction", "amend-options"},
             Way{"editHeaderAction", "edit-header"}, Way{"editRefcountAction", "edit-refcount"},
             Way{"createAction", "create-image"}}) {
        const QString opener = QString::fromLatin1(way.opener);
        if (auto* action = m_window.findChild<QAction*>(opener))
            action->trigger();
        else if (auto* button = m_window.findChild<QAbstractButton*>(opener))
            button->click(); // nothing if it is disabled: an image without snapshots
        settle();
        auto* dialog = m_window.findChild<ui::TaskDialog*>();
        if (!dialog)
            continue;
        dialog->resize(m_dialogSize);
        askForSomething(*dialog);
        settle(); // until the user would have paused
        settle(); // until it is known what would be written
        saved
            = dialog->grab().save(QStringLiteral("%1/%2.png").arg(m_folder, QString::fromLatin1(way.picture))) && saved;
        dialog->reject();
        settle();
    }
    return saved;
}

/// The pages before anything is written, with whatever help a narrow width needs.
bool Screenshots::takeWizard()
{
    auto* action = m_window.findChild<QAction*>(QStringLiteral("amendAction"));
    if (!action || !action->isEnabled())
        return false;
    action->trigger();
    auto* wizard = m_window.findChild<ui::AmendWizard*>();
    if (!wizard)
        return false;
    wizard->resize(m_dialogSize);
    bool saved = true;
    const auto take = [&](const char* name) {
        settle();
        const QString path = QStringLiteral("%1/wizard-%2.png").arg(m_folder, QString::fromLatin1(name));
        saved = wizard->grab().save(path) && saved;
    };
    take("now");
    wizard->next();
    settle();
    for (const char* option : {"upgradeCompat", "splitShared"})
        if (auto* box = wizard->findChild<QCheckBox*>(QString::fromLatin1(option)); box && box->isVisible())
            box->click();
    for (const int bits : {1, 2, 8, 64}) {
        auto* card = wizard->findChild<QAbstractButton*>(QStringLiteral("width%1").arg(bits));
        if (!card || !card->isCheckable())
            continue;
        card->setFocus();
        card->click();
        break;
    }
    take("new-width");
    if (wizard->currentPage()->isComplete()) {
        wizard->next();
        take("preview");
    }
    wizard->reject();
    settle();
    return saved;
}

} // namespace cowscope
