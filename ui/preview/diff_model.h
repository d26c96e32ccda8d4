// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/content_diff.h"
#include "core/analysis/image_diff.h"
#include "ui/document/selection.h"

#include <QAbstractTableModel>

#include <array>
#include <memory>
#include <optional>

namespace cowscope::ui
{

/// What was compared, and how it differs. The guests' contents only where that was asked for.
struct Comparison {
    std::shared_ptr<const Image> first;
    std::shared_ptr<const Image> second;
    ImageDiff metadata;
    std::optional<ContentDiff> contents;
};

/// The differences of a comparison as rows, by index arithmetic: header fields, names, L1 entries, guest ranges,
/// counts, contents. One part of them can be shown alone.
class DiffModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { PartColumn, PlaceColumn, FirstColumn, SecondColumn, ColumnCount };
    enum class Part { Header, Names, L1, Mapping, Counts, Contents };
    static constexpr std::size_t kPartCount = 6;

    using QAbstractTableModel::QAbstractTableModel;

    void setComparison(std::shared_ptr<const Comparison> comparison);
    void setPart(std::optional<Part> part); ///< nothing: all
    void setTitles(const QString& first, const QString& second); ///< of the two columns

    std::size_t count(Part part) const;
    static QString partText(Part part);

    /// What a row is about, in the image that `second` says; monostate where that image has no such place.
    Selection::Value place(int row, bool second) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    struct At {
        Part part = Part::Header;
        std::size_t index = 0;
    };

    At at(int row) const;
    QString text(const At& at, int column) const;
    std::array<QString, 3> texts(const At& at) const; ///< place, first, second

    std::shared_ptr<const Comparison> m_comparison;
    std::optional<Part> m_part;
    QString m_first;
    QString m_second;
};

} // namespace cowscope::ui
