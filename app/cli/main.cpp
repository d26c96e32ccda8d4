// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "core/storage/standard_streams.h"

#include <cstdio>
#include <exception>
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
        // Help and version are "errors" with code 0; all misuse is one code, as qemu-img has it.
        return app.exit(error) == 0 ? kExitOk : kExitError;
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return refuse("Cannot write to the standard output");
    return exitCode;
} catch (const std::exception& error) {
    return refuse(error.what());
}
