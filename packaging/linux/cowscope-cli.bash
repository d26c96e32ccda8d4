# SPDX-FileCopyrightText: The Cowscope authors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Bash completion of cowscope-cli.

# The options of a verb.
_cowscope_cli_options() {
    local plain='-f --format --image-opts --object -U --force-share --output=' common
    common="$plain -q --quiet"
    case $1 in
        info) echo "$plain --backing-chain --fields" ;;
        check) echo "$common -T -r --repair --plan --explain -p --progress" ;;
        report) echo "$common -o --out -p --progress" ;;
        map) echo "$plain -s --start-offset -l --max-length --alone" ;;
        compare) echo "$common -F -T -p --progress -s --strict --metadata" ;;
        amend) echo "$common -o --options -t --plan -p --progress --split-shared --undo" ;;
        lookup) echo "$common --guest --host --snapshot" ;;
        create) echo '-f --format -b --backing -F --backing-format -u --backing-unsafe -o --options --object -q --quiet' ;;
        io) echo '-c --cmd -f --format -r --read-only -n --nocache -U --force-share' ;;
        convert)
            echo '-f --format -O --target-format -c --compress -o --options -l --snapshot -B --backing' \
                '-F --backing-format -T -t -m -n -W -U --force-share -p --progress -q --quiet'
            ;;
        snapshot) echo "$common -l -c -a -d --copy-on-overflow --plan -p --progress" ;;
        resize) echo '-f --format --image-opts --object --preallocation --shrink -p --progress -q --quiet' ;;
        bitmap) echo "$common --list --add --remove --clear --enable --disable -g --granularity" ;;
        metadata-copy) echo '-f --format --image-opts --mask -p --progress -U --force-share -q --quiet' ;;
    esac
    echo '-h --help'
}

# The names that -o of a verb takes.
_cowscope_cli_names() {
    case $1 in
        amend) echo 'backing_file= backing_fmt= compat= data_file_raw= lazy_refcounts= refcount_bits= size=' ;;
        create | convert)
            echo 'backing_file= backing_fmt= cluster_size= compat= compression_type= data_file= data_file_raw=' \
                'extended_l2= lazy_refcounts= preallocation= refcount_bits= size='
            ;;
    esac
}

# The values that an option, or a name of -o, takes; fails where they cannot be listed.
_cowscope_cli_values() {
    case $1:$2 in
        *:--output) echo 'human json' ;;
        compare:-f | compare:--format | compare:-F | convert:-f | convert:--format | io:-f | io:--format) echo 'qcow2 raw' ;;
        convert:-O | *:--target-format | create:-F | convert:-F | *:--backing-format | *:backing_fmt) echo 'qcow2 raw' ;;
        *:-f | *:--format) echo qcow2 ;;
        check:-T | compare:-T | convert:-T | convert:-t | amend:-t) echo 'none off directsync writeback writethrough unsafe' ;;
        check:-r | *:--repair) echo 'leaks all' ;;
        *:preallocation | *:--preallocation) echo 'off metadata falloc full' ;;
        *:refcount_bits) echo '1 2 4 8 16 32 64' ;;
        *:compat) echo '1.1 0.10' ;;
        *:compression_type) echo 'zlib zstd' ;;
        *:cluster_size) echo '512 1k 2k 4k 8k 16k 32k 64k 128k 256k 512k 1M 2M' ;;
        *:data_file_raw | *:extended_l2 | *:lazy_refcounts) echo 'on off' ;;
        *) return 1 ;;
    esac
}

_cowscope_cli() {
    local verb=${COMP_WORDS[1]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} prefix='' choices
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        choices='info check map report lookup compare amend create io convert snapshot resize bitmap metadata-copy --help --version'
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
        return
    fi

    # Bash makes "=" a word of its own. In "-o a=1,b=2" the words are "a", "=", "1,b", "=", "2".
    if [ "$word" = '=' ]; then
        word=
    elif [ "$before" = '=' ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
        [[ $word == *,* && $before != -* ]] && before=-o prefix=${word%,*},
    fi
    before=${before##*,}

    if [[ ($before == -o && $verb != report) || $before == --options ]]; then
        choices=$(_cowscope_cli_names "$verb")
        compopt -o nospace 2>/dev/null
    elif ! choices=$(_cowscope_cli_values "$verb" "$before"); then
        if [ "${word:0:1}" != - ]; then
            compopt -o default 2>/dev/null # file names
            return
        fi
        choices=$(_cowscope_cli_options "$verb")
    fi
    mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$choices" -- "${word#"$prefix"}")
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _cowscope_cli cowscope-cli
