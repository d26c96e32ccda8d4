// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"

#include "core/report/json_report.h"
#include "core/report/text_report.h"

#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct InfoArguments {
    ImageArguments image;
    bool fields = false;
};

int run(const InfoArguments& arguments)
{
    auto opened = openImage(arguments.image);
    if (!opened)
        return report(opened.error());
    const Image& image = *opened->image;
    if (arguments.image.json()) {
        nlohmann::json json = infoJson(image, opened->path);
        if (arguments.fields)
            json["header-fields"] = headerFieldsJson(image);
        printJson(json);
    } else {
        fmt::print("{}", infoText(image, opened->path));
        if (arguments.fields)
            fmt::print("{}", headerFieldsText(image));
    }
    return kExitOk;
}

} // namespace

void addInfo(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<InfoArguments>();
    CLI::App* command = app.add_subcommand("info", "Show what an image is");
    arguments->image.addTo(*command);
    command->add_flag("--fields", arguments->fields, "add every header field with its meaning");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
