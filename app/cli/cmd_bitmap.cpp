// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/option_values.h"

#include "core/edit/image/bitmaps.h"
#include "core/edit/image/open_for_editing.h"
#include "core/report/text_report.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

enum class Action { Add, Remove, Clear, Enable, Disable };

struct ActionRow {
    std::string_view option;
    Action action;
    std::string_view help;
};
constexpr ActionRow kActions[] = {
    {"--add", Action::Add, "add the bitmap; it records writes unless --disable is given too"},
    {"--remove", Action::Remove, "remove the bitmap"},
    {"--clear", Action::Clear, "clear all bits"},
    {"--enable", Action::Enable, "record writes from now on"},
    {"--disable", Action::Disable, "keep the bits as they are"},
};

struct BitmapArguments {
    ImageArguments image;
    std::string name;
    std::string granularity;
    bool list = false;
    std::vector<Action> actions; ///< in the order in which they were given
};

Result<BitmapRequest> parseAdd(const BitmapArguments& arguments)
{
    BitmapRequest request{arguments.name};
    if (arguments.granularity.empty())
        return request;
    auto granularity = parseSize(arguments.granularity);
    if (!granularity)
        return failed(granularity);
    request.granularity = *granularity;
    return request;
}

Result<void> checkArguments(const BitmapArguments& arguments)
{
    const bool adds = std::ranges::find(arguments.actions, Action::Add) != arguments.actions.end();
    if (arguments.list && (!arguments.actions.empty() || !arguments.name.empty()))
        return fail(ErrorKind::Invalid, "--list goes with a file name alone");
    if (arguments.list)
        return {};
    if (arguments.actions.empty())
        return fail(
            ErrorKind::Invalid, "Need at least one of --add, --remove, --clear, --enable, --disable, or --list");
    if (!arguments.granularity.empty() && !adds)
        return fail(ErrorKind::Invalid, "granularity only supported with --add");
    return {};
}

Result<void> perform(ImageEditor& editor, const BitmapRequest& request, Action action, const TaskContext& task)
{
    switch (action) {
    case Action::Add:
        return cowscope::addBitmap(editor, request, task);
    case Action::Remove:
        return removeBitmap(editor, request.name, task);
    case Action::Clear:
        return clearBitmap(editor, request.name, task);
    case Action::Enable:
    case Action::Disable:
        break;
    }
    return enableBitmap(editor, request.name, action == Action::Enable, task);
}

int change(const BitmapArguments& arguments)
{
    if (auto may = arguments.image.mayChange(); !may)
        return report(may.error());
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    auto request = parseAdd(arguments);
    if (!request)
        return report(request.error());
    const InterruptStop interrupt;
    const TaskContext task{interrupt.token(), {}};
    auto editor = openForEditing(*path, OpenFiles::ImageOnly, task);
    if (!editor)
        return report(editor.error());
    for (const Action action : arguments.actions) {
        if (auto done = perform(**editor, *request, action, task); !done)
            return report(std::move(done.error()).in(*path));
    }
    return kExitOk;
}

/// One bitmap as qemu-img's info has it, and how much it marks where that is known.
nlohmann::json describe(const Bitmap& bitmap, const std::optional<std::uint64_t>& markedBytes)
{
    auto flags = nlohmann::json::array();
    if ((bitmap.flags & kBitmapInUse) != 0)
        flags.push_back("in-use");
    if ((bitmap.flags & kBitmapAuto) != 0)
        flags.push_back("auto");
    nlohmann::json json{{"name", bitmap.name}, {"granularity", std::uint64_t{1} << bitmap.granularityBits},
        {"flags", std::move(flags)}};
    if (markedBytes)
        json["marked-bytes"] = *markedBytes;
    return json;
}

std::string lineOf(const Bitmap& bitmap, const std::optional<std::uint64_t>& markedBytes)
{
    const bool records = (bitmap.flags & kBitmapAuto) != 0;
    return fmt::format("{:<24} granularity {:>10}  {}  {}\n", spelledOut(bitmap.name),
        std::uint64_t{1} << bitmap.granularityBits, records ? "recording" : "not recording",
        markedBytes ? fmt::format("{} bytes marked", *markedBytes) : "in use: was not saved properly");
}

int list(const BitmapArguments& arguments)
{
    auto opened = openImage(arguments.image);
    if (!opened)
        return report(opened.error());
    const Image& image = *opened->image;
    auto json = nlohmann::json::array();
    for (const Bitmap& bitmap : image.bitmaps()) {
        std::optional<std::uint64_t> markedBytes; // what a bitmap in use says means nothing
        if ((bitmap.flags & kBitmapInUse) == 0) {
            auto bits = markedBits(image, bitmap);
            if (!bits)
                return report(std::move(bits.error()).in(opened->path));
            markedBytes = std::min(*bits << bitmap.granularityBits, image.geometry().virtualSize());
        }
        if (arguments.image.json())
            json.push_back(describe(bitmap, markedBytes));
        else
            printText(stdout, lineOf(bitmap, markedBytes));
    }
    if (arguments.image.json())
        printJson(json);
    return kExitOk;
}

int run(const BitmapArguments& arguments)
{
    if (auto legal = checkArguments(arguments); !legal)
        return report(legal.error());
    return arguments.list ? list(arguments) : change(arguments);
}

/// The actions among the options of a command line, in their order.
std::vector<Action> actionsIn(const CLI::App& command)
{
    std::vector<Action> actions;
    for (const CLI::Option* option : command.parse_order()) {
        const auto* row = std::ranges::find(kActions, option->get_name(), &ActionRow::option);
        if (row != std::end(kActions))
            actions.push_back(row->action);
    }
    return actions;
}

} // namespace

void addBitmap(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<BitmapArguments>();
    CLI::App* command = app.add_subcommand("bitmap", "List and change the persistent dirty bitmaps of an image");
    arguments->image.addTo(*command);
    command->add_option("BITMAP", arguments->name, "name of the bitmap");
    command->add_flag("--list", arguments->list, "list the bitmaps");
    for (const ActionRow& row : kActions) {
        const std::string help(row.help);
        command->add_flag(std::string(row.option), help);
    }
    command->add_option("-g,--granularity", arguments->granularity,
        "bytes that one bit stands for: a power of two from 512 to 2G (with --add)");
    command->callback([arguments, command, &exitCode] {
        arguments->actions = actionsIn(*command);
        exitCode = run(*arguments);
    });
}

} // namespace cowscope::cli
