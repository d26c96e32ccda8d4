// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/wizard_page.h"

#include <QList>
#include <QPointer>

class QGridLayout;
class QListWidget;
class QPushButton;

namespace cowscope::ui
{

class WidthCard;

/// Seven cards, one a width. Complete once a width that is possible and new is chosen.
class NewWidthPage : public WizardPage
{
    Q_OBJECT

public:
    explicit NewWidthPage(WizardState& state);

    void initializePage() override;
    bool isComplete() const override;

private:
    QWidget* makeDetails();
    void assess();
    void showCards();
    void choose(unsigned order);
    void step(unsigned order, int columns, int rows);
    void showDetails(unsigned order);
    void showOffenders(const WidthObstacles& obstacles);
    void showSelectedInMap();

    QGridLayout* m_grid;
    QLabel* m_status;
    QLabel* m_details;
    QWidget* m_offenderBox;
    QListWidget* m_offenders;
    QPushButton* m_showInMap;
    QList<WidthCard*> m_cards; ///< by order
    QPointer<Job> m_job;
};

} // namespace cowscope::ui
