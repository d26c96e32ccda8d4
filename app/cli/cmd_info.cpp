// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"

#include "core/image/backing_chain.h"
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
    bool chain = false;
};

nlohmann::json jsonOf(const Image& image, const std::string& path, bool fields)
{
    nlohmann::json json = infoJson(image, path);
    if (fields)
        json["header-fields"] = headerFieldsJson(image);
    return json;
}

std::string textOf(const Image& image, const std::string& path, bool fields)
{
    return infoText(image, path) + (fields ? headerFieldsText(image) : "");
}

/// One entry for each file of the chain, the image first.
int runChain(const InfoArguments& arguments, const OpenedImage& opened)
{
    auto chain = BackingChain::open(opened.image, opened.path, arguments.image.sharing(), {});
    if (!chain)
        return report(chain.error());
    nlohmann::json json = nlohmann::json::array();
    std::string text;
    for (unsigned depth = 0; depth < chain->layers(); ++depth) {
        const std::string& path = chain->path(depth);
        const Image* image = chain->image(depth);
        if (arguments.image.json())
            json.push_back(image ? jsonOf(*image, path, arguments.fields) : rawInfoJson(*chain->raw(depth), path));
        else
            text += (depth == 0 ? "" : "\n")
                + (image ? textOf(*image, path, arguments.fields) : rawInfoText(*chain->raw(depth), path));
    }
    if (arguments.image.json())
        printJson(json);
    else
        printText(stdout, text);
    return kExitOk;
}

int run(const InfoArguments& arguments)
{
    auto opened = openImage(arguments.image);
    if (!opened)
        return report(opened.error());
    if (arguments.chain)
        return runChain(arguments, *opened);
    if (arguments.image.json())
        printJson(jsonOf(*opened->image, opened->path, arguments.fields));
    else
        printText(stdout, textOf(*opened->image, opened->path, arguments.fields));
    return kExitOk;
}

} // namespace

void addInfo(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<InfoArguments>();
    CLI::App* command = app.add_subcommand("info", "Show what an image is");
    arguments->image.addTo(*command);
    command->remove_option(command->get_option("--quiet")); // as in qemu-img
    command->add_flag("--fields", arguments->fields, "add every header field with its meaning");
    command->add_flag("--backing-chain", arguments->chain, "show the backing files too; this opens them");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
