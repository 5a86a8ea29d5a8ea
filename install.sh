#!/bin/sh
# Installs docker-credential-ecrx for one user, without root: see usage below.
set -eu

# zsh has rules of its own, unless it is called sh: its $path is PATH.
if [ -n "${ZSH_VERSION:-}" ] && [ "$(emulate 2>/dev/null)" = zsh ]; then
    exec /bin/sh "$0" "$@"
fi

usage() {
    cat <<'END'
install.sh installs docker-credential-ecrx: the program in a release archive, or the one that it builds in a checkout.

usage: ./install.sh [--prefix DIR] [--demo]
       ./install.sh [--prefix DIR] --uninstall [--yes]

  --prefix DIR   install into DIR/lib and DIR/bin (default: ~/.local)
  --demo         after installing, run the demo, with a fake AWS on this machine
  --uninstall    delete the program, its symlinks, its state and its items in keyrings, but not your config.toml
  --yes          do not ask on a terminal before deleting passwords
  --help         show this help

Example: ./install.sh --demo

Before you unpack a release archive, verify that the project's release workflow built it:
  gh attestation verify ARCHIVE --repo OWNER/docker-credential-ecrx
END
}

PYPI=" (without access to PyPI, pip finds no versions)"
# The first line of the list of created folders; a folder without this list does not belong to this program.
MARK='# install.sh of docker-credential-ecrx made these folders'
NEWLINE='
'

main() {
    unset CDPATH TIME_STYLE QUOTING_STYLE # which change what cd and ls print
    export LC_ALL=C                       # a path may be in another encoding than the user's
    umask 022
    set_path
    me=$(id -u)
    user_home=$(if_absolute "${HOME:-}")
    turns="" identifier="" staging="" previous=""
    user_local=${user_home:+${user_home%/}/.local} # HOME may be /
    action=install demo=no agreed=no prefix=$user_local
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix)
                prefix=$(folder_in "${2:-}")
                shift
                ;;
            --prefix=*) prefix=$(folder_in "${1#--prefix=}") ;;
            --demo) demo=yes ;;
            --uninstall) action=uninstall ;;
            --yes) agreed=yes ;;
            --help | -h) usage; exit ;;
            *) fail "unknown argument $1; run install.sh --help" ;;
        esac
        shift
    done
    case $prefix in
        "") fail "HOME is not set; choose a folder with --prefix DIR" ;;
        *"$NEWLINE"*) fail_prefix "cannot install into a folder with a line break;" ;;
    esac
    prefix=$(absolute "$prefix")
    here=$(cd -- "$(dirname -- "$0")" && pwd)
    bin=$prefix/bin
    man=$prefix/share/man/man1
    home=$prefix/lib/docker-credential-ecrx
    program=$home/current/docker-credential-ecrx
    # As the XDG specification requires, relative paths are ignored, as in the program.
    state=$(if_absolute "${XDG_STATE_HOME:-}")
    state=${state:-${user_local:+$user_local/state}}
    "$action"
}

# set_path: removes the relative folders from PATH, so that no program is run from the current folder, and adds those of
# the system if they are missing. Until then, only what is built into every shell may be used.
set_path() {
    left=${PATH:-}
    absolute=""
    while [ -n "$left" ]; do
        case $left in
            /*) absolute=$absolute${absolute:+:}${left%%:*} ;;
        esac
        case $left in
            *:*) left=${left#*:} ;;
            *) left="" ;;
        esac
    done
    PATH=${absolute:-/usr/bin:/bin} # an empty one means the current folder
    command -v id >/dev/null || PATH=$PATH:/usr/bin:/bin
}

folder_in() {
    case $1 in
        "" | -*) fail "--prefix needs a folder" ;;
        "~"*) fail "the shell did not expand the ~ of $1; write \$HOME in its place, or ./~ for such a folder" ;;
    esac
    printf '%s\n' "$1"
}

if_absolute() {
    case $1 in
        /*) printf '%s\n' "$1" ;;
    esac
}

# absolute DIR: prints its normalized path, whether the folder exists or not.
absolute() {
    folder=$1 rest=""
    if [ -z "$(if_absolute "$folder")" ]; then
        [ -d "${PWD:-}" ] || fail "the current folder cannot be read; choose an absolute --prefix"
        folder=$PWD/$folder
    fi
    folder=$(printf '%s\n' "${folder%/}" | tr -s /)
    while [ ! -d "$folder/" ]; do
        rest=/${folder##*/}$rest
        folder=${folder%/*}
    done
    case $rest/ in
        */./* | */../*) fail "cannot install into $1; choose a --prefix without . and .." ;;
    esac
    folder=$(cd "$folder/" && pwd | tr -s /) || fail_prefix "cannot install into $1;"
    printf '%s\n' "${folder%/}$rest"
}

# check_folders: refuses folders that another user could replace, to redirect what is written or deleted.
check_folders() {
    found=$(replaceable "$home" "$bin" "$man")
    found=${found%%"$NEWLINE"*}
    case $found in
        "") ;;
        "every user "*) fail_prefix "every user can write to ${found#every user }; run chmod o-w on it, or" ;;
        *) fail_prefix "another user owns ${found#owner }; run install.sh as that user, or" ;;
    esac
}

# replaceable PATH...: prints the folders and symlinks that each PATH leads through, one after the other, that another
# user than this one and root owns ("owner PATH"), or to which every user can write ("every user PATH"). Groups are
# trusted.
replaceable() (
    count=$#
    for path; do
        left=$(nearest "$path")/ folder="" links=0
        while [ -n "$left" ]; do
            name=${left%%/*} left=${left#*/}
            case $name in
                "" | .) continue ;;
                ..) folder=${folder%/*} && continue ;;
            esac
            set -- "$@" "$folder/$name"
            if [ ! -L "$folder/$name" ]; then
                folder=$folder/$name
                continue
            fi
            links=$((links + 1))
            [ "$links" -le 40 ] || break # as many as Linux follows
            target=$(readlink "$folder/$name" && echo .) # which protects a line break at its end
            left=${target%?.}/$left
            [ -z "$(if_absolute "$left")" ] || folder=""
        done
    done
    shift "$count"
    [ $# -gt 0 ] || return 0
    outsider=$(outsider)
    # shellcheck disable=SC2012 # not every system has find
    ls -dln "$@" | while read -r mode _ owner _ _ _ _ _ path; do
        case $owner in
            "$me" | 0 | "$outsider") ;;
            *) printf 'owner %s\n' "$path" ;;
        esac
        case $mode in
            d???????w[!tT]*) printf 'every user %s\n' "$path" ;;
        esac
    done
)

# nearest PATH: prints it, or the lowest folder above it that exists.
nearest() (
    path=$1
    while [ ! -d "$path/" ]; do
        path=${path%/*}
    done
    printf '%s\n' "$path"
)

# outsider: prints the user that a container's user namespace shows for the files of root outside it; else root.
outsider() {
    count=4294967295
    [ ! -r /proc/self/uid_map ] || read -r _ _ count </proc/self/uid_map || :
    if [ "$count" = 4294967295 ]; then echo 0; else cat /proc/sys/kernel/overflowuid; fi
}

# is_own PATH: whether this user owns it; of a symlink, the symlink itself.
is_own() (
    set -f
    # shellcheck disable=SC2046 # words
    set -- $(ls -dln "$1" 2>/dev/null)
    [ "${3:-}" = "$me" ]
)

# is_writable DIR: also if busybox's test tells root that it can write to a read-only file system.
is_writable() {
    [ -w "$1/" ] && { [ "$me" != 0 ] || touch -c "$1/" 2>/dev/null; }
}

is_own_file() {
    [ -f "$1" ] && [ ! -L "$1" ] && is_own "$1"
}

install() {
    case $bin in
        *:*) fail_prefix "cannot install into $prefix, because PATH separates its folders by colons;" ;;
    esac
    check_folders
    [ -f "$here/build/build.sh" ] || check_archive
    while [ ! -d "${prefix%/*}/" ]; do
        take_turn
        trap clean_up EXIT
        [ -d "${prefix%/*}/" ] || make_folders "$prefix"
        end_turn # and wait again, in the folder where all wait
    done
    take_turn
    # Before anything is built, check what would prevent the installation.
    ! is_foreign docker-credential-ecrx ||
        fail "$bin/docker-credential-ecrx does not belong to this program; move it away"
    check_home "move it away"
    staging=$home/.staging-$$
    trap clean_up EXIT
    make_folders "$home" "$bin" "$man"
    [ "$record" = "$home/made" ] || mv "$record" "$home/made"
    record=$home/made
    remove_link_leftovers
    remove_old_versions

    stage "$staging"
    version=$(version_of "$staging/docker-credential-ecrx")
    put_version
    put_link "$(path_from "$bin" ..)/docker-credential-ecrx" "$bin" docker-credential-ecrx
    if is_foreign ecrx; then
        say "the short name is not installed, because $bin/ecrx does not belong to this program"
    else
        put_link "$(path_from "$bin" ..)/docker-credential-ecrx" "$bin" ecrx
    fi
    page=docker-credential-ecrx.1
    if [ -f "$home/current/share/man/man1/$page" ] && { [ ! -e "$man/$page" ] || is_ours "$man/$page"; }; then
        put_link "$(path_from "$man" ../../..)/share/man/man1/$page" "$man" "$page"
    fi
    [ -z "$previous" ] || pause 0.3 # so that programs that were just started from its folder are seen
    remove_old_versions
    end_turn
    say "installed docker-credential-ecrx $version in $bin"
    if [ "$demo" = yes ]; then
        "$bin/docker-credential-ecrx" demo
    fi
    say_what_next
}

clean_up() {
    [ -z "$staging" ] || rm -rf "$staging"
    [ -L "$home/current" ] || remove_home
    end_turn
}

# take_turn: waits until no other install.sh works on this prefix.
# The folder in which they wait is above the prefix, which may be created or deleted in the meantime; if that folder is
# not writable, it is the prefix itself.
take_turn() {
    for above in "$(nearest "${prefix%/*}")" "$prefix" "$prefix/lib"; do
        if is_writable "$above"; then
            wait_turn "$above"
            return
        fi
    done
}

# wait_turn FOLDER: waits there with Lamport's bakery algorithm: each process takes a number above all that it sees, and
# the lowest number is next. It needs no lock, and no process waits for one that was killed.
wait_turn() {
    turns=$1/.docker-credential-ecrx.turn
    trap end_turn EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    identifier=$$.$(started $$)
    announce 0 # while it chooses a number
    number=0
    for turn in "$turns".*; do
        turn=${turn#"$turns."}
        turn=${turn%%.*}
        case $turn in
            "" | *[!0-9]*) ;;
            *) [ "$turn" -le "$number" ] || number=$turn ;;
        esac
    done
    number=$((number + 1))
    announce "$number"
    rmdir "$turns.0.$identifier"
    waits=0
    # Twice: a process that was choosing a number during the first check has it by the second.
    while is_preceded || is_preceded; do
        [ "$waits" -ne 10 ] || say "waiting for another install.sh (process $process)"
        [ "$waits" -lt 18000 ] ||
            fail "another install.sh (process $process) does not end; kill it, or delete $turns.*"
        waits=$((waits + 1))
        pause 0.1
    done
}

announce() {
    said=$(mkdir "$turns.$1.$identifier" 2>&1) || fail_prefix "cannot write to ${turns%/*}: ${said##*: };"
}

# is_preceded: whether a running process has a lower number, or the same number and a lower process ID.
is_preceded() {
    for turn in "$turns".*; do
        process=${turn#"$turns."}
        case $process in
            *[!0-9.]* | *."$identifier") continue ;;
        esac
        other=${process%%.*}
        process=${process#*.}
        start=${process#*.}
        process=${process%%.*}
        # In a folder such as /tmp, another user could otherwise block all others.
        is_own "$turn" || continue
        if ! is_running "$process" "$start"; then
            rmdir "$turn" 2>/dev/null || :
        elif [ "$other" -lt "$number" ] || { [ "$other" -eq "$number" ] && [ "$process" -lt $$ ]; }; then
            return
        fi
    done
    return 1
}

end_turn() {
    rmdir "$turns".*."$identifier" 2>/dev/null || :
}

# is_running PROCESS STARTED: whether the process runs, and is the one that started at that time.
is_running() {
    [ "$(started "$1")" = "$2" ] && { [ -n "$2" ] || kill -0 "$1" 2>/dev/null; }
}

# started PROCESS: prints the start time of a running process in the kernel's ticks, or nothing if there is no /proc.
started() {
    stat=""
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || :
    # proc_pid_stat(5): the fields after the name, which may contain spaces; a zombie does not run.
    # shellcheck disable=SC2086 # words
    set -- ${stat##*)}
    [ "${1:-Z}" = Z ] || printf '%s\n' "${20}"
}

# pause SECONDS: one second if sleep does not support fractions.
pause() {
    sleep "$1" 2>/dev/null || sleep 1
}

# check_archive: checks that the program next to install.sh is for this machine. share/platform in an archive names its
# system, processor, C library, and the oldest version of glibc: "linux x86_64 glibc 2.28".
check_archive() {
    bundle=$here/docker-credential-ecrx
    [ -s "$bundle/docker-credential-ecrx" ] ||
        fail "there is neither a program nor a checkout next to install.sh; unpack the whole archive"
    is_whole || fail "$bundle is damaged; unpack the whole archive again"
    [ -f "$bundle/share/platform" ] || return 0
    read -r system machine libc oldest <"$bundle/share/platform" || :
    is_platform || fail "$bundle/share/platform is damaged; unpack the whole archive"
    know_machine
    fits || misfit
}

# is_whole: whether all files that the program lists, a size and a path in each line, have that size together: what tar
# unpacks on a full disk may be empty.
is_whole() (
    cd "$bundle/_internal" || return 1
    [ -e parts.txt ] || return 0
    total=0
    while read -r size _; do
        case $size in *[!0-9]* | "") return 1 ;; esac
        total=$((total + size))
    done <parts.txt
    set -f
    IFS=$NEWLINE
    # shellcheck disable=SC2046 # lines; not every system has xargs
    found=$(cat $(sed 's/^[0-9]* //' parts.txt) </dev/null | wc -c)
    [ "$total" -gt 0 ] && [ "$found" -eq "$total" ]
) 2>/dev/null

# is_platform: whether the line from share/platform is complete.
is_platform() {
    case "${machine:+machine} ${libc:-} ${oldest:-}" in
        *" glibc "*[!0-9.]* | *" glibc "*.*.*) return 1 ;;
        "machine  " | "machine musl " | "machine glibc "[0-9]*.[0-9]*) ;;
        *) return 1 ;;
    esac
}

fits() {
    [ "$system $machine" = "$own_system $own_machine" ] || return 1
    case $libc in
        glibc) runs_glibc "$oldest" ;;
        musl) [ -n "$own_musl" ] ;;
    esac
}

# runs_glibc VERSION: whether this machine has that glibc; if its version is unknown, running the program shows it.
runs_glibc() {
    if [ -n "$own_glibc" ] && [ "$(whole "$own_glibc")" -lt "$(whole "$1")" ]; then
        return 1
    fi
    [ -n "$has_glibc" ] || [ -z "$own_musl" ]
}

# know_machine: sets own_system, own_machine, own_musl, has_glibc, and own_glibc, its version if that is known.
know_machine() {
    own_system=$(uname -s | tr '[:upper:]' '[:lower:]')
    own_machine=$(uname -m)
    # A 32-bit system may run on a 64-bit kernel.
    [ "$(getconf LONG_BIT 2>/dev/null)" != 32 ] || own_machine="$own_machine (32-bit)"
    own_musl="" has_glibc="" own_glibc=""
    [ "$own_system" = linux ] || return 0
    for loader in /lib/ld-musl-*.so.1; do
        [ ! -e "$loader" ] || own_musl=yes
    done
    said=$(getconf GNU_LIBC_VERSION 2>/dev/null) || said=$(ldd --version 2>&1 | sed -n '1s/^ldd (.*) /glibc /; 1p')
    case $said in
        "glibc "*[!0-9.]* | "glibc "*.*.*) ;;
        "glibc "[0-9]*.[0-9]*) has_glibc=yes own_glibc=${said#glibc } ;;
        musl*) return ;; # a loader for programs of glibc may exist too
    esac
    for loader in /lib*/ld-linux*; do
        [ ! -e "$loader" ] || has_glibc=yes
    done
}

# whole VERSION: prints it as an integer, 2.28 as 2028 and 2.9 as 2009.
whole() {
    minor=${1#*.}
    printf '%d%03d\n' "${1%%.*}" "${minor%%.*}"
}

# misfit: fails with the platform of the archive, that of this machine, and the archive that fits.
misfit() {
    own=${has_glibc:+ with glibc${own_glibc:+ $own_glibc}}
    own=${own:-${own_musl:+ with musl}}
    for="$system $machine${libc:+ with $libc}${oldest:+ $oldest or newer}"
    release=docker-credential-ecrx-VERSION
    case ${here##*/} in
        docker-credential-ecrx-[0-9]*) release=${here##*/} ;;
    esac
    fitting=$release-$own_system-$own_machine
    case $own_system-$own_machine in
        linux-x86_64 | linux-aarch64)
            runs_glibc 2.28 || fitting=${own_musl:+$fitting-musl}
            ;;
        darwin-x86_64 | darwin-arm64) ;;
        *) fitting="" ;;
    esac
    next="install $fitting.tar.gz of the release"
    [ -n "$fitting" ] || next="no archive is for it; install the wheel with Python 3.11 or newer, as in README.md"
    fail "this archive is for $for, but this machine is $own_system $own_machine$own; $next"
}

# stage DIR: puts the program into DIR, from where it is moved to its final folder.
stage() {
    if [ -f "$here/build/build.sh" ]; then
        bundle=$here/dist/docker-credential-ecrx
        check_checkout
        status=0
        build_into "$1" || status=$?
        case $status in
            0) ;;
            3)
                stage_wheel "$1"
                return
                ;;
            *) exit "$status" ;;
        esac
    else
        copy_into "$1"
    fi
    # A default ACL of the folder above takes precedence over the umask.
    chmod -R u+rwX,go-w "$1"
}

# build_into DIR: builds in this checkout, which others may use too, and copies the program; returns build.sh's status.
build_into() (
    ! is_writable "$here/.work" || wait_turn "$here/.work"
    status=0
    if is_writable "$here"; then
        sh "$here/build/build.sh" || status=$?
    else
        # It writes nothing if the program is up to date.
        sh "$here/build/build.sh" >/dev/null 2>&1 || status=$?
    fi
    case $status in
        0) copy_into "$1" ;;
        3) exit 3 ;;
        *)
            is_writable "$here" || fail "cannot build in the checkout $here, because it is read-only; $next"
            is_utf8 "$here" || fail "cannot build in the checkout $here, because its path is not UTF-8; $next"
            fail "cannot build the program; see above$PYPI"
            ;;
    esac
)

copy_into() {
    said=$(cp -RP "$bundle" "$1" 2>&1) ||
        fail_prefix "cannot copy the program to $prefix: ${said##*"$NEWLINE"};"
}

# check_checkout: refuses a checkout that other users own in part, or in which no program can run.
check_checkout() {
    next="copy it to a folder of your own, and run install.sh there"
    is_writable "$here" || return 0
    mkdir -p "$here/.work" 2>/dev/null || :
    for folder in "$here/.work" "$here/.work/build" "$here/.work/build-venv" "$here/dist" "$bundle"; do
        [ ! -e "$folder" ] || is_writable "$folder" ||
            fail "cannot build in $folder, because it is not writable; delete it, with sudo if root owns it"
    done
    may_run "$here/.work" || fail "cannot run programs in the checkout $here, which is mounted noexec; $next"
}

# may_run DIR: whether programs in it can run; also if it is not writable, which is another fault.
may_run() {
    status=0
    if { printf '#!/bin/sh\n' >"$1/probe.$$" && chmod 755 "$1/probe.$$"; } 2>/dev/null; then
        "$1/probe.$$" 2>/dev/null || status=$?
    fi
    rm -f "$1/probe.$$"
    return "$status"
}

# stage_wheel DIR: installs the program as a wheel, in a virtual environment.
stage_wheel() {
    cd "$here"
    . build/python.sh
    find_python || fail "there is no Python that can run the program either:
${PYTHON_LACKS%"$NEWLINE"}"
    say "installing the wheel for $PYTHON instead; do not remove that Python, which the program needs"
    set +e # only here: in the subshell it is on, where || or && would turn it off
    (
        set -e
        make_venv "$1" build/requirements-wheel.txt
        install_project "$1"
    )
    status=$?
    set -e
    [ "$status" = 0 ] || fail "cannot install the wheel; see above$PYPI"
    mkdir -p "$1/share/man/man1"
    "$1/bin/python" -I build/man.py >"$1/share/man/man1/docker-credential-ecrx.1"
    # The environment will be moved, and the scripts that pip installed would not work there.
    rm -f "$1"/bin/docker-credential-ecrx "$1"/bin/ecrx "$1"/bin/pip* "$1"/bin/[Aa]ctivate* "$1/stamp"
    # A shell runs the first lines, which find the environment in any folder, and Python runs the rest.
    cat >"$1/docker-credential-ecrx" <<'END'
#!/bin/sh
'''true'
IFS=:
set -f
for folder in /usr/bin /bin ${PATH:-} /; do # only an absolute folder, in which a system has its readlink
    case $folder in /*) [ ! -x "$folder/readlink" ] || break ;; esac
done
here=$("$folder/readlink" -f -- "$0") && exec "${here%/*}/bin/python" -I "$0" "$@"
exit 1
' '''
from docker_credential_ecrx.__main__ import run
run()
END
    chmod 755 "$1/docker-credential-ecrx"
}

# version_of PROGRAM: prints its version, and so checks that it runs on this machine.
version_of() {
    if ! { said=$("$1" version); } 2>/dev/null; then
        may_run "${1%/*}" || fail_prefix "cannot run programs in $prefix, which is mounted noexec;"
        # musl's loader uses it to find the program's own libraries.
        [ -e /proc/self/exe ] || ! grep -q ' musl' "${1%/*}/share/platform" 2>/dev/null ||
            fail "the program needs /proc; run: mount -t proc proc /proc"
        is_utf8 "$prefix" || fail_prefix "the program cannot run in $prefix, because its path is not UTF-8;"
        status=0
        { said=$("$1" version 2>&1) || status=$?; } 2>/dev/null
        said=${said##*"$NEWLINE"}
        fail "the program does not run on this machine ($(uname -sm)): ${said:-its exit status is $status}"
    fi
    case ${said##* } in
        *[!0-9A-Za-z.+-]*) ;;
        [0-9]*.[0-9]*)
            echo "${said##* }"
            return
            ;;
    esac
    fail "the program printed '$said' as its version"
}

# is_utf8 TEXT: whether it is, if that can be told: Python's launcher runs in no other folder.
is_utf8() {
    ! command -v iconv >/dev/null || printf %s "$1" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1
}

# put_version: moves the staged program to a new folder, and then points current there atomically.
put_version() {
    folder=$version
    again=0
    while [ -e "$home/$folder" ]; do
        again=$((again + 1))
        folder=$version-$again
    done
    mv "$staging" "$home/$folder"
    previous=$(readlink "$home/current") || :
    put_link "$folder" "$home" current
}

# path_from DIR UP: prints the path of current for a symlink in DIR, where UP is the prefix; relative, so that it still
# works when the home folder is moved, unless DIR is itself a symlink to another folder.
path_from() {
    if [ "$(cd -P "$1/$2" && pwd -P)" = "$(cd -P "$prefix/" && pwd -P)" ]; then
        echo "$2/lib/docker-credential-ecrx/current"
    else
        printf '%s\n' "$home/current"
    fi
}

uninstall() {
    check_folders
    { [ ! -e "$home" ] && [ ! -L "$bin/docker-credential-ecrx" ]; } || ask_first
    take_turn
    check_home "nothing was deleted"
    find_record
    links=$(our_links)
    if [ -z "$record$links" ]; then
        say "docker-credential-ecrx is not installed in $prefix"
        return
    fi
    check_deletable
    # Another installation of this user may need these.
    has_another || leave_user
    printf '%s\n' "$links" | while read -r link; do
        rm -f "$link"
    done
    remove_home
    [ ! -d "$home" ] || say "kept $home, because it has files of other programs"
    say "deleted docker-credential-ecrx from ${prefix:-/}"
    config=$(if_absolute "${XDG_CONFIG_HOME:-}")
    config=${ECRX_CONFIG:-${config:-$user_home/.config}/ecrx/config.toml}
    [ ! -f "$config" ] || say "kept your $config"
}

# ask_first: on a terminal, ends unless the user agrees; without one, nobody is asked.
ask_first() {
    [ "$agreed" = no ] && [ -t 0 ] && [ -t 2 ] || return 0
    stored=""
    has_another || stored=", with the tokens and passwords that it stored"
    printf 'install.sh: delete docker-credential-ecrx from %s%s? [y/N]: ' "$prefix" "$stored" >&2
    read -r answer || answer=""
    case $answer in
        [yY] | [yY][eE][sS]) ;;
        *)
            say "nothing was deleted"
            exit 1
            ;;
    esac
}

# our_links: prints the symlinks to the program, the one to which others point last.
our_links() {
    for link in "$man/docker-credential-ecrx.1" "$bin"/docker-credential-ecrx-* "$bin/ecrx" \
        "$bin/docker-credential-ecrx"; do
        ! is_ours "$link" || printf '%s\n' "$link"
    done
}

# check_deletable: fails unless $home and the folders of $links can be changed.
check_deletable() {
    for folder in "$home" "$bin" "$man"; do
        case $folder:$NEWLINE$links in
            "$home:"* | *"$NEWLINE$folder/"*)
                [ ! -e "$folder" ] || is_writable "$folder" ||
                    fail "nothing was deleted, because $folder is not writable; make it writable, and try again"
                ;;
        esac
    done
}

# leave_user: deletes what the program stores for this user, and its name from Docker's configuration.
leave_user() {
    if [ "$me" = 0 ] && [ -d "$user_home" ] && ! is_own "$user_home"; then
        say "kept tokens, passwords and Docker's configuration, because another user owns $user_home;
  to delete them, that user can run ./install.sh, and then ./install.sh --uninstall"
        return
    fi
    if [ -f "$program" ]; then
        if { "$program" version; } >/dev/null 2>&1 </dev/null; then
            release_clients
            forget_secrets
        else
            say "the program does not run, so it stays in Docker's configuration, and its items in keyrings;
  to delete them, install it again where it runs, and uninstall it there"
        fi
    fi
    [ -z "$state" ] || remove_state
}

# has_another: whether the program is also installed elsewhere, where Docker or the next install finds it.
has_another() (
    own=$(cd "$home" 2>/dev/null && pwd -P) || own=$home
    IFS=:
    set -f
    for folder in ${PATH:-} ${user_local:+"$user_local/bin"}; do
        [ -x "$folder/docker-credential-ecrx" ] || continue
        case $(readlink -f "$folder/docker-credential-ecrx") in
            "$own"/*) ;; # a link to this one
            *) return 0 ;;
        esac
    done
    return 1
)

# Docker fails for a registry whose helper is missing, so its configuration must not name this program.
release_clients() {
    can 'configure --help' --all || return 0
    for client in docker podman; do
        option=""
        [ "$client" = docker ] || option=--podman
        # shellcheck disable=SC2086 # an option, or none
        said=$("$program" configure --remove --all $option </dev/null) ||
            say "$client may still use this program, and fail; delete ecrx from credHelpers in its configuration"
        [ -z "$said" ] || say "$client's configuration: $said"
    done
}

# can ARGUMENTS WORD: whether the help that ARGUMENTS print names WORD: older releases lack some commands.
can() {
    # shellcheck disable=SC2086 # words
    "$program" $1 2>/dev/null </dev/null | grep -q "^ *$2 "
}

# Only a release that has the command can delete its items in keyrings. What stays in the user namespace of podman could
# be deleted only by the program inside, which is about to be deleted itself.
forget_secrets() {
    can --help forget || return 0
    said=$({ "$program" forget --all --passwords </dev/null 2>&1 >&3 |
        sed 's/; to delete what is there: podman unshare .*/, until it expires/' >&2; } 3>&1) || :
    [ -z "$said" ] || say "keyrings: $said"
}

# remove_state: deletes the program's files there, but not the index while it lists an item, which could not be found
# without it.
remove_state() {
    [ -e "$state/ecrx" ] || [ -L "$state/ecrx" ] || return 0
    if [ -L "$state/ecrx" ] || [ ! -d "$state/ecrx" ] || ! is_own "$state/ecrx"; then
        say "kept $state/ecrx, because it is not a folder of this user"
        return
    fi
    if [ -n "$(replaceable "$state/ecrx")" ]; then
        say "kept $state/ecrx, because another user can replace it"
        return
    fi
    (
        # From inside, so that nobody can replace the folder in the meantime.
        cd "$state/ecrx" && is_own . || exit 0
        rm -f ledger.json.new ledger.json.lock configure.lock token.*.lock added-store-* || :
        lists_an_item ledger.json || rm -f ledger.json
    ) 2>/dev/null || :
    if lists_an_item "$state/ecrx/ledger.json"; then
        say "kept $state/ecrx/ledger.json, because a keyring may still have the items that it lists;
  to delete them, install and uninstall again where the keyring is available"
        return
    fi
    # The program created these if they did not exist.
    write_record "$state$NEWLINE${user_local:+$user_local/state$NEWLINE$user_local}" || :
    rmdir "$state/ecrx" 2>/dev/null || say "kept $state/ecrx, because it has files of other programs"
}

lists_an_item() {
    [ -f "$1" ] && [ ! -L "$1" ] && grep -q '"keyring":' "$1"
}

# check_home STEP: refuses a folder in place of $home that install.sh did not create for this user.
check_home() {
    is_marked || is_free || {
        [ ! -f "$home/made" ] || is_own "$home/made" ||
            fail_prefix "another user installed $home; run install.sh as that user, with sudo for root, or"
        fail "$home does not belong to this program; $1"
    }
}

# is_marked: whether install.sh created $home. Release 1.0.0 wrote the list of folders without its first line.
is_marked() {
    [ -d "$home" ] && [ ! -L "$home" ] && is_own_file "$home/made" || return 1
    read -r first <"$home/made" || :
    [ "$first" != "$MARK" ] || return 0
    case $home/ in
        "${first:-none}"/*) return 0 ;;
    esac
    case $(readlink "$home/current") in
        [0-9]*.[0-9]*) [ -f "$program" ] ;;
        *) return 1 ;;
    esac
}

# is_free: whether $home is missing, or has only what a killed install may leave there.
is_free() {
    [ ! -L "$home" ] || return 1
    [ -e "$home" ] || return 0
    case $(ls -A "$home") in
        "") ;;
        made) [ ! -s "$home/made" ] ;;
        *) return 1 ;;
    esac
}

# find_record: sets record to the list of created folders: in $home, or above it while $home is created or deleted.
find_record() {
    record=$home/made folder=$home
    until is_own_file "$record"; do
        record=""
        [ -n "$folder" ] || return 0
        folder=${folder%/*}
        record=$folder/.docker-credential-ecrx.made
    done
}

# may_be_record PATH: whether the list can be there; in a folder such as /tmp, another user may have taken its place.
may_be_record() {
    { [ ! -e "$1" ] && [ ! -L "$1" ]; } || is_own_file "$1"
}

# write_record FOLDERS: adds them to the list, whose folders --uninstall deletes if they are empty.
write_record() {
    find_record
    new=$record.new
    if [ -z "$record" ]; then
        folder=$(nearest "$home")
        record=$folder/.docker-credential-ecrx.made
        [ "$folder" != "$home" ] || record=$home/made
        new=$record
    fi
    prefixes=$(list_prefixes | grep -vxF -e "$prefix" | sort -u | sed 's/^/# once in /')
    listed=$({ made_folders; printf '%s\n' "$1"; } | grep '^/' | sort -u)
    # If others can write there too, their files and symlinks must not be written to.
    { rm -f "$new" && (set -C && printf '%s\n' "$MARK" ${prefixes:+"$prefixes"} "$listed" >"$new"); } 2>/dev/null || return 1
    [ "$new" = "$record" ] || mv -f "$new" "$record"
}

# made_folders: prints the folders in the list by their current paths, since the prefix may have been moved.
made_folders() {
    [ -f "$record" ] || return 0
    listed=$(grep '^/' "$record" | tr -s / | sed 's|/\./|/|g') || :
    was=$(printf '%s\n' "$listed" | grep '/lib/docker-credential-ecrx$' | head -n 1)
    was=${was%/lib/docker-credential-ecrx}
    printf '%s\n' "$listed" | while IFS= read -r folder; do
        case ${was:+$folder/} in
            "$was"/*) folder=$prefix${folder#"$was"} ;;
        esac
        printf '%s\n' "$folder"
    done
}

# list_prefixes: prints the prefixes that the program has had, according to the list.
list_prefixes() {
    find_record
    [ -z "$record" ] ||
        tr -s / <"$record" | sed -n 's|/\./|/|g; s/^# once in //p; s|^\(/.*\)/lib/docker-credential-ecrx$|\1|p'
}

# remove_home: deletes what belongs to this program in it, then it and the folders created for it that are empty.
remove_home() {
    if is_marked; then
        (
            cd "$home"
            rm -rf current .staging-* .old-* [0-9]*.[0-9]*
        )
    fi
    remove_link_leftovers
    find_record
    [ -n "$record" ] || return 0
    rm -f "$record.new"
    made=$({ made_folders; printf '%s\n' "$home"; } | sort -ru)
    while IFS= read -r folder; do
        is_above_ours "$folder" || continue
        [ "$folder" != "${turns%/*}" ] || end_turn
        # The list is kept until every folder in it is deleted, so that another run can finish if this one is killed.
        if [ "${record%/*}" = "$folder" ]; then
            above=${folder%/*}/.docker-credential-ecrx.made
            if may_be_record "$above"; then mv "$record" "$above"; else rm -f "$record"; fi
            record=$above
        fi
        rmdir "$folder" 2>/dev/null || :
    done <<END
$made
END
    ! may_be_record "$record" || rm -f "$record"
}

# is_above_ours FOLDER: whether it is one of the folders that the program may have created, or above one.
is_above_ours() {
    for own in "$home" "$bin" "$man" "$state/ecrx" "$user_local/state/ecrx"; do
        case $own/ in
            "$1"/*) return 0 ;;
        esac
    done
    return 1
}

# make_folders DIR...: adds the missing folders to the list, then creates them.
make_folders() {
    made=$home$NEWLINE
    for wanted; do
        folder=$wanted
        while [ ! -d "$folder/" ]; do
            made=$made$folder$NEWLINE
            folder=${folder%/*}
        done
        is_writable "$folder" || make_folder "$wanted" # which reports why it cannot be created
    done
    write_record "$made" || {
        may_be_record "$record" || fail_prefix "cannot install into $prefix: $record is in the way;"
        make_folder "$1"
    }
    for wanted; do
        make_folder "$wanted"
    done
    # Another user may have been faster.
    check_folders
}

make_folder() {
    said=$(mkdir -p "$1" 2>&1) || fail_prefix "cannot install into $prefix: ${said##*: };"
    is_writable "$1" || fail_prefix "cannot install into $prefix: $1 is not writable;"
}

# put_link TARGET DIR NAME: replaces the symlink atomically, so that Docker always finds it; ln -sf takes two steps.
put_link() {
    new=$2/.docker-credential-ecrx.$$
    said=$({ mkdir "$new" && ln -s "$1" "$new/$3" && mv -f "$new/$3" "$2/" && rmdir "$new"; } 2>&1) || {
        remove_link_leftovers
        fail_prefix "cannot create the symlink $2/$3: ${said##*: };"
    }
}

# remove_link_leftovers: deletes what put_link left when it was killed.
remove_link_leftovers() {
    for folder in "$home"/.docker-credential-ecrx.[0-9]* "$bin"/.docker-credential-ecrx.[0-9]* \
        "$man"/.docker-credential-ecrx.[0-9]*; do
        if [ -d "$folder" ] && [ ! -L "$folder" ]; then
            rm -f "$folder/current" "$folder/ecrx" "$folder/docker-credential-ecrx" "$folder/docker-credential-ecrx.1"
            rmdir "$folder" 2>/dev/null || :
        fi
    done
}

# is_foreign NAME: whether bin has a file of that name that does not belong to this program.
is_foreign() {
    [ -e "$bin/$1" ] || [ -L "$bin/$1" ] || return 1
    ! is_ours "$bin/$1"
}

# is_ours LINK: whether it is a symlink to the program, like those that users create for profiles.
is_ours() {
    [ -L "$1" ] || return 1
    target=$(readlink "$1")
    [ -n "$(if_absolute "$target")" ] || target=${1%/*}/$target
    if [ ! -e "$target" ]; then
        was_ours "$target"
        return
    fi
    folder=$(real "${target%/*}")
    case $folder/ in
        "$(real "$home")"/*) return 0 ;;
    esac
    [ "$folder/${target##*/}" = "$(real "$bin")/docker-credential-ecrx" ] && [ "$1" != "$bin/docker-credential-ecrx" ] &&
        is_ours "$bin/docker-credential-ecrx"
}

# was_ours TARGET: whether it was the program, before that was moved, or its uninstall was killed.
was_ours() {
    case $1 in
        "$bin/../"*) target=$prefix/${1#"$bin/../"} ;;
        "$man/../../../"*) target=$prefix/${1#"$man/../../../"} ;;
    esac
    case $target in
        */../*) return 1 ;;
        */lib/docker-credential-ecrx/*) target=${target%/lib/docker-credential-ecrx/*} ;;
        */bin/docker-credential-ecrx) target=${target%/bin/docker-credential-ecrx} ;;
        *) return 1 ;;
    esac
    { printf '%s\n' "$prefix" && list_prefixes; } | grep -qxF -e "$target"
}

# real DIR: prints its path without symlinks.
real() {
    (cd -P "$1/" 2>/dev/null && pwd -P) || printf '%s\n' "$1"
}

# A running program reads from its folder until it ends; a version in use is deleted by the next install.
remove_old_versions() {
    for folder in "$home"/.staging-* "$home"/.old-* "$home"/[0-9]*.[0-9]*; do
        case $(readlink "$home/current")/ in
            "${folder##*/}"/*) continue ;;
        esac
        if [ -d "$folder" ] && ! is_in_use "$folder"; then
            rm -rf "$folder" 2>/dev/null || : # an install that was killed may have left a cp that still writes there
        fi
    done
}

# is_in_use FOLDER: whether a program runs from it; if that is unknown, whether it is the one that was just replaced.
is_in_use() {
    # A running file cannot be opened for writing (ETXTBSY). The program hides its /proc/PID/exe, even from its user.
    [ ! -f "$1/docker-credential-ecrx" ] || (: >>"$1/docker-credential-ecrx") 2>/dev/null || return 0
    # /proc may be missing, or hide such processes (hidepid).
    if [ ! -r /proc/1/comm ]; then
        [ "${1##*/}" = "$previous" ]
        return
    fi
    # The wheel's launcher, before Python takes over; its name is truncated to 15 characters.
    launcher='^/bin/sh'
    case $(uname -r) in
        6.1[12].*) launcher='' ;; # some of these kernels let running files be written: any program of that name counts
        *) [ -d "$1/bin" ] || return 1 ;;
    esac
    named=$(grep -lsxE 'docker-credenti|ecrx' /proc/[0-9]*/comm | sed 's/comm$/cmdline/')
    # shellcheck disable=SC2086 # words
    ! grep -qs "$launcher" /dev/null $named || return 0
    # The wheel runs under the machine's Python, by a path in its environment; grep gets it on stdin, so as not to find
    # itself. With -q its status is 0 at the first match; without it, it is 2 if a process has just ended.
    # shellcheck disable=SC2062 # these are files
    printf '%s\n' "$(real "$1")/bin/python" | grep -qsF -f - /proc/[0-9]*/cmdline
}

say_what_next() {
    case :${PATH:-}: in
        *:"$bin":* | *:"$bin"/:*) say_what_is_first ;;
        *) say_path ;;
    esac
    say "next, for the registry HOST and your AWS profile PROFILE:
  docker-credential-ecrx configure HOST --profile PROFILE
or, question by question:
  docker-credential-ecrx setup"
}

# say_path: says how PATH gets bin, in the user's shell.
say_path() {
    folder="~" file=.profile
    case ${SHELL:-} in
        */fish)
            say "Docker looks for the program on PATH; run this once:
  fish_add_path '$(printf '%s\n' "$bin" | sed "s/[\\\\']/\\\\&/g")'"
            return
            ;;
        */zsh) folder=${ZDOTDIR:-$folder} file=.zshrc ;;
        */bash)
            for file in .bash_profile .bash_login .profile; do # bash reads the first of them
                [ ! -f "$user_home/$file" ] || break
            done
            ;;
    esac
    # In double quotes, bash and zsh would take a ! for a command of their history.
    say "Docker looks for the program on PATH; run this, and add it to your $folder/$file:
  export PATH='$(printf '%s\n' "$bin" | sed "s/'/'\\\\''/g")':\"\$PATH\""
}

# say_what_is_first: says so if PATH leads to another program of that name.
say_what_is_first() {
    first=$(command -v docker-credential-ecrx) || return 0
    target=$(readlink -f "$first" 2>/dev/null) || return 0 # not every system has -f
    case $(real "$(dirname -- "$target")")/ in
        "$(real "$home")"/*) ;;
        *) say "PATH leads to $first instead; uninstall that one, or put $bin before it" ;;
    esac
}

# In a subshell, because a full disk or a pipe that head has closed must not end what is half done.
say() {
    (printf 'install.sh: %s\n' "$*") 2>/dev/null || :
}

# fail_prefix MESSAGE: fails with MESSAGE and what the user can do.
fail_prefix() {
    fail "$1 choose another --prefix"
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

main "$@"
