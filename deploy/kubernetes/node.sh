#!/bin/sh
# Installs docker-credential-ecrx on a Kubernetes node, and configures kubelet's credential provider: see docs/nodes.md.
# node.sh FOLDER runs as root in the node's own mounts. FOLDER has a release archive for each architecture, and
# config/config.toml. Run again, it changes only what differs, and restarts kubelet only if the provider's configuration
# changed.
set -eu
umask 022

unit=${ECRX_UNIT:-kubelet} # the systemd unit whose process is kubelet, or contains it: k3s, k3s-agent
bin=/usr/local/lib/ecrx
provider=/etc/ecrx/credential-provider.yaml
case $unit in
    k3s*) # it passes these to kubelet if both exist when it starts
        bin=/var/lib/rancher/credentialprovider/bin
        provider=/var/lib/rancher/credentialprovider/config.yaml
        ;;
esac
prefix=${ECRX_PREFIX:-/usr/local}
bin=${ECRX_BIN_DIR:-$bin}
config=${ECRX_CONFIG_FILE:-/etc/ecrx/config.toml}
provider=${ECRX_PROVIDER_CONFIG:-$provider}
restart=${ECRX_RESTART:-yes}
seconds=${ECRX_SECONDS:-30} # for which kubelet has to run with a new configuration
proc=${ECRX_PROC:-/proc}
bin=${bin%/}
DOCS=docs/nodes.md
NAME=docker-credential-ecrx

main() {
    unpacked="" file=""
    trap 'rm -rf ${unpacked:+"$unpacked"} ${file:+"$file.new"}' EXIT
    check_commands
    find_kubelet
    check_owner
    ! is_before 26 || fail "kubelet is $version, and this needs v1.26 or newer; upgrade the node"
    install_program "$1"
    settle
    install_config "$1/config"
    check_flags # afterwards, because kubelet does not start with the flags before the files are there
    restart_kubelet
}

fail() {
    echo "$NAME: node ${ECRX_NODE:-$(uname -n)}: $*" >&2
    exit 1
}

check_commands() {
    for command in systemctl tar gzip cksum grep mktemp readlink sed; do
        command -v "$command" >/dev/null || fail "the node has no command $command: $DOCS"
    done
}

# Prints the ID of the unit's main process, and 0 if it has none.
main_pid() {
    systemctl show --property=MainPID --value "$unit"
}

# Sets process to the folder of kubelet's process, version to what that says, and flags to its arguments, one on each
# line; k3s has them itself. Only systemd knows which process it is: a pod can name one of its own kubelet, and this
# script, as root, must not run a pod's file.
find_kubelet() {
    case $unit in
        # Its unit's process stays the same while kubelet, a child, ends and is started again.
        rke2*) fail "RKE2 is not supported: whether its kubelet runs with a new configuration cannot be seen: $DOCS" ;;
    esac
    pid=$(main_pid) || pid=""
    case $pid in
        '' | 0 | *[!0-9]*) fail "the unit $unit is not running; for k3s set ECRX_UNIT: $DOCS" ;;
    esac
    process=$proc/$pid
    mounts=$(readlink "$proc/1/ns/mnt") && [ "$(readlink "$process/ns/mnt")" = "$mounts" ] ||
        fail "process $pid of the unit $unit does not run in the node's own mounts: $DOCS"
    # "Kubernetes v1.34.2", or "k3s version v1.34.1+k3s1 (24fc436e)"
    version=$("$process/exe" --version 2>/dev/null |
        sed -n 's/^Kubernetes //; s/^[^ ]* version //; s/^\(v[0-9][^ ]*\).*/\1/p') || version=""
    case $unit in
        k3s*) flags=own ;;
        *)
            flags=$(tr '\0' '\n' <"$process/cmdline" | sed '/^--image-credential-provider-[a-z-]*$/{N;s/\n/=/;}
                /^--image-credential-provider-bin-dir=/s,/*$,,')
            ;;
    esac
}

# Refuses another provider's configuration, as k3s may have one in the same place. Names in capitals are variables.
check_owner() {
    [ -s "$provider" ] || return 0
    names=$(tr '{,}[]' '[\n*]' <"$provider" | sed -n "s/[[:space:]]#.*//; s/[\"']//g; s/[[:space:]]*\$//
        s/^[[:space:]-]*name[[:space:]]*:[[:space:]]*//p" | grep -v '^[A-Z0-9_]*$') ||
        names="no provider of this program"
    others=$(printf '%s\n' "$names" | grep -v "^$NAME") || return 0
    others=$(printf '%s\n' "$others" | sed -n 1p)
    fail "$provider has $others, and is not overwritten; move it away, or set other paths: $DOCS"
}

# is_before MINOR: is kubelet known to be older than v1.MINOR?
is_before() {
    minor=${version#v1.}
    minor=${minor%%.*}
    case $minor in
        '' | *[!0-9]*) return 1 ;; # a version 2, perhaps
    esac
    [ "$minor" -lt "$1" ]
}

# Only whoever starts the node can give kubelet its flags.
check_flags() {
    [ "$flags" != own ] || return 0
    for wanted in "--image-credential-provider-config=$provider" "--image-credential-provider-bin-dir=$bin"; do
        if printf '%s\n' "$flags" | grep -qxF -e "$wanted"; then continue; fi
        has=$(printf '%s\n' "$flags" | grep -e "^${wanted%%=*}=" | tail -n 1) || :
        [ -z "$has" ] || fail "kubelet runs with $has, and not with $wanted; set it where the node is started: $DOCS"
        fail "kubelet runs without $wanted; set it where the node is started: $DOCS"
    done
}

# install_program FOLDER: installs the archive for this machine, unless it is the one that is installed; deletes what a
# killed run unpacked.
install_program() {
    archive="" archives=""
    for found in "$1/$NAME"-*-linux-"$(uname -m)".tar.gz; do
        [ -f "$found" ] || continue
        archives="${archives:+$archives }${found##*/}"
        archive=$found
    done
    [ -n "$archive" ] || fail "the image has no archive for $(uname -m); build it with one: $DOCS"
    [ "$archives" = "${archive##*/}" ] ||
        fail "the image has more than one archive for $(uname -m): $archives; build it with one: $DOCS"
    sum=$(cksum <"$archive")
    for folder in "$bin" "${config%/*}" "${provider%/*}"; do
        said=$(mkdir -p "$folder" 2>&1) || fail "cannot create $folder; choose a folder that is not read-only: $said"
    done
    rm -rf "$bin"/.unpacked.*
    if [ "$(cat "$bin/.installed" 2>/dev/null)" != "$sum" ] || [ ! -x "$prefix/bin/$NAME" ]; then
        unpacked=$(mktemp -d "$bin/.unpacked.XXXXXX")
        tar -xzf "$archive" -C "$unpacked"
        toml=$1/config/config.toml
        set -- "$unpacked/$NAME"-*
        # What this node cannot run does not replace what it runs now.
        said=$("$1/$NAME/$NAME" version 2>&1) ||
            fail "the program in ${archive##*/} does not run on this node: $(echo "$said" | tail -n 1)"
        new=$said
        said=$(reads_config "$1/$NAME/$NAME" "$toml") ||
            fail "the new $new refuses config.toml, and is not installed: ${said#"$NAME: "}"
        rm -f "$bin/.installed"
        "$1/install.sh" --prefix "$prefix" >/dev/null
        rm -rf "$unpacked"
        echo "$sum" >"$bin/.installed"
        echo "installed $("$prefix/bin/$NAME" version)"
    fi
    [ "$(readlink "$bin/$NAME" 2>/dev/null)" = "$prefix/bin/$NAME" ] || ln -sfn "$prefix/bin/$NAME" "$bin/$NAME"
}

# .restart has the process that kubelet was when its configuration changed. If it is another one now, somebody else
# restarted kubelet, or the node.
settle() {
    [ -e "$bin/.restart" ] && [ "$(cat "$bin/.restart")" != "$pid" ] || return 0
    stays || roll_back
    rm -f "$bin/.restart" "$provider.old"
}

# install_config FOLDER: config.toml is read at each pull; kubelet reads the provider's configuration when it starts.
install_config() {
    replace "$config" check_config cat "$1/config.toml"
    options=$(printf '%s\n' "${ECRX_PROVIDER_OPTIONS:-}" | sed '
        s/[[:space:]]*$//
        s/^[[:space:]]*//
        /^#/d
        s/^\(--[a-z-]*\)[[:space:]]\{1,\}/\1=/')
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # one on each line
    set -- $options
    unset IFS
    set +f
    replace "$provider" check_provider "$prefix/bin/$NAME" kubelet config --config "$config" "$@"
}

# replace FILE CHECK COMMAND...: writes what the command prints, if it differs and CHECK accepts it; the file is always
# the old or the new one.
replace() {
    file=$1
    check=$2
    shift 2
    "$@" >"$file.new" || fail "cannot write $file: $* failed"
    is_same "$file.new" "$file" || {
        "$check" "$file.new"
        mv "$file.new" "$file"
        echo "wrote $file"
    }
    rm -f "$file.new"
}

# Succeeds if two files have the same text; cmp is not on every node.
is_same() {
    [ -e "$1" ] && [ -e "$2" ] && [ "$(cat "$1" && echo .)" = "$(cat "$2" && echo .)" ]
}

# reads_config PROGRAM FILE: prints why the program refuses a config.toml, as it would at each pull. Every valid one
# permits ECR Public, and to read it takes no keyring.
reads_config() {
    { ECRX_CONFIG=$2 ECRX_KEYRING=none "$1" which public.ecr.aws >/dev/null; } 2>&1
}

# check_config FILE: refuses a config.toml that the program refuses.
check_config() {
    said=$(reads_config "$prefix/bin/$NAME" "$1") ||
        fail "the new config.toml is invalid, and $config stays as it was: ${said#"$NAME: "}"
}

# check_provider FILE: refuses what kubelet would not start with, or would read without what it does not know; keeps the
# old file until kubelet runs with the new one.
check_provider() {
    grep -q '^ *"\{0,1\}kind"\{0,1\}: "\{0,1\}CredentialProviderConfig' "$1" ||
        fail "ECRX_PROVIDER_OPTIONS has an option that does not print a provider's configuration, such as --rbac"
    if grep -q '^ *"\{0,1\}tokenAttributes"\{0,1\}:' "$1"; then
        # Until 1.31, kubelet ignores what it does not know, and every pod would pull as the node.
        [ -n "$version" ] || fail "cannot read kubelet's version, and --service-accounts needs v1.34 or newer"
        ! is_before 34 || fail "kubelet is $version, and --service-accounts needs v1.34 or newer; upgrade the node"
    fi
    ! is_same "$1" "$provider.rejected" ||
        fail "$unit did not run with this configuration; change it, or delete $provider.rejected to try again: $DOCS"
    [ ! -e "$bin/.restart" ] || return 0
    [ ! -e "$provider" ] || cp "$provider" "$provider.old"
    echo "$pid" >"$bin/.restart"
}

# Containers run on while kubelet restarts. kubelet exits if it does not accept the configuration, and then Kubernetes
# cannot send another one to the node: so the old one comes back.
restart_kubelet() {
    [ -e "$bin/.restart" ] || return 0
    if [ "$restart" != yes ]; then
        echo "$unit has to be restarted: systemctl restart $unit"
        return
    fi
    systemctl restart "$unit" || [ "$(main_pid)" != "$pid" ] ||
        fail "cannot restart $unit: see journalctl --unit $unit"
    if stays; then
        rm -f "$bin/.restart" "$provider.old" "$provider.rejected"
        echo "restarted $unit"
        return
    fi
    roll_back
}

# Brings the old configuration back, and fails.
roll_back() {
    cp "$provider" "$provider.rejected"
    if [ -e "$provider.old" ]; then
        mv "$provider.old" "$provider"
    elif [ "$flags" = own ]; then
        rm "$provider"
    fi
    rm "$bin/.restart"
    systemctl reset-failed "$unit" || : # systemd may have given up after so many restarts
    systemctl restart "$unit" || :
    fail "$unit did not run with the new $provider, which is $provider.rejected now: see journalctl --unit $unit"
}

# Succeeds if the unit's process runs for some time: systemctl does not wait until kubelet has read its files, and
# systemd starts it again if it exits.
stays() {
    started=$(main_pid) && [ "${started:-0}" != 0 ] || return 1
    passed=0
    while [ "$passed" -lt "$seconds" ]; do
        sleep 1
        passed=$((passed + 1))
        [ "$(main_pid)" = "$started" ] || return 1
    done
}

main "$@"
