#!/bin/sh
# Installs docker-credential-ecrx on a Kubernetes node, and configures kubelet's credential provider: see docs/nodes.md.
# node.sh FOLDER runs as root in the node's own mounts. FOLDER has a release archive for each architecture, and config/
# with config.toml and, if kubelet config has to have options, provider-options with one on each line.
# Run again, it changes only what differs, and restarts kubelet only if the provider's configuration changed.
set -eu
umask 022

prefix=${ECRX_PREFIX:-/usr/local}
bin=${ECRX_BIN_DIR:-/usr/local/lib/ecrx}
config=${ECRX_CONFIG_FILE:-/etc/ecrx/config.toml}
provider=${ECRX_PROVIDER_CONFIG:-/etc/ecrx/credential-provider.yaml}
unit=${ECRX_UNIT:-kubelet} # the systemd unit whose process is kubelet, or contains it: k3s, k3s-agent, rke2-server, rke2-agent
restart=${ECRX_RESTART:-yes}
bin=${bin%/}
DOCS=docs/nodes.md
NAME=docker-credential-ecrx

main() {
    find_kubelet
    check_version
    install_program "$1"
    install_config "$1/config"
    check_flags # afterwards, because kubelet does not start with the flags before the files are there
    restart_kubelet
}

fail() {
    echo "$NAME: node ${ECRX_NODE:-$(uname -n)}: $*" >&2
    exit 1
}

# Sets process, and flags to kubelet's arguments, one on each line; k3s and RKE2 have them themselves.
find_kubelet() {
    process="" flags=""
    for folder in "${ECRX_PROC:-/proc}"/[0-9]*; do
        [ "$(cat "$folder/comm" 2>/dev/null)" = kubelet ] || continue
        process=$folder
        flags=$(tr '\0' '\n' <"$folder/cmdline" | sed '/^--image-credential-provider-[a-z-]*$/{N;s/\n/=/;}
            /^--image-credential-provider-bin-dir=/s,/*$,,')
    done
    case $unit in
        k3s* | rke2*) flags=own ;;
        *) [ -n "$process" ] || fail "there is no process kubelet; for k3s and RKE2 set ECRX_UNIT: $DOCS" ;;
    esac
}

# A kubelet before 1.26 does not know the API, and would not start with the configuration.
check_version() {
    [ -n "$process" ] || return 0
    version=$("${ECRX_KUBELET:-$process/exe}" --version 2>/dev/null) || return 0
    number=${version#Kubernetes v1.}
    minor=${number%%.*}
    case $minor in
        '' | *[!0-9]*) ;; # a version 2, perhaps
        *) [ "$minor" -ge 26 ] || fail "kubelet is ${version#Kubernetes }, and this needs v1.26 or newer; upgrade the node" ;;
    esac
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

# install_program FOLDER: installs the archive for this machine, unless it is the one that is installed.
install_program() {
    archive=""
    for file in "$1/$NAME"-*-linux-"$(uname -m)".tar.gz; do
        [ ! -f "$file" ] || archive=$file
    done
    [ -n "$archive" ] || fail "the image has no archive for $(uname -m); build it with one: $DOCS"
    sum=$(cksum <"$archive")
    mkdir -p "$bin" "${config%/*}" "${provider%/*}"
    if [ "$(cat "$bin/.installed" 2>/dev/null)" != "$sum" ] || [ ! -x "$prefix/bin/$NAME" ]; then
        rm -f "$bin/.installed"
        unpacked=$(mktemp -d "$bin/.unpacked.XXXXXX")
        trap 'rm -rf "$unpacked"' EXIT
        tar -xzf "$archive" -C "$unpacked"
        set -- "$unpacked/$NAME"-*/install.sh
        "$1" --prefix "$prefix" >/dev/null
        rm -rf "$unpacked"
        echo "$sum" >"$bin/.installed"
        echo "installed $("$prefix/bin/$NAME" version)"
    fi
    [ "$(readlink "$bin/$NAME" 2>/dev/null)" = "$prefix/bin/$NAME" ] || ln -sfn "$prefix/bin/$NAME" "$bin/$NAME"
}

# install_config FOLDER: config.toml is read at each pull; kubelet reads the provider's configuration when it starts.
install_config() {
    replace "$config" cat "$1/config.toml"
    options=$([ ! -f "$1/provider-options" ] || sed '
        s/[[:space:]]*$//
        s/^[[:space:]]*//
        /^#/d
        s/^\(--[a-z-]*\)[[:space:]]\{1,\}/\1=/' "$1/provider-options")
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # one on each line
    set -- $options
    unset IFS
    set +f
    replace "$provider" "$prefix/bin/$NAME" kubelet config --config "$config" "$@"
}

# replace FILE COMMAND...: writes what the command prints, if it differs; the file is always the old or the new one.
replace() {
    file=$1
    shift
    "$@" >"$file.new" || { rm -f "$file.new" && fail "cannot write $file: $* failed"; }
    if cmp -s "$file.new" "$file"; then
        rm "$file.new"
        return
    fi
    [ "$file" != "$config" ] || check_config "$file.new"
    [ "$file" != "$provider" ] || : >"$bin/.restart"
    mv "$file.new" "$file"
    echo "wrote $file"
}

# check_config FILE: deletes a config.toml that the program refuses, as it would at each pull. Every valid one permits
# ECR Public, and to read it takes no keyring.
check_config() {
    said=$(ECRX_CONFIG=$1 ECRX_KEYRING=none "$prefix/bin/$NAME" which public.ecr.aws 2>&1 >/dev/null) && return
    rm -f "$1"
    fail "the new config.toml is invalid, and $config stays as it was: ${said#"$NAME: "}"
}

# Containers run on while kubelet restarts. If a restart failed, the next run tries again.
restart_kubelet() {
    [ -e "$bin/.restart" ] || return 0
    if [ "$restart" != yes ]; then
        rm "$bin/.restart"
        echo "$unit has to be restarted: systemctl restart $unit"
        return
    fi
    command -v systemctl >/dev/null || fail "there is no systemctl; restart $unit, or set ECRX_RESTART=no"
    systemctl restart "$unit" || fail "cannot restart $unit: see journalctl --unit $unit"
    rm "$bin/.restart"
    echo "restarted $unit"
}

main "$@"
