// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/twin.h"

#include <QDir>
#include <QFile>

namespace cowscope::test
{

namespace
{

constexpr int kLongestRunMs = 60'000;

QString imgProgram(Tool tool)
{
    return tool == Tool::Cowscope ? qEnvironmentVariable("COWSCOPE_CLI", QString::fromLatin1(COWSCOPE_CLI))
                                  : qEnvironmentVariable("QEMU_IMG", QStringLiteral("qemu-img"));
}

QString quoted(QString word)
{
    static const QString plain = QStringLiteral("-_=./,:");
    const bool needsNone = !word.isEmpty() && std::ranges::all_of(word, [](QChar c) {
        return c.unicode() < 128 && (c.isLetterOrNumber() || plain.contains(c));
    });
    return needsNone ? word : '\'' + word.replace('\'', QStringLiteral("'\\''")) + '\'';
}

} // namespace

void CommandLog::addRun(const QString& folder, const QString& program, const QStringList& arguments)
{
    QStringList words{quoted(program)};
    for (const QString& argument : arguments)
        words << quoted(argument);
    m_lines << QStringLiteral("(cd %1 && %2)").arg(folder, words.join(' '));
}

Twin::Twin(const QString& root, QString name, Tool tool, CommandLog& log)
    : m_name(std::move(name))
    , m_folder(root + '/' + m_name)
    , m_tool(tool)
    , m_log(log)
{
    QDir().mkpath(m_folder);
    m_log.add("mkdir -p " + m_name);
}

ProgramRun Twin::img(const QStringList& arguments)
{
    return run(imgProgram(m_tool), arguments);
}

ProgramRun Twin::io(const QStringList& commands)
{
    QStringList arguments;
    if (m_tool == Tool::Cowscope)
        arguments << "io";
    else
        arguments << "-d"
                  << "unmap"
                  << "-f"
                  << "qcow2";
    for (const QString& command : commands)
        arguments << "-c" << command;
    arguments << "image.qcow2";
    return run(m_tool == Tool::Cowscope ? imgProgram(m_tool) : qEnvironmentVariable("QEMU_IO", "qemu-io"), arguments);
}

ProgramRun Twin::run(const QString& program, const QStringList& arguments)
{
    m_log.addRun(m_name, program, arguments);
    return runProgram(program, arguments, m_folder, kLongestRunMs);
}

ProgramRun Twin::judge(Tool tool, const QStringList& arguments) const
{
    return runProgram(imgProgram(tool), arguments, m_folder, kLongestRunMs);
}

Twin::Reading Twin::read(Tool tool, const QString& snapshot) const
{
    QStringList arguments{"convert", "-O", "raw"};
    if (!snapshot.isEmpty())
        arguments << "-l" << snapshot;
    // Beside the folders, so that copies of them stay clean.
    const QString raw = m_folder + ".read";
    QFile::remove(raw);
    const ProgramRun done = judge(tool, arguments << "image.qcow2" << raw);
    const bool good = done.exit == 0 && QFile::exists(raw);
    return {good, good ? readFile(raw) : Bytes(), good ? QString() : outcome(done)};
}

bool Twin::copyFrom(const Twin& other)
{
    m_log.add(QStringLiteral("rm -rf %1 && cp -a %2 %1").arg(m_name, other.m_name));
    QDir(m_folder).removeRecursively();
    return runProgram("cp", {"-a", other.m_folder, m_folder}).exit == 0;
}

bool Twin::swap(Twin& one, Twin& other)
{
    one.m_log.add(QStringLiteral("mv %1 swap && mv %2 %1 && mv swap %2").arg(one.m_name, other.m_name));
    const QString aside = one.m_folder + ".swap";
    QDir files;
    return files.rename(one.m_folder, aside) && files.rename(other.m_folder, one.m_folder)
        && files.rename(aside, other.m_folder);
}

QString outcome(const ProgramRun& run)
{
    const QString exit
        = run.exit < 0 ? QStringLiteral("crashed or hung") : QStringLiteral("exit code %1").arg(run.exit);
    return exit + ": " + QString::fromUtf8(run.out + run.err).trimmed();
}

} // namespace cowscope::test
