// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/document/selection.h"

namespace cowscope::ui
{

Selection::Selection(QObject* parent)
    : QObject(parent)
{
}

void Selection::select(const Value& value, Step step)
{
    if (value == current())
        return;
    const bool replace = m_nudged && step == Step::Nudge;
    m_history.resize(replace ? m_at : m_at + 1);
    m_history.push_back(value);
    m_nudged = step == Step::Nudge;
    if (m_history.size() > kMaxHistory)
        m_history.erase(m_history.begin());
    m_at = m_history.size() - 1;
    Q_EMIT changed();
}

void Selection::back()
{
    if (!canGoBack())
        return;
    --m_at;
    m_nudged = false;
    Q_EMIT changed();
}

void Selection::forward()
{
    if (!canGoForward())
        return;
    ++m_at;
    m_nudged = false;
    Q_EMIT changed();
}

void Selection::reset()
{
    m_history.assign(1, Value());
    m_at = 0;
    m_nudged = false;
    Q_EMIT changed();
}

} // namespace cowscope::ui
