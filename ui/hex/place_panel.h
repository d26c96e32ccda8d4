// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/byte_place.h"
#include "ui/document/selection.h"

#include <QWidget>

#include <optional>

class QLabel;
class QStandardItemModel;
class QTableView;

namespace cowscope::ui
{

class ByteCache;

/// The structure around one byte, decoded: its fields by the field catalogue, its counts, or its text, and the byte as
/// the beginning of a number.
class PlacePanel : public QWidget
{
    Q_OBJECT

public:
    explicit PlacePanel(ByteCache& cache, QWidget* parent = nullptr);

    void setImage(std::shared_ptr<const Image> image, std::shared_ptr<const ClusterMap> map);
    void showPlace(HostOffset offset);

    /// Where the field at the place leads to, if it is an offset that lies in the file.
    std::optional<HostOffset> target() const { return m_target; }

Q_SIGNALS:
    void fieldChosen(const cowscope::ui::ByteRange& range); ///< a row was clicked or entered

private:
    void refresh();
    void addRow(const QString& name, const QString& value, const QString& help = {},
        const std::optional<ByteRange>& range = std::nullopt);
    void addFields(const BytePlace& place, std::span<const std::byte> bytes);
    void addCounts(const BytePlace& place, std::span<const std::byte> bytes);
    void addNumbers();

    ByteCache& m_cache;
    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const ClusterMap> m_map;
    HostOffset m_offset;
    std::optional<HostOffset> m_target;
    bool m_complete = true; ///< nothing is missing in the cache
    QLabel* m_title;
    QStandardItemModel* m_model;
    QTableView* m_table;
};

} // namespace cowscope::ui
