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
END
}

main() {
    unset CDPATH
    umask 022
    action=install demo=no prefix=${HOME:+$HOME/.local}
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
    case $prefix in
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
    here=$(cd "$(dirname "$0")" && pwd)
    locate
    "$action"
}

folder_in() {
    case $1 in
        "" | -*) fail "--prefix needs a folder" ;;
    esac
    printf '%s\n' "$1"
}

# locate: the places in the prefix, which has one spelling as soon as it is there.
locate() {
    [ ! -d "$prefix" ] || prefix=$(cd "$prefix" && pwd)
    bin=$prefix/bin
    man=$prefix/share/man/man1
    home=$prefix/lib/docker-credential-ecrx
    program=$home/current/docker-credential-ecrx
}

install() {
    # Before anything is built: what cannot be installed in the end.
    ! is_foreign docker-credential-ecrx || fail "$bin/docker-credential-ecrx is not this program's; move it away first"
    staging=$home/.staging-$$
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    make_folders
    locate
    mkdir "$staging"

    stage "$staging/new"
    if [ -e "$home/$version" ]; then
        mv "$home/$version" "$home/.old-$$"
    fi
    mv "$staging/new" "$home/$version"
    put_link "$version" "$home" current
    put_link "$program" "$bin" docker-credential-ecrx
    if is_foreign ecrx; then
        say "$bin/ecrx is not this program's and stays as it is; the short name is not installed"
    else
        put_link "$program" "$bin" ecrx
    fi
    page=docker-credential-ecrx.1
    if [ -f "$home/current/share/man/man1/$page" ] && { [ ! -e "$man/$page" ] || is_ours "$man/$page"; }; then
        put_link "$home/current/share/man/man1/$page" "$man" "$page"
    fi
    remove_old_versions
    say "docker-credential-ecrx $version is in $bin"
    if [ "$demo" = yes ]; then
        "$bin/docker-credential-ecrx" demo
    fi
    say_what_next
}

clean_up() {
    rm -rf "$staging"
    [ -L "$home/current" ] || remove_home
}

# stage DIR: puts the program into DIR, to be moved to $home/VERSION, and its version into $version.
stage() {
    bundle=$here/docker-credential-ecrx
    if [ -f "$here/build/build.sh" ]; then
        bundle=$here/dist/docker-credential-ecrx
        status=0
        sh "$here/build/build.sh" || status=$?
        if [ "$status" -eq 3 ]; then
            stage_wheel "$1"
            return
        fi
        [ "$status" -eq 0 ] || fail "the program cannot be built, see above"
    fi
    [ -x "$bundle/docker-credential-ecrx" ] ||
        fail "neither a release archive's program nor a checkout lies beside install.sh; unpack the whole archive"
    version=$(version_of "$bundle/docker-credential-ecrx")
    cp -R "$bundle" "$1"
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
    version=$(version_of "$1/bin/docker-credential-ecrx")
    mkdir -p "$1/share/man/man1"
    "$1/bin/python" -I build/man.py >"$1/share/man/man1/docker-credential-ecrx.1"
    # The environment moves, and what pip puts into its bin knows only where it was.
    rm -f "$1"/bin/docker-credential-ecrx "$1"/bin/ecrx "$1"/bin/pip* "$1"/bin/[Aa]ctivate* "$1/stamp"
    # Neither a path with blanks nor a long one fits behind #!, so a shell reads the first line and Python the rest.
    cat >"$1/docker-credential-ecrx" <<END
#!/bin/sh
'''exec' '$(quoted "$home/$version/bin/python")' -I "\$0" "\$@"
' '''
from docker_credential_ecrx.__main__ import run
run()
END
    chmod 755 "$1/docker-credential-ecrx"
}

# version_of PROGRAM: runs it, which also shows that it runs on this machine.
version_of() {
    said=$("$1" version) || fail "the program does not run on this machine: $(uname -sm)"
    case ${said##* } in
        [0-9]*) echo "${said##* }" ;;
        *) fail "the program says '$said' for its version" ;;
    esac
}

uninstall() {
    removed=no another=no
    # What another installation of this user's needs stays.
    ! has_another || another=yes
    if [ -x "$program" ] && [ "$another" = no ]; then
        release_clients
        forget_secrets
    fi
    for link in "$man/docker-credential-ecrx.1" "$bin"/docker-credential-ecrx-* "$bin/ecrx" \
        "$bin/docker-credential-ecrx"; do
        if is_ours "$link"; then
            rm -f "$link"
            removed=yes
        fi
    done
    if [ -d "$home" ]; then
        remove_home
        removed=yes
    fi
    if [ "$removed" = no ]; then
        say "there is no docker-credential-ecrx in $prefix"
        return
    fi
    state=${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}
    if [ -n "$state" ] && [ -d "$state/ecrx" ] && [ "$another" = no ]; then
        remove_state
    fi
    say "docker-credential-ecrx is no longer in $prefix"
    config=${ECRX_CONFIG:-${XDG_CONFIG_HOME:-${HOME:-}/.config}/ecrx/config.toml}
    [ ! -f "$config" ] || say "your own $config stays"
}

# has_another: whether the program is in another place, too, where docker or the next install finds it.
has_another() (
    own=$(cd "$home" 2>/dev/null && pwd -P) || own=$home
    IFS=:
    set -f
    for folder in ${PATH:-} "${HOME:-}/.local/bin"; do
        [ -x "$folder/docker-credential-ecrx" ] || continue
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
    for client in '' --podman; do
        # shellcheck disable=SC2086 # an option, or none
        said=$("$program" configure --remove --all $client </dev/null) ||
            say "docker or podman may go on to ask this program, and fail: look for ecrx in credHelpers"
        [ "$said" = "nothing to change" ] || [ -z "$said" ] || say "$said"
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
    [ "$said" = "there was nothing to drop" ] || [ -z "$said" ] || say "$said"
}

# remove_state: but for the ledger where it still names an item, which nobody would find without it.
remove_state() {
    if grep -q '"keyring":' "$state/ecrx/ledger.json" 2>/dev/null; then
        rm -f "$state"/ecrx/*.lock
        say "a keyring may still have what $state/ecrx/ledger.json lists, which therefore stays;
  to drop that, install this again where the keyring can be used, and uninstall it there"
        return
    fi
    rm -rf "$state/ecrx"
    # The program made these, where they were not there.
    rmdir "$state" "${HOME:-}/.local/state" "${HOME:-}/.local" 2>/dev/null || :
}

# remove_home: and the folders above it that were made for it and are empty.
remove_home() {
    made=$(sort -r "$home/made" 2>/dev/null) || :
    rm -rf "$home"
    printf '%s\n' "$made" | while read -r folder; do
        rmdir "$folder" 2>/dev/null || :
    done
}

# Makes the folders, and writes down which of them were not there: only those go with --uninstall.
make_folders() {
    made=""
    for folder in "$home" "$bin" "$man"; do
        while [ ! -d "$folder" ]; do
            made="$folder
$made"
            folder=$(dirname "$folder")
        done
    done
    for folder in "$home" "$bin" "$man"; do
        said=$(mkdir -p "$folder" 2>&1) || fail "cannot install into $prefix: ${said##*: }; choose another --prefix"
        [ -w "$folder" ] || fail "cannot install into $prefix: $folder is not writable; choose another --prefix"
        printf '%s' "$made" >>"$home/made"
        made=""
    done
}

# put_link TARGET DIR NAME: in one step, so that docker never finds it missing; ln -sf and mv -f over a folder are two.
put_link() {
    ln -s "$1" "$staging/$3"
    mv -f "$staging/$3" "$2/"
}

# is_foreign NAME: whether somebody else's file has our name in bin.
is_foreign() {
    [ -e "$bin/$1" ] || [ -L "$bin/$1" ] || return 1
    ! is_ours "$bin/$1"
}

# is_ours LINK: whether it leads to the program, as those do that people make for each profile.
is_ours() {
    [ -L "$1" ] || return 1
    case $(readlink "$1") in
        "$home"/*) return 0 ;;
        docker-credential-ecrx | ./docker-credential-ecrx | "$bin/docker-credential-ecrx")
            [ "$1" != "$bin/docker-credential-ecrx" ] && is_ours "$bin/docker-credential-ecrx"
            ;;
        *) return 1 ;;
    esac
}

# A program that runs reads from its folder until it ends; what is in use goes with the next install.
remove_old_versions() {
    for folder in "$home"/.old-* "$home"/[0-9]*; do
        if [ -d "$folder" ] && [ "$folder" != "$home/$version" ] && ! is_in_use "$folder"; then
            rm -rf "$folder"
        fi
    done
}

is_in_use() {
    for process in /proc/[0-9]*; do
        case $(readlink "$process/exe" 2>/dev/null) in
            "$1"/*) return 0 ;;
        esac
    done
    # The wheel runs under the machine's Python, called by a name of ours; grep is given it where grep does not find it.
    # shellcheck disable=SC2062 # these are files
    printf '%s\n' "$1/bin/python" | grep -lsF -f - /proc/[0-9]*/cmdline >/dev/null 2>&1
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

# quoted TEXT: for between single quotes.
quoted() {
    printf '%s\n' "$1" | sed "s/'/'\\\\''/g"
}

say() {
    printf 'install.sh: %s\n' "$*"
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

main "$@"
