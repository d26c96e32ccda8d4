// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLayout>
#include <QStyle>

#include <memory>
#include <vector>

namespace cowscope::ui
{

/// A row of controls that goes on in further rows where there is no room: a bar of a view that may be narrow. What
/// wants to expand (an input line, a stretch) shares out the room that is left in its row.
class WrappingLayout final : public QLayout
{
public:
    explicit WrappingLayout(QWidget* parent = nullptr);
    ~WrappingLayout() override;

    void addStretch();

    void addItem(QLayoutItem* item) override;
    int count() const override { return static_cast<int>(m_items.size()); }
    QLayoutItem* itemAt(int index) const override;
    QLayoutItem* takeAt(int index) override;

    Qt::Orientations expandingDirections() const override { return {}; }
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize minimumSize() const override; ///< of the widest control, in one row
    QSize sizeHint() const override; ///< all in one row
    void setGeometry(const QRect& rect) override;

private:
    using Row = std::vector<QLayoutItem*>;

    std::vector<Row> rows(int width) const;
    void placeRow(const Row& row, const QRect& area) const;
    int gap() const;

    std::vector<std::unique_ptr<QLayoutItem>> m_items;
};

} // namespace cowscope::ui
