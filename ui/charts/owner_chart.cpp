// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/owner_chart.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QChart>
#include <QChartView>
#include <QEvent>
#include <QGraphicsLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPieSeries>

namespace cowscope::ui
{

OwnerChart::OwnerChart(QWidget* parent)
    : QWidget(parent)
    , m_chart(new QChartView(this))
    , m_ring(new QPieSeries(this))
    , m_table(new QLabel(this))
{
    setObjectName(QStringLiteral("ownerChart"));
    setAccessibleName(tr("Use of the file by owner"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    m_chart->setFrameShape(QFrame::NoFrame);
    m_chart->setRenderHint(QPainter::Antialiasing);
    m_chart->setMinimumSize(160, 180);
    m_chart->setFocusPolicy(Qt::NoFocus);
    m_chart->chart()->legend()->hide();
    m_chart->chart()->setMargins(QMargins(0, 0, 0, 0));
    m_chart->chart()->setBackgroundRoundness(0);
    m_chart->chart()->layout()->setContentsMargins(0, 0, 0, 0);
    m_ring->setHoleSize(0.5);
    m_ring->setPieSize(0.9);
    m_chart->chart()->addSeries(m_ring);
    m_table->setObjectName(QStringLiteral("ownerTable"));
    m_table->setTextFormat(Qt::RichText);
    m_table->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 0, 8, 0);
    layout->addWidget(m_chart, 1);
    layout->addWidget(m_table);
}

void OwnerChart::setCensus(std::shared_ptr<const Census> census, unsigned clusterBits)
{
    m_census = std::move(census);
    m_clusterBits = clusterBits;
    redraw();
}

void OwnerChart::redraw()
{
    m_ring->clear();
    m_chart->setBackgroundBrush(palette().color(QPalette::Base));
    m_chart->chart()->setBackgroundBrush(palette().color(QPalette::Base));
    if (!m_census)
        return;
    for (std::size_t i = 0; i < kOwnerCount; ++i) {
        const std::uint64_t clusters = m_census->clustersByOwner[i];
        if (clusters == 0)
            continue;
        const auto owner = static_cast<ClusterOwner>(i);
        QPieSlice* slice = m_ring->append(ownerText(owner), static_cast<qreal>(clusters));
        slice->setColor(ownerColor(owner, isDark(palette())));
        slice->setBorderColor(palette().color(QPalette::Base));
    }
    m_table->setText(tableHtml());
}

QString OwnerChart::tableHtml() const
{
    const bool dark = isDark(palette());
    QString html = QStringLiteral("<table cellspacing=\"0\" cellpadding=\"2\">");
    for (std::size_t i = 0; i < kOwnerCount; ++i) {
        const std::uint64_t clusters = m_census->clustersByOwner[i];
        if (clusters == 0)
            continue;
        const auto owner = static_cast<ClusterOwner>(i);
        const QColor color = ownerColor(owner, dark);
        html += QStringLiteral("<tr><td style=\"background-color:%1;color:%2\">&nbsp;%3&nbsp;</td><td>&nbsp;%4</td>"
                               "<td align=\"right\">&nbsp;%5</td><td align=\"right\">&nbsp;%6</td></tr>")
                    .arg(color.name(), textColorOn(color).name(), QString(QLatin1Char(ownerLetter(owner))),
                        ownerText(owner).replace(u' ', QStringLiteral("&nbsp;")),
                        formatBytes(clusters << m_clusterBits).replace(u' ', QStringLiteral("&nbsp;")),
                        formatPercent(clusters, m_census->map.clusters())
                            .replace(u'<', QStringLiteral("&lt;"))
                            .replace(u' ', QStringLiteral("&nbsp;")));
    }
    return html + QStringLiteral("</table>");
}

void OwnerChart::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        redraw();
}

} // namespace cowscope::ui
