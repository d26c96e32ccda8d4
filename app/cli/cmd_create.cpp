// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/create_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/option_values.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct CreateArguments {
    std::string file;
    std::string size;
    std::string format;
    std::string backingFile;
    std::string backingFormat;
    std::vector<std::string> options;
    std::vector<std::string> objects;
    bool unsafe = false;
    bool quiet = false;
};

/// What was asked for, and how it was said.
struct Request {
    CreateOptions create;
    std::vector<std::pair<std::string, std::string>> said; ///< the options of -o
    bool hasSize = false;

    /// What -o said last about an option.
    std::optional<std::string> saidOf(std::string_view name) const
    {
        const auto found
            = std::find_if(said.rbegin(), said.rend(), [&](const auto& each) { return each.first == name; });
        return found == said.rend() ? std::nullopt : std::optional(found->second);
    }
};

Result<Request> parseRequest(const CreateArguments& arguments)
{
    if (!arguments.format.empty() && arguments.format != "qcow2")
        return fail(ErrorKind::Unsupported, fmt::format("Unknown format '{}'; only qcow2 is made", arguments.format));
    auto create = parseCreateOptions(arguments.options);
    if (!create)
        return failed(create);
    Request request{std::move(*create), {}, false};
    for (const std::string& text : arguments.options) {
        auto pairs = parseOptions(text);
        if (!pairs)
            return failed(pairs);
        request.said.insert(request.said.end(), pairs->begin(), pairs->end());
    }
    if (!arguments.backingFile.empty())
        request.create.backingFile = arguments.backingFile;
    if (!arguments.backingFormat.empty())
        request.create.backingFormat = arguments.backingFormat;
    request.hasSize = request.saidOf("size").has_value();
    if (arguments.size.empty())
        return request;
    if (request.hasSize)
        return fail(ErrorKind::Invalid, "The image size must be specified only once");
    auto size = parseSize(arguments.size);
    if (!size)
        return failed(size);
    request.create.size = *size;
    request.hasSize = true;
    return request;
}

/// The line that qemu-img prints: what it is about to make, the options in its order.
std::string formattingLine(const std::string& path, const Request& request)
{
    const CreateOptions& create = request.create;
    const auto onOff = [](bool on) { return on ? "on" : "off"; };
    std::string line = fmt::format("Formatting '{}', fmt=qcow2 cluster_size={} extended_l2={}", path,
        create.clusterSize, onOff(create.extendedL2));
    const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
        if (value)
            line += fmt::format(" {}={}", name, *value);
    };
    const auto unlessEmpty = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
    add("preallocation", request.saidOf("preallocation"));
    add("compression_type", create.compression == CompressionType::Zstd ? "zstd" : "zlib");
    add("size", fmt::format("{}", create.size));
    add("compat", request.saidOf("compat"));
    add("backing_file", unlessEmpty(create.backingFile));
    add("backing_fmt", unlessEmpty(create.backingFormat));
    add("data_file", unlessEmpty(create.dataFile));
    add("data_file_raw", request.saidOf("data_file_raw"));
    add("lazy_refcounts", onOff(create.lazyRefcounts));
    add("refcount_bits", fmt::format("{}", create.refcountBits));
    return line + "\n";
}

/// The backing file must open, unless -u says not to look; it gives the size where none was asked for.
Result<void> takeSize(Request& request, const CreateArguments& arguments, const TaskContext& task)
{
    if (!request.create.backingFile.empty() && request.create.backingFormat.empty())
        return checkCreateOptions(request.create);
    if (!request.create.backingFile.empty() && !arguments.unsafe) {
        auto size = backingDiskSize(request.create, arguments.file, task);
        if (!size)
            return failed(size);
        if (!request.hasSize)
            request.create.size = *size;
        request.hasSize = true;
    }
    if (!request.hasSize)
        return fail(ErrorKind::Invalid, "Image creation needs a size parameter");
    return {};
}

int run(const CreateArguments& arguments)
{
    if (asksForHelp(arguments.options)) {
        fmt::print("{}", createOptionsHelp());
        return kExitOk;
    }
    if (arguments.file.empty())
        return report({ErrorKind::Invalid, "FILENAME is missing", {}, "Name the image file to make", {}});
    auto request = parseRequest(arguments);
    if (!request)
        return report(request.error());
    const InterruptStop interrupt;
    const TaskContext task{interrupt.token(), {}};
    if (auto sized = takeSize(*request, arguments, task); !sized)
        return report(std::move(sized.error()).in(arguments.file));
    if (!arguments.quiet) {
        printText(stdout, formattingLine(arguments.file, *request));
        std::fflush(stdout); // before an error, and before a long preallocation
    }
    auto created = createImageFile(request->create, arguments.file, false, task);
    return created ? kExitOk : report(created.error());
}

} // namespace

void addCreate(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<CreateArguments>();
    CLI::App* command = app.add_subcommand("create", "Make a new image");
    command->add_option("FILENAME", arguments->file, "the image file to make; one that exists is written over");
    command->add_option("SIZE", arguments->size,
        "size of the disk in bytes, or with k, M, G, T, P or E; not needed with a backing file");
    command->add_option("-f,--format", arguments->format, "format of the image; only qcow2 is made");
    command->add_option(
        "-b,--backing", arguments->backingFile, "backing file: what the new image does not hold is there");
    command->add_option("-F,--backing-format", arguments->backingFormat, "format of the backing file: raw or qcow2");
    command->add_flag("-u,--backing-unsafe", arguments->unsafe, "do not open the backing file; SIZE is needed then");
    command
        ->add_option("-o,--options", arguments->options,
            "cluster_size=, compat=, refcount_bits=, lazy_refcounts=, preallocation=, extended_l2=, "
            "compression_type=, backing_file=, backing_fmt=, data_file=, data_file_raw=, size=")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("--object", arguments->objects, "accepted for qemu-img's sake")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_flag("-q,--quiet", arguments->quiet, "print errors only");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
