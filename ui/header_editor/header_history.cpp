// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/header_history.h"

#include <utility>

namespace cowscope::ui
{

/// A change of what is asked for; nothing is written.
class HeaderHistory::ChangeStep : public QUndoCommand
{
public:
    ChangeStep(HeaderEdit& pending, HeaderEdit wanted, const QString& text, int series)
        : QUndoCommand(text)
        , m_pending(pending)
        , m_before(pending)
        , m_after(std::move(wanted))
        , m_series(series)
    {
    }

    void undo() override { m_pending = m_before; }
    void redo() override { m_pending = m_after; }
    int id() const override { return m_series; }

    bool mergeWith(const QUndoCommand* other) override
    {
        m_after = static_cast<const ChangeStep*>(other)->m_after;
        setText(other->text());
        setObsolete(m_after == m_before);
        return true;
    }

private:
    HeaderEdit& m_pending;
    HeaderEdit m_before;
    HeaderEdit m_after;
    int m_series;
};

/// A change that is in the file: whoever moves the stack over it has written the file.
class HeaderHistory::WriteStep : public QUndoCommand
{
public:
    WriteStep(HeaderEdit& pending, HeaderChange change)
        : QUndoCommand(tr("Written to the file"))
        , m_pending(pending)
        , m_before(pending)
        , m_change(std::move(change))
    {
    }

    void undo() override { m_pending = m_before; }
    void redo() override { m_pending = {}; }

    const HeaderChange& change() const { return m_change; }
    void setChange(HeaderChange change) { m_change = std::move(change); }

private:
    HeaderEdit& m_pending;
    HeaderEdit m_before;
    HeaderChange m_change; ///< the last write in either direction
};

HeaderHistory::HeaderHistory(QObject* parent)
    : QObject(parent)
{
}

void HeaderHistory::follow(const QString& path, const Image& image)
{
    std::vector<std::byte> cluster(image.headerCluster().begin(), image.headerCluster().end());
    cluster.resize(image.geometry().clusterSize());
    if (path == m_path && cluster == m_cluster)
        return;
    m_pending = {};
    m_stack.clear();
    m_path = path;
    m_cluster = std::move(cluster);
}

void HeaderHistory::change(HeaderEdit wanted, const QString& text, int series)
{
    if (wanted != m_pending)
        m_stack.push(new ChangeStep(m_pending, std::move(wanted), text, series));
}

void HeaderHistory::wrote(HeaderChange change)
{
    expect(change.after);
    m_stack.push(new WriteStep(m_pending, std::move(change)));
}

const HeaderHistory::WriteStep* HeaderHistory::writeAt(const QUndoStack& stack, int index)
{
    return dynamic_cast<const WriteStep*>(stack.command(index));
}

const HeaderChange* HeaderHistory::behind() const
{
    const WriteStep* step = writeAt(m_stack, m_stack.index() - 1);
    return step ? &step->change() : nullptr;
}

const HeaderChange* HeaderHistory::ahead() const
{
    const WriteStep* step = writeAt(m_stack, m_stack.index());
    return step ? &step->change() : nullptr;
}

void HeaderHistory::tookBack(HeaderChange back)
{
    expect(back.after);
    const_cast<WriteStep*>(writeAt(m_stack, m_stack.index() - 1))->setChange(std::move(back));
    m_stack.undo();
}

void HeaderHistory::wroteAgain(HeaderChange again)
{
    expect(again.after);
    const_cast<WriteStep*>(writeAt(m_stack, m_stack.index()))->setChange(std::move(again));
    m_stack.redo();
}

} // namespace cowscope::ui
