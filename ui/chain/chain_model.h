// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/chain_survey.h"

#include <QAbstractTableModel>

namespace cowscope::ui
{

/// A name from an image as text that can be shown anywhere: control characters, and those that turn the direction of
/// writing, are spelled out.
QString visibleName(const std::string& name);

/// The files of a chain, one a row. Names are untrusted and shown as visibleName().
class ChainModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column {
        RoleColumn,
        NameColumn,
        StateColumn,
        FormatColumn,
        VirtualColumn,
        FileColumn,
        ClusterColumn,
        WidthColumn,
        SnapshotColumn,
        ColumnCount
    };

    using QAbstractTableModel::QAbstractTableModel;

    void setFiles(std::vector<ChainFile> files);
    const std::vector<ChainFile>& files() const { return m_files; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::vector<ChainFile> m_files;
};

} // namespace cowscope::ui
