// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "core/storage/file_storage.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cowscope::cli
{

// Exit codes, as qemu-img's.
inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitCorrupt = 2; ///< check only
inline constexpr int kExitLeaks = 3; ///< check only
inline constexpr int kExitNoCheck = 63; ///< check only: a file of another format

/// The arguments that name an image, with qemu-img's spelling.
struct ImageArguments {
    std::string file;
    std::string format;
    bool imageOpts = false; ///< `file` is "driver=qcow2,file.filename=PATH,..."
    std::vector<std::string> objects; ///< secrets: accepted, since metadata is never encrypted
    bool forceShare = false; ///< take no locks: another program may be writing
    std::string output = "human";
    bool quiet = false;

    void addTo(CLI::App& command);
    bool json() const { return output == "json"; }

    /// Whether -p shows anything: JSON on the standard output stands alone.
    bool showsProgress(bool asked) const { return asked && !quiet && !json(); }

    /// Refused with -U, for whoever changes the image.
    Result<void> mayChange() const;
    Sharing sharing() const { return forceShare ? Sharing::Unlocked : Sharing::Locked; }

    /// The path of the image file. Errors: Invalid for image options without one, or for another format.
    Result<std::string> path() const;
};

/// An image opened for looking. `problems` make it an error, as they do for QEMU.
struct OpenedImage {
    std::string path;
    std::shared_ptr<const Image> image;
};
enum class Purpose {
    Look,
    Check, ///< an image without a reftable can be checked, though not used
};
Result<OpenedImage> openImage(const ImageArguments& arguments, Purpose purpose = Purpose::Look);

/// For -U: a warning on stderr if another program is using the image, with its name and process.
void warnOfUse(const std::string& path);

/// Prints text that may hold names from an image: control characters but line feeds are spelled out.
void printText(std::FILE* stream, const std::string& text);

/// Prints the error after the program's name; returns kExitError.
int report(const Error& error);

/// "a=b,c=d" into pairs; a doubled comma stands for one. Errors: Invalid for a part without '='.
Result<std::vector<std::pair<std::string, std::string>>> parseOptions(const std::string& text);

/// Dumps JSON as qemu-img does: indented, UTF-8 whatever bytes the image holds.
void printJson(const nlohmann::json& json);

// The verbs. Each adds its subcommand and, when that was given, runs it and stores the exit code.
void addInfo(CLI::App& app, int& exitCode);
void addCheck(CLI::App& app, int& exitCode);
void addMap(CLI::App& app, int& exitCode);
void addCompare(CLI::App& app, int& exitCode);
void addAmend(CLI::App& app, int& exitCode);
void addCreate(CLI::App& app, int& exitCode);
void addIo(CLI::App& app, int& exitCode);
void addConvert(CLI::App& app, int& exitCode);
void addSnapshot(CLI::App& app, int& exitCode);
void addResize(CLI::App& app, int& exitCode);
void addBitmap(CLI::App& app, int& exitCode);
void addLookup(CLI::App& app, int& exitCode);
void addMetadataCopy(CLI::App& app, int& exitCode);
void addReport(CLI::App& app, int& exitCode);

} // namespace cowscope::cli
