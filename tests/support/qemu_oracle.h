// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <QByteArray>
#include <QJsonDocument>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <memory>

namespace cowscope::test
{

/// What a program printed and how it ended.
struct ProgramRun {
    int exit = -1; ///< exit code; -1: crashed, killed after the time limit, or could not be started
    QByteArray out;
    QByteArray err;

    QJsonDocument json() const { return QJsonDocument::fromJson(out); }
};

/// Runs a program in `folder` (empty: the current one) and waits for it, `timeLimitMs` milliseconds at most.
ProgramRun runProgram(
    const QString& program, const QStringList& arguments, const QString& folder = {}, int timeLimitMs = 120'000);

/// The reference implementation as judge. Programs come from the path, or from QEMU_IMG and QEMU_IO.
namespace qemu
{

bool available(); ///< qemu-img and qemu-io can be run
ProgramRun img(const QStringList& arguments, const QString& folder = {});
ProgramRun io(const QString& image, const QStringList& commands);

/// The exit code of `qemu-img check` on an image in a file: 0 sound, 1 cannot check, 2 corrupt, 3 leaks.
int checkExit(const QString& image);

/// SHA-256 of the guest's contents, active or of a snapshot by name; empty on failure.
QByteArray contentHash(const QString& image, const QString& snapshot = {});

/// qemu-io with the image open for writing, until the object goes.
class Holder
{
public:
    explicit Holder(const QString& image);
    ~Holder();
    bool holds() const { return m_holds; }

private:
    std::unique_ptr<QProcess> m_process;
    bool m_holds = false;
};

} // namespace qemu

Bytes readFile(const QString& path);
bool writeFile(const QString& path, const Bytes& bytes);

} // namespace cowscope::test

/// Skips the rest of the test, saying why, where the reference tools are not installed.
#define REQUIRE_QEMU()                                                                                                 \
    do {                                                                                                               \
        if (!cowscope::test::qemu::available())                                                                        \
            QSKIP("qemu-img and qemu-io are not installed: the reference implementation cannot judge");                \
    } while (false)
