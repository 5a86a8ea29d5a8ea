#!/bin/sh
# The places; each function ends with one line of result. Sourced by tests/reach/run.
# shellcheck disable=SC2034,SC2154 # the scripts that tests/reach/run sources share their variables

BUILD_PACKAGES=build-essential,libssl-dev,zlib1g-dev,libffi-dev,ca-certificates
ARM64_PACKAGES=python3,python3-venv,libpython3.11,binutils,iproute2,linux-image-arm64
ARM64_PACKAGES=$ARM64_PACKAGES,keyutils,strace,openssl,dbus,gnome-keyring # for the tests on its kernel

# Debian 11, with a program that is frozen there for its glibc and newer ones.
place_bullseye() {
    freeze_in_bullseye
    demonstrate "$root" "$archive"
    blackbox "$root" frozen "$PROGRAM"
    result "$(newest_symbol "$log-build")"
}

# Debian 13: Python 3.13.
place_trixie() { of_newer_debian trixie; }

# Debian's testing, the 14 to be: Python 3.14.
place_forky() { of_newer_debian forky; }

# of_newer_debian SUITE: the archive that was frozen in Debian 11, and the wheel with this system's own Python.
of_newer_debian() {
    freeze_in_bullseye
    debian_root "$1" amd64 python3,python3-venv
    demonstrate "$root" "$archive"
    blackbox "$root" frozen "$PROGRAM"
    of_frozen=$closing
    install_wheel "$root"
    blackbox "$root" wheel /mnt/wheel/bin/docker-credential-ecrx
    closing="$of_frozen; wheel $closing"
    result "$(enter "$root" python3 --version), $(newest_symbol "$log-build")"
}

# A system like Alpine: musl's loader, busybox, and no Python. What docs/ says of Alpine is done there first.
place_musl() {
    python_for_musl
    copy_sources "$cache/musl-src"
    step "freezing"
    date_of_commit
    (cd "$cache/musl-src" && PATH="$musl/bin:$PATH" PYTHON="$musl/bin/python3" nice -n 19 sh build/build.sh) \
        >"$log-build" 2>&1
    cat "$log-build"
    archive=$(echo "$cache"/musl-src/dist/docker-credential-ecrx-*-musl.tar.gz)
    busybox_root
    paste_from_gitlab "$root" "$archive"
    busybox_root
    paste_from_containers "$root" "$archive"
    busybox_root
    demonstrate "$root" "$archive"
    blackbox "$root" frozen "$PROGRAM"
    result "docs/gitlab.md and docs/containers.md ok, $(newest_symbol "$log-build")"
}

# Debian 12 on arm64, whose programs qemu emulates; it lacks add_key(2) and keyctl(2), and cannot be traced.
place_arm64() {
    freeze_on_arm64
    demonstrate "$root" "$archive"
    export PYTHONPATH=tests/reach REACH_LACKS="keyctl strace"
    blackbox "$root" frozen "$PROGRAM" -p lacking
    result "$(enter "$root" uname -m), $(newest_symbol "$log-build")"
}

# What needs the kernel on arm64, its keyring and traces: a machine that qemu emulates, with Debian's kernel and nothing
# but that system in its memory. The tests are those that are skipped under user-mode emulation, and the keyring's own.
place_arm64_kernel() {
    freeze_on_arm64
    install_archive "$root" "$archive"
    tests_for_arm64
    tests="$tests tests/keyrings/test_kernel.py"
    echo "$tests" >"$root/reach-tests"
    cp tests/reach/arm64-init "$root/init"
    chmod 755 "$root/init"
    step "an initramfs"
    (cd "$root" && find . \( -path ./src/.work -o -path ./src/dist -o -path ./boot -o -path ./usr/share/doc \
        -o -path ./usr/share/locale -o -path ./usr/share/man -o -path ./var/cache -o -path ./var/lib/apt \
        -o -path ./lib/modules -o -path ./mnt/unpacked -o -name __pycache__ \) -prune -o -print0 |
        nice -n 19 cpio --quiet --null --create --format=newc) >"$cache/arm64-initramfs"
    step "an arm64 machine"
    nice -n 19 timeout 7200 qemu-system-aarch64 -machine virt -cpu cortex-a72 -smp 2 -m 4096 -nographic -no-reboot \
        -nic none -kernel "$(echo "$root"/boot/vmlinuz-*)" -initrd "$cache/arm64-initramfs" \
        -append "console=ttyAMA0 panic=-1 quiet" </dev/null >"$log-machine" 2>&1 ||
        echo "reach: qemu ended with $?"
    rm "$cache/arm64-initramfs"
    cat "$log-machine"
    status=0
    of_machine "$log-machine" || status=1
    result "$(grep -o '^Linux [^ ]*' "$log-machine"), $(newest_symbol "$log-build")"
    return "$status"
}

# Windows: what ci.yml and build.yml do there.
place_windows() {
    install_packages tests/reach/run <<'PACKAGES'
wine wine
mvn maven
unzip unzip
PACKAGES
    [ -e /usr/lib/wine/wine64 ] || install_packages tests/reach/run wine64 </dev/null
    recipe=$(sed -n '/^make_windows/,/^}/p' tests/reach/windows.sh)
    cached windows "$WINDOWS_PYTHON_SHA256 $(dpkg-query -W wine64) $recipe" make_windows
    copy_to_windows
    step "freezing on Windows"
    freeze_on_windows
    (cd "$drive/src" && run_wine 'dist\docker-credential-ecrx\docker-credential-ecrx.exe' demo)
    demo=ok
    step "tests on Windows"
    tests="tests/unit tests/keyrings/test_locker.py $tests"
    of_windows wheel -m pip install --quiet --require-hashes --no-deps -r build/requirements-tests.txt
    of_windows wheel -m pip install --quiet --no-deps --no-build-isolation .
    (cd "$drive/src" && run_wine "$WINDOWS_WHEEL" demo)
    status=0
    # shellcheck disable=SC2086 # words
    of_windows wheel -m pytest -p no:cacheprovider $tests >"$log-tests" || status=$?
    cat "$log-tests"
    closing=$(closing_line "$log-tests")
    result "$(of_windows wheel --version), $(wine --version 2>/dev/null)"
    [ "$status" -eq 0 ] && some_passed
}

# tests_for_arm64: puts the tests into $root, with the packages that they need, which this machine's pip fetches: pip is
# slow there.
tests_for_arm64() {
    step "the tests' Python packages"
    prepare_tests
    rm -rf "$root/src/tests" "$root/opt/tests"
    cp -R tests "$root/src/tests"
    pip_install "$venv" --target "$root/opt/tests" --python-version 3.11 --only-binary=:all: \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
        --require-hashes --no-deps --requirement build/requirements-tests.txt
    # Nobody asks for them there, and all that there is goes into the machine's memory.
    rm -rf "$root/opt/tests/bin"
}

# freeze_in_bullseye: sets $root to Debian 11, and $archive to what is frozen in it.
freeze_in_bullseye() {
    debian_root bullseye amd64 "$BUILD_PACKAGES"
    export GLIBC_FLOOR=2.31
    freeze_in "$root" python_in /opt/python/bin/python3
}

# freeze_on_arm64: sets $root to Debian 12 on arm64, and $archive to what is frozen in it.
freeze_on_arm64() {
    EMULATOR=/usr/lib/binfmt.d/qemu-aarch64.conf
    export EMULATOR
    debian_root bookworm arm64 "$ARM64_PACKAGES"
    freeze_in "$root" configure_root /usr/bin/python3
}

# freeze_in ROOT PREPARATION PYTHON: freezes the program there; sets $archive to a copy, which only this place has.
freeze_in() {
    system=${1%/root}
    alone "${system##*/}" freeze_alone "$@"
    archive=$(echo "$cache/archives-$place"/docker-credential-ecrx-*.tar.gz)
}

freeze_alone() {
    "$2" "$1"
    lend_network "$1"
    copy_sources "$1/src"
    step "freezing in ${1#"$cache/"}"
    date_of_commit
    enter "$1" env PYTHON="$3" sh /src/build/build.sh >"$log-build" 2>&1 || { cat "$log-build" && return 1; }
    cat "$log-build"
    rm -rf "$cache/archives-$place"
    mkdir "$cache/archives-$place"
    cp "$1"/src/dist/docker-credential-ecrx-*.tar.gz "$cache/archives-$place/"
}

# install_wheel ROOT: as install.sh does where nothing can be frozen.
install_wheel() {
    lend_network "$1"
    copy_sources "$1/src"
    step "the wheel in ${1#"$cache/"}"
    rm -rf "$1/mnt/wheel"
    enter "$1" sh -euc 'cd /src && . build/python.sh && find_python &&
        make_venv /mnt/wheel build/requirements-wheel.txt && install_project /mnt/wheel'
}

# busybox_root: sets $root to a system of busybox, musl's loader, certificates and nothing else.
busybox_root() {
    root=$cache/busybox/root
    rm -rf --one-file-system "$root"
    mkdir -p "$root/bin" "$root/lib" "$root/etc/ssl/certs" "$root/usr/bin" "$root/mnt"
    mkdir -m 1777 "$root/tmp"
    cp -L /bin/busybox "$root/bin/"
    chroot "$root" /bin/busybox true 2>/dev/null ||
        fail "this needs a static busybox (Debian: apt install busybox-static)"
    "$root/bin/busybox" --list | while read -r applet; do
        [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
    done
    cp -L "/lib/ld-musl-$(uname -m).so.1" "$root/lib/"
    ln -s "ld-musl-$(uname -m).so.1" "$root/lib/libc.musl-$(uname -m).so.1"
    echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
    echo root:x:0: >"$root/etc/group"
    echo "127.0.0.1 localhost" >"$root/etc/hosts"
    echo "options timeout:1 attempts:1" >"$root/etc/resolv.conf" # no server answers there, and musl would wait for 5 s
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" # which Alpine has, too
}

# date_of_commit: what is built of one commit is the same, byte for byte.
date_of_commit() {
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
    export SOURCE_DATE_EPOCH
}

# result WORD...: prints the place's line.
result() {
    printf '%s: demo %s; %s: %s; %s\n' "$place" "$demo" "$tests" "$closing" "$*"
}
