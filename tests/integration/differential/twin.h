// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/qemu_oracle.h"

namespace cowscope::test
{

/// Who works on an image.
enum class Tool { Cowscope, Qemu };

/// The shell commands of a sequence, so that a failure can be replayed by hand.
class CommandLog
{
public:
    void add(const QString& line) { m_lines << line; }

    /// `program arguments` in `folder`, quoted for a shell.
    void addRun(const QString& folder, const QString& program, const QStringList& arguments);

    QString text() const { return m_lines.join('\n') + '\n'; }

private:
    QStringList m_lines;
};

/// An image with its backing and data files in a folder of its own, and the tool that changes it. The image is
/// image.qcow2.
class Twin
{
public:
    /// The folder is `root`/`name`; it is made.
    Twin(const QString& root, QString name, Tool tool, CommandLog& log);

    Tool tool() const { return m_tool; }
    const QString& name() const { return m_name; }
    QString path(const QString& file = QStringLiteral("image.qcow2")) const { return m_folder + '/' + file; }

    /// A verb of qemu-img, with the files named relative to the folder.
    ProgramRun img(const QStringList& arguments);

    /// Commands of qemu-io on the image, in one go.
    ProgramRun io(const QStringList& commands);

    /// Another program, in the folder.
    ProgramRun run(const QString& program, const QStringList& arguments);

    /// A verb by whichever tool, for judging. Not part of the log.
    ProgramRun judge(Tool tool, const QStringList& arguments) const;

    /// Contents of the image as `tool` reads them, active or of a snapshot; nothing (and the reason) on failure.
    struct Reading {
        bool good = false;
        Bytes bytes;
        QString fault;
    };
    Reading read(Tool tool, const QString& snapshot = {}) const;

    /// Makes the folder an exact copy of the other's.
    bool copyFrom(const Twin& other);

    /// Exchanges the folders.
    static bool swap(Twin& one, Twin& other);

private:
    QString m_name;
    QString m_folder;
    Tool m_tool;
    CommandLog& m_log;
};

/// What a run said, for a report: "exit code N: ...".
QString outcome(const ProgramRun& run);

} // namespace cowscope::test
