// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/space_ledger.h"
#include "core/image/image.h"

#include <QAbstractTableModel>

#include <memory>

namespace cowscope::ui
{

/// A line of the ledger as the table shows it.
struct LedgerLine {
    QString name;
    QString toolTip = {};
    ClusterOwner owner = ClusterOwner::Free; ///< whose colour it has
    std::uint64_t bytes = 0;
    std::uint64_t holes = 0;
    std::uint64_t clusters = 0;
    std::vector<ClusterSpan> runs = {}; ///< the first of its runs
    std::uint64_t allRuns = 0;
    bool total = false; ///< the sum of all lines
};

/// The uses of the file that there are, and their sum.
class LedgerModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Use, Bytes, Share, Holes, Clusters, Runs, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setLedger(std::shared_ptr<const SpaceLedger> ledger); ///< null: no rows
    const LedgerLine& line(int row) const { return m_lines[static_cast<std::size_t>(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(const LedgerLine& line, int column) const;

    std::vector<LedgerLine> m_lines;
    std::uint64_t m_fileBytes = 0;
};

/// What the active disk and each snapshot use alone and together with others.
class ShareModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, Exclusive, Shared, Total, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setLedger(std::shared_ptr<const Image> image, std::shared_ptr<const SpaceLedger> ledger);
    const SpaceShare& share(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::uint64_t bytes(int row, int column) const;

    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const SpaceLedger> m_ledger;
};

/// "guest data of the active disk only", ...: translated.
QString spaceUseText(SpaceUse use);

} // namespace cowscope::ui
