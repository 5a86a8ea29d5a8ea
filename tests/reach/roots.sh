#!/bin/sh
# Debian systems in folders, and what runs in them; sourced by tests/reach/run.
# shellcheck disable=SC2034,SC2154 # the scripts that tests/reach/run sources share their variables

# prepare_machine: installs what the places are built and run with.
prepare_machine() {
    install_packages tests/reach/run <<END
debootstrap debootstrap
musl-gcc musl-tools
qemu-aarch64-static qemu-user-static
qemu-system-aarch64 qemu-system-arm
objdump binutils
gcc gcc
make make
pod2usage perl
pkg-config pkg-config
bzip2 bzip2
xz xz-utils
cpio cpio
keyctl keyutils
ip iproute2
strace strace
unshare util-linux
dbus-daemon dbus
gnome-keyring-daemon gnome-keyring
openssl openssl
END
    [ -e /usr/include/stdio.h ] || install_packages tests/reach/run libc6-dev </dev/null
    [ -e /bin/busybox ] || install_packages tests/reach/run busybox-static </dev/null
}

# step WORD...: says in the log what begins, and when.
step() {
    printf '%s reach: %s\n' "$(date +%H:%M:%S)" "$*"
}

# mirror [LABEL]: prints the address of the mirror of Debian, or of Debian-Security, that this machine uses.
mirror() {
    # shellcheck disable=SC2016 # apt's
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: ${1:-Debian}" | head -n 1
}

# alone NAME COMMAND...: runs it in a subshell, while no other runs anything with that name. What it starts does not have
# the lock: a daemon would keep it.
alone() {
    lock=$cache/$1.lock
    shift
    (
        flock 9
        "$@" 9>&-
    ) 9>"$lock"
}

# cached NAME INPUT MAKER [ARGUMENT...]: sets $folder to the folder of NAME, whose key is made from INPUT, and has MAKER
# fill it if it is not complete. Folders of other keys stay: another place may be using them.
cached() {
    folder=$cache/$1-$(printf '%s\n' "$2" | cksum | cut -d ' ' -f 1)
    shift 2
    alone "${folder##*/}" make_complete "$@"
}

make_complete() {
    [ ! -e "$folder/.complete" ] || return 0
    rm -rf --one-file-system "$folder"
    mkdir "$folder"
    step "making ${folder##*/}"
    "$@"
    : >"$folder/.complete"
    step "${folder##*/} is complete"
}

# debian_root SUITE ARCHITECTURE PACKAGES: sets $root to a folder with that Debian and these packages (a,b,c).
debian_root() {
    recipe=$(sed -n '/^make_debian_root/,/^}/p;/^unconfigured_root/,/^}/p' tests/reach/roots.sh)
    release=$(release_of "$1")
    cached "debian-$1-$2" "$(mirror) $release $3 $recipe" make_debian_root "$@"
    root=$folder/root
}

# release_of SUITE: prints when what the mirror has of it now was made: a stable one changes with each point release.
release_of() {
    address=$(mirror)
    /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root download-file "${address%/}/dists/$1/Release" \
        "$cache/release-$place" >&2
    sed -n 's/^Date: //p' "$cache/release-$place"
}

make_debian_root() {
    if [ "$2" = "$(dpkg --print-architecture)" ]; then
        # A debootstrap that is older than the suite has no script of that name, but all of Debian's are one.
        nice -n 19 debootstrap --variant=minbase --include="$3" "$1" "$folder/root" "$(mirror)" \
            /usr/share/debootstrap/scripts/sid >"$folder/log" 2>&1
    else
        unconfigured_root "$@" >"$folder/log" 2>&1
    fi
    rm -rf "$folder/root"/var/cache/apt/archives/*.deb "$folder/root"/var/lib/apt/lists/*_Packages
}

# unconfigured_root SUITE ARCHITECTURE PACKAGES: the packages' files alone. Their scripts would have to be emulated, and
# nothing of what they do is needed; nor are a kernel's modules.
unconfigured_root() {
    nice -n 19 debootstrap --foreign --variant=minbase --arch="$2" --include="$3" "$1" "$folder/root" "$(mirror)"
    for package in "$folder/root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$folder/root" --keep-directory-symlink --exclude='./lib/modules/*' --exclude='./usr/share/doc/*'
    done
    rm -rf "$folder/root/debootstrap"
}

# configure_root ROOT: does what the scripts of the packages would have done, as far as the program and its build need it.
configure_root() {
    [ ! -L "$1/proc" ] || rm "$1/proc" # debootstrap's link to the machine's own
    ln -sf mawk "$1/usr/bin/awk"
    cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"
    cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"
    [ -e "$1/etc/ld.so.cache" ] || enter "$1" ldconfig
}

# lend_network ROOT: how names are resolved and how pip reaches its index, which is this machine's affair.
lend_network() {
    mkdir -p "$1/etc/ssl/certs"
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp -L "$file" "$1$file"
    done
}

# enter ROOT COMMAND...: runs it in there as root of a user namespace, with the kernel's file systems.
enter() {
    inside=$1
    shift
    mkdir -p "$inside/proc" "$inside/dev" "$inside/root" "$inside/tmp"
    # shellcheck disable=SC2016 # for the inner shell
    apart unshare --mount sh -c '. tests/reach/roots.sh && show_kernel "$1" && root=$1 && shift &&
        export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 &&
        unset TMPDIR && exec nice -n 19 chroot "$root" "$@"' sh "$inside" "$@"
}

# apart COMMAND...: as root of a user namespace with kernel keyrings of its own, as the tests run.
apart() {
    "$PYTHON" -I tests/apart.py "$@"
}

# show_kernel ROOT: mounts the kernel's file systems in there; where $EMULATOR is set, has what is for its processor
# emulated, in this user namespace alone (Linux 6.7).
show_kernel() {
    mount --rbind /proc "$1/proc"
    mount --rbind /dev "$1/dev"
    if [ -n "${EMULATOR:-}" ]; then
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        cat "$EMULATOR" >/proc/sys/fs/binfmt_misc/register
    fi
}

# copy_sources DIR: puts what the program is built from into DIR, and leaves what was built there before.
copy_sources() {
    mkdir -p "$1"
    for part in docker_credential_ecrx build docs install.sh pyproject.toml *.md LICENSE; do
        rm -rf "${1:?}/$part"
        cp -R "$part" "$1/$part"
    done
    find "$1/docker_credential_ecrx" "$1/build" -name __pycache__ -prune -exec rm -rf {} +
}
