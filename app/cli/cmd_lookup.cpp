// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/option_values.h"
#include "core/report/lookup_report.h"

#include <algorithm>

namespace cowscope::cli
{

namespace
{

constexpr std::size_t kMostReferrers = 1000;

struct LookupArguments {
    ImageArguments image;
    std::string guest;
    std::string host;
    std::string snapshot;
};

/// By id first, then by name, as qemu-img looks snapshots up.
Result<std::optional<std::size_t>> findSnapshot(const Image& image, const std::string& wanted)
{
    if (wanted.empty())
        return std::optional<std::size_t>();
    const auto all = image.snapshots();
    auto found = std::ranges::find(all, wanted, &Snapshot::id);
    if (found == all.end())
        found = std::ranges::find(all, wanted, &Snapshot::name);
    if (found == all.end())
        return fail(ErrorKind::NotFound, "The image has no snapshot '" + wanted + "'");
    return std::optional(static_cast<std::size_t>(found - all.begin()));
}

Result<void> printGuest(const Image& image, const LookupArguments& arguments)
{
    const auto snapshot = findSnapshot(image, arguments.snapshot);
    if (!snapshot)
        return std::unexpected(snapshot.error());
    const auto guest = parseSize(arguments.guest);
    if (!guest)
        return std::unexpected(guest.error());
    const auto lookup = traceGuest(image, GuestOffset(*guest), *snapshot);
    if (!lookup)
        return std::unexpected(lookup.error());
    if (arguments.image.json())
        printJson(lookupJson(*lookup));
    else
        printText(stdout, lookupText(*lookup));
    return {};
}

Result<void> printHost(const Image& image, const LookupArguments& arguments)
{
    const auto host = parseSize(arguments.host);
    if (!host)
        return std::unexpected(host.error());
    const auto lookup = traceHost(image, HostOffset(*host), kMostReferrers, {});
    if (!lookup)
        return std::unexpected(lookup.error());
    if (arguments.image.json())
        printJson(lookupJson(*lookup, image));
    else
        printText(stdout, lookupText(*lookup, image));
    return {};
}

int run(const LookupArguments& arguments)
{
    auto opened = openImage(arguments.image, Purpose::Check);
    if (!opened)
        return report(opened.error());
    auto printed
        = arguments.host.empty() ? printGuest(*opened->image, arguments) : printHost(*opened->image, arguments);
    if (!printed)
        return report(std::move(printed.error()).in(opened->path));
    return kExitOk;
}

} // namespace

void addLookup(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<LookupArguments>();
    CLI::App* command
        = app.add_subcommand("lookup", "Follow a guest offset to its bytes, or find who uses a host offset");
    arguments->image.addTo(*command);
    CLI::Option_group* place = command->add_option_group("place");
    place->add_option("--guest", arguments->guest, "guest offset: bytes, in hex with 0x, or with a suffix such as 12M");
    CLI::Option* host = place->add_option("--host", arguments->host, "host offset in the image file");
    place->require_option(1);
    command->add_option("--snapshot", arguments->snapshot, "through the L1 table of this snapshot: id or name")
        ->excludes(host);
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
