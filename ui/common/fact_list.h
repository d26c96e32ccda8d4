// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFormLayout>
#include <QList>
#include <QString>
#include <QWidget>

namespace cowscope::ui
{

/// One line of a list: what it is, its value, and the exact value for a tooltip (may be empty).
struct Fact {
    QString id; ///< the object name of the value's label, so that tests find it
    QString name;
    QString value;
    QString exact = {};
};

/// Names and values in two columns. Values can be selected and have the fact's id as object name.
class FactList : public QWidget
{
    Q_OBJECT

public:
    explicit FactList(QWidget* parent = nullptr);

    void setFacts(const QList<Fact>& facts);

private:
    QFormLayout* m_layout;
};

} // namespace cowscope::ui
