// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/option_values.h"

#include "core/image/backing_chain.h"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <iterator>

namespace cowscope::cli
{

namespace
{

struct MapArguments {
    ImageArguments image;
    std::string startText = "0";
    std::string lengthText; ///< empty: up to the end
    bool alone = false;
};

/// The part of the disk to show.
struct MapRange {
    std::uint64_t start = 0;
    std::optional<std::uint64_t> length;
};

Result<MapRange> parseRange(const MapArguments& arguments)
{
    MapRange range;
    if (auto read = store(range.start, parseSize(arguments.startText)); !read)
        return std::unexpected(std::move(read.error()).in("--start-offset"));
    if (arguments.lengthText.empty())
        return range;
    if (auto read = store(range.length, parseSize(arguments.lengthText)); !read)
        return std::unexpected(std::move(read.error()).in("--max-length"));
    return range;
}

/// Prints extents in qemu-img's two forms.
class MapPrinter
{
public:
    explicit MapPrinter(bool json)
        : m_json(json)
    {
        add(m_json ? "[" : fmt::format("{:<16}{:<16}{:<16}{}\n", "Offset", "Length", "Mapped to", "File"));
    }

    /// Puts out what was printed so far.
    void flush()
    {
        fmt::print("{}", m_text);
        m_text.clear();
    }

    /// `path` is the file that holds the extent. An error for what the human form cannot say.
    Result<void> print(const ChainExtent& extent, const std::string& path)
    {
        if (m_json) {
            format(FMT_COMPILE("{}{{ \"start\": {}, \"length\": {}, \"depth\": {}, \"present\": {}, \"zero\": {}, "
                               "\"data\": {}"),
                m_first ? "" : ",\n", extent.start, extent.length, extent.depth, extent.present, extent.zero,
                extent.data);
            if (extent.offset)
                format(FMT_COMPILE(", \"offset\": {}"), *extent.offset);
            add("}");
            m_first = false;
            return {};
        }
        if (!extent.data || extent.zero)
            return {};
        if (!extent.offset)
            return fail(ErrorKind::Unsupported,
                "The image has compressed or encrypted clusters, which have no place to show", {}, "Use --output=json");
        add(fmt::format("{:<#16x}{:<#16x}{:<#16x}{}\n", extent.start, extent.length, *extent.offset, path));
        return {};
    }

    void finish()
    {
        if (m_json)
            add("]\n");
    }

private:
    static constexpr std::size_t kFlushBytes = 64 * 1024; ///< one call for each extent would take most of the time

    void add(std::string_view text)
    {
        m_text += text;
        if (m_text.size() >= kFlushBytes)
            flush();
    }

    template <typename Format, typename... Values>
    void format(const Format& format, const Values&... values)
    {
        fmt::format_to(std::back_inserter(m_text), format, values...);
    }

    std::string m_text;
    bool m_json;
    bool m_first = true;
};

Result<void> printMap(BackingChain& chain, const MapRange& range, MapPrinter& printer)
{
    const std::uint64_t rest = chain.size() - std::min(chain.size(), range.start);
    const std::uint64_t end = range.start + std::min(rest, range.length.value_or(rest));
    std::optional<ChainExtent> pending;
    for (std::uint64_t at = range.start; at < end;) {
        auto extent = chain.at(at, end - at);
        if (!extent)
            return failed(extent);
        at += extent->length;
        if (pending && pending->continuedBy(*extent)) {
            pending->length += extent->length;
            continue;
        }
        if (pending) {
            if (auto printed = printer.print(*pending, chain.path(pending->depth)); !printed)
                return printed;
        }
        pending = *extent;
    }
    // A disk of no bytes is one extent of no bytes, as qemu-img has it.
    const ChainExtent last = pending.value_or(ChainExtent{.start = range.start, .offset = {}});
    auto printed = printer.print(last, chain.path(last.depth));
    if (printed)
        printer.finish();
    return printed;
}

int run(const MapArguments& arguments)
{
    const auto range = parseRange(arguments);
    if (!range)
        return report(range.error());
    auto opened = openImage(arguments.image);
    if (!opened)
        return report(opened.error());
    auto chain = arguments.alone ? Result<BackingChain>(BackingChain(opened->image, opened->path))
                                 : BackingChain::open(opened->image, opened->path, arguments.image.sharing(), {});
    if (!chain)
        return report(chain.error());
    MapPrinter printer(arguments.image.json());
    auto printed = printMap(*chain, *range, printer);
    printer.flush();
    if (!printed)
        return report(std::move(printed.error()).in(opened->path));
    return kExitOk;
}

} // namespace

void addMap(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<MapArguments>();
    CLI::App* command = app.add_subcommand("map", "Show where the guest's data is, backing files included");
    arguments->image.addTo(*command);
    command->remove_option(command->get_option("--quiet")); // as in qemu-img
    command->add_option("-s,--start-offset", arguments->startText, "first guest byte");
    command->add_option("-l,--max-length", arguments->lengthText, "at most so many bytes");
    command->add_flag("--alone", arguments->alone, "look at this image only; open no backing file");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
