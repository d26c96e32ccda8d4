// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/amend/amend_plan.h"

#include <QList>
#include <QWidget>

namespace cowscope::ui
{

/// A stretch of the file on the strip map, in bytes.
struct StripPart {
    enum class Kind {
        Refblock,
        Reftable,
        Freed,
    };

    Kind kind = Kind::Refblock;
    std::uint64_t from = 0;
    std::uint64_t length = 0;

    bool operator==(const StripPart&) const = default;
};

/// Where the reference counts live now, and where they will; neighbours of a kind are one part.
QList<StripPart> stripBefore(const AmendPlan& plan, unsigned clusterBits);
QList<StripPart> stripAfter(const AmendPlan& plan, unsigned clusterBits);

/// Two bars, the file now and after the change, with the structures that hold the counts marked on them. Parts too
/// small for a pixel are drawn three pixels wide, so that none is lost.
class StripMap : public QWidget
{
    Q_OBJECT

public:
    explicit StripMap(QWidget* parent = nullptr);

    void setPlan(const AmendPlan& plan, unsigned clusterBits);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintBar(QPainter& painter, const QRect& area, const QString& label, const QList<StripPart>& parts,
        std::uint64_t fileBytes) const;
    void paintLegend(QPainter& painter, int x, int y) const;
    int labelWidth() const;

    QList<StripPart> m_before;
    QList<StripPart> m_after;
    std::uint64_t m_bytesBefore = 0;
    std::uint64_t m_bytesAfter = 0;
};

} // namespace cowscope::ui
