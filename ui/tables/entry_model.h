// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/analysis/entry_list.h"
#include "ui/document/selection.h"

#include <QAbstractTableModel>

#include <memory>

namespace cowscope::ui
{

/// One page of the entries of a disk's tables, decoded. A view keeps a few bytes for each row of its model, and an
/// image may have billions of entries: hence pages.
class EntryModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Index, Guest, Place, Raw, Target, Kind, Copied, Remark, ColumnCount };
    static constexpr std::uint64_t kPageRows = 1U << 16;

    using QAbstractTableModel::QAbstractTableModel;

    /// A null image empties the model.
    void setEntries(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census, const EntryQuery& query,
        std::vector<TableEntry> entries);

    const std::vector<TableEntry>& entries() const { return m_entries; }
    const TableEntry& entryAt(int row) const { return m_entries[static_cast<std::size_t>(row)]; }

    /// The bytes of an entry in the file.
    ByteRange bytesOf(const TableEntry& entry) const;

    /// The clusters that an entry leads to, if they are in the file.
    std::optional<ClusterRange> targetOf(const TableEntry& entry) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(const TableEntry& entry, int column) const;
    QString kindText(const TableEntry& entry) const;
    QString remark(const TableEntry& entry) const;

    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const Census> m_census;
    EntryQuery m_query;
    std::vector<TableEntry> m_entries;
};

} // namespace cowscope::ui
