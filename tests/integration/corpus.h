// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/qemu_oracle.h"

#include <QDir>
#include <QJsonObject>
#include <QLockFile>
#include <QtTest/QtTest>

namespace cowscope::test
{

/// The folder of the corpus of real images, filled on first use.
class Corpus
{
public:
    /// What keeps a test from having the corpus; empty: nothing, it is there. `skip`: it is not to be had here.
    QString prepare(bool& skip)
    {
        constexpr int kGeneratorLimitMs = 480'000; // some 40 s on two idle cores
        skip = false;
        m_folder = qEnvironmentVariable("COWSCOPE_CORPUS", QStringLiteral(COWSCOPE_BINARY_DIR "/corpus"));
        QLockFile lock(QStringLiteral(COWSCOPE_BINARY_DIR "/corpus.lock")); // tests run at the same time
        if (!lock.tryLock(kGeneratorLimitMs))
            return QStringLiteral("Another test has been making the corpus for too long");
        if (QFile::exists(m_folder + "/manifest.json"))
            return {};
        if (qEnvironmentVariableIsSet("COWSCOPE_CORPUS"))
            return QStringLiteral("COWSCOPE_CORPUS names a folder without a manifest.json");
        const QString generator = QStringLiteral(COWSCOPE_SOURCE_DIR "/../shared/corpus/make-corpus");
        skip = !QFile::exists(generator) || !qemu::available();
        if (skip)
            return QStringLiteral("There is no corpus: set COWSCOPE_CORPUS to a folder that make-corpus filled");
        // Made beside its place and moved there whole, so that an interrupted run leaves no half of a corpus.
        const QString part = m_folder + ".part";
        if (!QDir(part).removeRecursively() || !QDir().mkpath(part))
            return QStringLiteral("The corpus cannot be made in ") + part;
        const auto made = runProgram(generator, {part}, {}, kGeneratorLimitMs);
        if (made.exit != 0)
            return QString::fromUtf8(made.err);
        const bool moved = QDir(m_folder).removeRecursively() && QDir().rename(part, m_folder);
        return moved ? QString() : QStringLiteral("The corpus cannot be moved to ") + m_folder;
    }

    const QString& folder() const { return m_folder; }

    /// One row a case of `part` ("clean", "broken"), with its folder in the column "folder", which the caller has
    /// added.
    void addRows(const QString& part) const
    {
        const QDir folder(m_folder + "/" + part);
        for (const QString& name : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name))
            QTest::newRow(qPrintable(name)) << folder.filePath(name);
    }

    /// What was recorded of a case when the corpus was made.
    static QJsonObject expected(const QString& folder)
    {
        QFile file(folder + "/expected.json");
        return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject{};
    }

private:
    QString m_folder;
};

} // namespace cowscope::test

/// In initTestCase(): makes sure of the corpus, or ends the test.
#define REQUIRE_CORPUS(corpus)                                                                                         \
    do {                                                                                                               \
        bool skip = false;                                                                                             \
        const QString missing = (corpus).prepare(skip);                                                                \
        if (skip)                                                                                                      \
            QSKIP(qPrintable(missing));                                                                                \
        QVERIFY2(missing.isEmpty(), qPrintable(missing));                                                              \
    } while (false)
