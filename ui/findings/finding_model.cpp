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

/// What the two numbers of a finding are.
enum class Numbers {
    Counts, ///< references and the count stored
    Amounts, ///< a number that should be another
    Entry, ///< a raw entry; what it should be is told in words
    None,
};

Numbers numbersOf(FindingKind kind)
{
    switch (kind) {
    case FindingKind::Leak:
    case FindingKind::RefcountTooLow:
    case FindingKind::RefcountOverflow:
    case FindingKind::RefblockShared:
    case FindingKind::DoubleOwner:
    case FindingKind::CountPastEnd:
        return Numbers::Counts;
    case FindingKind::SnapshotTable:
    case FindingKind::SnapshotWithDataFile:
        return Numbers::Amounts;
    case FindingKind::Unreadable:
        return Numbers::None;
    default:
        return Numbers::Entry;
    }
}

QString tr(const char* text)
{
    return FindingModel::tr(text);
}

} // namespace

QString findingPlace(const Finding& finding, unsigned clusterBits)
{
    const QString first = formatCount(finding.cluster.value());
    const QString offset = formatHex(finding.cluster.value() << clusterBits);
    return finding.clusters == 1 ? tr("cluster %1 (%2)").arg(first, offset)
                                 : tr("%1 clusters from %2 (%3)").arg(formatCount(finding.clusters), first, offset);
}

QString findingExpected(const Finding& finding)
{
    switch (numbersOf(finding.kind)) {
    case Numbers::Counts:
        return finding.expected == 1 ? tr("1 reference") : tr("%1 references").arg(formatCount(finding.expected));
    case Numbers::Amounts:
        return formatCount(finding.expected);
    case Numbers::Entry:
    case Numbers::None:
        break;
    }
    return {};
}

QString findingActual(const Finding& finding)
{
    switch (numbersOf(finding.kind)) {
    case Numbers::Counts:
        return tr("count %1").arg(formatCount(finding.actual));
    case Numbers::Amounts:
        return formatCount(finding.actual);
    case Numbers::Entry:
        return tr("entry %1").arg(formatHex(finding.actual));
    case Numbers::None:
        break;
    }
    return {};
}

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
    case Cluster: {
        const std::uint64_t first = finding.cluster.value();
        return finding.clusters <= 1
            ? formatCount(first)
            : tr("%1 \u2013 %2").arg(formatCount(first), formatCount(first + finding.clusters - 1));
    }
    case Offset:
        return finding.offset ? formatOffset(*finding.offset) : formatHex(finding.cluster.value() << m_clusterBits);
    case Expected:
        return findingExpected(finding);
    case Actual:
        return findingActual(finding);
    case Where:
        return toQString(finding.detail);
    case Rule:
        return toQString(catalogue.rule);
    case Repair:
        return toQString(catalogue.repair);
    default:
        return {};
    }
}

QVariant FindingModel::sortKey(const Finding& finding, int column) const
{
    switch (column) {
    case Severity:
        return -static_cast<int>(finding.severity());
    case Cluster:
        return QVariant::fromValue<qulonglong>(finding.cluster.value());
    case Offset:
        return QVariant::fromValue<qulonglong>(
            finding.offset ? finding.offset->value() : finding.cluster.value() << m_clusterBits);
    case Expected:
        return QVariant::fromValue<qulonglong>(finding.expected);
    case Actual:
        return QVariant::fromValue<qulonglong>(finding.actual);
    default:
        return text(finding, column);
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
    case SortRole:
        return sortKey(found, index.column());
    case Qt::ToolTipRole:
        return plainToolTip(toQString(describe(found, m_clusterBits)));
    case Qt::ForegroundRole:
        if (index.column() == Severity && found.severity() != cowscope::Severity::Note)
            return findingColor(isDark(QGuiApplication::palette()));
        return {};
    default:
        return {};
    }
}

QVariant FindingModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const QString titles[ColumnCount]{tr("Severity"), tr("Finding"), tr("Cluster"), tr("Offset"), tr("Expected"),
        tr("Found"), tr("Where"), tr("Rule"), tr("What a repair would do")};
    return section >= 0 && section < ColumnCount ? titles[section] : QVariant();
}

FindingFilter::FindingFilter(FindingModel* model)
    : QSortFilterProxyModel(model)
    , m_model(model)
{
    setSourceModel(model);
    setSortRole(FindingModel::SortRole);
}

void FindingFilter::setSeverity(std::optional<Severity> severity)
{
    m_severity = severity;
    invalidateRowsFilter();
}

void FindingFilter::setKind(std::optional<FindingKind> kind)
{
    m_kind = kind;
    invalidateRowsFilter();
}

bool FindingFilter::filterAcceptsRow(int row, const QModelIndex& parent) const
{
    if (parent.isValid())
        return false;
    const Finding& finding = m_model->finding(row);
    return (!m_severity || finding.severity() == *m_severity) && (!m_kind || finding.kind == *m_kind);
}

} // namespace cowscope::ui
