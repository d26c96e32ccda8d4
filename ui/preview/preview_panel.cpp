// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preview/preview_panel.h"

#include "ui/common/format.h"
#include "ui/common/notice_box.h"
#include "ui/common/table.h"
#include "ui/common/text_label.h"
#include "ui/preview/diff_model.h"
#include "ui/preview/map_pair.h"
#include "ui/preview/preview_text.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QSettings>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{
const QString kUnfoldedKey = QStringLiteral("preview/unfolded");
constexpr int kMapTab = 0;
constexpr int kDifferencesTab = 1;
} // namespace

PreviewPanel::PreviewPanel(QWidget* parent)
    : QWidget(parent)
    , m_fold(new QToolButton(this))
    , m_summary(makeTextLabel(QStringLiteral("previewSummary"), this))
    , m_harm(new NoticeBox(QStringLiteral("previewHarm"), this))
    , m_tabs(new QTabWidget(this))
    , m_maps(new MapPair(this))
    , m_differences(new DiffModel(this))
{
    setObjectName(QStringLiteral("previewPanel"));
    m_fold->setObjectName(QStringLiteral("previewFold"));
    m_fold->setText(tr("What would change"));
    m_fold->setToolTip(tr("Shows or hides the maps and the differences before and after"));
    m_fold->setCheckable(true);
    m_fold->setAutoRaise(true);
    m_fold->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_summary->setAccessibleName(tr("What would change"));
    m_tabs->setObjectName(QStringLiteral("previewTabs"));
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(m_maps, tr("&Map"));
    m_tabs->addTab(makeDifferences(), tr("&Differences"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    layout->addWidget(m_fold, 0, Qt::AlignLeft);
    layout->addWidget(m_summary);
    layout->addWidget(m_harm);
    layout->addWidget(m_tabs, 1);
    connect(m_fold, &QToolButton::toggled, this, [this](bool open) {
        unfold(open);
        QSettings().setValue(kUnfoldedKey, open);
        Q_EMIT folded(!open);
    });
    const bool open = QSettings().value(kUnfoldedKey, true).toBool();
    const QSignalBlocker quiet(m_fold);
    m_fold->setChecked(open);
    unfold(open);
    setPreview(nullptr);
}

QWidget* PreviewPanel::makeDifferences()
{
    auto* table = makeTable(QStringLiteral("previewDifferences"), tr("Differences before and after"), this);
    m_differences->setTitles(tr("Before"), tr("After"));
    table->setModel(m_differences);
    setColumnWidths(*table, {12, 32, 28, 28});
    return table;
}

void PreviewPanel::unfold(bool open)
{
    m_fold->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
    m_tabs->setVisible(open);
    setSizePolicy(QSizePolicy::Preferred, open ? QSizePolicy::Expanding : QSizePolicy::Maximum);
}

void PreviewPanel::setPreview(std::shared_ptr<const ShownPreview> preview)
{
    m_preview = std::move(preview);
    m_maps->setPreview(m_preview);
    m_tabs->setEnabled(m_preview != nullptr);
    if (!m_preview) {
        m_summary->setText(tr("Not known yet."));
        m_harm->clear();
        m_differences->setComparison(nullptr);
        m_tabs->setTabText(kDifferencesTab, tr("&Differences"));
        return;
    }
    const EditPreview& edit = m_preview->edit;
    m_summary->setText(previewSummary(edit));
    m_harm->setNotice(NoticeBox::Kind::Danger, previewHarm(edit));
    m_differences->setComparison(
        std::make_shared<const Comparison>(Comparison{edit.before.image, edit.after.image, edit.diff, {}}));
    m_tabs->setTabText(kDifferencesTab,
        tr("&Differences (%1)").arg(formatCount(static_cast<std::uint64_t>(m_differences->rowCount()))));
    m_tabs->setTabText(kMapTab, tr("&Map"));
}

} // namespace cowscope::ui
