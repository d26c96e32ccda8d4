// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_cell.h"
#include "core/image/image.h"
#include "ui/reftable/refblock_use.h"

#include <QWidget>

#include <memory>
#include <optional>

namespace cowscope::ui
{

/// Which refblocks exist and how full they are, one cell for each entry of the reftable that counts clusters of the
/// file, or for a power of two of neighbours where there is no room for that. A click selects, the arrows go on.
class ReftableOverview : public QWidget
{
    Q_OBJECT

public:
    explicit ReftableOverview(QWidget* parent = nullptr);

    void setUses(std::shared_ptr<const Image> image, std::vector<RefblockUse> uses); ///< null: nothing
    void setSelected(std::optional<std::uint64_t> entry); ///< shows it, emits nothing

    std::optional<std::uint64_t> entryAt(QPoint point) const; ///< the first one of the cell there
    QRect cellRect(std::uint64_t entry) const;
    QString describe(std::uint64_t entry) const; ///< the cell of that entry, for a tooltip

    QSize sizeHint() const override { return {400, kHeight}; }

Q_SIGNALS:
    void selectedByUser(std::uint64_t entry);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    static constexpr int kHeight = 66;

    void arrange();
    RefblockFill fill(std::uint64_t firstEntry) const;
    std::uint64_t entries() const { return m_uses.size(); }

    std::shared_ptr<const Image> m_image;
    std::vector<RefblockUse> m_uses;
    std::optional<std::uint64_t> m_selected;
    std::uint64_t m_perCell = 1; ///< entries
    int m_columns = 1;
    int m_cell = 14; ///< pixels
};

} // namespace cowscope::ui
