// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/now_page.h"

#include "ui/common/fact_list.h"
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
}

} // namespace cowscope::ui
