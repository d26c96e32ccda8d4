// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hex/hex_view.h"

#include "ui/common/format.h"
#include "ui/common/keys.h"
#include "ui/common/palette.h"
#include "ui/hex/byte_cache.h"
#include "ui/hex/hex_text.h"

#include <QAccessible>
#include <QFontDatabase>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <bit>

namespace cowscope::ui
{

namespace
{

constexpr int kMargin = 4;
constexpr int kStripe = 5; ///< width of the stripe in the owner's colour
constexpr int kRowsAStep = 3; ///< of the wheel
constexpr std::uint64_t kMostScrollSteps = std::uint64_t{1} << 30;

/// How many rows a step of the scroll bar stands for, as a power of two.
unsigned scrollShift(std::uint64_t rows)
{
    unsigned shift = 0;
    while (rows >> shift > kMostScrollSteps)
        ++shift;
    return shift;
}

QColor mixed(const QColor& a, const QColor& b, qreal part)
{
    return QColor::fromRgbF(static_cast<float>(a.redF() * (1 - part) + b.redF() * part),
        static_cast<float>(a.greenF() * (1 - part) + b.greenF() * part),
        static_cast<float>(a.blueF() * (1 - part) + b.blueF() * part));
}

} // namespace

HexView::HexView(ByteCache& cache, QWidget* parent)
    : QAbstractScrollArea(parent)
    , m_cache(cache)
{
    setObjectName(QStringLiteral("hexView"));
    setAccessibleName(tr("Bytes of the file"));
    setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setMinimumSize(120, 60);
    viewport()->setObjectName(QStringLiteral("hexViewport"));
    connect(&cache, &ByteCache::loaded, viewport(), qOverload<>(&QWidget::update));
    relayout();
}

void HexView::setImage(std::shared_ptr<const Image> image, std::shared_ptr<const ClusterMap> map)
{
    m_image = std::move(image);
    m_map = std::move(map);
    m_selected.reset();
    m_cursor = m_anchor = std::min(m_cursor, size() > 0 ? size() - 1 : 0);
    relayout();
}

std::uint64_t HexView::size() const
{
    return m_image ? m_image->fileSize() : 0;
}

std::uint64_t HexView::rows() const
{
    return divideUp(size(), m_perRow);
}

std::uint64_t HexView::pageRows() const
{
    return static_cast<std::uint64_t>(std::max(1, viewport()->height() / m_rowHeight));
}

int HexView::hexX(std::uint64_t column) const
{
    const int characters = m_offsetDigits + 2 + static_cast<int>(column) * 3 + static_cast<int>(column / 8);
    return kMargin + kStripe + characters * m_charWidth;
}

int HexView::textX(std::uint64_t column) const
{
    return hexX(m_perRow) + (static_cast<int>(column) + 1) * m_charWidth;
}

int HexView::widthFor(std::uint64_t perRow) const
{
    const auto bytes = static_cast<int>(perRow);
    return 2 * kMargin + kStripe + (m_offsetDigits + 4 + bytes * 4 + bytes / 8) * m_charWidth;
}

void HexView::relayout()
{
    const std::uint64_t first = firstVisible();
    m_charWidth = std::max(1, fontMetrics().horizontalAdvance(u'0'));
    m_rowHeight = fontMetrics().height() + 2;
    const int digits = (static_cast<int>(std::bit_width(size())) + 3) / 4;
    m_offsetDigits = std::max(6, (digits + 1) / 2 * 2);
    m_perRow = 8;
    for (const std::uint64_t wider : {16U, 32U})
        if (widthFor(wider) <= viewport()->width())
            m_perRow = wider;
    m_topRow = first / m_perRow;
    updateScrollBar();
    setTopRow(m_topRow);
}

void HexView::updateScrollBar()
{
    const QSignalBlocker quiet(verticalScrollBar());
    const unsigned shift = scrollShift(rows());
    const std::uint64_t last = rows() - std::min(rows(), pageRows());
    verticalScrollBar()->setRange(0, static_cast<int>(last >> shift));
    verticalScrollBar()->setPageStep(static_cast<int>(std::max<std::uint64_t>(1, pageRows() >> shift)));
    verticalScrollBar()->setValue(static_cast<int>(m_topRow >> shift));
}

void HexView::setTopRow(std::uint64_t row)
{
    m_topRow = std::min(row, rows() - std::min(rows(), pageRows()));
    const QSignalBlocker quiet(verticalScrollBar());
    verticalScrollBar()->setValue(static_cast<int>(m_topRow >> scrollShift(rows())));
    m_cache.want(firstVisible(), (pageRows() + 1) * m_perRow);
    viewport()->update();
}

void HexView::scrollContentsBy(int, int)
{
    // Only a user who moves the scroll bar comes here: it is set with its signals blocked.
    setTopRow(static_cast<std::uint64_t>(verticalScrollBar()->value()) << scrollShift(rows()));
}

void HexView::resizeEvent(QResizeEvent*)
{
    relayout();
}

void HexView::changeEvent(QEvent* event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        relayout();
}

void HexView::wheelEvent(QWheelEvent* event)
{
    m_wheelRest += event->angleDelta().y() * kRowsAStep;
    const int steps = m_wheelRest / QWheelEvent::DefaultDeltasPerStep;
    m_wheelRest -= steps * QWheelEvent::DefaultDeltasPerStep;
    const auto distance = static_cast<std::uint64_t>(std::abs(steps));
    setTopRow(steps > 0 ? m_topRow - std::min(m_topRow, distance) : m_topRow + distance);
    event->accept();
}

void HexView::showOffset(std::uint64_t offset)
{
    const std::uint64_t row = offset / m_perRow;
    const std::uint64_t page = pageRows();
    if (row < m_topRow || row >= m_topRow + 2 * page)
        setTopRow(row - std::min(row, page / 3));
    else if (row >= m_topRow + page)
        setTopRow(row - page + 1);
    else
        viewport()->update();
}

void HexView::setSelected(const std::optional<ByteRange>& range)
{
    m_selected = range;
    if (range && range->first.value() < size() && !range->contains(HostOffset(m_cursor)))
        m_cursor = m_anchor = range->first.value();
    if (range && range->first.value() < size())
        showOffset(m_cursor);
    announce();
    viewport()->update();
}

void HexView::extendTo(std::uint64_t offset)
{
    m_cursor = offset;
    const std::uint64_t first = std::min(m_anchor, m_cursor);
    m_selected = ByteRange{HostOffset(first), std::max(m_anchor, m_cursor) - first + 1};
    showOffset(m_cursor);
}

void HexView::moveCursor(std::uint64_t offset, bool extend)
{
    if (size() == 0)
        return;
    offset = std::min(offset, size() - 1);
    if (!extend)
        m_anchor = offset;
    extendTo(offset);
    announce();
    Q_EMIT rangeSelected(*m_selected, Selection::Step::Nudge);
}

/// Says where the cursor is to a screen reader.
void HexView::announce()
{
    if (!m_image)
        return;
    setAccessibleDescription(describe(m_cursor));
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
}

void HexView::keyPressEvent(QKeyEvent* event)
{
    if (isArrowOfTheProgram(*event))
        return event->ignore();
    const bool extend = event->modifiers() & Qt::ShiftModifier;
    const bool control = event->modifiers() & Qt::ControlModifier;
    const std::uint64_t page = pageRows() * m_perRow;
    const auto back = [this](std::uint64_t by) { return m_cursor - std::min(m_cursor, by); };
    switch (event->key()) {
    case Qt::Key_Left:
        return moveCursor(back(1), extend);
    case Qt::Key_Right:
        return moveCursor(m_cursor + 1, extend);
    case Qt::Key_Up:
        return moveCursor(m_cursor < m_perRow ? m_cursor : m_cursor - m_perRow, extend);
    case Qt::Key_Down:
        return moveCursor(m_cursor + m_perRow < size() ? m_cursor + m_perRow : m_cursor, extend);
    case Qt::Key_PageUp:
        return moveCursor(back(page), extend);
    case Qt::Key_PageDown:
        return moveCursor(m_cursor + page, extend);
    case Qt::Key_Home:
        return moveCursor(control ? 0 : m_cursor / m_perRow * m_perRow, extend);
    case Qt::Key_End:
        return moveCursor(control ? UINT64_MAX : m_cursor / m_perRow * m_perRow + m_perRow - 1, extend);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        return Q_EMIT followRequested();
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

std::optional<std::uint64_t> HexView::offsetAt(QPoint point) const
{
    if (point.y() < 0 || !m_image)
        return std::nullopt;
    const std::uint64_t row = m_topRow + static_cast<std::uint64_t>(point.y() / m_rowHeight);
    std::uint64_t column = 0;
    if (point.x() >= textX(0))
        column
            = std::min<std::uint64_t>(m_perRow - 1, static_cast<std::uint64_t>((point.x() - textX(0)) / m_charWidth));
    else
        while (column + 1 < m_perRow && point.x() >= hexX(column + 1) - m_charWidth / 2)
            ++column;
    const std::uint64_t offset = row * m_perRow + column;
    return row < rows() && offset < size() ? std::optional(offset) : std::nullopt;
}

void HexView::mousePressEvent(QMouseEvent* event)
{
    const auto offset = offsetAt(event->position().toPoint());
    if (event->button() != Qt::LeftButton || !offset)
        return;
    if (!(event->modifiers() & Qt::ShiftModifier))
        m_anchor = *offset;
    extendTo(*offset);
}

void HexView::mouseMoveEvent(QMouseEvent* event)
{
    if (event->buttons() & Qt::LeftButton)
        if (const auto offset = offsetAt(event->position().toPoint()))
            extendTo(*offset);
}

void HexView::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton && m_selected) {
        announce();
        Q_EMIT rangeSelected(*m_selected, Selection::Step::Jump);
    }
}

bool HexView::viewportEvent(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QAbstractScrollArea::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto offset = offsetAt(help->pos());
    QToolTip::showText(help->globalPos(), offset ? plainToolTip(describe(*offset)) : QString(), viewport());
    return true;
}

QString HexView::describe(std::uint64_t offset) const
{
    if (!m_image)
        return {};
    const BytePlace place = bytePlace(*m_image, *m_map, HostOffset(offset));
    const auto byte = m_cache.at(offset);
    QString text = tr("%1: %2, %3")
                       .arg(formatHex(offset), byte ? hexText({&*byte, 1}) : tr("not read yet"), toQString(place.name));
    if (place.kind != BytePlace::Kind::Fields)
        return text;
    const auto bytes = m_cache.bytes(place.start.value(), place.bytes);
    const auto fields = fieldsOf(structureOf(place, bytes ? *bytes : std::vector<std::byte>()));
    for (const Field& field : fields)
        if (field.bits == 0 && offset - place.start.value() >= field.offset
            && offset - place.start.value() < std::uint64_t{field.offset} + field.bytes)
            text += tr(", %1").arg(toQString(field.name));
    return text;
}

QRect HexView::byteRect(std::uint64_t offset) const
{
    const std::uint64_t row = offset / m_perRow;
    if (row < m_topRow || row > m_topRow + pageRows())
        return {};
    return {hexX(offset % m_perRow), static_cast<int>(row - m_topRow) * m_rowHeight, 2 * m_charWidth, m_rowHeight};
}

HexView::Stretch HexView::stretchAt(std::uint64_t offset) const
{
    const BytePlace place = bytePlace(*m_image, *m_map, HostOffset(offset));
    const std::uint64_t start = place.start.value();
    Stretch stretch{start + place.bytes, place.owner, (start / place.bytes) % 2 == 1};
    if (place.kind != BytePlace::Kind::Fields)
        return stretch;
    bool second = stretch.second;
    for (const Field& field : fieldsOf(place.structure)) {
        if (field.bits != 0) // parts of one number: no border between bytes
            break;
        second = !second;
        if (offset - start >= field.offset && offset - start < std::uint64_t{field.offset} + field.bytes)
            return {start + field.offset + field.bytes, place.owner, second};
    }
    return stretch;
}

QColor HexView::tint(const Stretch& stretch) const
{
    const QColor base = palette().color(QPalette::Base);
    if (stretch.owner == ClusterOwner::Free)
        return base;
    const bool dark = isDark(palette());
    return mixed(base, ownerColor(stretch.owner, dark), stretch.second ? 0.34 : 0.2);
}

void HexView::paintByte(QPainter& painter, std::uint64_t offset, int y, const QColor& background) const
{
    const std::uint64_t column = offset % m_perRow;
    const bool marked = m_selected && m_selected->contains(HostOffset(offset));
    const int gap = (column + 1) % 8 == 0 ? 2 : 1;
    const bool last = column + 1 == m_perRow;
    const QRect hex(hexX(column) - m_charWidth / 2, y, (2 + (last ? 1 : gap)) * m_charWidth, m_rowHeight);
    const QRect text(textX(column), y, m_charWidth, m_rowHeight);
    const QColor fill = marked ? palette().color(QPalette::Highlight) : background;
    painter.fillRect(hex, fill);
    painter.fillRect(text, fill);
    const auto byte = m_cache.at(offset);
    QColor ink = palette().color(marked ? QPalette::HighlightedText : QPalette::Text);
    if (!byte || *byte == std::byte{0})
        ink = mixed(ink, fill, 0.5); // zeros and what is still to come stay in the background
    painter.setPen(ink);
    painter.drawText(QRect(hexX(column), y, 2 * m_charWidth, m_rowHeight), Qt::AlignVCenter,
        byte ? hexText({&*byte, 1}) : QStringLiteral("\u00b7\u00b7"));
    painter.drawText(text, Qt::AlignVCenter, byte ? QString(byteCharacter(*byte)) : QStringLiteral("\u00b7"));
    if (offset != m_cursor)
        return;
    painter.setPen(QPen(palette().color(hasFocus() ? QPalette::Text : QPalette::PlaceholderText), hasFocus() ? 2 : 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRect(hexX(column) - 2, y, 2 * m_charWidth + 3, m_rowHeight - 1));
    painter.drawRect(text.adjusted(0, 0, -1, -1));
}

void HexView::paintRow(QPainter& painter, std::uint64_t row, int y) const
{
    const std::uint64_t first = row * m_perRow;
    const std::uint64_t end = std::min(size(), first + m_perRow);
    Stretch stretch = stretchAt(first);
    painter.fillRect(QRect(0, y, kStripe, m_rowHeight), ownerColor(stretch.owner, isDark(palette())));
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(kMargin + kStripe, y, m_offsetDigits * m_charWidth, m_rowHeight, Qt::AlignVCenter,
        QStringLiteral("%1").arg(first, m_offsetDigits, 16, QLatin1Char('0')));
    const bool clusterBegins = m_image->geometry().isAligned(HostOffset(first)) || row == m_topRow;
    if (clusterBegins && stretch.owner != ClusterOwner::Free)
        painter.drawText(kMargin + kStripe + m_offsetDigits * m_charWidth, y, m_charWidth, m_rowHeight,
            Qt::AlignVCenter, QString(QChar::fromLatin1(ownerLetter(stretch.owner))));
    for (std::uint64_t offset = first; offset < end; ++offset) {
        if (offset >= stretch.end)
            stretch = stretchAt(offset);
        paintByte(painter, offset, y, tint(stretch));
    }
}

void HexView::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), palette().color(QPalette::Base));
    if (!m_image)
        return;
    painter.setFont(font());
    const std::uint64_t last = std::min(rows(), m_topRow + pageRows() + 1);
    for (std::uint64_t row = m_topRow; row < last; ++row)
        paintRow(painter, row, static_cast<int>(row - m_topRow) * m_rowHeight);
}

} // namespace cowscope::ui
