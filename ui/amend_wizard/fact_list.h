// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/image_facts.h"

#include <QFormLayout>
#include <QWidget>

namespace cowscope::ui
{

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
