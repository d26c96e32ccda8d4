// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/now_page.h"

#include "ui/common/fact_list.h"
#include "ui/common/notice_box.h"
#include "ui/common/plots/distribution_chart.h"

#include <QFileInfo>
#include <QHBoxLayout>

namespace cowscope::ui
{

NowPage::NowPage(WizardState& state)
    : WizardPage(PageId::Now, tr("The counts of this image"),
        tr("How %1 counts the users of its clusters today.").arg(QFileInfo(state.path).fileName()), state)
{
    auto* facts = new FactList(this);
    facts->setFacts(presentFacts(state.before));
    auto* chart = new DistributionChart(this);
    chart->setHistogram(state.census->histogram);

    auto* columns = new QHBoxLayout;
    columns->setSpacing(18);
    columns->addWidget(facts, 5);
    columns->addWidget(chart, 6);
    body().addLayout(columns, 1);
    if (state.image->header().isDirty()) {
        auto* dirty = new NoticeBox(QStringLiteral("markedDirty"), this);
        dirty->setNotice(NoticeBox::Kind::Warning,
            tr("<b>The image is marked dirty:</b> it was not closed properly, and its counts may be out of date. "
               "Repair "
               "it first: no width can be chosen before."));
        body().addWidget(dirty);
    }
}

} // namespace cowscope::ui
