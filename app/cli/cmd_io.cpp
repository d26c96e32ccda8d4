// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/io_session.h"

#include "core/edit/image/open_for_editing.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct IoArguments {
    std::string file;
    std::string format;
    std::vector<std::string> commands;
    bool readOnly = false;
    bool noCache = false;
    bool forceShare = false;
};

using Commands = std::vector<Result<IoCommand>>;

/// For changes only where some command makes one.
Result<std::unique_ptr<IoSession>> openSession(
    const IoArguments& arguments, const Commands& commands, const TaskContext& task)
{
    const bool changes = !arguments.readOnly
        && std::ranges::any_of(commands, [](const auto& command) { return command && command->changes(); });
    if (!changes) {
        if (arguments.forceShare)
            warnOfUse(arguments.file);
        const Sharing sharing = arguments.forceShare ? Sharing::Unlocked : Sharing::Locked;
        auto chain = BackingChain::openFile(arguments.file, arguments.format, sharing, task);
        if (!chain)
            return failed(chain);
        return std::make_unique<IoSession>(GuestReader(std::move(*chain)));
    }
    if (auto may
        = ImageArguments{.file = {}, .format = {}, .objects = {}, .forceShare = arguments.forceShare}.mayChange();
        !may)
        return failed(may);
    if (!arguments.format.empty() && arguments.format != "qcow2")
        return fail(ErrorKind::Unsupported, "Only qcow2 images are written", {}, "Use -r to read");
    auto editor = openForEditing(arguments.file, OpenFiles::WholeChain, task);
    if (!editor)
        return failed(editor);
    return std::make_unique<IoSession>(std::move(*editor));
}

int run(const IoArguments& arguments)
{
    Commands commands;
    for (const std::string& line : arguments.commands)
        commands.push_back(parseIoCommand(line));
    const InterruptStop interrupt;
    const TaskContext task{interrupt.token(), {}};
    auto session = openSession(arguments, commands, task);
    if (!session)
        return report(session.error());
    bool good = true;
    for (const Result<IoCommand>& command : commands) {
        std::fflush(stdout); // so that failures stand where they belong
        if (interrupt.token().stop_requested()) {
            good = false;
            break;
        }
        if (!command) {
            report(command.error());
            good = false;
            continue;
        }
        if (command->verb == IoVerb::Quit)
            break;
        good = (*session)->run(*command, task) && good;
    }
    if (auto closed = (*session)->close({}); !closed)
        return report(std::move(closed.error()).in(arguments.file));
    return good ? kExitOk : kExitError;
}

} // namespace

void addIo(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<IoArguments>();
    CLI::App* command = app.add_subcommand("io",
        "Read and change what the guest sees, with qemu-io's commands. The image is open for changes only where a "
        "command makes one");
    command->add_option("FILENAME", arguments->file, "the image file")->required();
    command->add_option("-f,--format", arguments->format, "format of the image: qcow2, or raw to read");
    command->add_option("-c,--cmd", arguments->commands, "a command; they run in their order")
        ->required()
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_flag("-r,--read-only", arguments->readOnly, "refuse commands that change the image");
    command->add_flag("-n,--nocache", arguments->noCache, "accepted for qemu-io's sake");
    command->add_flag("-U,--force-share", arguments->forceShare, "read even if another program is using the image");
    command->footer("Commands:\n" + ioCommandHelp());
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
