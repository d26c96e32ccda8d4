// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/recorded_program.h"

#include <QFile>
#include <QProcessEnvironment>
#include <QTemporaryDir>

#include <cstring>

namespace cowscope::test
{

namespace
{

constexpr int kTimeLimitMs = 120'000;

/// Takes the record apart; its form is told in write_recorder.cpp.
class RecordReader
{
public:
    RecordReader(const Bytes& record, Bytes initial)
        : m_record(record)
        , m_size(initial.size())
        , m_trace(std::move(initial))
    {
    }

    std::optional<WriteTrace> read()
    {
        while (m_at < m_record.size()) {
            if (m_record.size() - m_at < 17)
                return std::nullopt;
            const auto kind = static_cast<char>(m_record[m_at]);
            const std::uint64_t offset = number(m_at + 1);
            const std::uint64_t length = number(m_at + 9);
            m_at += 17;
            if (!add(kind, offset, length))
                return std::nullopt;
        }
        return std::move(m_trace);
    }

private:
    std::uint64_t number(std::size_t at) const
    {
        std::uint64_t value = 0;
        std::memcpy(&value, m_record.data() + at, sizeof value);
        return value;
    }

    bool add(char kind, std::uint64_t offset, std::uint64_t length)
    {
        switch (kind) {
        case 'W':
            return addWrite(offset, length);
        case 'Z': // the length of the file stays
            if (offset < m_size)
                m_trace.add(WriteTrace::Write{offset, Bytes(std::min(length, m_size - offset))});
            return true;
        case 'A':
            if (offset + length > m_size)
                setSize(offset + length);
            return true;
        case 'T':
            setSize(offset);
            return true;
        case 'F':
            m_trace.add(WriteTrace::Flush{});
            return true;
        default:
            return false;
        }
    }

    bool addWrite(std::uint64_t offset, std::uint64_t length)
    {
        if (m_record.size() - m_at < length)
            return false;
        const auto begin = m_record.begin() + static_cast<std::ptrdiff_t>(m_at);
        m_trace.add(WriteTrace::Write{offset, Bytes(begin, begin + static_cast<std::ptrdiff_t>(length))});
        m_at += length;
        m_size = std::max(m_size, offset + length);
        return true;
    }

    void setSize(std::uint64_t size)
    {
        m_trace.add(WriteTrace::Truncate{size});
        m_size = size;
    }

    const Bytes& m_record;
    std::size_t m_at = 0;
    std::uint64_t m_size; ///< of the file
    WriteTrace m_trace;
};

} // namespace

RecordedRun recordProgram(const QString& program, const QStringList& arguments, const QString& image)
{
    const QTemporaryDir folder;
    const QString record = folder.filePath(QStringLiteral("record"));
    Bytes before = readFile(image);
    QProcess process;
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("LD_PRELOAD"), QStringLiteral(COWSCOPE_WRITE_RECORDER));
    environment.insert(QStringLiteral("COWSCOPE_RECORD_FILE"), image);
    environment.insert(QStringLiteral("COWSCOPE_RECORD_TO"), record);
    process.setProcessEnvironment(environment);
    process.start(program, arguments, QIODevice::ReadOnly);
    if (!process.waitForFinished(kTimeLimitMs))
        process.kill();
    process.waitForFinished(1000);
    const bool good = process.exitStatus() == QProcess::NormalExit && process.error() == QProcess::UnknownError;
    RecordedRun run{
        {good ? process.exitCode() : -1, process.readAllStandardOutput(), process.readAllStandardError()}, {}};
    run.trace = RecordReader(readFile(record), std::move(before)).read();
    if (run.trace && run.trace->stateAfter(run.trace->steps().size()) != readFile(image))
        run.trace.reset();
    return run;
}

} // namespace cowscope::test
