// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/snapshots/snapshots_panel.h"

#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/text_label.h"
#include "ui/snapshots/snapshot_dialog.h"
#include "ui/snapshots/snapshot_model.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScopedValueRollback>
#include <QTableView>

#include <utility>

namespace cowscope::ui
{

SnapshotsPanel::SnapshotsPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new SnapshotModel(this))
    , m_view(makeTable(QStringLiteral("snapshotTable"), tr("Snapshots"), this))
    , m_list(new EmptyState(this))
    , m_summary(new QLabel(this))
    , m_result(makeTextLabel(QStringLiteral("snapshotResult"), this))
    , m_create(makeButton(QStringLiteral("createSnapshot"), tr("Create\u2026"), tr("Keep the disk as it is now")))
    , m_apply(makeButton(
          QStringLiteral("applySnapshot"), tr("Apply\u2026"), tr("Make the disk what it was in the snapshot")))
    , m_delete(makeButton(QStringLiteral("deleteSnapshot"), tr("Delete\u2026"), tr("Remove the snapshot")))
{
    m_view->setModel(m_model);
    setColumnWidths(*m_view, {6, 24, 24, 10, 14, 12, 11, 12});
    m_list->setContent(m_view);
    m_result->setTextFormat(Qt::PlainText);
    m_result->setContentsMargins(8, 2, 8, 4);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_result);
    layout->addWidget(m_list, 1);
    setContent(content);
    connect(m_create, &QPushButton::clicked, this, &SnapshotsPanel::createSnapshot);
    connect(m_apply, &QPushButton::clicked, this, [this] {
        openDialog({SnapshotTask::What::Apply, {}, m_model->snapshot(currentRow())});
    });
    connect(m_delete, &QPushButton::clicked, this, [this] {
        openDialog({SnapshotTask::What::Delete, {}, m_model->snapshot(currentRow())});
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &SnapshotsPanel::selectRow);
    connect(&document, &ImageDocument::opened, this, &SnapshotsPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &SnapshotsPanel::refresh);
    connect(&document, &ImageDocument::jobStarted, this, &SnapshotsPanel::updateState);
    connect(&document, &ImageDocument::failed, this, &SnapshotsPanel::updateState);
    connect(&document, &ImageDocument::cancelled, this, &SnapshotsPanel::updateState);
    connect(&document.selection(), &Selection::changed, this, &SnapshotsPanel::showSelection);
    refresh();
}

QPushButton* SnapshotsPanel::makeButton(const QString& objectName, const QString& text, const QString& toolTip)
{
    auto* button = new QPushButton(text, this);
    button->setObjectName(objectName);
    button->setToolTip(toolTip);
    return button;
}

QWidget* SnapshotsPanel::makeBar()
{
    m_summary->setObjectName(QStringLiteral("snapshotSummary"));
    m_summary->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // its text must not widen the window
    auto* bar = new QWidget(this);
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(6, 4, 6, 4);
    layout->addWidget(m_summary, 1);
    for (QPushButton* button : {m_create, m_apply, m_delete})
        layout->addWidget(button);
    return bar;
}

QString SnapshotsPanel::summary() const
{
    const Image& image = *m_document.image();
    const std::size_t count = image.snapshots().size();
    const std::uint64_t room = m_document.census()->snapshotsThatFit[image.header().refcountOrder];
    const unsigned bits = image.header().refcountBits();
    const QString width = bits == 1 ? tr("1 bit") : tr("%1 bits").arg(bits);
    const QString taken = count == 1 ? tr("1 snapshot") : tr("%1 snapshots").arg(formatCount(count));
    return room == 0 ? tr("%1 \u00b7 no room for more at %2").arg(taken, width)
                     : tr("%1 \u00b7 room for %2 more at %3").arg(taken, formatCount(room), width);
}

void SnapshotsPanel::refresh()
{
    const auto image = m_document.image();
    if (m_document.path() != m_resultPath)
        m_result->clear();
    m_result->setVisible(!m_result->text().isEmpty());
    {
        const QScopedValueRollback showing(m_showing, true);
        m_model->setImage(image);
    }
    updateState();
    if (!image) {
        showEmpty(tr("The snapshots of an open image appear here."));
        return;
    }
    m_summary->setText(summary());
    m_summary->setToolTip(m_summary->text());
    if (m_model->rowCount() > 0)
        m_list->showContent();
    else
        m_list->showEmpty(tr("This image has no internal snapshots. Create one to keep the disk as it is now."));
    showContent();
    if (std::exchange(m_selectNewest, false) && m_model->rowCount() > 0)
        m_document.selection().select(SnapshotSelection{image->snapshots().size() - 1});
    showSelection();
}

void SnapshotsPanel::updateState()
{
    const bool idle = m_document.image() && !m_document.job();
    m_create->setEnabled(idle);
    m_apply->setEnabled(idle && currentRow() >= 0);
    m_delete->setEnabled(idle && currentRow() >= 0);
}

int SnapshotsPanel::currentRow() const
{
    const QModelIndexList rows = m_view->selectionModel()->selectedRows();
    return rows.isEmpty() ? -1 : rows.first().row();
}

void SnapshotsPanel::showSelection()
{
    const auto* selected = m_document.selection().as<SnapshotSelection>();
    if (m_showing || !selected || selected->index >= static_cast<std::size_t>(m_model->rowCount()))
        return;
    const QScopedValueRollback showing(m_showing, true);
    showRow(*m_view, static_cast<int>(selected->index));
    updateState();
}

void SnapshotsPanel::selectRow()
{
    updateState();
    if (m_showing || currentRow() < 0)
        return;
    const QScopedValueRollback showing(m_showing, true);
    m_document.selection().select(SnapshotSelection{static_cast<std::size_t>(currentRow())});
}

void SnapshotsPanel::createSnapshot()
{
    if (m_document.image())
        openDialog({SnapshotTask::What::Create, {}, {}});
}

void SnapshotsPanel::openDialog(SnapshotTask task)
{
    const bool creates = task.what == SnapshotTask::What::Create;
    auto* dialog = new SnapshotDialog(m_document, std::move(task), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &SnapshotDialog::finishedWith, this, [this, creates](const QString& sentence) {
        m_resultPath = m_document.path();
        m_result->setText(sentence);
        m_result->show();
        m_selectNewest = creates;
    });
    connect(dialog, &SnapshotDialog::amendRequested, this, &SnapshotsPanel::amendRequested);
    connect(dialog, &SnapshotDialog::repairRequested, this, &SnapshotsPanel::repairRequested);
    dialog->open();
}

} // namespace cowscope::ui
