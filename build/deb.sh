#!/bin/sh
# Packs the frozen program for Debian and Ubuntu: dist/docker-credential-ecrx_VERSION_ARCH.deb.
# Runs on Debian, without root. DEBFULLNAME and DEBEMAIL name the package's maintainer.
# Two builds of one commit are the same, byte for byte.
set -eu
umask 022
unset CDPATH
cd "$(dirname "$0")/.."
. build/python.sh

name=docker-credential-ecrx
stage=.work/deb

main() {
    command -v dpkg-deb >/dev/null 2>&1 || { echo "deb.sh: it needs dpkg-deb, which Debian and its like have" >&2 && exit 1; }
    sh build/build.sh
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git_here log -1 --format=%ct || echo 0)}
    export SOURCE_DATE_EPOCH LC_ALL=C
    said=$("dist/$name/$name" version)
    # Debian sorts 1.0.0~rc1 before 1.0.0.
    version=$(echo "${said##* }" | sed 's/\(a\|b\|rc\|\.dev\)\([0-9]\)/~\1\2/')
    architecture=$(dpkg --print-architecture)
    maintainer="${DEBFULLNAME:-$name developers} <${DEBEMAIL:-noreply@github.com}>"

    package=dist/${name}_${version}_${architecture}.deb

    # Nothing is packed again while it stays the same.
    contents="$(cat .work/build/packed) $maintainer $(cksum <CHANGELOG.md)"
    if [ "$(cat .work/packaged 2>/dev/null)" != "$contents" ] || [ ! -f "$package" ]; then
        rm -rf "$stage" "dist/${name}"_*.deb
        put_program
        put_completions
        put_documents
        put_control
        dpkg-deb --root-owner-group --threads-max=1 -Zxz -z3 --build "$stage" "$package" >/dev/null
        echo "$contents" >.work/packaged
    fi
    echo "deb.sh: $package"
}

put_program() {
    mkdir -p "$stage/usr/lib" "$stage/usr/bin"
    cp -R "dist/$name" "$stage/usr/lib/$name"
    rm -r "$stage/usr/lib/$name/share" # Debian has a place of its own for it
    find "$stage" -type f -exec chmod u=rw,go=r {} +
    chmod 755 "$stage/usr/lib/$name/$name"
    for link in "$name" ecrx; do
        ln -s "../lib/$name/$name" "$stage/usr/bin/$link"
    done
}

# Shells look for a command's completion in a file of its name, and the program prints those of both names in one.
put_completions() {
    bash=$stage/usr/share/bash-completion/completions
    fish=$stage/usr/share/fish/vendor_completions.d
    zsh=$stage/usr/share/zsh/vendor-completions
    mkdir -p "$bash" "$fish" "$zsh"
    "dist/$name/$name" completion bash >"$bash/$name"
    ln -s "$name" "$bash/ecrx"
    "dist/$name/$name" completion fish >"$fish/$name.fish"
    ln -s "$name.fish" "$fish/ecrx.fish"
    "dist/$name/$name" completion zsh | awk -v folder="$zsh" '
        /^#compdef/ { file = folder "/_" $2 }
        { print > file }'
}

put_documents() {
    documents=$stage/usr/share/doc/$name
    mkdir -p "$documents" "$stage/usr/share/lintian/overrides"
    .work/build-venv/bin/python -EsB build/licences.py >"$documents/copyright"
    cp build/debian/lintian-overrides "$stage/usr/share/lintian/overrides/$name"
    {
        printf '%s (%s) unstable; urgency=medium\n\n' "$name" "$version"
        printf '  * Release %s; see CHANGELOG.md for what is new.\n\n' "$version"
        printf ' -- %s  %s\n' "$maintainer" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$documents/changelog.gz"
    gzip -9n <CHANGELOG.md >"$documents/CHANGELOG.md.gz"
    cp "dist/$name/share/$name.cdx.json" "$documents/"
    manual=$stage/usr/share/man/man1
    mkdir -p "$manual"
    gzip -9n <"dist/$name/share/man/man1/$name.1" >"$manual/$name.1.gz"
    ln -s "$name.1.gz" "$manual/ecrx.1.gz"
}

put_control() {
    size=$(du -sk --apparent-size "$stage" | cut -f1)
    mkdir "$stage/DEBIAN"
    (cd "$stage" && find usr -type f | sort | xargs -d '\n' md5sum) >"$stage/DEBIAN/md5sums"
    depends=$(depends)
    sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
        -e "s/@DEPENDS@/$depends/" -e "s/@MAINTAINER@/$maintainer/" build/debian/control >"$stage/DEBIAN/control"
}

# depends: the package of what the program needs and does not bring along: the C library.
# dpkg-shlibdeps would name the packages of the libraries that it does bring along, too.
depends() {
    find "$stage/usr/lib/$name" -type f \( -name '*.so*' -o -name "$name" \) -exec objdump -p {} + >.work/objdump
    awk '$1 == "NEEDED" { print $2 }' .work/objdump | sort -u | while read -r library; do
        library=${library##*/} # the launcher names zlib with its path
        case $library in
            ld-linux*.so.* | libc.so.* | libdl.so.* | libm.so.* | libpthread.so.* | librt.so.* | libutil.so.*) ;;
            *)
                [ -e "$stage/usr/lib/$name/_internal/$library" ] ||
                    { echo "deb.sh: the program needs $library, and no package of it is known here" >&2 && exit 1; }
                ;;
        esac
    done
    sed 's/.* glibc \(.*\)/libc6 (>= \1)/' "dist/$name/share/platform" # which glibc.py has written
}

main
