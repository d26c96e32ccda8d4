// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/snapshots/snapshot_dialog.h"

#include "ui/common/format.h"
#include "ui/common/text_label.h"
#include "ui/snapshots/snapshot_model.h"

#include <QCheckBox>
#include <QCoreApplication>
#include <QFile>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

using What = SnapshotTask::What;

constexpr int kMaxNameBytes = 255; ///< what the reference tools can read back

struct Found {
    SnapshotCost cost;
    std::shared_ptr<const ShownPreview> preview;
};

/// What it costs and what comes of it.
Result<std::any> findOut(EditDesk& desk, const SnapshotTask& work, const TaskContext& task)
{
    auto cost = findCost(desk, work, {task.stop, {}});
    if (!cost)
        return failed(cost);
    auto preview = desk.preview(snapshotEdit(work), task);
    if (!preview)
        return failed(preview);
    return std::any(Found{*cost, std::move(*preview)});
}

QString titleOf(What what)
{
    switch (what) {
    case What::Create:
        return SnapshotDialog::tr("Create a snapshot of %1");
    case What::Apply:
        return SnapshotDialog::tr("Apply a snapshot of %1");
    case What::Delete:
        break;
    }
    return SnapshotDialog::tr("Delete a snapshot of %1");
}

QString buttonOf(What what)
{
    switch (what) {
    case What::Create:
        return SnapshotDialog::tr("&Create");
    case What::Apply:
        return SnapshotDialog::tr("&Apply");
    case What::Delete:
        break;
    }
    return SnapshotDialog::tr("&Delete");
}

/// "'before' (ID 3, 2024-05-01 12:30:05)"
QString nameOf(const Snapshot& snapshot)
{
    return SnapshotDialog::tr("'%1' (ID %2, %3)")
        .arg(toQString(snapshot.name).toHtmlEscaped(), toQString(snapshot.id).toHtmlEscaped(), snapshotDate(snapshot));
}

QString introduction(const SnapshotTask& task)
{
    switch (task.what) {
    case What::Create:
        return SnapshotDialog::tr("A snapshot keeps the disk as it is now. It shares the disk's clusters, and each of "
                                  "them is counted once more.");
    case What::Apply:
        return SnapshotDialog::tr(
            "The disk becomes what it was in the snapshot %1, its size included. The snapshot stays.")
            .arg(nameOf(task.snapshot));
    case What::Delete:
        break;
    }
    return SnapshotDialog::tr("The snapshot %1 is removed. What nothing else uses becomes free.")
        .arg(nameOf(task.snapshot));
}

QString dangerOf(What what)
{
    switch (what) {
    case What::Create:
        return {};
    case What::Apply:
        return SnapshotDialog::tr("<b>What the disk holds now is lost</b>, unless a snapshot keeps it.");
    case What::Delete:
        break;
    }
    return SnapshotDialog::tr("<b>The state that this snapshot keeps is gone for good.</b>");
}

QString clusters(std::uint64_t count, std::uint64_t clusterSize)
{
    if (count == 0)
        return SnapshotDialog::tr("none");
    const QString bytes = formatBytes(count * clusterSize);
    return count == 1 ? SnapshotDialog::tr("1 cluster (%1)").arg(bytes)
                      : SnapshotDialog::tr("%1 clusters (%2)").arg(formatCount(count), bytes);
}

QString counts(std::uint64_t count)
{
    return count == 0 ? SnapshotDialog::tr("none")
        : count == 1  ? SnapshotDialog::tr("of 1 cluster")
                      : SnapshotDialog::tr("of %1 clusters").arg(formatCount(count));
}

} // namespace

QList<Fact> costFacts(const SnapshotCost& cost, std::uint64_t clusterSize)
{
    return {
        {QStringLiteral("raised"), SnapshotDialog::tr("Counts raised"), counts(cost.raised)},
        {QStringLiteral("lowered"), SnapshotDialog::tr("Counts lowered"), counts(cost.lowered)},
        {QStringLiteral("freed"), SnapshotDialog::tr("Clusters freed"), clusters(cost.freed, clusterSize),
            formatExactBytes(cost.freed * clusterSize)},
        {QStringLiteral("copied"), SnapshotDialog::tr("Clusters copied"), clusters(cost.copied, clusterSize),
            formatExactBytes(cost.copied * clusterSize)},
        {QStringLiteral("newClusters"), SnapshotDialog::tr("New clusters"), clusters(cost.newClusters, clusterSize),
            formatExactBytes(cost.newClusters * clusterSize)},
    };
}

SnapshotDialog::SnapshotDialog(ImageDocument& document, SnapshotTask task, QWidget* parent)
    : TaskDialog(QStringLiteral("snapshotDialog"), titleOf(task.what).arg(QFileInfo(document.path()).fileName()),
        buttonOf(task.what), parent)
    , m_document(document)
    , m_task(std::move(task))
    , m_desk(std::make_shared<EditDesk>(document.storageOpener(), QFile::encodeName(document.path()).toStdString()))
    , m_name(new QLineEdit(this))
    , m_nameHint(makeTextLabel(QStringLiteral("nameHint"), this))
    , m_copy(new QCheckBox(tr("C&opy the clusters whose count would not fit any more"), this))
    , m_costs(new QWidget(this))
    , m_facts(new FactList(m_costs))
    , m_panel(new PreviewPanel(this))
    , m_amend(new QPushButton(tr("Change the &width\u2026"), this))
    , m_repair(new QPushButton(tr("&Repair\u2026"), this))
{
    makeBody();
    resize(760, 620);
    connect(this, &TaskDialog::writing, &document, [&document] { document.setEditing(true); });
    connect(this, &TaskDialog::written, &document, [&document] { document.setEditing(false); });
}

void SnapshotDialog::makeBody()
{
    QLabel* text = makeTextLabel(QStringLiteral("introduction"), this);
    text->setText(introduction(m_task));
    auto* danger = new NoticeBox(QStringLiteral("danger"), this);
    danger->setNotice(NoticeBox::Kind::Danger, dangerOf(m_task.what));
    body().addWidget(text);
    body().addWidget(danger);
    m_name->setObjectName(QStringLiteral("snapshotName"));
    m_name->setAccessibleName(tr("Name of the snapshot"));
    m_name->setPlaceholderText(tr("for example before-update"));
    m_name->setText(toQString(m_task.name));
    m_nameHint->setForegroundRole(QPalette::PlaceholderText);
    const bool creates = m_task.what == What::Create;
    auto* nameTitle = new QLabel(tr("&Name"), this);
    nameTitle->setBuddy(m_name);
    auto* form = new QFormLayout;
    form->addRow(nameTitle, m_name);
    form->addRow(nullptr, m_nameHint);
    body().addLayout(form);
    for (QWidget* widget : std::initializer_list<QWidget*>{nameTitle, m_name, m_nameHint})
        widget->setVisible(creates);
    m_copy->setObjectName(QStringLiteral("copyOnOverflow"));
    m_copy->setToolTip(tr("Takes more space, but works at any width, even 1 bit"));
    m_copy->setVisible(m_task.what != What::Delete);
    body().addWidget(m_copy);
    auto* costs = new QVBoxLayout(m_costs);
    costs->setContentsMargins(0, 6, 0, 0);
    costs->addWidget(new QLabel(tr("<b>What it costs</b>"), m_costs));
    costs->addWidget(m_facts);
    m_facts->setFacts(costFacts({}, 0)); // takes its place from the start, so that nothing jumps
    m_facts->setEnabled(false);
    body().addWidget(m_costs);
    body().addWidget(m_panel, 1);
    body().addStretch(0);
    m_amend->setObjectName(QStringLiteral("changeWidth"));
    m_amend->hide();
    addButton(m_amend);
    m_repair->setObjectName(QStringLiteral("repairFirst"));
    m_repair->hide();
    addButton(m_repair);
    connect(m_name, &QLineEdit::textChanged, this, &SnapshotDialog::updateReady);
    connect(m_copy, &QCheckBox::toggled, this, &SnapshotDialog::prepare);
    connect(m_amend, &QPushButton::clicked, this, [this] {
        reject();
        Q_EMIT amendRequested();
    });
    connect(m_repair, &QPushButton::clicked, this, [this] {
        reject();
        Q_EMIT repairRequested();
    });
    updateReady();
}

bool SnapshotDialog::isName() const
{
    const QByteArray name = m_name->text().trimmed().toUtf8();
    return m_task.what != What::Create || (!name.isEmpty() && name.size() <= kMaxNameBytes);
}

void SnapshotDialog::updateNameHint()
{
    const std::string name = m_name->text().trimmed().toStdString();
    const auto snapshots = m_document.image() ? m_document.image()->snapshots() : std::span<const Snapshot>();
    const bool taken = std::ranges::any_of(snapshots, [&name](const Snapshot& each) { return each.name == name; });
    m_nameHint->setText(name.empty()      ? tr("Give the snapshot a name.")
            : name.size() > kMaxNameBytes ? tr("The name is too long: it may have %1 bytes.").arg(kMaxNameBytes)
            : taken                       ? tr("Another snapshot has this name too; their IDs tell them apart.")
                                          : QString());
}

void SnapshotDialog::updateReady()
{
    updateNameHint();
    setReady(m_cost && m_panel->isSound() && isName());
}

void SnapshotDialog::prepare()
{
    stopLooking();
    clearProblem();
    m_amend->hide();
    m_repair->hide();
    m_name->setEnabled(true);
    m_copy->setEnabled(true);
    m_cost.reset();
    m_facts->setEnabled(false);
    m_costs->show();
    m_panel->show();
    m_panel->setPreview(nullptr);
    updateReady();
    m_task.onOverflow = m_copy->isChecked() ? OnOverflow::Copy : OnOverflow::Refuse;
    m_document.whenIdle(this, [this] { findCost(); });
}

void SnapshotDialog::findCost()
{
    look(
        tr("Finding out what it costs"),
        [desk = m_desk, work = m_task](const TaskContext& task) { return findOut(*desk, work, task); },
        [this](const std::any& result) {
            const auto& found = std::any_cast<const Found&>(result);
            showCost(found.cost, found.preview);
        });
}

void SnapshotDialog::showCost(const SnapshotCost& cost, std::shared_ptr<const ShownPreview> preview)
{
    m_cost = cost;
    m_facts->setFacts(costFacts(cost, m_document.image()->geometry().clusterSize()));
    m_facts->setEnabled(true);
    m_panel->setPreview(std::move(preview));
    growToFit();
    updateReady();
}

/// Whether the image's counts are at their end: then a refusal can be helped by a wider width.
bool SnapshotDialog::mayOverflow() const
{
    return m_document.image() && m_document.census()->snapshotsThatFit[m_document.image()->header().refcountOrder] == 0;
}

void SnapshotDialog::jobFailed(const Error& error)
{
    m_costs->setVisible(m_cost.has_value());
    m_panel->setVisible(m_panel->preview() != nullptr);
    TaskDialog::jobFailed(error);
    if (error.kind != ErrorKind::Refused || !m_document.image())
        return;
    const Header& header = m_document.image()->header();
    const bool unsound = header.isDirty() || header.isCorrupt() || !m_document.census()->isClean();
    m_repair->setVisible(unsound);
    m_amend->setVisible(!unsound && mayOverflow());
}

void SnapshotDialog::go()
{
    m_task.name = m_name->text().trimmed().toStdString();
    m_name->setEnabled(false);
    m_copy->setEnabled(false);
    write(
        windowTitle(),
        [desk = m_desk, preview = *m_panel->preview(), work = m_task](const TaskContext& task) mutable {
            preview.edit.edit = snapshotEdit(work); // the preview did not know the name
            return desk->commit(preview, task);
        },
        [this](const std::any& result) { finish(std::any_cast<const Snapshot&>(result)); });
}

void SnapshotDialog::finish(const Snapshot& snapshot)
{
    const QString name = toQString(snapshot.name);
    const QString id = toQString(snapshot.id);
    switch (m_task.what) {
    case What::Create:
        Q_EMIT finishedWith(tr("Snapshot '%1' was created with the ID %2.").arg(name, id));
        break;
    case What::Apply:
        Q_EMIT finishedWith(tr("The disk is again what it was in snapshot '%1' (ID %2).").arg(name, id));
        break;
    case What::Delete:
        Q_EMIT finishedWith(tr("Snapshot '%1' (ID %2) was deleted.").arg(name, id));
        break;
    }
    accept();
}

QString SnapshotDialog::remainsText() const
{
    return tr("The image is as it was.");
}

} // namespace cowscope::ui
