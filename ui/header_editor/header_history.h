// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/header/header_commit.h"

#include <QObject>
#include <QString>
#include <QUndoStack>

namespace cowscope::ui
{

/// The changes to the header of one image that were asked for and not written yet, and those that were written, on one
/// undo stack. It outlives the dialog, so that what was written can still be taken back when the dialog is opened
/// again.
///
/// Undoing or redoing a change that was written is a write of its own: the dialog does it first, then tells the
/// history. The stack itself must not be moved over such a step by anyone else.
class HeaderHistory : public QObject
{
    Q_OBJECT

public:
    explicit HeaderHistory(QObject* parent = nullptr);

    QUndoStack& stack() { return m_stack; }

    /// What is asked for and not written yet, against the header as it is.
    const HeaderEdit& pending() const { return m_pending; }

    /// The header that is shown is that of this image in this file. If it is not the one that the history has led to,
    /// all that the history knows is of no use, and it is cleared.
    void follow(const QString& path, const Image& image);

    /// Asks for `wanted` in place of what is pending. Changes with the same `series` (0 or more) that follow one
    /// another become one step: the letters of a name.
    void change(HeaderEdit wanted, const QString& text, int series = -1);

    void wrote(HeaderChange change); ///< what was pending is in the file now

    const HeaderChange* behind() const; ///< the change that an undo would have to take back in the file; null: none
    const HeaderChange* ahead() const; ///< the same of a redo

    void tookBack(HeaderChange back); ///< behind() was undone in the file, by this change
    void wroteAgain(HeaderChange again); ///< ahead() was redone in the file

private:
    class ChangeStep;
    class WriteStep;

    static const WriteStep* writeAt(const QUndoStack& stack, int index);
    void expect(const std::vector<std::byte>& cluster) { m_cluster = cluster; }

    QUndoStack m_stack;
    HeaderEdit m_pending;
    QString m_path;
    std::vector<std::byte> m_cluster; ///< the first cluster that the present step belongs to
};

} // namespace cowscope::ui
