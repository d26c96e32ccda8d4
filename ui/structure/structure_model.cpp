// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/structure/structure_model.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/document/selected_clusters.h"

#include <QGuiApplication>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kBatch = 256; ///< rows that one fetchMore() adds at most

enum class Table { None, Reftable, L1 };

} // namespace

struct StructureModel::Node {
    Node* parent = nullptr;
    int row = 0;
    QString label;
    QString toolTip;
    Selection::Value value;
    std::vector<std::unique_ptr<Node>> children;
    std::uint64_t findingsBelow = 0; ///< what the check found wrong in its children, whether they were fetched or not

    // For the two large tables: their used entries become children batch by batch.
    Table table = Table::None;
    std::uint64_t nextEntry = 0; ///< the first used entry that is not a child yet
    std::uint64_t entries = 0;
};

StructureModel::StructureModel(QObject* parent)
    : QAbstractItemModel(parent)
    , m_root(std::make_unique<Node>())
{
}

StructureModel::~StructureModel() = default;

void StructureModel::setImage(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census)
{
    beginResetModel();
    m_image = std::move(image);
    m_findings.clear();
    if (m_image && census)
        indexFindings(*census);
    m_root = std::make_unique<Node>();
    m_reftable = nullptr;
    m_activeL1 = nullptr;
    if (m_image) {
        addHeader();
        addTables();
        addSnapshots();
        addBitmaps();
        addEncryption();
        if (!m_findings.empty())
            carryFindingsUp(*census);
    }
    endResetModel();
}

StructureModel::Node* StructureModel::add(Node& parent, QString label, QString toolTip, Selection::Value value)
{
    auto node = std::make_unique<Node>();
    node->parent = &parent;
    node->row = static_cast<int>(parent.children.size());
    node->label = std::move(label);
    node->toolTip = std::move(toolTip);
    node->value = std::move(value);
    parent.children.push_back(std::move(node));
    return parent.children.back().get();
}

void StructureModel::addHeader()
{
    Node* header = add(*m_root, tr("Header"), tr("%1 bytes at offset 0x0").arg(m_image->header().headerLength),
        ClusterRange{HostCluster(0), 1});
    const auto& extensions = m_image->extensions().raw;
    for (std::size_t i = 0; i < extensions.size(); ++i)
        add(*header, toQString(extensionName(extensions[i].type)),
            tr("Header extension %1, %2 at offset %3")
                .arg(formatHex(extensions[i].type), formatExactBytes(extensions[i].data.size()),
                    formatOffset(extensions[i].offset)),
            FieldSelection{Structure::HeaderExtension, i, extensions[i].offset, 0});
}

void StructureModel::addTables()
{
    const Header& header = m_image->header();
    const auto addTable
        = [this](const QString& label, const QString& toolTip, HostOffset offset, std::uint64_t entries, Table table) {
              Node* node = add(*m_root, label, toolTip, clustersOf(m_image->geometry(), offset, entries * 8));
              node->table = table;
              node->entries = entries;
              node->nextEntry = entryOf(*node, 0);
              return node;
          };
    m_reftable = addTable(tr("Reftable (%1)").arg(formatCount(m_image->reftable().size())),
        tr("Refcount table: %1 entries at offset %2; each leads to a refblock")
            .arg(formatCount(m_image->reftable().size()), formatOffset(header.refcountTableOffset)),
        header.refcountTableOffset, m_image->reftable().size(), Table::Reftable);
    m_activeL1 = addTable(tr("Active L1 (%1)").arg(formatCount(m_image->l1Table().size())),
        tr("Active L1 table: %1 entries at offset %2; each leads to an L2 table")
            .arg(formatCount(m_image->l1Table().size()), formatOffset(header.l1TableOffset)),
        header.l1TableOffset, m_image->l1Table().size(), Table::L1);
}

void StructureModel::addSnapshots()
{
    const auto snapshots = m_image->snapshots();
    Selection::Value table;
    if (!snapshots.empty())
        table = clustersOf(m_image->geometry(), m_image->header().snapshotsOffset, m_image->snapshotTableBytes());
    Node* list = add(*m_root, tr("Snapshots (%1)").arg(formatCount(snapshots.size())), tr("Snapshot table"), table);
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
        const Snapshot& snapshot = snapshots[i];
        Node* node = add(*list, toQString(snapshot.name.empty() ? snapshot.id : snapshot.name),
            tr("Snapshot %1 with id %2").arg(toQString(snapshot.name), toQString(snapshot.id)), SnapshotSelection{i});
        add(*node, tr("L1 table (%1)").arg(formatCount(snapshot.l1Size)),
            tr("The snapshot's own L1 table at offset %1").arg(formatOffset(snapshot.l1TableOffset)),
            clustersOf(m_image->geometry(), snapshot.l1TableOffset, std::uint64_t{snapshot.l1Size} * 8));
    }
}

void StructureModel::addBitmaps()
{
    const auto bitmaps = m_image->bitmaps();
    Selection::Value directory;
    if (const auto& extension = m_image->extensions().bitmaps)
        directory = clustersOf(m_image->geometry(), extension->directoryOffset, extension->directorySize);
    Node* list = add(*m_root, tr("Bitmaps (%1)").arg(formatCount(bitmaps.size())), tr("Bitmap directory"), directory);
    for (std::size_t i = 0; i < bitmaps.size(); ++i)
        add(*list, toQString(bitmaps[i].name),
            tr("Bitmap, one bit for %1").arg(formatBytes(std::uint64_t{1} << bitmaps[i].granularityBits)),
            BitmapSelection{i});
}

void StructureModel::addEncryption()
{
    if (const auto& crypto = m_image->extensions().crypto)
        add(*m_root, tr("Encryption"),
            tr("LUKS header: %1 at offset %2").arg(formatBytes(crypto->length), formatOffset(crypto->offset)),
            clustersOf(m_image->geometry(), crypto->offset, crypto->length));
    else if (m_image->header().cryptMethod == CryptMethod::Aes)
        add(*m_root, tr("Encryption (AES)"), tr("AES needs no structure of its own; see crypt_method in the header"),
            FieldSelection{Structure::Header, 0, HostOffset(0), 6});
}

/// The first used entry of the node's table at or after `index`; node.entries if there is none.
std::uint64_t StructureModel::entryOf(const Node& node, std::uint64_t index) const
{
    while (index < node.entries) {
        const bool used = node.table == Table::Reftable ? m_image->reftableEntry(index).refblockOffset().value() != 0
                                                        : L1Entry{m_image->l1Table()[index]}.l2Offset().value() != 0;
        if (used)
            break;
        ++index;
    }
    return index;
}

std::unique_ptr<StructureModel::Node> StructureModel::makeEntry(Node& parent, std::uint64_t index) const
{
    auto node = std::make_unique<Node>();
    node->parent = &parent;
    node->row = static_cast<int>(parent.children.size());
    const Geometry& geometry = m_image->geometry();
    if (parent.table == Table::Reftable) {
        node->label = tr("Refblock %1").arg(formatCount(index));
        node->toolTip = tr("At offset %1; counts clusters from %2 on")
                            .arg(formatOffset(m_image->reftableEntry(index).refblockOffset()),
                                formatCount(index * geometry.refblockEntries()));
        node->value = RefblockSelection{index};
    } else {
        const HostOffset offset = L1Entry{m_image->l1Table()[index]}.l2Offset();
        node->label = tr("L2 table %1").arg(formatCount(index));
        node->toolTip = tr("At offset %1; maps the guest from %2 on")
                            .arg(formatOffset(offset), formatHex(index * geometry.l2Coverage()));
        node->value = clustersOf(geometry, offset, geometry.clusterSize());
    }
    return node;
}

bool StructureModel::canFetchMore(const QModelIndex& parent) const
{
    const Node* node = nodeAt(parent);
    return parent.column() <= 0 && node->table != Table::None && node->nextEntry < node->entries;
}

void StructureModel::fetchMore(const QModelIndex& parent)
{
    Node* node = nodeAt(parent);
    std::vector<std::unique_ptr<Node>> batch;
    const int first = static_cast<int>(node->children.size());
    while (node->nextEntry < node->entries && batch.size() < kBatch) {
        batch.push_back(makeEntry(*node, node->nextEntry));
        batch.back()->row = first + static_cast<int>(batch.size()) - 1;
        node->nextEntry = entryOf(*node, node->nextEntry + 1);
    }
    if (batch.empty())
        return;
    beginInsertRows(parent, first, first + static_cast<int>(batch.size()) - 1);
    std::ranges::move(batch, std::back_inserter(node->children));
    endInsertRows();
}

Selection::Value StructureModel::selectionOf(const QModelIndex& index) const
{
    return index.isValid() ? nodeAt(index)->value : Selection::Value();
}

QModelIndex StructureModel::find(const Selection::Value& value)
{
    if (std::holds_alternative<std::monostate>(value) || !m_image)
        return {};
    if (const auto* refblock = std::get_if<RefblockSelection>(&value); refblock && m_reftable)
        while (m_reftable->nextEntry <= refblock->reftableIndex && m_reftable->nextEntry < m_reftable->entries)
            fetchMore(indexOf(*m_reftable));
    const Node* node = findIn(*m_root, value);
    return node ? indexOf(*node) : QModelIndex();
}

const StructureModel::Node* StructureModel::findIn(const Node& node, const Selection::Value& value) const
{
    for (const auto& child : node.children) {
        if (child->value == value)
            return child.get();
        if (const Node* found = findIn(*child, value))
            return found;
    }
    return nullptr;
}

StructureModel::Node* StructureModel::nodeAt(const QModelIndex& index) const
{
    return index.isValid() ? static_cast<Node*>(index.internalPointer()) : m_root.get();
}

QModelIndex StructureModel::indexOf(const Node& node) const
{
    return &node == m_root.get() ? QModelIndex() : createIndex(node.row, 0, &node);
}

QModelIndex StructureModel::index(int row, int column, const QModelIndex& parent) const
{
    if (!hasIndex(row, column, parent))
        return {};
    return createIndex(row, column, nodeAt(parent)->children[static_cast<std::size_t>(row)].get());
}

QModelIndex StructureModel::parent(const QModelIndex& child) const
{
    return child.isValid() ? indexOf(*nodeAt(child)->parent) : QModelIndex();
}

int StructureModel::rowCount(const QModelIndex& parent) const
{
    return parent.column() > 0 ? 0 : static_cast<int>(nodeAt(parent)->children.size());
}

int StructureModel::columnCount(const QModelIndex&) const
{
    return ColumnCount;
}

bool StructureModel::hasChildren(const QModelIndex& parent) const
{
    return rowCount(parent) > 0 || canFetchMore(parent);
}

void StructureModel::indexFindings(const Census& census)
{
    for (const Finding& finding : census.findings) {
        m_findings.push_back(finding.cluster);
        if (!finding.offset)
            continue;
        if (const HostCluster holder = m_image->geometry().cluster(*finding.offset); holder != finding.cluster)
            m_findings.push_back(holder);
    }
    std::ranges::sort(m_findings);
}

/// So that a closed branch tells that something in it is wrong.
void StructureModel::carryFindingsUp(const Census& census)
{
    // Refblocks speak for what they count, and that is every cluster.
    m_reftable->findingsBelow = m_findings.size() - findingsOf(m_reftable->value);
    std::vector<HostCluster> tables;
    std::ranges::copy_if(m_findings, std::back_inserter(tables), [&](HostCluster cluster) {
        return cluster < HostCluster(census.map.clusters()) && census.map.owner(cluster) == ClusterOwner::L2Table;
    });
    const auto l1 = tables.empty() ? std::span<const std::uint64_t>() : m_image->l1Table();
    for (const std::uint64_t entry : l1) {
        const auto found = std::ranges::equal_range(tables, m_image->geometry().cluster(L1Entry{entry}.l2Offset()));
        m_activeL1->findingsBelow += found.size();
    }
    sumFindings(*m_root);
}

/// Adds up what was found in children that are all there; returns it together with what was found in `node` itself.
std::uint64_t StructureModel::sumFindings(Node& node)
{
    for (const auto& child : node.children)
        node.findingsBelow += sumFindings(*child);
    return node.findingsBelow + findingsOf(node.value);
}

std::uint64_t StructureModel::findingsIn(const ClusterRange& range) const
{
    const auto first = std::ranges::lower_bound(m_findings, range.first);
    const auto end = std::ranges::find_if_not(
        first, m_findings.end(), [&](HostCluster cluster) { return range.contains(cluster); });
    return static_cast<std::uint64_t>(end - first);
}

/// What is wrong with a structure itself; of a refblock also what is wrong with the clusters that it counts.
std::uint64_t StructureModel::findingsOf(const Selection::Value& value) const
{
    if (m_findings.empty())
        return 0;
    const auto clusters = selectedClusters(value, *m_image);
    std::uint64_t found = clusters ? findingsIn(*clusters) : 0;
    if (const auto* refblock = std::get_if<RefblockSelection>(&value)) {
        const std::uint64_t entries = m_image->geometry().refblockEntries();
        found += findingsIn({HostCluster(refblock->reftableIndex * entries), entries});
    }
    return found;
}

QVariant StructureModel::nameData(const Node& node, int role) const
{
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != Qt::ForegroundRole)
        return {};
    const std::uint64_t findings = findingsOf(node.value) + node.findingsBelow;
    switch (role) {
    case Qt::DisplayRole:
        return findings == 0 ? node.label : tr("\u26a0 %2  %1").arg(node.label, formatCount(findings));
    case Qt::ToolTipRole:
        return plainToolTip(findings == 0 ? node.toolTip
                                          : tr("%1. The check found %2 things wrong here or below; see Findings.")
                                                .arg(node.toolTip, formatCount(findings)));
    case Qt::ForegroundRole:
        return findings == 0 ? QVariant() : findingColor(isDark(QGuiApplication::palette()));
    default:
        return {};
    }
}

QVariant StructureModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const Node* node = nodeAt(index);
    if (role == SelectionRole)
        return QVariant::fromValue(node->value);
    if (index.column() == Name)
        return nameData(*node, role);
    // A header extension is selected by its first field, which is not its size.
    const auto bytes
        = std::holds_alternative<FieldSelection>(node->value) ? std::nullopt : selectedBytes(node->value, *m_image);
    switch (role) {
    case Qt::DisplayRole:
        return bytes ? formatBytes(bytes->count) : QString();
    case Qt::ToolTipRole:
        return bytes ? formatExactBytes(bytes->count) : QString();
    case Qt::TextAlignmentRole:
        return QVariant::fromValue<Qt::Alignment>(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        return QGuiApplication::palette().color(QPalette::PlaceholderText);
    default:
        return {};
    }
}

} // namespace cowscope::ui
