# SPDX-FileCopyrightText: The Cowscope authors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What packaging/run, packaging/test and .ci/run share. Source it; it sets ROOT, the top of the source tree.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
    printf '\n== %s\n' "$*"
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# packages_for PURPOSE...: names of the packages that packaging/dependencies lists for these purposes.
packages_for() {
    local purpose
    for purpose in "$@"; do
        awk -v purpose="$purpose" '$1 == purpose { print $2 }' "$ROOT/packaging/dependencies"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "needs root or sudo to install packages: $*"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages PURPOSE...: installs what is missing, and does nothing when nothing is.
install_packages() {
    command -v dpkg-query >/dev/null || fail "installs packages on Debian only; README.md says how to build elsewhere"
    local package missing=()
    for package in $(packages_for "$@"); do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "Installing ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# build PRESET [CMAKE-ARGUMENT...] [-- TARGET...]: configures and builds targets, all of them by default.
build() {
    local preset=$1 arguments=() targets=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    [ $# -eq 0 ] || targets=(--target "${@:2}")
    say "Building ($preset)"
    (
        cd "$ROOT" || exit
        cmake --preset "$preset" "${arguments[@]}"
        cmake --build --preset "$preset" --parallel "$(nproc)" "${targets[@]}"
    )
}
