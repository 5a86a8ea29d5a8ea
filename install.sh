#!/bin/sh
# Installs docker-credential-ecrx for one user, without root: see usage below.
set -eu

usage() {
    cat <<'END'
install.sh installs docker-credential-ecrx: from a release archive the program in it, from a checkout what it builds.

usage: ./install.sh [--prefix DIR] [--demo]
       ./install.sh [--prefix DIR] --uninstall

  --prefix DIR   install into DIR/lib and DIR/bin; ~/.local if not given
  --demo         then show the main job once, against an AWS stand-in on loopback
  --uninstall    remove the program, its links, its state and what it keeps in a keyring; your config.toml stays
  --help         show this

Example: ./install.sh --demo

Before you unpack a release archive, verify that the project's release workflow built it:
  gh attestation verify ARCHIVE --repo OWNER/docker-credential-ecrx
END
}

# The first line of the list of folders that were made; a folder without it is not this program's.
MARK='# install.sh of docker-credential-ecrx made these folders'
NEWLINE='
'

main() {
    unset CDPATH
    umask 022
    me=$(id -u)
    user_home=$(if_absolute "${HOME:-}")
    turns="" identifier="" staging="" previous=""
    action=install demo=no prefix=${user_home:+$user_home/.local}
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix)
                prefix=$(folder_in "${2:-}")
                shift
                ;;
            --prefix=*) prefix=$(folder_in "${1#--prefix=}") ;;
            --demo) demo=yes ;;
            --uninstall) action=uninstall ;;
            --help | -h) usage; exit ;;
            *) fail "unknown argument $1; see install.sh --help" ;;
        esac
        shift
    done
    [ -n "$prefix" ] || fail "there is no HOME; say where with --prefix DIR"
    prefix=$(absolute "$prefix")
    here=$(cd -- "$(dirname -- "$0")" && pwd)
    bin=$prefix/bin
    man=$prefix/share/man/man1
    home=$prefix/lib/docker-credential-ecrx
    program=$home/current/docker-credential-ecrx
    # The XDG specification has relative paths ignored, as the program does.
    state=$(if_absolute "${XDG_STATE_HOME:-}")
    state=${state:-${user_home:+$user_home/.local/state}}
    "$action"
}

folder_in() {
    case $1 in
        "" | -*) fail "--prefix needs a folder" ;;
        *"$NEWLINE"*) fail "--prefix cannot contain a line break" ;;
    esac
    printf '%s\n' "$1"
}

if_absolute() {
    case $1 in
        /*) printf '%s\n' "$1" ;;
    esac
}

# absolute DIR: its one spelling, whether the folder exists or not.
absolute() {
    folder=$1 rest=""
    [ -n "$(if_absolute "$folder")" ] || folder=$PWD/$folder
    folder=$(printf '%s\n' "${folder%/}" | tr -s /)
    while [ ! -d "$folder/" ]; do
        rest=/${folder##*/}$rest
        folder=${folder%/*}
    done
    case $rest/ in
        */./* | */../*) fail "cannot install into $1: choose a --prefix without . and .." ;;
    esac
    folder=$(cd "$folder/" && pwd | tr -s /) || fail "cannot install into $1; choose another --prefix"
    printf '%s\n' "${folder%/}$rest"
}

# check_folders: refuses folders that another user could replace, and so lead what is written or removed elsewhere.
check_folders() {
    found=$(replaceable "$home" "$bin" "$man")
    found=${found%%"$NEWLINE"*}
    case $found in
        "") ;;
        "every user "*) fail "${found#every user } can be written by every user; run chmod o-w on it, or choose another --prefix" ;;
        *) fail "${found#owner } belongs to another user; run install.sh as that user, or choose another --prefix" ;;
    esac
}

# replaceable PATH...: of the folders at and above each PATH, and of the links on the way, prints those that belong to
# another user than this one and root, after "owner", and those that everybody can write. Groups are trusted.
replaceable() (
    count=$#
    for path; do
        while [ ! -d "$path/" ]; do
            path=${path%/*}
        done
        for folder in "$path" "$(cd "$path/" && pwd -P)"; do
            while [ -n "${folder#/}" ]; do
                set -- "$@" "$folder"
                folder=${folder%/*}
            done
        done
    done
    shift "$count"
    [ $# -gt 0 ] || return 0
    outsider=$(outsider)
    # shellcheck disable=SC2012 # not every system has find
    LC_ALL=C ls -dln "$@" | while read -r mode _ owner _ _ _ _ _ path; do
        case $owner in
            "$me" | 0 | "$outsider") ;;
            *) printf 'owner %s\n' "$path" ;;
        esac
        case $mode in
            d???????w[!tT]*) printf 'every user %s\n' "$path" ;;
        esac
    done
)

# outsider: the user as whom a container's user namespace shows the owner of what root owns outside it; else root.
outsider() {
    count=4294967295
    [ ! -r /proc/self/uid_map ] || read -r _ _ count </proc/self/uid_map || :
    if [ "$count" = 4294967295 ]; then echo 0; else cat /proc/sys/kernel/overflowuid; fi
}

# is_own PATH: whether it belongs to this user; of a link, the link itself.
is_own() (
    set -f
    # shellcheck disable=SC2046 # words
    set -- $(LC_ALL=C ls -dln "$1" 2>/dev/null)
    [ "${3:-}" = "$me" ]
)

install() {
    check_folders
    [ -f "$here/build/build.sh" ] || check_archive
    while [ ! -d "${prefix%/*}/" ]; do
        take_turn
        trap clean_up EXIT
        [ -d "${prefix%/*}/" ] || make_folders "$prefix"
        end_turn # once more, where all wait
    done
    take_turn
    # Before anything is built: what cannot be installed in the end.
    ! is_foreign docker-credential-ecrx || fail "$bin/docker-credential-ecrx is not this program's; move it away first"
    is_marked || is_free || fail "$home is not this program's; move it away first"
    staging=$home/.staging-$$
    trap clean_up EXIT
    make_folders "$home" "$bin" "$man"
    keep_record
    remove_link_leftovers
    remove_old_versions

    stage "$staging"
    version=$(version_of "$staging/docker-credential-ecrx")
    put_version
    put_link "$(path_from "$bin" ..)/docker-credential-ecrx" "$bin" docker-credential-ecrx
    if is_foreign ecrx; then
        say "$bin/ecrx is not this program's and stays as it is; the short name is not installed"
    else
        put_link "$(path_from "$bin" ..)/docker-credential-ecrx" "$bin" ecrx
    fi
    page=docker-credential-ecrx.1
    if [ -f "$home/current/share/man/man1/$page" ] && { [ ! -e "$man/$page" ] || is_ours "$man/$page"; }; then
        put_link "$(path_from "$man" ../../..)/share/man/man1/$page" "$man" "$page"
    fi
    [ -z "$previous" ] || pause 0.3 # by then what was started from its folder is seen to run there
    remove_old_versions
    end_turn
    say "docker-credential-ecrx $version is in $bin"
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

# take_turn: waits until no other install.sh is at work on this prefix.
# The place where each says so is above the prefix, which may come and go; where that cannot be written, in it.
take_turn() {
    above=${prefix%/*}
    while [ ! -d "$above/" ]; do
        above=${above%/*}
    done
    for above in "$above" "$prefix" "$prefix/lib"; do
        if [ -w "$above/" ]; then
            wait_turn "$above"
            return
        fi
    done
}

# wait_turn FOLDER: waits there by Lamport's bakery algorithm: each process takes a number above all that it sees, and
# the lowest is next. It needs no lock, and nobody waits for a process that was killed.
wait_turn() {
    turns=$1/.docker-credential-ecrx.turn
    trap end_turn EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    identifier=$$.$(started $$)
    announce 0 # while it chooses
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
    # Twice: who was choosing a number during the first look has it by the second.
    while is_preceded || is_preceded; do
        [ "$waits" -ne 10 ] || say "waiting for another install.sh, process $process"
        [ "$waits" -lt 18000 ] ||
            fail "another install.sh, process $process, does not end; end it, or if it is none, remove $turns.*"
        waits=$((waits + 1))
        pause 0.1
    done
}

announce() {
    said=$(mkdir "$turns.$1.$identifier" 2>&1) || fail "cannot write into ${turns%/*}: ${said##*: }; choose another --prefix"
}

# is_preceded: whether a process that runs has a lower number, or the same one and a lower process identifier.
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
        # In a folder such as /tmp others could hold everybody up.
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

# is_running PROCESS STARTED: whether it does, and is the one that started then.
is_running() {
    [ "$(started "$1")" = "$2" ] && { [ -n "$2" ] || kill -0 "$1" 2>/dev/null; }
}

# started PROCESS: prints when a process that runs was started, in the kernel's ticks; where there is no /proc, nothing.
started() {
    stat=""
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || :
    # proc_pid_stat(5): what follows the name, which may have blanks; a zombie does not run.
    # shellcheck disable=SC2086 # words
    set -- ${stat##*)}
    [ "${1:-Z}" = Z ] || printf '%s\n' "${20}"
}

# pause SECONDS: a whole one where sleep knows no parts of it.
pause() {
    sleep "$1" 2>/dev/null || sleep 1
}

# check_archive: whether the program beside install.sh is for this machine. An archive says in share/platform what it
# is for: system, processor, C library, and the oldest version of a glibc, as "linux x86_64 glibc 2.28".
check_archive() {
    bundle=$here/docker-credential-ecrx
    [ -f "$bundle/docker-credential-ecrx" ] ||
        fail "neither a release archive's program nor a checkout lies beside install.sh; unpack the whole archive"
    [ -f "$bundle/share/platform" ] || return 0
    read -r system machine libc oldest <"$bundle/share/platform" || :
    is_platform || fail "$bundle/share/platform is damaged; unpack the whole archive"
    know_machine
    fits || misfit
}

# is_platform: whether what was read from share/platform is whole.
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

# runs_glibc VERSION: whether this machine has that glibc; where nothing tells, the program shows it when it is run.
runs_glibc() {
    if [ -n "$own_glibc" ] && is_older "$own_glibc" "$1"; then
        return 1
    fi
    [ -n "$has_glibc" ] || [ -z "$own_musl" ]
}

# know_machine: sets own_system, own_machine, has_glibc, own_glibc, which is its version if that is known, and own_musl.
know_machine() {
    own_system=$(uname -s | tr '[:upper:]' '[:lower:]')
    own_machine=$(uname -m)
    # A system of 32 bits may run on a kernel of 64.
    [ "$(getconf LONG_BIT 2>/dev/null)" != 32 ] || own_machine="$own_machine with 32 bits"
    own_musl="" has_glibc="" own_glibc=""
    [ "$own_system" = linux ] || return 0
    for loader in /lib/ld-musl-*.so.1; do
        [ ! -e "$loader" ] || own_musl=yes
    done
    said=$(getconf GNU_LIBC_VERSION 2>/dev/null) || said=$(ldd --version 2>&1 | sed -n '1s/^ldd (.*) /glibc /; 1p')
    case $said in
        "glibc "*[!0-9.]* | "glibc "*.*.*) ;;
        "glibc "[0-9]*.[0-9]*) has_glibc=yes own_glibc=${said#glibc } ;;
        musl*) return ;; # beside which a loader for programs of glibc may lie
    esac
    for loader in /lib*/ld-linux*; do
        [ ! -e "$loader" ] || has_glibc=yes
    done
}

# is_older VERSION OTHER: as 2.9 is older than 2.28.
is_older() {
    [ "$(whole "$1")" -lt "$(whole "$2")" ]
}

# whole VERSION: prints it as a whole number: 2.28 as 2028.
whole() {
    minor=${1#*.}
    printf '%d%03d\n' "${1%%.*}" "${minor%%.*}"
}

# misfit: says what the archive is for, what this machine is, and which archive fits.
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
    [ -n "$fitting" ] || next="no archive is for that; install the wheel with Python 3.11 or newer, as README.md says"
    fail "this archive is for $for, and this machine is $own_system $own_machine$own; $next"
}

# stage DIR: puts the program into DIR, to be moved to its place.
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

# build_into DIR: builds in this checkout, where others may do so too, and copies it; returns what build.sh does.
build_into() (
    [ ! -w "$here/.work/" ] || wait_turn "$here/.work"
    status=0
    if [ -w "$here/" ]; then
        sh "$here/build/build.sh" || status=$?
    else
        # It writes nothing if what was built is up to date.
        sh "$here/build/build.sh" >/dev/null 2>&1 || status=$?
    fi
    case $status in
        0) copy_into "$1" ;;
        3) exit 3 ;;
        *)
            [ -w "$here/" ] || fail "the checkout $here is read-only, and the program is built in it; $next"
            fail "the program cannot be built, see above"
            ;;
    esac
)

copy_into() {
    said=$(cp -RP "$bundle" "$1" 2>&1) ||
        fail "cannot copy the program into $prefix: ${said##*"$NEWLINE"}; choose another --prefix"
}

# check_checkout: refuses one that belongs to others in part, and one where no program can run.
check_checkout() {
    next="copy it to a folder of your own, and run install.sh there"
    [ -w "$here/" ] || return 0
    mkdir -p "$here/.work" 2>/dev/null || :
    for folder in "$here/.work" "$here/.work/build" "$here/.work/build-venv" "$here/dist" "$bundle"; do
        [ ! -e "$folder" ] || [ -w "$folder/" ] ||
            fail "cannot write into $folder, where the program is built; remove it, with sudo if it belongs to root"
    done
    may_run "$here/.work" || fail "no program can run in the checkout $here, which is mounted noexec; $next"
}

# may_run DIR: whether programs in it can be run; where nothing can be written, that is another fault.
may_run() {
    status=0
    if { printf '#!/bin/sh\n' >"$1/probe.$$" && chmod 755 "$1/probe.$$"; } 2>/dev/null; then
        "$1/probe.$$" 2>/dev/null || status=$?
    fi
    rm -f "$1/probe.$$"
    return "$status"
}

# stage_wheel DIR: the program as a wheel, in a virtual environment of its own.
stage_wheel() {
    cd "$here"
    . build/python.sh
    find_python || fail "no Python here can run the program either:
$PYTHON_LACKS"
    say "installing the wheel for $PYTHON instead; it runs as long as that Python is there"
    make_venv "$1" build/requirements-wheel.txt
    install_project "$1"
    mkdir -p "$1/share/man/man1"
    "$1/bin/python" -I build/man.py >"$1/share/man/man1/docker-credential-ecrx.1"
    # The environment moves, and what pip puts into its bin knows only where it was.
    rm -f "$1"/bin/docker-credential-ecrx "$1"/bin/ecrx "$1"/bin/pip* "$1"/bin/[Aa]ctivate* "$1/stamp"
    # A shell reads the first lines, which find the environment wherever it is, and Python the rest.
    cat >"$1/docker-credential-ecrx" <<'END'
#!/bin/sh
'''true'
here=$(PATH=${PATH:-}:/usr/bin:/bin readlink -f -- "$0") && exec "${here%/*}/bin/python" -I "$0" "$@"
exit 1
' '''
from docker_credential_ecrx.__main__ import run
run()
END
    chmod 755 "$1/docker-credential-ecrx"
}

# version_of PROGRAM: runs it, which also shows that it runs on this machine.
version_of() {
    if ! said=$("$1" version 2>/dev/null); then
        may_run "${1%/*}" || fail "no program can run in $prefix, which is mounted noexec; choose another --prefix"
        # musl's loader finds the program's own libraries by it.
        [ -e /proc/self/exe ] || ! is_for_musl "${1%/*}" || fail "the program needs /proc; run: mount -t proc proc /proc"
        said=$("$1" version 2>&1) || :
        fail "the program does not run on this machine, $(uname -sm): ${said##*"$NEWLINE"}"
    fi
    case ${said##* } in
        *[!0-9A-Za-z.+-]*) ;;
        [0-9]*.[0-9]*)
            echo "${said##* }"
            return
            ;;
    esac
    fail "the program says '$said' for its version"
}

is_for_musl() {
    grep -q ' musl' "$1/share/platform" 2>/dev/null
}

# put_version: moves what is staged to a folder of its own, and lets current lead there in one step.
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

# path_from DIR UP: prints the path of current for a link in DIR, where UP is the prefix; relative, so that it still leads
# there when a home has moved, unless DIR is a link to elsewhere.
path_from() {
    if [ "$(cd -P "$1/$2" && pwd -P)" = "$(cd -P "$prefix/" && pwd -P)" ]; then
        echo "$2/lib/docker-credential-ecrx/current"
    else
        printf '%s\n' "$home/current"
    fi
}

uninstall() {
    check_folders
    take_turn
    is_marked || is_free || fail "$home is not this program's; nothing was removed"
    find_record
    links=$(our_links)
    if [ -z "$record$links" ]; then
        say "there is no docker-credential-ecrx in $prefix"
        return
    fi
    # What another installation of this user's needs stays.
    has_another || leave_user
    printf '%s\n' "$links" | while read -r link; do
        rm -f "$link"
    done
    remove_home
    [ ! -d "$home" ] || say "$home has files that are not this program's and stays"
    say "docker-credential-ecrx is no longer in $prefix"
    config=$(if_absolute "${XDG_CONFIG_HOME:-}")
    config=${ECRX_CONFIG:-${config:-$user_home/.config}/ecrx/config.toml}
    [ ! -f "$config" ] || say "your own $config stays"
}

# our_links: prints them, last of all the one that others lead to.
our_links() {
    for link in "$man/docker-credential-ecrx.1" "$bin"/docker-credential-ecrx-* "$bin/ecrx" \
        "$bin/docker-credential-ecrx"; do
        ! is_ours "$link" || printf '%s\n' "$link"
    done
}

# leave_user: removes what the program keeps for this user, and its name from docker's configuration.
leave_user() {
    if [ "$me" = 0 ] && [ -d "$user_home" ] && ! is_own "$user_home"; then
        say "$user_home belongs to another user, whose tokens, passwords and docker configuration stay;
  that user can remove them first: docker-credential-ecrx configure --remove --all, then forget --all --passwords"
        return
    fi
    if [ -x "$program" ]; then
        release_clients
        forget_secrets
    fi
    [ -z "$state" ] || remove_state
}

# has_another: whether the program is in another place, too, where docker or the next install finds it.
has_another() (
    own=$(cd "$home" 2>/dev/null && pwd -P) || own=$home
    IFS=:
    set -f
    for folder in ${PATH:-} "$user_home/.local/bin"; do
        # Docker runs no program from a relative folder either.
        [ -n "$(if_absolute "$folder")" ] && [ -x "$folder/docker-credential-ecrx" ] || continue
        case $(readlink -f "$folder/docker-credential-ecrx") in
            "$own"/*) ;; # a link to this one
            *) return 0 ;;
        esac
    done
    return 1
)

# Docker fails for a registry whose helper is gone, so it is told no longer to ask this one.
release_clients() {
    can 'configure --help' --all || return 0
    for client in docker podman; do
        option=""
        [ "$client" = docker ] || option=--podman
        # shellcheck disable=SC2086 # an option, or none
        said=$("$program" configure --remove --all $option </dev/null) ||
            say "$client may go on to ask this program, and fail: look for ecrx in credHelpers"
        [ -z "$said" ] || say "$client's configuration: $said"
    done
}

# can ARGUMENTS WORD: whether the program's help, which ARGUMENTS ask for, names WORD: older releases lack some commands.
can() {
    # shellcheck disable=SC2086 # words
    "$program" $1 2>/dev/null </dev/null | grep -q "^ *$2 "
}

# What is in the keyring is within the reach of a release that has the command.
forget_secrets() {
    can --help forget || return 0
    said=$("$program" forget --all --passwords </dev/null) || :
    [ -z "$said" ] || say "keyrings: $said"
}

# remove_state: the files that the program makes there, but for the ledger if it still lists an item, which nobody
# would find without it.
remove_state() {
    [ -e "$state/ecrx" ] || [ -L "$state/ecrx" ] || return 0
    if [ -L "$state/ecrx" ] || [ ! -d "$state/ecrx" ] || ! is_own "$state/ecrx"; then
        say "$state/ecrx is not a folder of this user's and stays"
        return
    fi
    if [ -n "$(replaceable "$state/ecrx")" ]; then
        say "$state/ecrx stays, since another user can put another folder in its place"
        return
    fi
    (
        # From within, so that nobody can put another folder in its place.
        cd "$state/ecrx" && is_own . || exit 0
        rm -f ledger.json.new ledger.json.lock configure.lock token.*.lock || :
        lists_an_item ledger.json || rm -f ledger.json
    ) 2>/dev/null || :
    if lists_an_item "$state/ecrx/ledger.json"; then
        say "a keyring may still have what $state/ecrx/ledger.json lists, which therefore stays;
  to drop that, install this again where the keyring can be used, and uninstall it there"
        return
    fi
    # The program made these, where they were not there.
    write_record "$state$NEWLINE${user_home:+$user_home/.local/state$NEWLINE$user_home/.local}" || :
    rmdir "$state/ecrx" 2>/dev/null || say "$state/ecrx has files that are not this program's and stays"
}

lists_an_item() {
    [ -f "$1" ] && [ ! -L "$1" ] && grep -q '"keyring":' "$1"
}

# is_marked: whether install.sh made $home. Release 1.0.0 wrote the list of folders without its first line.
is_marked() {
    [ -d "$home" ] && [ ! -L "$home" ] && [ -f "$home/made" ] && [ ! -L "$home/made" ] && is_own "$home/made" ||
        return 1
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

# is_free: whether there is nothing at $home but what an install that was killed may leave.
is_free() {
    [ ! -L "$home" ] || return 1
    [ -e "$home" ] || return 0
    case $(ls -A "$home") in
        "") ;;
        made) [ ! -s "$home/made" ] ;;
        *) return 1 ;;
    esac
}

# find_record: where the list of folders that were made is: in $home, or above it while $home is made or removed.
find_record() {
    record=$home/made folder=$home
    until [ -f "$record" ] && [ ! -L "$record" ] && is_own "$record"; do
        record=""
        [ -n "$folder" ] || return 0
        folder=${folder%/*}
        record=$folder/.docker-credential-ecrx.made
    done
}

# write_record FOLDERS: adds them to the list, which says what goes with --uninstall if it is empty.
write_record() {
    find_record
    new=$record.new
    if [ -z "$record" ]; then
        folder=$home
        while [ ! -d "$folder/" ]; do
            folder=${folder%/*}
        done
        record=$folder/.docker-credential-ecrx.made
        [ "$folder" != "$home" ] || record=$home/made
        new=$record
    fi
    prefixes=$(list_prefixes | grep -vxF -e "$prefix" | LC_ALL=C sort -u | sed 's/^/# once in /')
    listed=$({ made_folders; printf '%s\n' "$1"; } | grep '^/' | LC_ALL=C sort -u)
    # Where others can write, too, no file or link of theirs is written to.
    { rm -f "$new" && (set -C && printf '%s\n' "$MARK" ${prefixes:+"$prefixes"} "$listed" >"$new"); } 2>/dev/null || return 1
    [ "$new" = "$record" ] || mv -f "$new" "$record"
}

# made_folders: prints those that the list has, by their paths of now: their prefix may have had another one.
made_folders() {
    [ -f "$record" ] || return 0
    listed=$(grep '^/' "$record" | tr -s / | sed 's|/\./|/|g') || :
    was=$(printf '%s\n' "$listed" | grep '/lib/docker-credential-ecrx$' | head -n 1)
    was=${was%/lib/docker-credential-ecrx}
    printf '%s\n' "$listed" | while read -r folder; do
        case ${was:+$folder/} in
            "$was"/*) folder=$prefix${folder#"$was"} ;;
        esac
        printf '%s\n' "$folder"
    done
}

# list_prefixes: those that the program has had, by the list.
list_prefixes() {
    find_record
    [ -z "$record" ] ||
        tr -s / <"$record" | sed -n 's|/\./|/|g; s/^# once in //p; s|^\(/.*\)/lib/docker-credential-ecrx$|\1|p'
}

# remove_home: what is this program's in it, then it and the folders that were made for it and are empty.
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
    made=$({ made_folders; printf '%s\n' "$home"; } | LC_ALL=C sort -ru)
    while read -r folder; do
        is_above_ours "$folder" || continue
        [ "$folder" != "${turns%/*}" ] || end_turn
        # The list outlives every folder in it, so that a further try ends what is killed here.
        if [ "${record%/*}" = "$folder" ]; then
            mv "$record" "${folder%/*}/.docker-credential-ecrx.made"
            record=${folder%/*}/.docker-credential-ecrx.made
        fi
        rmdir "$folder" 2>/dev/null || :
    done <<END
$made
END
    rm -f "$record"
}

# is_above_ours FOLDER: whether it is one of the folders that the program may have made, or above one.
is_above_ours() {
    for own in "$home" "$bin" "$man" "$state/ecrx" "$user_home/.local/state/ecrx"; do
        case $own/ in
            "$1"/*) return 0 ;;
        esac
    done
    return 1
}

# make_folders DIR...: lists those that are not there, then makes them.
make_folders() {
    made=$home$NEWLINE
    for wanted; do
        folder=$wanted
        while [ ! -d "$folder/" ]; do
            made=$made$folder$NEWLINE
            folder=${folder%/*}
        done
        [ -w "$folder/" ] || make_folder "$wanted" # which says why it cannot be made
    done
    write_record "$made" || make_folder "$1"
    for wanted; do
        make_folder "$wanted"
    done
    # Another user may have been quicker.
    check_folders
}

keep_record() {
    [ "$record" = "$home/made" ] || mv "$record" "$home/made"
    record=$home/made
}

make_folder() {
    said=$(mkdir -p "$1" 2>&1) || fail "cannot install into $prefix: ${said##*: }; choose another --prefix"
    [ -w "$1" ] || fail "cannot install into $prefix: $1 is not writable; choose another --prefix"
}

# put_link TARGET DIR NAME: in one step, so that docker never finds it missing; ln -sf and mv -f over a folder are two.
put_link() {
    new=$2/.docker-credential-ecrx.$$
    said=$({ mkdir "$new" && ln -s "$1" "$new/$3" && mv -f "$new/$3" "$2/" && rmdir "$new"; } 2>&1) || {
        remove_link_leftovers
        fail "cannot make the link $2/$3: ${said##*: }; choose another --prefix"
    }
}

# remove_link_leftovers: what put_link left when it was killed.
remove_link_leftovers() {
    for folder in "$home"/.docker-credential-ecrx.[0-9]* "$bin"/.docker-credential-ecrx.[0-9]* \
        "$man"/.docker-credential-ecrx.[0-9]*; do
        if [ -d "$folder" ] && [ ! -L "$folder" ]; then
            rm -f "$folder/current" "$folder/ecrx" "$folder/docker-credential-ecrx" "$folder/docker-credential-ecrx.1"
            rmdir "$folder" 2>/dev/null || :
        fi
    done
}

# is_foreign NAME: whether somebody else's file has our name in bin.
is_foreign() {
    [ -e "$bin/$1" ] || [ -L "$bin/$1" ] || return 1
    ! is_ours "$bin/$1"
}

# is_ours LINK: whether it leads to the program, as those do that people make for each profile.
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

# was_ours TARGET: whether it was the program, which was moved from there, or whose uninstall was killed.
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

# real DIR: its path without links.
real() {
    (cd -P "$1/" 2>/dev/null && pwd -P) || printf '%s\n' "$1"
}

# A program that runs reads from its folder until it ends; what is in use goes with the next install.
remove_old_versions() {
    for folder in "$home"/.staging-* "$home"/.old-* "$home"/[0-9]*.[0-9]*; do
        case $(readlink "$home/current")/ in
            "${folder##*/}"/*) continue ;;
        esac
        if [ -d "$folder" ] && ! is_in_use "$folder"; then
            rm -rf "$folder" || :
        fi
    done
}

# is_in_use FOLDER: whether a program runs from it; where nothing tells, the one that was replaced counts as in use.
is_in_use() {
    # What runs cannot be opened to be written to (ETXTBSY). The program hides its /proc/PID/exe, even from its user.
    [ ! -f "$1/docker-credential-ecrx" ] || (: >>"$1/docker-credential-ecrx") 2>/dev/null || return 0
    # There may be no /proc, or one that hides such processes (hidepid).
    if [ ! -r /proc/1/comm ]; then
        [ "${1##*/}" = "$previous" ]
        return
    fi
    # The wheel's launcher, before Python takes over; its name is cut to 15 characters.
    launcher='^/bin/sh'
    case $(uname -r) in
        6.1[12].*) launcher='' ;; # some of these kernels let what runs be written to, so any program so named counts
        *) [ -d "$1/bin" ] || return 1 ;;
    esac
    named=$(grep -lsxE 'docker-credenti|ecrx' /proc/[0-9]*/comm | sed 's/comm$/cmdline/')
    # shellcheck disable=SC2086 # words
    ! grep -qs "$launcher" /dev/null $named || return 0
    # The wheel runs under the machine's Python, called by a name of ours; grep is given it where grep does not find it.
    # With -q its status is 0 at the first match, without it 2 if a process has ended meanwhile.
    # shellcheck disable=SC2062 # these are files
    printf '%s\n' "$(real "$1")/bin/python" | grep -qsF -f - /proc/[0-9]*/cmdline
}

say_what_next() {
    case :${PATH:-}: in
        *:"$bin":*) ;;
        *) say "docker finds it on PATH only; add to your ~/.profile:
  export PATH=\"$bin:\$PATH\"" ;;
    esac
    say "next, for the registry HOST and your AWS profile PROFILE:
  docker-credential-ecrx configure HOST --profile PROFILE"
}

say() {
    printf 'install.sh: %s\n' "$*"
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

main "$@"
