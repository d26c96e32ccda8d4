// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/amend_wizard/wizard_driver.h"

#include "ui/amend_wizard/wizard_page.h"

#include <QApplication>
#include <QLabel>
#include <QtTest/QtTest>

namespace cowscope::test
{

namespace
{

constexpr int kPatienceMilliseconds = 60'000;

} // namespace

WizardDriver::WizardDriver(const QString& image, ui::ImageDocument::StorageOpener opener)
{
    if (opener)
        m_document.setStorageOpener(std::move(opener));
    m_document.open(image);
    if (!waitFor([this] { return m_document.image() != nullptr; }))
        return;
    m_wizard = std::make_unique<ui::AmendWizard>(m_document);
    m_wizard->show();
    m_wizard->activateWindow();
    (void)QTest::qWaitForWindowActive(m_wizard.get());
}

QString WizardDriver::text(const QString& name) const
{
    const auto* label = find<QLabel>(name);
    return label ? label->text() : QString();
}

QAbstractButton* WizardDriver::card(unsigned bits) const
{
    return find<QAbstractButton>(QStringLiteral("width%1").arg(bits));
}

QAbstractButton* WizardDriver::forward() const
{
    for (const auto which : {QWizard::NextButton, QWizard::CommitButton, QWizard::FinishButton}) {
        if (m_wizard->button(which)->isVisible())
            return m_wizard->button(which);
    }
    return nullptr;
}

bool WizardDriver::click(QAbstractButton* button)
{
    if (!button || !button->isVisible() || !button->isEnabled())
        return false;
    QTest::mouseClick(button, Qt::LeftButton);
    return true;
}

void WizardDriver::press(Qt::Key key)
{
    QWidget* target = QApplication::focusWidget();
    QTest::keyClick(target ? target : m_wizard.get(), key);
}

bool WizardDriver::waitFor(const std::function<bool()>& condition) const
{
    return QTest::qWaitFor(condition, kPatienceMilliseconds);
}

bool WizardDriver::waitForward() const
{
    return waitFor([this] { return forward() && forward()->isEnabled(); });
}

bool WizardDriver::waitForCards() const
{
    const bool there = waitFor([this] { return card(1) && card(1)->isVisible(); });
    QCoreApplication::processEvents(); // the layout puts them in their places
    return there;
}

bool WizardDriver::clickToPreview(unsigned bits)
{
    return click(forward()) && waitForCards() && click(card(bits)) && click(forward())
        && page() == static_cast<int>(ui::PageId::Preview);
}

bool WizardDriver::clickToRun(unsigned bits)
{
    return clickToPreview(bits) && waitForward() && click(forward()) && page() == static_cast<int>(ui::PageId::Run);
}

} // namespace cowscope::test
