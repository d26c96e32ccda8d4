// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/share_chart.h"

#include "core/report/report_charts.h"
#include "ui/common/format.h"

#include <QBarCategoryAxis>
#include <QBarSet>
#include <QChart>
#include <QCursor>
#include <QEvent>
#include <QGraphicsLayout>
#include <QLegend>
#include <QStackedBarSeries>
#include <QToolTip>
#include <QValueAxis>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

struct Row {
    QString label;
    SpaceShare share;
};

std::vector<Row> rowsOf(const Image& image, const SpaceLedger& ledger)
{
    constexpr int kLabelLetters = 14;
    std::vector<Row> rows{{ShareChart::tr("active disk"), ledger.active}};
    for (const std::size_t i : snapshotsToShow(ledger, ShareChart::kMostSnapshots)) {
        const Snapshot& snapshot = image.snapshots()[i];
        QString name = toQString(snapshot.name.empty() ? snapshot.id : snapshot.name);
        if (name.size() > kLabelLetters)
            name = name.left(kLabelLetters - 1) + QChar(0x2026);
        // Categories of an axis are told apart by their text.
        rows.push_back({QStringLiteral("%1: %2").arg(i + 1).arg(name), ledger.snapshots[i]});
    }
    return rows;
}

/// The unit in which the largest bar has a number that can be read.
std::pair<double, QString> unitFor(std::uint64_t most)
{
    double unit = 1;
    const char* const names[]{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t name = 0;
    while (static_cast<double>(most) / unit >= 1024 && name + 1 < std::size(names)) {
        unit *= 1024;
        ++name;
    }
    return {unit, QString::fromLatin1(names[name])};
}

} // namespace

ShareChart::ShareChart(QWidget* parent)
    : QChartView(parent)
{
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setMinimumSize(240, 180);
    setFocusPolicy(Qt::NoFocus);
    setObjectName(QStringLiteral("shareChart"));
    setAccessibleName(tr("Exclusive and shared space of each snapshot"));
    chart()->setMargins(QMargins(0, 0, 0, 0));
    chart()->setBackgroundRoundness(0);
    chart()->layout()->setContentsMargins(0, 0, 0, 0);
    chart()->legend()->setAlignment(Qt::AlignTop);
    applyPalette();
}

void ShareChart::clear()
{
    m_exclusive = nullptr;
    m_shared = nullptr;
    chart()->removeAllSeries();
    const QList<QAbstractAxis*> axes = chart()->axes();
    for (QAbstractAxis* axis : axes) {
        chart()->removeAxis(axis);
        delete axis;
    }
}

void ShareChart::setLedger(const Image& image, const SpaceLedger& ledger)
{
    clear();
    const std::vector<Row> rows = rowsOf(image, ledger);
    std::uint64_t most = 1;
    for (const Row& row : rows)
        most = std::max(most, row.share.total());
    const auto [unit, unitName] = unitFor(most);
    m_exclusive = new QBarSet(tr("exclusive"));
    m_shared = new QBarSet(tr("shared"));
    QStringList labels;
    QStringList tips;
    for (const Row& row : rows) {
        m_exclusive->append(static_cast<double>(row.share.exclusive) / unit);
        m_shared->append(static_cast<double>(row.share.shared) / unit);
        labels += row.label;
        tips += tr("%1: %2 exclusive, %3 shared")
                    .arg(row.label, formatBytes(row.share.exclusive), formatBytes(row.share.shared));
    }
    auto* series = new QStackedBarSeries;
    series->append(m_exclusive);
    series->append(m_shared);
    series->setBarWidth(0.7);
    chart()->addSeries(series);
    auto* names = new QBarCategoryAxis;
    names->append(labels);
    names->setGridLineVisible(false);
    chart()->addAxis(names, Qt::AlignBottom);
    series->attachAxis(names);
    auto* values = new QValueAxis;
    values->setRange(0, static_cast<double>(most) / unit);
    values->applyNiceNumbers();
    values->setTitleText(unitName);
    chart()->addAxis(values, Qt::AlignLeft);
    series->attachAxis(values);
    connect(series, &QStackedBarSeries::hovered, this, [this, tips](bool entered, int index) {
        if (entered && index >= 0 && index < tips.size())
            QToolTip::showText(QCursor::pos(), plainToolTip(tips[index]), this);
        else
            QToolTip::hideText();
    });
    setAccessibleDescription(tips.join(tr("; ")));
    applyPalette();
}

void ShareChart::changeEvent(QEvent* event)
{
    QChartView::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
}

void ShareChart::applyPalette()
{
    const QColor text = palette().color(QPalette::Text);
    QColor grid = text;
    grid.setAlphaF(0.15F);
    QColor muted = text;
    muted.setAlphaF(0.35F);
    setBackgroundBrush(palette().color(QPalette::Base));
    chart()->setBackgroundBrush(palette().color(QPalette::Base));
    chart()->legend()->setLabelColor(text);
    const QList<QAbstractAxis*> axes = chart()->axes();
    for (QAbstractAxis* axis : axes) {
        axis->setLabelsColor(text);
        axis->setTitleBrush(text);
        axis->setLinePenColor(text);
        axis->setGridLineColor(grid);
    }
    if (m_exclusive) {
        m_exclusive->setColor(palette().color(QPalette::Highlight));
        m_shared->setColor(muted);
    }
}

} // namespace cowscope::ui
