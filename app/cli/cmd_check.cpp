// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/interrupt.h"

#include "core/analysis/census.h"
#include "core/report/json_report.h"
#include "core/report/text_report.h"

#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

int verdict(const Census& census)
{
    if (census.checkErrors > 0)
        return kExitError;
    if (census.corruptions > 0)
        return kExitCorrupt;
    return census.leaks > 0 ? kExitLeaks : kExitOk;
}

int run(const ImageArguments& arguments)
{
    const InterruptStop interrupt;
    auto opened = openImage(arguments, Purpose::Check);
    if (!opened) {
        const bool otherFormat = opened.error().kind == ErrorKind::NotQcow2 && arguments.format.empty();
        report(opened.error());
        return otherFormat ? kExitNoCheck : kExitError;
    }
    auto census = takeCensus(*opened->image, {interrupt.token(), {}});
    if (!census)
        return report(std::move(census.error()).in(opened->path));
    if (arguments.json()) {
        printJson(checkJson(*opened->image, **census, opened->path));
    } else if (!arguments.quiet) {
        printText(stderr, findingsText(*opened->image, **census));
        fmt::print("{}", checkSummaryText(**census));
    }
    return verdict(**census);
}

} // namespace

void addCheck(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<ImageArguments>();
    CLI::App* command = app.add_subcommand("check",
        "Check an image without changing it. Exit code: 0 sound, 1 could not be checked, 2 corruptions, 3 leaks only, "
        "63 not qcow2");
    arguments->addTo(*command);
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
