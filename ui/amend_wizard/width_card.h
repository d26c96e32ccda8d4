// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/width_text.h"

#include <QAbstractButton>

namespace cowscope::ui
{

/// One width as a card that is chosen like a radio button. A width that is refused, and today's, cannot be checked; its
/// card can still have the focus, so that its reasons can be read.
class WidthCard : public QAbstractButton
{
    Q_OBJECT

public:
    /// `mostMetadataBytes` is the full length of the bar, `presentBytes` where the mark of today is.
    WidthCard(const WidthAssessment& width, CardState state, std::uint64_t presentBytes,
        std::uint64_t mostMetadataBytes, QWidget* parent = nullptr);

    const WidthAssessment& width() const { return m_width; }
    CardState state() const { return m_state; }
    void setState(CardState state); ///< a card that can no longer be chosen is not checked any more

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void focused(); ///< by key, click or program
    void stepped(int columns, int rows); ///< an arrow key was pressed

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    void paintFrame(QPainter& painter) const;
    void paintTitle(QPainter& painter, const QRect& area) const;
    void paintRow(QPainter& painter, QRect& area, const QString& name, const QString& value) const;
    void paintBar(QPainter& painter, const QRect& area) const;
    QFont titleFont() const;
    QColor faint(float opacity) const; ///< the colour of text, mixed with what is below
    QColor textColor() const; ///< muted for a width that is refused

    WidthAssessment m_width;
    CardState m_state;
    std::uint64_t m_presentBytes;
    std::uint64_t m_mostBytes;
};

} // namespace cowscope::ui
