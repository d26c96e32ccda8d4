// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/report/html_report.h"
#include "core/storage/new_files.h"

#include <filesystem>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct ReportArguments {
    ImageArguments image;
    std::string target; ///< empty: standard output
    bool progress = false;
};

Result<void> save(const std::string& text, const std::string& target)
{
    std::error_code error;
    if (std::filesystem::is_other(target, error))
        return std::unexpected(Error{ErrorKind::Unsupported, "The report can only be written to a file", {},
            "Name a file after -o, or leave out -o to write to the standard output", target});
    NewFiles files;
    auto file = files.create(target);
    if (!file)
        return failed(file);
    if (auto written = (*file)->write(0, std::as_bytes(std::span(text))); !written)
        return std::unexpected(std::move(written.error()).in(target));
    files.keep();
    return {};
}

Result<ImageReport> make(const ReportArguments& arguments, const OpenedImage& opened)
{
    const InterruptStop interrupt;
    const bool onTerminal = arguments.progress && !arguments.image.quiet && !arguments.target.empty();
    const ProgressLine line(onTerminal);
    return makeReport(opened.image, nullptr, opened.path, line.task(interrupt.token()));
}

int run(const ReportArguments& arguments)
{
    auto opened = openImage(arguments.image, Purpose::Check);
    if (!opened)
        return report(opened.error());
    if (!arguments.target.empty() && isSameFile(opened->path, arguments.target))
        return report({ErrorKind::Refused, "The report would overwrite the image itself", {}, "Name another file",
            arguments.target});
    const auto made = make(arguments, *opened);
    if (!made)
        return report(Error(made.error()).in(opened->path));
    const std::string text = arguments.image.json()
        ? reportJson(*made).dump(4, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
        : htmlReport(*made, ReportStyle::Screen).html;
    if (arguments.target.empty()) {
        fmt::print("{}", text);
        return kExitOk;
    }
    if (auto saved = save(text, arguments.target); !saved)
        return report(saved.error());
    return kExitOk;
}

} // namespace

void addReport(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<ReportArguments>();
    CLI::App* command = app.add_subcommand("report",
        "Write all that there is to tell of an image into one HTML file, or with --output=json into a JSON file");
    arguments->image.addTo(*command);
    command->add_option("-o,--out", arguments->target, "the file to write; standard output without it");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
