// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/image_diff.h"

#include <QWidget>

namespace cowscope::ui
{

/// A map of changes: one strip over the guest's disk, one over the file. The height of a bar is how much of its stretch
/// differs; a lone difference is never nothing. A click tells where.
class ChangeMap : public QWidget
{
    Q_OBJECT

public:
    explicit ChangeMap(QWidget* parent = nullptr);

    /// `clusterBits` of the strips' clusters.
    void setChanges(ChangeStrip guest, ChangeStrip host, unsigned clusterBits);
    QSize sizeHint() const override { return {400, 74}; }
    QSize minimumSizeHint() const override { return {160, 74}; }

Q_SIGNALS:
    void guestChosen(std::uint64_t firstByte); ///< the first change at or behind the click
    void hostChosen(cowscope::HostCluster first);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    enum Which { Guest, Host };

    const ChangeStrip& strip(Which which) const { return which == Guest ? m_guest : m_host; }
    QRect area(Which which) const;
    std::optional<std::size_t> cellAt(Which which, QPoint point) const;
    void drawStrip(QPainter& painter, Which which, const QString& title) const;
    QString describe(Which which) const;

    ChangeStrip m_guest;
    ChangeStrip m_host;
    unsigned m_clusterBits = 16;
};

} // namespace cowscope::ui
