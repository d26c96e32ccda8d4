// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/integration/differential/disk_model.h"
#include "tests/integration/differential/recipe.h"
#include "tests/integration/differential/twin.h"

namespace cowscope::test
{

/// How a sequence went.
struct SequenceResult {
    QString fault; ///< empty: everything agreed
    QString commands; ///< for a shell, up to where it ended
};

/// One random sequence of operations on two images: `ours` by one tool, `theirs` by the reference tools. A model of the
/// disk is the third judge. After every step each tool checks and reads the other's image.
class Sequence
{
public:
    /// Works in new folders below `root`. With the reference tools on both sides it tests the model.
    Sequence(std::uint64_t seed, Tool ours, const QString& root);

    SequenceResult run();

    /// Writes a byte behind the model's back after the first step, for a test that expects to be told of it.
    void sabotage() { m_sabotaged = true; }

private:
    struct Range {
        std::uint64_t start = 0;
        std::uint64_t length = 0;
    };
    enum class Agreement { Done, Refused, OnlyOurs, OnlyTheirs, Fault };

    bool fail(const QString& fault);
    bool good(const ProgramRun& run, const QString& what);
    Agreement agreementOf(const ProgramRun& ours, const ProgramRun& theirs, const QString& what);
    bool oursIsAsBefore(const Bytes& before, const QString& what);

    // sequence_start.cpp
    bool create();
    bool makeFiles();
    bool createWild();
    Bytes initialContents() const;

    // sequence_steps.cpp
    bool step();
    bool ioStep();
    void addCommand(QStringList& ours, QStringList& theirs);
    bool addCompressed(QStringList& ours, QStringList& theirs);
    void addReading(QStringList& ours, QStringList& theirs);
    Range randomRange();
    bool resizeStep();
    bool grown(std::uint64_t from, std::uint64_t to, bool shownAgain);
    bool hasTail(const Twin& twin) const;
    bool amendStep();
    bool isSlowForTheirs(unsigned bits) const;
    bool amendOursOnly(unsigned bits);
    bool convertStep();
    bool swapStep();
    bool crashStep();

    // sequence_snapshots.cpp
    bool snapshotStep();
    bool takeSnapshot();
    bool takeSnapshotByCopying(const QString& name);
    bool applySnapshot();
    bool deleteSnapshot();

    // sequence_bitmaps.cpp
    bool bitmapStep();
    bool addBitmap();
    bool judgeBitmaps(const Twin& twin);

    // sequence_judge.cpp
    bool judge(bool thorough);
    bool judgeCheck(const Twin& twin, Tool by);
    bool judgeContents(const Twin& twin, Tool by);
    bool judgeSnapshots(const Twin& twin, Tool by);
    bool judgeInfo();
    bool judgeRawDataFile(const Twin& twin);

    std::uint64_t m_seed;
    Random m_random;
    CommandLog m_log;
    Twin m_ours;
    Twin m_theirs;
    Recipe m_recipe;
    DiskModel m_model;
    Bytes m_backing;
    unsigned m_snapshotsTaken = 0;
    unsigned m_bitmapsAdded = 0;
    bool m_over = false; ///< there is no image to go on with
    bool m_sabotaged = false;
    QString m_fault;
};

} // namespace cowscope::test
