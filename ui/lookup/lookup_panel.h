// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/lookup.h"
#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

#include <memory>

class QComboBox;
class QLineEdit;
class QTextBrowser;

namespace cowscope::ui
{

/// The way from a guest offset to its bytes and their count, step by step, or from a host offset back to who refers to
/// it. Each step leads to its bytes. Follows a selected guest offset by itself; going back walks all metadata, so that
/// is done only when asked for.
class LookupPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit LookupPanel(ImageDocument& document, QWidget* parent = nullptr);

private:
    enum Direction { FromGuest, FromHost };

    QWidget* makeBar();
    void refresh();
    void showSelection();
    void lookUp();
    void lookUpGuest(GuestOffset guest);
    void lookUpHost(HostOffset host);
    void start(Job::Work work, std::function<QString(const std::any&)> page);

    ImageDocument& m_document;
    QComboBox* m_direction;
    QComboBox* m_disk;
    QLineEdit* m_offset;
    QTextBrowser* m_text;
    std::unique_ptr<Job> m_job;
    bool m_selecting = false; ///< the selection comes from this panel: the steps stay
};

} // namespace cowscope::ui
