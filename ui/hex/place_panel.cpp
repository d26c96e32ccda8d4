// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hex/place_panel.h"

#include "core/base/big_endian.h"
#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/hex/byte_cache.h"
#include "ui/hex/hex_text.h"

#include <QHeaderView>
#include <QLabel>
#include <QStandardItemModel>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kFirstRole = Qt::UserRole;
constexpr int kCountRole = Qt::UserRole + 1;
constexpr std::uint64_t kMostDecoded = 1U << 16; ///< of a structure, bytes
constexpr std::uint64_t kMostText = 256;

} // namespace

PlacePanel::PlacePanel(ByteCache& cache, QWidget* parent)
    : QWidget(parent)
    , m_cache(cache)
    , m_title(new QLabel(this))
    , m_model(new QStandardItemModel(0, 2, this))
    , m_table(makeTable(QStringLiteral("placeTable"), tr("Decoded structure"), this))
{
    m_title->setObjectName(QStringLiteral("placeTitle"));
    m_title->setWordWrap(true);
    m_title->setMargin(4);
    m_title->setTextFormat(Qt::PlainText);
    m_model->setHorizontalHeaderLabels({tr("Field"), tr("Value")});
    m_table->setModel(m_model);
    setColumnWidths(*m_table, {19});
    m_table->horizontalHeader()->setStretchLastSection(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_title);
    layout->addWidget(m_table, 1);
    connect(&cache, &ByteCache::loaded, this, [this] {
        if (!m_complete)
            refresh();
    });
    const auto choose = [this](const QModelIndex& index) {
        const QModelIndex first = index.siblingAtColumn(0);
        if (const QVariant offset = first.data(kFirstRole); offset.isValid())
            Q_EMIT fieldChosen({HostOffset(offset.toULongLong()), first.data(kCountRole).toULongLong()});
    };
    connect(m_table, &QTableView::clicked, this, choose);
    connect(m_table, &QTableView::activated, this, choose);
}

void PlacePanel::setImage(std::shared_ptr<const Image> image, std::shared_ptr<const ClusterMap> map)
{
    m_image = std::move(image);
    m_map = std::move(map);
    refresh();
}

void PlacePanel::showPlace(HostOffset offset)
{
    m_offset = offset;
    refresh();
}

void PlacePanel::addRow(
    const QString& name, const QString& value, const QString& help, const std::optional<ByteRange>& range)
{
    QList<QStandardItem*> row{new QStandardItem(name), new QStandardItem(value)};
    for (QStandardItem* item : row)
        item->setToolTip(plainToolTip(help.isEmpty() ? value : help));
    if (range) {
        row[0]->setData(QVariant::fromValue<qulonglong>(range->first.value()), kFirstRole);
        row[0]->setData(QVariant::fromValue<qulonglong>(range->count), kCountRole);
    }
    m_model->appendRow(row);
    if (range && range->contains(m_offset) && !m_table->currentIndex().isValid())
        showRow(*m_table, m_model->rowCount() - 1); // the field that the cursor is in
}

void PlacePanel::refresh()
{
    m_model->removeRows(0, m_model->rowCount());
    m_table->setCurrentIndex({});
    m_title->clear();
    m_target.reset();
    m_complete = true;
    if (!m_image || m_offset.value() >= m_image->fileSize())
        return;
    const BytePlace place = bytePlace(*m_image, *m_map, m_offset);
    m_title->setText(toQString(place.name));
    const auto bytes = m_cache.bytes(place.start.value(), std::min(place.bytes, kMostDecoded));
    m_complete = bytes.has_value();
    if (bytes && place.kind == BytePlace::Kind::Fields)
        addFields(place, *bytes);
    else if (bytes && place.kind == BytePlace::Kind::Counts)
        addCounts(place, *bytes);
    else if (bytes && place.kind == BytePlace::Kind::Text)
        addRow(tr("text"), plainText(std::span(*bytes).first(std::min<std::size_t>(bytes->size(), kMostText))), {},
            ByteRange{place.start, place.bytes});
    else
        addRow(tr("owner"), ownerText(place.owner), {}, ByteRange{place.start, place.bytes});
    addNumbers();
}

void PlacePanel::addFields(const BytePlace& place, std::span<const std::byte> bytes)
{
    const std::uint64_t at = m_offset - place.start;
    for (const Field& field : fieldsOf(structureOf(place, bytes))) {
        const FieldValue value = readField(field, bytes);
        const QString help = tr("%1 Legal values: %2.").arg(toQString(field.meaning), toQString(field.legal));
        const ByteRange range{place.start + field.offset, field.bytes};
        if (!value.present && field.bytes > 8 && bytes.size() >= std::size_t{field.offset} + field.bytes)
            addRow(
                toQString(field.name), plainText(bytes.subspan(field.offset, field.bytes)).remove(u'.'), help, range);
        if (!value.present)
            continue;
        addRow(toQString(field.name), formatField(field, value.number), help, range);
        const bool here = at >= field.offset && at < std::uint64_t{field.offset} + field.bytes;
        if (here && field.unit == FieldUnit::Offset && field.bits != 62 && value.number != 0
            && value.number < m_image->fileSize())
            m_target = HostOffset(value.number);
        if (here && field.bits == 62) { // a compressed descriptor: the offset is a part of it
            const L2Entry entry{loadBigEndian<std::uint64_t>(bytes)};
            const CompressedDescriptor stored = entry.compressedDescriptor(m_image->geometry().clusterBits());
            addRow(tr("data offset"), formatOffset(stored.offset), {}, range);
            addRow(tr("sectors"), formatCount(stored.sectors), {}, range);
            if (stored.offset.value() < m_image->fileSize())
                m_target = stored.offset;
        }
    }
}

void PlacePanel::addCounts(const BytePlace& place, std::span<const std::byte> bytes)
{
    const Geometry& geometry = m_image->geometry();
    const RefcountCodec codec = geometry.refcountCodec();
    const auto refblock = geometry.offset(geometry.cluster(m_offset));
    std::optional<std::uint64_t> first;
    for (std::uint64_t i = 0; i < m_image->reftable().size() && !first; ++i)
        if (m_image->reftableEntry(i).refblockOffset() == refblock)
            first = i * geometry.refblockEntries() + place.index;
    for (std::uint64_t i = 0; i < codec.entriesIn(bytes.size()); ++i) {
        const QString name
            = first ? tr("cluster %1").arg(formatCount(*first + i)) : tr("entry %1").arg(formatCount(place.index + i));
        addRow(name, tr("count %1").arg(formatCount(codec.get(bytes, i))),
            tr("Entry %1 of this refblock, %2")
                .arg(formatCount(place.index + i), codec.bits() == 1 ? tr("1 bit") : tr("%1 bits").arg(codec.bits())),
            ByteRange{place.start, place.bytes});
    }
    if (first)
        m_target = geometry.offset(HostCluster(*first));
}

void PlacePanel::addNumbers()
{
    const auto bytes = m_cache.bytes(m_offset.value(), 8);
    m_complete = m_complete && bytes;
    if (!bytes)
        return;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes->size(); ++i) {
        number = number << 8 | std::to_integer<std::uint64_t>((*bytes)[i]);
        const std::size_t width = i + 1;
        if (width == 1 || width == 2 || width == 4 || width == 8)
            addRow(tr("%1 bits from here").arg(width * 8), tr("%1 = %2").arg(formatHex(number), formatCount(number)),
                tr("Big endian, as all of qcow2"), ByteRange{m_offset, width});
    }
}

} // namespace cowscope::ui
