// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/width_text.h"
#include "ui/amend_wizard/wizard_page.h"

#include <QList>
#include <QPointer>

class QCheckBox;
class QGridLayout;
class QListWidget;
class QPushButton;

namespace cowscope::ui
{

class WidthCard;

/// Seven cards, one a width. Complete once a width that is possible and new is chosen. What stands in the way and can
/// be helped is offered: compat 1.1, and copies of what is shared too often, whose cost a job finds out.
class NewWidthPage : public WizardPage
{
    Q_OBJECT

public:
    explicit NewWidthPage(WizardState& state);

    void initializePage() override;
    bool isComplete() const override;
    bool validatePage() override;

private:
    /// By order: whether nothing is in the way but the version and counts that do not fit.
    using Helpable = std::array<bool, kWidthCount>;

    QWidget* makeDetails();
    QWidget* makeOptions();
    CardState stateOf(const WidthAssessment& width) const;
    void optionsChanged();
    void findCost();
    void assess();
    void showCards();
    void choose(unsigned order);
    void step(unsigned order, int columns, int rows);
    void showDetails(unsigned order);
    void showOffenders(const WidthObstacles& obstacles);
    void showSelectedInMap();

    QGridLayout* m_grid;
    QLabel* m_status;
    QWidget* m_options;
    QCheckBox* m_upgrade;
    QCheckBox* m_split;
    QLabel* m_details;
    QLabel* m_cost;
    QWidget* m_offenderBox;
    QListWidget* m_offenders;
    QPushButton* m_showInMap;
    QList<WidthCard*> m_cards; ///< by order
    QPointer<Job> m_job;
    QPointer<Job> m_costJob;
    Helpable m_helpable{};
};

} // namespace cowscope::ui
