// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"

#include <exception>
#include <fmt/format.h>

using namespace cowscope::cli;

int main(int argc, char** argv)
try {
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
        // Help and version are "errors" with code 0; all misuse is one code, as qemu-img has it.
        return app.exit(error) == 0 ? kExitOk : kExitError;
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        fmt::print(stderr, "cowscope-cli: Cannot write to the standard output\n");
        return kExitError;
    }
    return exitCode;
} catch (const std::exception& error) {
    fmt::print(stderr, "cowscope-cli: {}\n", error.what());
    return kExitError;
}
