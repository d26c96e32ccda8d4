// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/image/image.h"
#include "ui/document/selection.h"

#include <QAbstractItemModel>

#include <memory>
#include <vector>

namespace cowscope::ui
{

/// The image's structures as a tree. The children of large tables (refblocks, L2 tables) come in batches, as the view
/// scrolls to them: canFetchMore(). Reads no file.
class StructureModel : public QAbstractItemModel
{
    Q_OBJECT

public:
    enum Role {
        SelectionRole = Qt::UserRole, ///< the Selection::Value that the row stands for
    };

    explicit StructureModel(QObject* parent = nullptr);
    ~StructureModel() override;

    enum Column { Name, Size, ColumnCount };

    /// Null: an empty tree. Parts that the census found something wrong with say so.
    void setImage(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census);

    /// What the row at `index` selects.
    Selection::Value selectionOf(const QModelIndex& index) const;

    /// The row that stands for `value`, fetching refblocks up to it where needed; invalid if there is none.
    QModelIndex find(const Selection::Value& value);

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    bool hasChildren(const QModelIndex& parent = {}) const override;
    bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    struct Node;

    Node* nodeAt(const QModelIndex& index) const;
    QModelIndex indexOf(const Node& node) const;
    Node* add(Node& parent, QString label, QString toolTip, Selection::Value value);
    void addHeader();
    void addTables();
    void addSnapshots();
    void addBitmaps();
    void addEncryption();
    const Node* findIn(const Node& node, const Selection::Value& value) const;
    std::uint64_t entryOf(const Node& node, std::uint64_t index) const;
    std::unique_ptr<Node> makeEntry(Node& parent, std::uint64_t index) const;

    void indexFindings(const Census& census);
    void carryFindingsUp(const Census& census);
    std::uint64_t sumFindings(Node& node);
    std::uint64_t findingsIn(const ClusterRange& range) const;
    std::uint64_t findingsOf(const Selection::Value& value) const;
    QVariant nameData(const Node& node, int role) const;

    std::shared_ptr<const Image> m_image;
    std::vector<HostCluster> m_findings; ///< clusters of findings and of the entries that they speak of, sorted
    std::unique_ptr<Node> m_root;
    Node* m_reftable = nullptr;
    Node* m_activeL1 = nullptr;
};

} // namespace cowscope::ui

Q_DECLARE_METATYPE(cowscope::ui::Selection::Value)
