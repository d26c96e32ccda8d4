// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/byte_place.h"
#include "ui/document/selection.h"

#include <QAbstractScrollArea>

#include <memory>
#include <optional>

namespace cowscope::ui
{

class ByteCache;

/// The bytes of an image file as rows of hex and text, coloured by the owner of their cluster and by the structures in
/// it. Rows and offsets have 64 bits, whatever a scroll bar can count. Shows what the cache has, and asks it for what
/// is on the screen.
class HexView : public QAbstractScrollArea
{
    Q_OBJECT

public:
    explicit HexView(ByteCache& cache, QWidget* parent = nullptr);

    /// Null: nothing is shown.
    void setImage(std::shared_ptr<const Image> image, std::shared_ptr<const ClusterMap> map);

    /// Marks a range and brings its first byte on the screen.
    void setSelected(const std::optional<ByteRange>& range);

    std::optional<ByteRange> selected() const { return m_selected; }
    std::uint64_t cursor() const { return m_cursor; }
    std::uint64_t firstVisible() const { return m_topRow * m_perRow; }
    int bytesPerRow() const { return static_cast<int>(m_perRow); }

    /// Where the hex digits of a byte are in the viewport; empty if it is not on the screen.
    QRect byteRect(std::uint64_t offset) const;

    /// "0x50038: 80, L2 entry 7 of the table at 0x50000"
    QString describe(std::uint64_t offset) const;

Q_SIGNALS:
    void rangeSelected(const cowscope::ui::ByteRange& range, cowscope::ui::Selection::Step step);
    void followRequested(); ///< Enter: go to what the bytes at the cursor lead to

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    /// A stretch of one row that belongs together, and whether it has the second of its owner's two tints.
    struct Stretch {
        std::uint64_t end;
        ClusterOwner owner;
        bool second;
    };

    std::uint64_t size() const; ///< of the file, bytes
    std::uint64_t rows() const;
    std::uint64_t pageRows() const; ///< that fit on the screen, at least 1
    void relayout();
    void setTopRow(std::uint64_t row);
    void updateScrollBar();
    void showOffset(std::uint64_t offset);
    void moveCursor(std::uint64_t offset, bool extend);
    void extendTo(std::uint64_t offset);
    void announce();
    std::optional<std::uint64_t> offsetAt(QPoint point) const;
    Stretch stretchAt(std::uint64_t offset) const;
    void paintRow(QPainter& painter, std::uint64_t row, int y) const;
    void paintByte(QPainter& painter, std::uint64_t offset, int y, const QColor& background) const;
    QColor tint(const Stretch& stretch) const;
    int hexX(std::uint64_t column) const;
    int textX(std::uint64_t column) const;
    int widthFor(std::uint64_t perRow) const;

    ByteCache& m_cache;
    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const ClusterMap> m_map;
    std::uint64_t m_perRow = 16; ///< bytes; divides the smallest cluster
    std::uint64_t m_topRow = 0;
    std::uint64_t m_cursor = 0;
    std::uint64_t m_anchor = 0; ///< where a selection with Shift or the mouse began
    std::optional<ByteRange> m_selected;
    int m_charWidth = 8;
    int m_rowHeight = 16;
    int m_offsetDigits = 6;
    int m_wheelRest = 0; ///< of a turn of the wheel that is not a whole step yet
};

} // namespace cowscope::ui
