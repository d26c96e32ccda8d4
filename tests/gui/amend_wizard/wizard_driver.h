// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/amend_wizard.h"
#include "ui/document/image_document.h"

#include <QAbstractButton>

#include <functional>
#include <memory>

namespace cowscope::test
{

/// The real wizard on a real file, operated the way a user does: clicks on visible controls, keys to the one that has
/// the focus.
class WizardDriver
{
public:
    /// Opens the image and shows the wizard. `opener` empty: plain files.
    explicit WizardDriver(const QString& image, ui::ImageDocument::StorageOpener opener = {});

    bool isReady() const { return m_wizard != nullptr; } ///< false: the image could not be opened
    ui::ImageDocument& document() { return m_document; }
    ui::AmendWizard& wizard() { return *m_wizard; }
    int page() const { return m_wizard->currentId(); }

    /// A control of the present page, or null where there is none of that name.
    template <typename T>
    T* find(const QString& name) const
    {
        return m_wizard->currentPage()->findChild<T*>(name);
    }

    QString text(const QString& name) const; ///< of a label of the present page
    QAbstractButton* card(unsigned bits) const;
    QAbstractButton* forward() const; ///< Next, or the button that begins the change, or Finish

    bool click(QAbstractButton* button); ///< false: it is not there, hidden or disabled
    void press(Qt::Key key); ///< to the widget that has the focus
    bool waitFor(const std::function<bool()>& condition) const; ///< some seconds, running the event loop
    bool waitForward() const; ///< until forward() is enabled
    bool waitForCards() const; ///< until the widths are assessed

    /// From the first page to the preview of a width that can be chosen.
    bool clickToPreview(unsigned bits);

    /// From the first page to the page that runs, the run being under way.
    bool clickToRun(unsigned bits);

private:
    ui::ImageDocument m_document;
    std::unique_ptr<ui::AmendWizard> m_wizard;
};

} // namespace cowscope::test
