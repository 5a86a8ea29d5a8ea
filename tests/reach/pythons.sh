#!/bin/sh
# Pythons built from Debian's source packages, for an older C library and for another one; sourced by tests/reach/run.
# shellcheck disable=SC2034,SC2154 # the scripts that tests/reach/run sources share their variables

# Whose sources: those of the newest Debian with the Python that the program is made for first.
SOURCES=bookworm
PYTHON_SOURCE=python3.11
PYTHON_OPTIONS="--enable-shared --disable-test-modules --without-static-libpython --with-ensurepip=install"

# fetch_sources: sets $sources to a folder with the upstream archives of what the Pythons are made of.
fetch_sources() {
    sources=$(alone apt newest_sources)
}

# newest_sources: prints the folder; its key has the name, with the version, and the hash of each archive in the signed
# lists.
newest_sources() {
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
    signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    security=$(mirror Debian-Security)
    echo "deb-src $signed $(mirror) $SOURCES main${security:+
deb-src $signed $security $SOURCES-security main}" >"$cache/apt/sources.list"
    private_apt update >&2
    files=$(source_packages --print-uris)
    cached sources "$(echo "$files" | cut -d ' ' -f 2-)" download_sources >&2
    echo "$folder"
}

# A mirror of the security updates may lack an upstream archive that Debian's own pool has, too.
download_sources() {
    archives=$(source_packages --print-uris)
    printf '%s\n' "$archives" | tr -d "'" | while read -r uri name _ hash; do
        for place in "$uri" "$(mirror)pool/main/${uri##*/pool/updates/main/}"; do
            ! /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root \
                download-file "$place" "$folder/$name" "$hash" || break
        done
        [ -s "$folder/$name" ]
    done
}

# source_packages OPTION: for the upstream archives alone, as no patch of Debian's is applied.
source_packages() {
    private_apt source --tar-only "$@" "$PYTHON_SOURCE" openssl libffi zlib
}

# private_apt COMMAND...: apt-get with sources and lists of its own.
private_apt() {
    apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist="$cache/apt/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$cache/apt/lists" -o Dir::Cache="$cache/apt" "$@"
}

# unpack NAME DIR: unpacks the upstream archive of a source package.
unpack() {
    mkdir -p "$2"
    tar -xf "$(find "$sources" -name "$1_*.orig.tar.*" ! -name '*.asc')" -C "$2" --strip-components=1
}

# python_in ROOT: builds Python in that system, into its /opt/python.
python_in() {
    fetch_sources
    recipe=$(sed -n '/^unpack/,/^}/p;/^python_in/,/^}/p' tests/reach/pythons.sh)
    made_of=$(printf '%s\n' "$sources $(dirname "$1") $PYTHON_OPTIONS $recipe" | cksum)
    [ "$(cat "$1/opt/python/made-of" 2>/dev/null)" != "$made_of" ] || return 0
    step "Python in $1"
    rm -rf "$1/opt/python" "$1/build"
    unpack "$PYTHON_SOURCE" "$1/build"
    # shellcheck disable=SC2016,SC2086 # for the inner shell; words
    enter "$1" sh -euc 'cd /build && ./configure -q --prefix=/opt/python LDFLAGS=-Wl,-rpath,/opt/python/lib "$@" &&
        make -s -j"$(nproc)" && make -s install' sh $PYTHON_OPTIONS >"$1/../python-log" 2>&1
    rm -rf "$1/build"
    echo "$made_of" >"$1/opt/python/made-of"
    step "Python in $1 is complete"
}

# python_for_musl: sets $musl to a folder with a Python that is linked with musl, bin/ldd among its commands.
python_for_musl() {
    fetch_sources
    recipe=$(sed -n '/^unpack/,/^}/p;/^make_musl_python/,$p' tests/reach/pythons.sh)
    cached musl-python "$sources $PYTHON_OPTIONS $recipe $(dpkg-query -W musl-dev gcc linux-libc-dev)" make_musl_python
    musl=$folder
}

make_musl_python() {
    musl=$folder
    musl_compiler
    for part in zlib libffi openssl "$PYTHON_SOURCE"; do
        unpack "$part" "$musl/build/$part"
        step "$part for musl"
        (cd "$musl/build/$part" && export CC="$musl/bin/musl-cc" && "musl_${part%3*}") >"$musl/log-$part" 2>&1
    done
    # By ldd PyInstaller knows the C library, and finds the others.
    ln -s "/lib/ld-musl-$(uname -m).so.1" "$musl/bin/ldd"
    rm -rf "$musl/build"
}

# musl_compiler: musl-gcc finds none of the kernel's headers, and names glibc's folders.
musl_compiler() {
    mkdir -p "$musl/kernel" "$musl/bin"
    ln -s /usr/include/linux /usr/include/asm-generic "$(echo /usr/include/*-linux-gnu/asm)" "$musl/kernel/"
    cat >"$musl/bin/musl-cc" <<END
#!/bin/sh
case \$* in
    *-print-multiarch) echo "$(uname -m)-linux-musl" ;;
    *) exec musl-gcc "\$@" -isystem $musl/kernel ;;
esac
END
    chmod 755 "$musl/bin/musl-cc"
}

musl_zlib() {
    ./configure --prefix="$musl"
    make_install
}

musl_libffi() {
    ./configure -q --prefix="$musl" --disable-docs --disable-static --disable-multi-os-directory
    make_install
}

musl_openssl() {
    perl ./Configure "linux-$(uname -m)" --prefix="$musl" --libdir=lib --openssldir=/etc/ssl \
        no-tests no-engine no-legacy no-module shared
    make_install install_sw
}

musl_python() {
    # shellcheck disable=SC2086 # words
    PKG_CONFIG_LIBDIR="$musl/lib/pkgconfig" ./configure -q --build="$(uname -m)-linux-musl" --prefix="$musl" \
        --with-openssl="$musl" CPPFLAGS="-I$musl/include" LDFLAGS="-L$musl/lib -Wl,-rpath,$musl/lib" $PYTHON_OPTIONS
    make_install
}

make_install() {
    nice -n 19 make -s -j"$(nproc)"
    nice -n 19 make -s "${1:-install}"
}
