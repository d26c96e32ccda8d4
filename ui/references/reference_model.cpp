// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/references/reference_model.h"

#include "ui/common/format.h"

namespace cowscope::ui
{

void ReferenceModel::setReferences(std::shared_ptr<const Image> image, ClusterReferences found)
{
    beginResetModel();
    m_image = std::move(image);
    m_found = std::move(found);
    endResetModel();
}

const Reference& ReferenceModel::reference(int row) const
{
    return m_found.references.list[static_cast<std::size_t>(row) - m_found.referrers.size()];
}

ReferenceModel::Target ReferenceModel::target(int row) const
{
    if (isReferrer(row))
        return {m_image->geometry().cluster(m_found.referrers[static_cast<std::size_t>(row)].slot), 1};
    return {reference(row).first, reference(row).clusters};
}

int ReferenceModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_found.referrers.size() + m_found.references.list.size());
}

int ReferenceModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString ReferenceModel::text(int row, int column) const
{
    const Target to = target(row);
    const QString cluster = formatCount(to.first.value());
    if (column == ClusterColumn)
        return to.clusters == 1 ? cluster
                                : tr("%1 to %2").arg(cluster, formatCount(to.first.value() + to.clusters - 1));
    if (isReferrer(row)) {
        const Referrer& referrer = m_found.referrers[static_cast<std::size_t>(row)];
        return column == DirectionColumn ? tr("referred to by")
            : column == RoleColumn       ? tr("as %1").arg(ownerText(referrer.as))
                                         : toQString(referrer.text(*m_image));
    }
    return column == DirectionColumn ? tr("refers to")
        : column == RoleColumn       ? ownerText(reference(row).as)
                                     : tr("entry at %1").arg(formatOffset(reference(row).slot));
}

QVariant ReferenceModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    if (role == Qt::DisplayRole)
        return text(index.row(), index.column());
    if (role == Qt::ToolTipRole)
        return plainToolTip(text(index.row(), index.column()));
    return {};
}

QVariant ReferenceModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case DirectionColumn:
        return tr("Direction");
    case RoleColumn:
        return tr("What");
    case EntryColumn:
        return tr("Entry");
    case ClusterColumn:
        return tr("Leads to cluster");
    default:
        return {};
    }
}

} // namespace cowscope::ui
