// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"

#include "core/format/field_catalog.h"
#include "core/report/text_report.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace cowscope::cli
{

void ImageArguments::addTo(CLI::App& command)
{
    command.add_option("FILENAME", file, "the image file")->required();
    command.add_option("-f,--format", format, "format of the image; only qcow2 is known");
    command.add_flag("--image-opts", imageOpts, "FILENAME is a list of options: driver=qcow2,file.filename=PATH");
    command.add_option("--object", objects, "accepted for qemu-img's sake; metadata needs no secret")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command.add_flag("-U,--force-share", forceShare, "look even if another program is using the image");
    command.add_option("--output", output, "human or json")->check(CLI::IsMember({"human", "json"}));
    command.add_flag("-q,--quiet", quiet, "print errors only");
}

Result<std::string> ImageArguments::path() const
{
    if (!format.empty() && format != "qcow2")
        return fail(ErrorKind::Unsupported, fmt::format("Unknown format '{}'; only qcow2 is known", format));
    if (!imageOpts)
        return file;
    auto options = parseOptions(file);
    if (!options)
        return failed(options);
    std::string path;
    for (const auto& [name, value] : *options) {
        if (name == "driver" && value != "qcow2")
            return fail(ErrorKind::Unsupported, fmt::format("Unknown driver '{}'; only qcow2 is known", value));
        if (name == "file.filename" || name == "filename")
            path = value;
    }
    if (path.empty())
        return fail(ErrorKind::Invalid, "The image options name no file", {}, "Add file.filename=PATH");
    return path;
}

void warnOfUse(const std::string& path)
{
    // The locks are asked for, and given back at once: who only looks must not keep a machine from starting.
    const auto storage = FileStorage::open(path, Access::ReadOnly);
    if (!storage && storage.error().kind == ErrorKind::InUse)
        printText(stderr,
            fmt::format("cowscope-cli: warning: {}: {}. What is shown may be changing\n", path, storage.error().what));
}

Result<void> ImageArguments::mayChange() const
{
    if (!forceShare)
        return {};
    return fail(ErrorKind::Refused, "An image that others may be using cannot be changed: -U is for looking", {},
        "Leave out -U");
}

Result<OpenedImage> openImage(const ImageArguments& arguments, Purpose purpose)
{
    auto path = arguments.path();
    if (!path)
        return failed(path);
    if (arguments.forceShare)
        warnOfUse(*path);
    auto storage = FileStorage::open(*path, Access::ReadOnly, arguments.sharing());
    if (!storage)
        return failed(storage);
    auto image = Image::open(std::move(*storage), {});
    if (!image)
        return std::unexpected(std::move(image.error()).in(*path));
    if (!(*image)->problems().empty())
        return std::unexpected(Error((*image)->problems().front()).in(*path));
    if ((*image)->reftable().empty() && purpose != Purpose::Check)
        return std::unexpected(
            Error{ErrorKind::Invalid, "The image has no refcount table: refcount_table_clusters is 0",
                header_field::kRefcountTableClusters, "Check the image", *path});
    return OpenedImage{std::move(*path), std::move(*image)};
}

void printText(std::FILE* stream, const std::string& text)
{
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const bool ended = end < text.size();
        // Not fmt::print, which throws where nobody reads: main() asks whether the output got through.
        std::fputs((spelledOut(std::string_view(text).substr(at, end - at)) + (ended ? "\n" : "")).c_str(), stream);
        at = end + 1;
    }
}

int report(const Error& error)
{
    Error shown = error;
    shown.what = spelledOut(error.what); // it may name what an image names
    printText(stderr, fmt::format("cowscope-cli: {}\n", shown.text()));
    return kExitError;
}

Result<std::vector<std::pair<std::string, std::string>>> parseOptions(const std::string& text)
{
    std::vector<std::pair<std::string, std::string>> options;
    std::string part;
    const auto addPart = [&]() -> Result<void> {
        const auto equals = part.find('=');
        if (equals == std::string::npos)
            return fail(ErrorKind::Invalid, fmt::format("'{}' is not of the form name=value", part));
        options.emplace_back(part.substr(0, equals), part.substr(equals + 1));
        part.clear();
        return {};
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ',') {
            part += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == ',') {
            part += ',';
            ++i;
        } else if (auto added = addPart(); !added) {
            return failed(added);
        }
    }
    if (auto added = addPart(); !added)
        return failed(added);
    return options;
}

void printJson(const nlohmann::json& json)
{
    fmt::print("{}\n", json.dump(4, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace cowscope::cli
