// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chain/chain_model.h"

#include "ui/common/format.h"

namespace cowscope::ui
{

namespace
{

QString roleText(const ChainFile& file)
{
    switch (file.role) {
    case ChainRole::Image:
        return ChainModel::tr("0: this image");
    case ChainRole::Backing:
        return ChainModel::tr("%1: backing file").arg(file.depth);
    case ChainRole::Data:
        return ChainModel::tr("%1: data file").arg(file.depth);
    }
    return {};
}

QString stateText(const ChainFile& file)
{
    if (file.error)
        return toQString(file.error->what);
    if (!file.facts)
        return ChainModel::tr("not opened");
    return file.facts->problem.empty() ? ChainModel::tr("opened") : toQString(file.facts->problem);
}

QString formatText(const ChainFile& file)
{
    const QString named = file.namedFormat.empty() ? ChainModel::tr("not named") : visibleName(file.namedFormat);
    if (!file.facts || file.role == ChainRole::Data)
        return named;
    const QString found
        = file.facts->isImage ? ChainModel::tr("qcow2 v%1").arg(file.facts->version) : QStringLiteral("raw");
    return file.namedFormat.empty() ? ChainModel::tr("%1 (not named)").arg(found) : found;
}

QString cellText(const ChainFile& file, int column)
{
    switch (column) {
    case ChainModel::RoleColumn:
        return roleText(file);
    case ChainModel::NameColumn:
        return visibleName(file.named);
    case ChainModel::StateColumn:
        return stateText(file);
    case ChainModel::FormatColumn:
        return formatText(file);
    default:
        break;
    }
    if (!file.facts)
        return {};
    const LayerFacts& facts = *file.facts;
    if (column == ChainModel::VirtualColumn)
        return formatBytes(facts.virtualSize);
    if (column == ChainModel::FileColumn)
        return formatBytes(facts.fileSize);
    if (!facts.isImage)
        return {};
    switch (column) {
    case ChainModel::ClusterColumn:
        return formatBytes(facts.clusterSize);
    case ChainModel::WidthColumn:
        return facts.refcountBits == 1 ? ChainModel::tr("1 bit") : ChainModel::tr("%1 bits").arg(facts.refcountBits);
    case ChainModel::SnapshotColumn:
        return formatCount(facts.snapshots);
    default:
        return {};
    }
}

} // namespace

QString visibleName(const std::string& name)
{
    QString text;
    for (const QChar c : toQString(name)) {
        const bool hidden = c.category() == QChar::Other_Control || c.category() == QChar::Other_Format
            || c.category() == QChar::Separator_Line || c.category() == QChar::Separator_Paragraph;
        text += hidden ? QStringLiteral("\\u%1").arg(c.unicode(), 4, 16, QLatin1Char('0')) : QString(c);
    }
    return text;
}

void ChainModel::setFiles(std::vector<ChainFile> files)
{
    beginResetModel();
    m_files = std::move(files);
    endResetModel();
}

int ChainModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_files.size());
}

int ChainModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ChainModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const ChainFile& file = m_files[static_cast<std::size_t>(index.row())];
    if (role == Qt::DisplayRole)
        return cellText(file, index.column());
    if (role == Qt::ToolTipRole)
        return plainToolTip(index.column() == NameColumn ? visibleName(file.path) : cellText(file, index.column()));
    return {};
}

QVariant ChainModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case RoleColumn:
        return tr("Layer");
    case NameColumn:
        return tr("Named as");
    case StateColumn:
        return tr("State");
    case FormatColumn:
        return tr("Format");
    case VirtualColumn:
        return tr("Disk");
    case FileColumn:
        return tr("File");
    case ClusterColumn:
        return tr("Clusters");
    case WidthColumn:
        return tr("Counts");
    case SnapshotColumn:
        return tr("Snapshots");
    default:
        return {};
    }
}

} // namespace cowscope::ui
