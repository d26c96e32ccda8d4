// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/findings/finding_model.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QGuiApplication>

namespace cowscope::ui
{

namespace
{

/// Findings about counts carry a count and the references; the others a raw entry.
bool isAboutCounts(FindingKind kind)
{
    return kind == FindingKind::Leak || kind == FindingKind::RefcountTooLow || kind == FindingKind::RefcountOverflow;
}

} // namespace

void FindingModel::setCensus(std::shared_ptr<const Census> census, unsigned clusterBits)
{
    beginResetModel();
    m_census = std::move(census);
    m_clusterBits = clusterBits;
    endResetModel();
}

int FindingModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_census ? 0 : static_cast<int>(m_census->findings.size());
}

int FindingModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString FindingModel::text(const Finding& finding, int column) const
{
    const FindingText& catalogue = findingText(finding.kind);
    switch (column) {
    case Severity:
        return severityText(catalogue.severity);
    case Title:
        return toQString(catalogue.title);
    case Where: {
        const QString place
            = finding.offset ? formatOffset(*finding.offset) : formatHex(finding.cluster.value() << m_clusterBits);
        const QString clusters = finding.clusters == 1
            ? tr("cluster %1 (%2)").arg(formatCount(finding.cluster.value()), place)
            : tr("%1 clusters from %2 (%3)")
                  .arg(formatCount(finding.clusters), formatCount(finding.cluster.value()), place);
        return finding.detail.empty() ? clusters : tr("%1, %2").arg(clusters, toQString(finding.detail));
    }
    case Count:
        return isAboutCounts(finding.kind) ? formatCount(finding.actual) : QString();
    case References:
        return isAboutCounts(finding.kind) ? formatCount(finding.expected) : QString();
    case Rule:
        return toQString(catalogue.rule);
    case Repair:
        return toQString(catalogue.repair);
    default:
        return {};
    }
}

QVariant FindingModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const Finding& found = finding(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return text(found, index.column());
    case Qt::ToolTipRole:
        return plainToolTip(toQString(describe(found, m_clusterBits)));
    case Qt::ForegroundRole:
        if (index.column() == Severity && found.severity() != cowscope::Severity::Note)
            return findingColor(isDark(QGuiApplication::palette()));
        return {};
    case Qt::TextAlignmentRole:
        if (index.column() == Count || index.column() == References)
            return QVariant::fromValue<Qt::Alignment>(Qt::AlignRight | Qt::AlignVCenter);
        return {};
    default:
        return {};
    }
}

QVariant FindingModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const QString titles[ColumnCount]{tr("Severity"), tr("Finding"), tr("Where"), tr("Count"), tr("References"),
        tr("Rule"), tr("What a repair would do")};
    return section >= 0 && section < ColumnCount ? titles[section] : QVariant();
}

} // namespace cowscope::ui
