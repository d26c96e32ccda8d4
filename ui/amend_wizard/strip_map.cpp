// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/strip_map.h"

#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QPainter>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kLeastPartPixels = 3;

void append(QList<StripPart>& parts, const StripPart& part)
{
    if (part.length == 0)
        return;
    if (!parts.isEmpty() && parts.back().kind == part.kind && parts.back().from + parts.back().length == part.from)
        parts.back().length += part.length;
    else
        parts.push_back(part);
}

/// The old refblocks and the old reftable, each drawn as `refblock` and `reftable` say.
QList<StripPart> oldParts(
    const AmendPlan& plan, unsigned clusterBits, StripPart::Kind refblock, StripPart::Kind reftable)
{
    QList<StripPart> parts;
    for (const HostCluster cluster : plan.oldRefblocks)
        append(parts, {refblock, cluster.value() << clusterBits, std::uint64_t{1} << clusterBits});
    append(parts,
        {reftable, plan.oldReftable.value(), static_cast<std::uint64_t>(plan.oldReftableClusters) << clusterBits});
    return parts;
}

ClusterOwner ownerOf(StripPart::Kind kind)
{
    return kind == StripPart::Kind::Reftable ? ClusterOwner::Reftable : ClusterOwner::Refblock;
}

QBrush brushOf(StripPart::Kind kind, const QPalette& palette)
{
    if (kind == StripPart::Kind::Freed)
        return {palette.color(QPalette::Text), Qt::BDiagPattern};
    return ownerColor(ownerOf(kind), isDark(palette));
}

QRect partRect(const QRect& bar, const StripPart& part, std::uint64_t scaleBytes)
{
    const double scale = static_cast<double>(bar.width()) / static_cast<double>(std::max<std::uint64_t>(scaleBytes, 1));
    const int width = std::max(kLeastPartPixels, static_cast<int>(static_cast<double>(part.length) * scale));
    const int left = bar.left() + static_cast<int>(static_cast<double>(part.from) * scale);
    return {std::min(left, bar.right() + 1 - width), bar.top(), width, bar.height()};
}

QString partsText(const QList<StripPart>& parts)
{
    QStringList texts;
    for (const StripPart& part : parts.mid(0, 8)) {
        const QString what = part.kind == StripPart::Kind::Refblock ? StripMap::tr("refblocks")
            : part.kind == StripPart::Kind::Reftable                ? StripMap::tr("reftable")
                                                                    : StripMap::tr("freed");
        texts << StripMap::tr("%1 at %2, %3").arg(what, formatHex(part.from), formatBytes(part.length));
    }
    if (parts.size() > 8)
        texts << StripMap::tr("and %1 more").arg(parts.size() - 8);
    return texts.join(StripMap::tr("; "));
}

} // namespace

QList<StripPart> stripBefore(const AmendPlan& plan, unsigned clusterBits)
{
    return oldParts(plan, clusterBits, StripPart::Kind::Refblock, StripPart::Kind::Reftable);
}

QList<StripPart> stripAfter(const AmendPlan& plan, unsigned clusterBits)
{
    QList<StripPart> parts = oldParts(plan, clusterBits, StripPart::Kind::Freed, StripPart::Kind::Freed);
    const std::uint64_t from = plan.firstNewCluster.value() << clusterBits;
    const std::uint64_t refblockBytes = static_cast<std::uint64_t>(plan.newRefblocks.size()) << clusterBits;
    append(parts, {StripPart::Kind::Refblock, from, refblockBytes});
    append(parts,
        {StripPart::Kind::Reftable, from + refblockBytes,
            static_cast<std::uint64_t>(plan.newReftableClusters) << clusterBits});
    return parts;
}

StripMap::StripMap(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Where the reference counts are in the file, now and after the change"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void StripMap::setPlan(const AmendPlan& plan, unsigned clusterBits)
{
    m_before = stripBefore(plan, clusterBits);
    m_after = stripAfter(plan, clusterBits);
    m_bytesBefore = plan.fileBytesBefore;
    m_bytesAfter = plan.fileBytesAfter;
    const QString text = tr("Now: %1. After: %2.").arg(partsText(m_before), partsText(m_after));
    setAccessibleDescription(text);
    setToolTip(text);
    update();
}

QSize StripMap::sizeHint() const
{
    return {480, 5 * fontMetrics().height() + 12};
}

QSize StripMap::minimumSizeHint() const
{
    return {240, sizeHint().height()};
}

int StripMap::labelWidth() const
{
    return std::max(fontMetrics().horizontalAdvance(tr("Now")), fontMetrics().horizontalAdvance(tr("After"))) + 10;
}

void StripMap::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const int line = fontMetrics().height();
    const int barHeight = line + line / 3;
    const QRect first(labelWidth(), 2, width() - labelWidth() - 2, barHeight);
    paintBar(painter, first, tr("Now"), m_before, m_bytesBefore);
    paintBar(painter, first.translated(0, barHeight + 6), tr("After"), m_after, m_bytesAfter);
    paintLegend(painter, first.left(), first.top() + 2 * (barHeight + 6) + fontMetrics().ascent());
}

void StripMap::paintBar(QPainter& painter, const QRect& area, const QString& label, const QList<StripPart>& parts,
    std::uint64_t fileBytes) const
{
    const std::uint64_t scaleBytes = std::max(m_bytesBefore, m_bytesAfter);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(0, area.top(), area.left() - 8, area.height()), Qt::AlignRight | Qt::AlignVCenter, label);

    const QRect file(area.topLeft(), partRect(area, {StripPart::Kind::Freed, 0, fileBytes}, scaleBytes).size());
    painter.fillRect(file, palette().color(QPalette::Base));
    for (const StripPart& part : parts) {
        const QRect rect = partRect(area, part, scaleBytes);
        painter.fillRect(rect, brushOf(part.kind, palette()));
        if (part.kind != StripPart::Kind::Freed && rect.width() >= 2 * fontMetrics().averageCharWidth()) {
            // A letter as well, so that nothing depends on colour alone.
            painter.setPen(textColorOn(brushOf(part.kind, palette()).color()));
            painter.drawText(rect, Qt::AlignCenter, QString(QLatin1Char(ownerLetter(ownerOf(part.kind)))));
        }
    }
    painter.setPen(palette().color(QPalette::Mid));
    painter.drawRect(file.adjusted(0, 0, -1, -1));
}

void StripMap::paintLegend(QPainter& painter, int x, int y) const
{
    const std::pair<StripPart::Kind, QString> rows[] = {
        {StripPart::Kind::Refblock, QLatin1Char(ownerLetter(ClusterOwner::Refblock)) + tr(" refblocks")},
        {StripPart::Kind::Reftable, QLatin1Char(ownerLetter(ClusterOwner::Reftable)) + tr(" reftable")},
        {StripPart::Kind::Freed, tr("freed")},
    };
    const int side = fontMetrics().ascent();
    for (const auto& [kind, text] : rows) {
        const QRect swatch(x, y - side + 1, side, side);
        painter.fillRect(swatch, brushOf(kind, palette()));
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawRect(swatch);
        painter.drawText(x + side + 6, y, text);
        x += side + 6 + fontMetrics().horizontalAdvance(text) + 18;
    }
}

} // namespace cowscope::ui
