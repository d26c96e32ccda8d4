# SPDX-FileCopyrightText: The Cowscope authors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Bash completion of cowscope-cli.

_cowscope_cli() {
    local verb=${COMP_WORDS[1]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} choices
    local options='-f --format --output= -U --force-share --image-opts --object -q --quiet -h --help'

    # Bash makes "=" a word of its own.
    if [ "$word" = '=' ]; then
        word=
    elif [ "$before" = '=' ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    COMPREPLY=()
    case $before in
        cowscope-cli | */cowscope-cli) choices='info check map amend --help --version' ;;
        --output) choices='human json' ;;
        refcount_bits) choices='1 2 4 8 16 32 64' ;;
        -o | --options)
            choices='refcount_bits='
            compopt -o nospace 2>/dev/null
            ;;
        -f | --format) choices=qcow2 ;;
        *)
            if [ "${word:0:1}" != - ]; then
                compopt -o default 2>/dev/null
                return
            fi
            case $verb in
                info) options+=' --backing-chain --fields' ;;
                map) options+=' -s --start-offset -l --max-length --alone' ;;
                amend) options+=' -o --options -p --progress --plan' ;;
            esac
            choices=$options
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -F _cowscope_cli cowscope-cli
