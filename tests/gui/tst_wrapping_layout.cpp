// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/wrapping_layout.h"

#include <QtTest/QtTest>

#include <memory>

using namespace cowscope::ui;

class TestWrappingLayout : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void isOneRowWhereThereIsRoom();
    void goesOnInFurtherRows();
    void givesTheRestToWhatExpands();
    void leavesOutWhatIsHidden();
    void canBeAsNarrowAsItsWidestControl();

private:
    QWidget* add(int width, QSizePolicy::Policy policy = QSizePolicy::Fixed)
    {
        auto* widget = new QWidget(m_bar.get());
        widget->setMinimumSize(width, 20);
        widget->setSizePolicy(policy, QSizePolicy::Fixed);
        m_layout->addWidget(widget);
        widget->show();
        return widget;
    }
    void layOut(int width)
    {
        m_bar->resize(width, m_layout->heightForWidth(width));
        m_layout->activate();
    }

    std::unique_ptr<QWidget> m_bar;
    WrappingLayout* m_layout = nullptr;
};

void TestWrappingLayout::init()
{
    m_bar = std::make_unique<QWidget>();
    m_layout = new WrappingLayout(m_bar.get());
    m_layout->setContentsMargins(5, 5, 5, 5);
    m_layout->setSpacing(10);
    m_bar->show();
}

void TestWrappingLayout::isOneRowWhereThereIsRoom()
{
    const QWidget* first = add(100);
    m_layout->addStretch();
    const QWidget* second = add(50);
    layOut(300);
    QCOMPARE(m_layout->heightForWidth(300), 30);
    QCOMPARE(first->geometry(), QRect(5, 5, 100, 20));
    QCOMPARE(second->geometry(), QRect(245, 5, 50, 20));
    QCOMPARE(m_layout->heightForWidth(170), 30); // 5 + 100 + 10 + 50 + 5
    QCOMPARE(m_layout->heightForWidth(169), 60);
}

void TestWrappingLayout::goesOnInFurtherRows()
{
    const QWidget* first = add(100);
    const QWidget* second = add(50);
    const QWidget* third = add(80);
    layOut(150);
    QCOMPARE(m_layout->heightForWidth(150), 60);
    QCOMPARE(first->geometry(), QRect(5, 5, 100, 20));
    QCOMPARE(second->geometry(), QRect(5, 35, 50, 20));
    QCOMPARE(third->geometry(), QRect(65, 35, 80, 20));
}

void TestWrappingLayout::givesTheRestToWhatExpands()
{
    const QWidget* line = add(40, QSizePolicy::Expanding);
    const QWidget* button = add(50);
    layOut(300);
    QCOMPARE(line->geometry(), QRect(5, 5, 230, 20));
    QCOMPARE(button->geometry(), QRect(245, 5, 50, 20));
}

void TestWrappingLayout::leavesOutWhatIsHidden()
{
    add(100)->hide();
    const QWidget* shown = add(50);
    layOut(90);
    QCOMPARE(m_layout->heightForWidth(90), 30);
    QCOMPARE(shown->geometry(), QRect(5, 5, 50, 20));
}

void TestWrappingLayout::canBeAsNarrowAsItsWidestControl()
{
    add(100);
    add(50);
    QCOMPARE(m_layout->minimumSize(), QSize(110, 30));
    QCOMPARE(m_layout->sizeHint().height(), 30);
}

QTEST_MAIN(TestWrappingLayout)
#include "tst_wrapping_layout.moc"
