// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/edit/image/open_for_editing.h"
#include "core/edit/image/snapshots.h"
#include "core/report/json_report.h"
#include "core/report/text_report.h"

#include <chrono>
#include <fmt/format.h>
#include <utility>

namespace cowscope::cli
{

namespace
{

struct SnapshotArguments {
    ImageArguments image;
    bool list = false;
    std::optional<std::string> create; ///< names, or an id
    std::optional<std::string> apply;
    std::optional<std::string> remove;
    bool copyOnOverflow = false;
    bool plan = false;
    bool progress = false;
    std::string second; ///< what follows the first argument without an option

    /// "-c --copy-on-overflow NAME FILENAME": a name that an option parted from its letter.
    void takeName()
    {
        for (std::optional<std::string>* name : {&create, &apply, &remove}) {
            if (*name && (*name)->empty() && !second.empty()) {
                *name = std::exchange(image.file, second);
                second.clear();
            }
        }
    }

    OnOverflow onOverflow() const { return copyOnOverflow ? OnOverflow::Copy : OnOverflow::Refuse; }

    /// "create snapshot 'NAME'": what an error says could not be done.
    std::string doing() const
    {
        const auto& [verb, name] = create ? std::pair{"create", *create}
            : apply                       ? std::pair{"apply", *apply}
                                          : std::pair{"delete", *remove};
        return fmt::format("{} snapshot '{}'", verb, name);
    }
};

int list(const SnapshotArguments& arguments)
{
    auto opened = openImage(arguments.image);
    if (!opened)
        return report(opened.error());
    if (arguments.image.json())
        printJson(snapshotsJson(*opened->image));
    else
        printText(stdout, snapshotsText(*opened->image));
    return kExitOk;
}

/// The error of an edit, with the words of qemu-img in front.
int reportEdit(const SnapshotArguments& arguments, Error error, const std::string& path)
{
    error.what = fmt::format("Could not {}: {}", arguments.doing(), error.what);
    return report(std::move(error).in(path));
}

SnapshotRequest request(const SnapshotArguments& arguments)
{
    using namespace std::chrono;
    const auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
    constexpr std::int64_t kBillion = 1'000'000'000;
    return {*arguments.create, static_cast<std::uint32_t>(now / kBillion), static_cast<std::uint32_t>(now % kBillion),
        arguments.onOverflow()};
}

Result<SnapshotCost> cost(const SnapshotArguments& arguments, ImageEditor& editor, const TaskContext& task)
{
    if (arguments.create)
        return costOfCreate(editor, arguments.onOverflow(), task);
    if (arguments.apply)
        return costOfApply(editor, *arguments.apply, arguments.onOverflow(), task);
    return costOfDelete(editor, *arguments.remove, task);
}

void printCost(const SnapshotArguments& arguments, const SnapshotCost& cost)
{
    if (arguments.image.json()) {
        printJson({{"raised", cost.raised}, {"lowered", cost.lowered}, {"freed", cost.freed}, {"copied", cost.copied},
            {"new", cost.newClusters}});
        return;
    }
    printText(stdout,
        fmt::format("To {}, in clusters:\n  {} counts rise\n  {} counts fall, {} of them to zero\n"
                    "  {} new clusters, {} of them copies\nNothing has been written.\n",
            arguments.doing(), cost.raised, cost.lowered, cost.freed, cost.newClusters, cost.copied));
}

int plan(const SnapshotArguments& arguments, const std::string& path, std::stop_token stop)
{
    if (arguments.image.forceShare)
        warnOfUse(path);
    auto storage = FileStorage::open(path, Access::ReadOnly, arguments.image.sharing());
    if (!storage)
        return report(storage.error());
    auto editor = ImageEditor::open(std::move(*storage), {}, {stop, {}});
    if (!editor)
        return reportEdit(arguments, std::move(editor.error()), path);
    auto costs = [&] {
        const ProgressLine line(arguments.image.showsProgress(arguments.progress));
        return cost(arguments, **editor, line.task(stop));
    }();
    if (!costs)
        return reportEdit(arguments, std::move(costs.error()), path);
    printCost(arguments, *costs);
    return kExitOk;
}

Result<void> edit(const SnapshotArguments& arguments, ImageEditor& editor, const TaskContext& task)
{
    if (arguments.apply)
        return applySnapshot(editor, *arguments.apply, arguments.onOverflow(), task);
    if (arguments.remove)
        return deleteSnapshot(editor, *arguments.remove, task);
    auto created = createSnapshot(editor, request(arguments), task);
    return created ? Result<void>{} : failed(created);
}

int change(const SnapshotArguments& arguments, const std::string& path, std::stop_token stop)
{
    auto editor = openForEditing(path, OpenFiles::ImageOnly, {stop, {}});
    if (!editor)
        return report(editor.error());
    auto done = [&] {
        const ProgressLine line(arguments.image.showsProgress(arguments.progress));
        return edit(arguments, **editor, line.task(stop));
    }();
    return done ? kExitOk : reportEdit(arguments, std::move(done.error()), path);
}

int run(SnapshotArguments& arguments)
{
    arguments.takeName();
    if (!arguments.second.empty())
        return report({ErrorKind::Invalid, fmt::format("'{}' is one argument too many", arguments.second), {}, {}, {}});
    const int actions
        = arguments.list + arguments.create.has_value() + arguments.apply.has_value() + arguments.remove.has_value();
    if (actions > 1)
        return report({ErrorKind::Invalid, "Cannot mix '-l', '-a', '-c', '-d'", {}, {}, {}});
    if (arguments.list || actions == 0)
        return list(arguments);
    if (auto may = arguments.image.mayChange(); !may && !arguments.plan)
        return report(may.error());
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    const InterruptStop interrupt;
    return arguments.plan ? plan(arguments, *path, interrupt.token()) : change(arguments, *path, interrupt.token());
}

} // namespace

void addSnapshot(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<SnapshotArguments>();
    CLI::App* command = app.add_subcommand("snapshot", "List, create, apply and delete internal snapshots");
    arguments->image.addTo(*command);
    command->add_flag("-l", arguments->list, "list the snapshots; so it does without -a, -c and -d");
    command->add_option("SECOND", arguments->second)->group("");
    command->add_option("-c", arguments->create, "create a snapshot of that name")->expected(0, 1);
    command->add_option("-a", arguments->apply, "make the disk what it was in the snapshot of that id or name")
        ->expected(0, 1);
    command->add_option("-d", arguments->remove, "delete the snapshot of that name or id")->expected(0, 1);
    command->add_flag("--copy-on-overflow", arguments->copyOnOverflow,
        "copy the clusters whose reference counts would not fit the image's width");
    command->add_flag("--plan", arguments->plan, "only tell what it would do to the counts");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
