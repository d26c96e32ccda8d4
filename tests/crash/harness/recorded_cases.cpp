// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/recorded_cases.h"

#include "tests/crash/harness/recorded_program.h"
#include "tests/crash/harness/width_images.h"

#include <QFile>

#include <algorithm>

namespace cowscope::test
{

namespace
{

struct Program {
    QString path;
    std::string name;
    bool ours;
};

std::uint64_t mostAt(unsigned order)
{
    return order >= 3 ? 200 : (1U << (1U << order)) - 1;
}

RecordedCases widthsBy(const Program& program, unsigned clusterBits)
{
    RecordedCases all{program.name + " amend, recorded from outside", program.ours, {}};
    for (unsigned from = 0; from <= 6; ++from) {
        for (unsigned to = 0; to <= 6; ++to) {
            for (const ImageKind kind : kImageKinds) {
                if (from == to)
                    continue;
                all.cases.push_back(
                    {std::to_string(1U << from) + " to " + std::to_string(1U << to) + " bits", name(kind),
                        [=] { return builderOf(kind, clusterBits, from, mostAt(std::min(from, to))).build().bytes; },
                        program.path,
                        {QStringLiteral("amend"), QStringLiteral("-f"), QStringLiteral("qcow2"), QStringLiteral("-o"),
                            QStringLiteral("refcount_bits=%1").arg(1U << to)}});
            }
        }
    }
    return all;
}

RecordedCases snapshotsBy(const Program& program, unsigned clusterBits)
{
    RecordedCases all{program.name + " snapshot, recorded from outside", program.ours, {}};
    for (const unsigned order : {2U, 4U, 6U}) {
        for (const ImageKind kind : kImageKinds) {
            const auto add = [&](const char* verb, const char* snapshot) {
                all.cases.push_back({std::string("snapshot ") + verb, name(kind),
                    [=] { return builderOf(kind, clusterBits, order, 5).build().bytes; }, program.path,
                    {QStringLiteral("snapshot"), QString::fromLatin1(verb), QString::fromLatin1(snapshot)}});
            };
            add("-c", "new");
            if (kind != ImageKind::Snapshotted)
                continue;
            add("-a", "1");
            add("-d", "2 taken");
        }
    }
    return all;
}

} // namespace

std::vector<RecordedCases> recordedCases(unsigned clusterBits)
{
    std::vector<Program> programs{{QStringLiteral(COWSCOPE_CLI), "cowscope-cli", true}};
    if (qemu::available())
        programs.push_back({qEnvironmentVariable("QEMU_IMG", QStringLiteral("qemu-img")), "qemu-img", false});
    std::vector<RecordedCases> all;
    for (const Program& program : programs)
        all.push_back(widthsBy(program, clusterBits));
    for (const Program& program : programs)
        all.push_back(snapshotsBy(program, clusterBits));
    return all;
}

CrashFigures tryRecorded(const RecordedCase& each, const CutBounds& bounds, const QString& folder)
{
    CrashFigures figures;
    const QString image = folder + QStringLiteral("/recorded.qcow2");
    QFile::remove(image);
    if (!writeFile(image, each.make())) {
        figures.fault = "the image cannot be written";
        return figures;
    }
    const RecordedRun run = recordProgram(each.program, each.arguments + QStringList{image}, image);
    if (run.program.exit != 0)
        figures.fault = "exit " + std::to_string(run.program.exit) + ": " + run.program.err.toStdString();
    else if (!run.trace)
        figures.fault = "the record does not add up to the file";
    else
        figures = tryCrashes(*run.trace, Promise::OldOrNew, bounds);
    return figures;
}

} // namespace cowscope::test
