// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/qemu_oracle.h"

#include <QCryptographicHash>
#include <QFile>
#include <QTemporaryDir>

namespace cowscope::test
{

namespace
{

QString tool(const char* variable, const QString& name)
{
    return qEnvironmentVariable(variable, name);
}

QString imgProgram()
{
    return tool("QEMU_IMG", QStringLiteral("qemu-img"));
}

QString ioProgram()
{
    return tool("QEMU_IO", QStringLiteral("qemu-io"));
}

} // namespace

ProgramRun runProgram(const QString& program, const QStringList& arguments, const QString& folder, int timeLimitMs)
{
    QProcess process;
    if (!folder.isEmpty())
        process.setWorkingDirectory(folder);
    process.start(program, arguments, QIODevice::ReadOnly);
    const bool ended = process.waitForStarted() && process.waitForFinished(timeLimitMs);
    if (!ended)
        process.kill();
    process.waitForFinished(1000);
    const bool good = ended && process.exitStatus() == QProcess::NormalExit;
    return {good ? process.exitCode() : -1, process.readAllStandardOutput(), process.readAllStandardError()};
}

namespace qemu
{

bool available()
{
    static const bool found = runProgram(imgProgram(), {QStringLiteral("--version")}).exit == 0
        && runProgram(ioProgram(), {QStringLiteral("--version")}).exit == 0;
    return found;
}

ProgramRun img(const QStringList& arguments, const QString& folder)
{
    return runProgram(imgProgram(), arguments, folder);
}

ProgramRun io(const QString& image, const QStringList& commands)
{
    QStringList arguments;
    for (const QString& command : commands)
        arguments << QStringLiteral("-c") << command;
    return runProgram(ioProgram(), arguments << image);
}

int checkExit(const QString& image)
{
    return img({QStringLiteral("check"), QStringLiteral("-f"), QStringLiteral("qcow2"), image}).exit;
}

QByteArray contentHash(const QString& image, const QString& snapshot)
{
    const QTemporaryDir folder;
    const QString raw = folder.filePath(QStringLiteral("raw"));
    QStringList arguments{QStringLiteral("convert"), QStringLiteral("-O"), QStringLiteral("raw")};
    if (!snapshot.isEmpty())
        arguments << QStringLiteral("-l") << QStringLiteral("snapshot.name=") + snapshot;
    if (img(arguments << image << raw).exit != 0)
        return {};
    QFile file(raw);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    if (!file.open(QIODevice::ReadOnly) || !hash.addData(&file))
        return {};
    return hash.result().toHex();
}

Holder::Holder(const QString& image)
    : m_process(std::make_unique<QProcess>())
{
    m_process->start(ioProgram(), {image});
    // Its prompt appears once the image is open.
    while (!m_holds && m_process->waitForReadyRead(20'000))
        m_holds = m_process->peek(4096).contains("qemu-io>");
}

Holder::~Holder()
{
    m_process->write("quit\n");
    m_process->closeWriteChannel();
    if (!m_process->waitForFinished(20'000)) {
        m_process->kill();
        m_process->waitForFinished();
    }
}

} // namespace qemu

Bytes readFile(const QString& path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray all = file.readAll();
    const auto* begin = reinterpret_cast<const std::byte*>(all.constData());
    return {begin, begin + all.size()};
}

bool writeFile(const QString& path, const Bytes& bytes)
{
    QFile file(path);
    const auto size = static_cast<qint64>(bytes.size());
    return file.open(QIODevice::WriteOnly) && file.write(reinterpret_cast<const char*>(bytes.data()), size) == size;
}

} // namespace cowscope::test
