// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "core/storage/standard_streams.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <string>

using namespace cowscope::cli;

namespace
{

/// Says why on the standard error, if anybody reads that; a message that is lost changes nothing.
int refuse(const std::string& why)
{
    std::fputs(("cowscope-cli: " + why + "\n").c_str(), stderr);
    return kExitError;
}

std::string verbsText(CLI::App& app)
{
    std::string verbs;
    for (const CLI::App* verb : app.get_subcommands({}))
        verbs += fmt::format("{}{}", verbs.empty() ? "" : ", ", verb->get_name());
    return verbs;
}

/// The first argument that nobody expects: an option rather than what follows it.
std::string unexpectedText(const CLI::App& app)
{
    const std::vector<std::string> rest = app.remaining(true);
    const auto option = std::ranges::find_if(rest, [](const std::string& each) { return each.starts_with('-'); });
    if (option != rest.end())
        return fmt::format("Unknown option '{}'", *option);
    return fmt::format("Too many arguments: '{}'", rest.empty() ? "" : rest.front());
}

/// Help and version are "errors" with code 0; all misuse is one code, as qemu-img has it.
int reportMisuse(CLI::App& app, const CLI::ParseError& error)
{
    using cowscope::Error;
    using cowscope::ErrorKind;
    if (error.get_exit_code() == 0)
        return app.exit(error);
    const std::vector<CLI::App*> given = app.get_subcommands();
    if (given.empty()) {
        const std::vector<std::string> rest = app.remaining();
        const std::string what = rest.empty() ? "Say what to do" : unexpectedText(app);
        const bool verb = !rest.empty() && !what.starts_with("Unknown option");
        return report(Error{ErrorKind::Invalid, verb ? fmt::format("Unknown verb '{}'", rest.front()) : what, {},
            fmt::format("The verbs are {}; see cowscope-cli --help", verbsText(app))});
    }
    const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
    return report(Error{ErrorKind::Invalid, extra ? unexpectedText(app) : error.what(), {},
        fmt::format("See cowscope-cli {} --help", given.front()->get_name())});
}

} // namespace

int main(int argc, char** argv)
try {
    cowscope::openMissingStandardStreams();
    CLI::App app("Shows, checks and safely changes qcow2 disk images", "cowscope-cli");
    app.set_version_flag("--version,-V", "cowscope-cli " COWSCOPE_VERSION);
    app.require_subcommand(1);
    int exitCode = kExitOk;
    addInfo(app, exitCode);
    addCheck(app, exitCode);
    addMap(app, exitCode);
    addCompare(app, exitCode);
    addReport(app, exitCode);
    addAmend(app, exitCode);
    addCreate(app, exitCode);
    addIo(app, exitCode);
    addConvert(app, exitCode);
    addSnapshot(app, exitCode);
    addResize(app, exitCode);
    addBitmap(app, exitCode);
    addLookup(app, exitCode);
    addMetadataCopy(app, exitCode);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return reportMisuse(app, error);
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return refuse("Cannot write to the standard output");
    return exitCode;
} catch (const std::exception& error) {
    return refuse(error.what());
}
