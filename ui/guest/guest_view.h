// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/guest_links.h"
#include "core/analysis/guest_overview.h"
#include "ui/guest/guest_layout.h"

#include <QAbstractScrollArea>
#include <QImage>

#include <memory>
#include <optional>
#include <vector>

namespace cowscope::ui
{

/// A virtual disk in guest order, as rows of columns: each column is a bar whose parts are the uses of its units. Draws
/// what summaries say, one of the whole disk and a finer one of what is in view, which may still grow. Click selects,
/// dragging selects a range; arrows move, with Shift they extend; + - 0 zoom, as does the wheel with Ctrl.
class GuestView : public QAbstractScrollArea
{
    Q_OBJECT

public:
    using SummaryPointer = std::shared_ptr<const GuestSummary>;

    /// Units in a row.
    struct Stretch {
        std::uint64_t first = 0;
        std::uint64_t units = 0;

        bool operator==(const Stretch&) const = default;
    };

    explicit GuestView(QWidget* parent = nullptr);

    /// Another disk: nothing is known of it yet. The place is kept where the size is the same.
    void setDisk(std::uint64_t units, std::uint64_t unitBytes);
    void setOverview(SummaryPointer overview);
    void setDetail(SummaryPointer detail); ///< null: none
    void summaryGrew(); ///< one of the two
    void setHidden(GuestUse use, bool hidden);
    void setSelected(const std::optional<GuestLink>& stretch); ///< shows it, emits nothing
    void setLinked(std::vector<GuestLink> stretches); ///< what a selection elsewhere leads to

    Stretch visible() const; ///< units in view
    std::uint64_t unitsPerColumn() const { return m_layout.unitsPerColumn(); }
    std::uint64_t unitBytes() const { return m_unitBytes; }
    std::optional<Stretch> columnAt(QPoint point) const; ///< of the viewport
    QRect columnRect(std::uint64_t unit) const; ///< in the viewport; may lie outside of it

    /// Uses of a stretch, from the finer summary where it has it.
    GuestCell uses(const Stretch& stretch) const;
    QString describe(const Stretch& stretch) const; ///< "guest 0x0 to 0xffff: 3 data, 1 zeros"

public Q_SLOTS:
    void zoomIn();
    void zoomOut();
    void zoomToFit();

Q_SIGNALS:
    void selected(std::uint64_t firstByte, std::uint64_t bytes, bool nudge); ///< by the user; `nudge`: by a key
    void hovered(const QString& text); ///< empty: nothing is under the mouse
    void viewChanged(); ///< visible() or unitsPerColumn() may have changed

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    QSize area() const; ///< of the bars, without the offsets beside them
    int gutter() const { return m_gutter; }
    void measureGutter();
    void setLayout(const GuestLayout& layout, bool fitted, std::optional<std::uint64_t> kept = {});
    void updateScrollBar();
    void scrollTo(std::uint64_t unit);
    void redraw();
    void render();
    void drawColumn(std::uint64_t column, int x, int y);
    void fill(int x, int y, int width, int height, QRgb color);
    void drawLetters(QPainter& painter) const;
    void drawOffsets(QPainter& painter) const;
    void outline(QPainter& painter, const GuestLink& stretch, const QColor& color, int width) const;
    Stretch columnStretch(std::uint64_t column) const;
    Stretch spanned(std::uint64_t columnA, std::uint64_t columnB) const;
    GuestLink bytesOf(const Stretch& stretch) const;
    std::uint64_t columnOf(std::uint64_t unit) const { return unit / m_layout.unitsPerColumn(); }
    std::uint64_t lastColumn() const;
    std::uint64_t firstVisibleColumn() const;
    void moveCursor(std::int64_t columns, bool extend);
    void emitSelected(bool nudge);

    std::uint64_t m_units = 0;
    std::uint64_t m_unitBytes = 65536;
    SummaryPointer m_overview;
    SummaryPointer m_detail;
    std::array<bool, kGuestUseCount> m_hidden{};
    std::optional<GuestLink> m_selected;
    std::vector<GuestLink> m_linked;
    GuestLayout m_layout;
    int m_gutter = 0; ///< pixels for the offsets
    bool m_fitted = true; ///< the layout follows the size of the viewport
    std::uint64_t m_anchor = 0; ///< unit where a range begins
    std::uint64_t m_cursor = 0; ///< unit where it ends
    bool m_dragging = false;
    QImage m_image;
};

} // namespace cowscope::ui
