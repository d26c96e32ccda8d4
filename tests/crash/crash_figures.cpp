// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The crash tests at length, with their figures: crash_figures [RANDOM_CUTS [CLUSTER_BITS...]]
//
// Tries every edit in the process, injects faults into it, and records cowscope-cli and qemu-img from outside with the
// same images. Exits with 1 if one of our own edits broke what it promises.

#include "tests/crash/harness/crash_cases.h"
#include "tests/crash/harness/fault_judge.h"
#include "tests/crash/harness/recorded_cases.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/trace_storage.h"

#include <QTemporaryDir>

#include <cstdlib>
#include <fmt/format.h>
#include <map>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr std::uint64_t kFaultPlaces = 400;

struct Settings {
    int random = 40;
    std::vector<unsigned> clusterBits{9, 12};
    QString folder;
};

void say(const std::string& line)
{
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

void sayHead(const std::string& title)
{
    say(fmt::format("\n{}\n{:<34}{:>9}{:>9} | {:>8}{:>8}{:>8}{:>8} |{:>8}{:>8}{:>8} |{:>7}{:>8}{:>6}", title, "",
        "states", "distinct", "unusable", "corrupt", "leaking", "changed", "killed", "corrupt", "leaking", "judged",
        "corrupt", "leaks"));
}

void sayRow(const std::string& name, const CrashFigures& f)
{
    say(fmt::format("{:<34}{:>9}{:>9} | {:>8}{:>8}{:>8}{:>8} |{:>8}{:>8}{:>8} |{:>7}{:>8}{:>6}", name, f.tried,
        f.distinct, f.unusable, f.corrupt, f.leaking, f.changed, f.killed, f.killedCorrupt, f.killedLeaking,
        f.judgedByQemu, f.qemuCorrupt, f.qemuLeaking));
}

/// Rows by edit and by image, and the sum.
class Table
{
public:
    explicit Table(std::string title)
        : m_title(std::move(title))
    {
    }

    void add(const std::string& edit, const std::string& image, CrashFigures figures)
    {
        if (!figures.fault.empty())
            figures.fault = edit + ", " + image + ": " + figures.fault;
        m_byEdit[edit] += figures;
        m_byImage[image] += figures;
        m_all += figures;
    }

    const CrashFigures& print() const
    {
        sayHead(m_title);
        for (const auto& [edit, figures] : m_byEdit)
            sayRow(edit, figures);
        say("");
        for (const auto& [image, figures] : m_byImage)
            sayRow(image, figures);
        sayRow("all", m_all);
        if (!m_all.fault.empty())
            say("first: " + m_all.fault);
        return m_all;
    }

private:
    std::string m_title;
    std::map<std::string, CrashFigures> m_byEdit;
    std::map<std::string, CrashFigures> m_byImage;
    CrashFigures m_all;
};

std::vector<CrashCase> allEditCases(unsigned clusterBits)
{
    std::vector<CrashCase> cases;
    for (unsigned order = 0; order <= 6; ++order) {
        for (CrashCase& each : editCases(clusterBits, order))
            cases.push_back(std::move(each));
    }
    return cases;
}

bool runInProcess(const std::string& title, const std::vector<CrashCase>& cases, const Settings& settings)
{
    Table table(title);
    std::uint64_t seed = 0;
    for (const CrashCase& each : cases) {
        const auto trace = std::make_shared<TraceStorage>(each.make());
        CrashFigures figures;
        if (const auto done = each.run(trace, {}); !done) {
            figures.fault = "failed: " + done.error().text();
        } else {
            const std::size_t sample = qemu::available() && each.promise != Promise::NoWorse ? 3 : 0;
            figures = tryCrashes(
                *trace, each.promise, {.random = settings.random, .seed = ++seed}, {sample, settings.folder});
        }
        table.add(each.edit, each.image, figures);
    }
    return table.print().fault.empty();
}

bool runFaults(const std::string& title, AfterFault after, const std::vector<CrashCase>& cases)
{
    std::map<std::string, FaultFigures> byEdit;
    FaultFigures all;
    for (const CrashCase& each : cases) {
        const FaultFigures figures = tryFaults(each, after, kFaultPlaces);
        byEdit[each.promise == Promise::OldOrNew && each.edit.find(" to ") != std::string::npos ? "amend" : each.edit]
            += figures;
        all += figures;
    }
    say(fmt::format("\n{}\n{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}", title, "", "injected", "ignored", "old", "longer",
        "between", "broken"));
    for (const auto& [edit, f] : byEdit)
        say(fmt::format(
            "{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}", edit, f.injected, f.ignored, f.old, f.longer, f.between, f.broken));
    if (!all.fault.empty())
        say("first: " + all.fault);
    return all.fault.empty();
}

/// False if one of ours broke its promise.
bool runRecorded(const RecordedCases& cases, const Settings& settings)
{
    Table table(cases.title);
    std::uint64_t seed = 0;
    for (const RecordedCase& each : cases.cases) {
        const CutBounds bounds{.random = settings.random, .prefixes = 120, .seed = ++seed};
        table.add(each.edit, each.image, tryRecorded(each, bounds, settings.folder));
    }
    return table.print().fault.empty() || !cases.ours;
}

} // namespace

int main(int argc, char** argv)
{
    Settings settings;
    const QTemporaryDir folder;
    settings.folder = folder.path();
    if (argc > 1)
        settings.random = std::atoi(argv[1]);
    if (argc > 2)
        settings.clusterBits.clear();
    for (int i = 2; i < argc; ++i)
        settings.clusterBits.push_back(static_cast<unsigned>(std::atoi(argv[i])));
    if (!qemu::available())
        say("qemu-img is not installed: nothing is judged by it, and it is not compared");
    bool good = true;
    for (const unsigned bits : settings.clusterBits) {
        const std::string size = fmt::format(", clusters of {} bytes", 1U << bits);
        good &= runInProcess("Change of width" + size, widthCases(bits), settings);
        good &= runInProcess("Other edits" + size, allEditCases(bits), settings);
        good &= runFaults("One fault: change of width" + size, AfterFault::Works, widthCases(bits));
        good &= runFaults("One fault: other edits" + size, AfterFault::Works, allEditCases(bits));
        good &= runFaults("A disk that dies: change of width" + size, AfterFault::FailsAlike, widthCases(bits));
        good &= runFaults("A disk that dies: other edits" + size, AfterFault::FailsAlike, allEditCases(bits));
        for (const RecordedCases& cases : recordedCases(bits))
            good &= runRecorded(cases, settings);
    }
    say(good ? "\nEvery edit of ours kept what it promises." : "\nPROMISES WERE BROKEN, see above.");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
