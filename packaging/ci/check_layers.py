#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cowscope authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that the includes of the source tree point the way the architecture says: down.

    check_layers.py [ROOT]        prints one line for each include or call that breaks a rule; exit status 1 if any
    check_layers.py --self-test   proves on made-up trees that each rule is seen to be broken

    app -> ui -> core             tests may include anything
    core:  report -> edit -> analysis -> image -> {format, storage} -> base
    ui:    shell -> features -> preview -> cells -> document -> jobs -> common; a feature never includes another feature

The core includes no Qt, prints nothing and never ends the program. Of the ui, only document may touch the storage.
The command line uses no Qt either.
"""

import pathlib
import re
import sys
import tempfile

# For each folder of the core, the folders it may include besides itself.
CORE = {"base": set()}
CORE["format"] = CORE["storage"] = {"base"}
CORE["image"] = {"base", "format", "storage"}
CORE["analysis"] = CORE["image"] | {"image"}
CORE["edit"] = CORE["analysis"] | {"analysis"}
CORE["report"] = CORE["edit"] | {"edit"}

# The folders of the ui that are not features.
UI = {"common": set(), "jobs": {"common"}, "document": {"common", "jobs"}}
UI["cells"] = UI["document"] | {"document"}
UI["preview"] = UI["cells"] | {"cells"}
UI_FEATURE = UI["preview"] | {"preview"}

TOP = {"core": {"core"}, "ui": {"core", "ui"}, "app": {"core", "ui", "app"}, "tests": {"core", "ui", "app", "tests"}}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
QT_HEADER = re.compile(r"^(Q[A-Z]|Qt[A-Z/]|q[a-z]+\.h$)")
GENERATED = re.compile(r"(^|/)(moc_\w+\.cpp|\w+\.moc|ui_\w+\.h)$")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
OUTPUT = re.compile(r"\b(?:std::(?:cout|cerr|clog)\b|fmt::print\b|(?:std::)?(?:printf|fprintf|puts|fputs|perror)\s*\()")
ENDING = re.compile(r"(?<![\w.>:])(?:std::)?(?:exit|_Exit|_exit|quick_exit|abort|terminate)\s*\(")


def layer(path):
    """("core", "image") of "core/image/image.h"; the second part is "" for a file directly in core."""
    parts = pathlib.PurePosixPath(path).parts
    return parts[0], parts[1] if len(parts) > 2 else ""


def broken_project_include(source, target, root):
    """Why `source` may not include `target` (both relative to the root), or nothing."""
    source_top, source_folder = layer(source)
    target_top, target_folder = layer(target)
    if target_top not in TOP:
        return "includes are written from the top of the tree"
    if not (root / target).is_file():
        return "there is no such file"
    if target_top not in TOP[source_top]:
        return f"{source_top} may not include {target_top}"
    if source_top == "app" and target_top == "app" and source_folder != target_folder:
        return "a program may not include another program"
    if source_top == "app" and source_folder == "cli" and target_top == "ui":
        return "the command line may not include ui"
    if source_top == "ui" and (target_top, target_folder) == ("core", "storage") and source_folder != "document":
        return "of the ui, only document may include core/storage"
    if source_top != target_top or source_folder == target_folder:
        return None
    if source_top == "core" and target_folder not in CORE.get(source_folder, set()):
        return f"core/{source_folder} may not include core/{target_folder}"
    if source_top == "ui" and source_folder != "shell":
        if target_folder not in UI.get(source_folder, UI_FEATURE):
            return f"ui/{source_folder} may not include ui/{target_folder}"
    return None


def broken_rules(root):
    """Yields (file, line number, reason) for the tree under `root`."""
    for top in TOP:
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in {".h", ".cpp"}:
                continue
            source = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            without_qt = layer(source)[0] == "core" or source.startswith("app/cli/")
            for found in INCLUDE.finditer(text):
                line = text.count("\n", 0, found.start(0) + len(found[0])) + 1
                quoted, angled = found.groups()
                if quoted and not GENERATED.search(quoted):
                    reason = broken_project_include(source, quoted, root)
                    if reason:
                        yield source, line, f'"{quoted}": {reason}'
                elif angled and without_qt and QT_HEADER.match(angled):
                    yield source, line, f"<{angled}>: no Qt here"
            if layer(source)[0] == "core":
                yield from broken_calls(source, text)


def broken_calls(source, text):
    """Yields what breaks the silence of the core."""
    code = COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)
    for pattern, reason in (OUTPUT, "the core prints nothing"), (ENDING, "the core never ends the program"):
        for found in pattern.finditer(code):
            yield source, code.count("\n", 0, found.start()) + 1, f"{found[0].rstrip('( ')}: {reason}"


def self_test():
    """Each case: a file, what it contains, and a part of the complaint (empty: none is due)."""
    cases = [
        ("core/base/a.h", '#include "core/format/header.h"', "core/base may not include core/format"),
        ("core/format/a.h", '#include "core/storage/storage.h"', "core/format may not include core/storage"),
        ("core/storage/a.h", '#include "core/format/header.h"', "core/storage may not include core/format"),
        ("core/image/a.h", '#include "core/edit/amend/plan.h"', "core/image may not include core/edit"),
        ("core/analysis/a.h", '#include "core/report/text.h"', "core/analysis may not include core/report"),
        ("core/edit/amend/a.h", '#include "core/image/image.h"', ""),
        ("core/report/a.cpp", '#include "ui/map/map.h"', "core may not include ui"),
        ("core/image/a.cpp", "#include <QString>", "no Qt here"),
        ("core/image/a.cpp", "#include <QtCore/qglobal.h>", "no Qt here"),
        ("core/image/a.cpp", "void f() { std::cerr << 1; }", "prints nothing"),
        ("core/image/a.cpp", 'void f() { fmt::print("x"); }', "prints nothing"),
        ("core/image/a.cpp", "void f() { std::exit(1); }", "never ends the program"),
        ("core/image/a.cpp", "// printf(1) and abort() in a comment\nint x = task.abort();", ""),
        ("ui/map/a.cpp", '#include "ui/hex/hex.h"', "ui/map may not include ui/hex"),
        ("ui/map/a.cpp", '#include "ui/shell/window.h"', "ui/map may not include ui/shell"),
        ("ui/map/a.cpp", '#include "core/storage/storage.h"', "only document may include core/storage"),
        ("ui/map/a.cpp", '#include "ui/document/document.h"\n#include "core/image/image.h"\n#include <QWidget>', ""),
        ("ui/common/a.cpp", '#include "ui/jobs/job.h"', "ui/common may not include ui/jobs"),
        ("ui/jobs/a.cpp", '#include "ui/document/document.h"', "ui/jobs may not include ui/document"),
        ("ui/document/a.cpp", '#include "ui/cells/cells.h"', "ui/document may not include ui/cells"),
        ("ui/cells/a.cpp", '#include "ui/preview/preview.h"', "ui/cells may not include ui/preview"),
        ("ui/preview/a.cpp", '#include "ui/cells/cells.h"\n#include "ui/document/document.h"', ""),
        ("ui/map/a.cpp", '#include "ui/cells/cells.h"\n#include "ui/preview/preview.h"', ""),
        ("ui/shell/a.cpp", '#include "ui/map/map.h"\n#include "ui/hex/hex.h"\n#include "moc_a.cpp"', ""),
        ("ui/map/a.cpp", '#include "app/cli/verb.h"', "ui may not include app"),
        ("ui/map/a.cpp", '#include "map.h"', "from the top of the tree"),
        ("ui/map/a.cpp", '#include "ui/map/gone.h"', "no such file"),
        ("app/cli/a.cpp", '#include "ui/map/map.h"', "the command line may not include ui"),
        ("app/cli/a.cpp", "#include <QFile>", "no Qt here"),
        ("app/gui/a.cpp", '#include "app/cli/verb.h"', "another program"),
        ("app/gui/a.cpp", '#include "ui/shell/window.h"\n#include <QApplication>', ""),
        ("tests/unit/a.cpp", '#include "ui/map/map.h"\n#include "core/base/error.h"', ""),
    ]
    headers = ["core/base/error.h", "core/format/header.h", "core/storage/storage.h", "core/image/image.h",
               "core/edit/amend/plan.h", "core/report/text.h", "ui/jobs/job.h", "ui/document/document.h",
               "ui/cells/cells.h", "ui/preview/preview.h", "ui/map/map.h", "ui/hex/hex.h", "ui/shell/window.h", "app/cli/verb.h"]
    wrong = 0
    for source, content, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in [*headers, source]:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content if name == source else "", encoding="utf-8")
            reasons = [reason for _, _, reason in broken_rules(root)]
        if (expected == "") != (not reasons) or not all(expected in reason for reason in reasons):
            wrong += 1
            print(f"{source} with {content!r}: expected {expected!r}, found {reasons}")
    print(f"{len(cases) - wrong} of {len(cases)} cases are judged right")
    return wrong == 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(0 if self_test() else 1)
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    broken = list(broken_rules(root))
    for source, line, reason in broken:
        print(f"{source}:{line}: {reason}")
    print(f"{len(broken)} broken rules" if broken else "All includes point down")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
