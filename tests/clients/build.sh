#!/bin/sh
# Builds the Go programs of the tests: of each folder here with a go.mod the programs and tools, as
# .work/clients/FOLDER/PROGRAM, from the modules that its go.sum pins.
# Modules and compiled packages are kept in Go's own caches, which all checkouts share.
# A folder is built again only if it, this script or Go has changed. What cannot be built is said, and the tests name it.
set -eu
umask 022
unset CDPATH
cd "$(dirname "$0")/../.."

main() {
    # Where Go's own installer puts it.
    PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || { echo "tests/clients/build.sh: there is no go: https://go.dev/dl" >&2 && exit 0; }
    # Without the tag, containers/image needs a C library for signatures.
    export GOFLAGS="-mod=readonly -tags=containers_image_openpgp"
    # Without a home there is no place for Go's caches.
    if ! [ -w "${HOME:-}" ]; then
        export GOFLAGS="$GOFLAGS -modcacherw"
        export GOMODCACHE="${GOMODCACHE:-$PWD/.work/go/mod}" GOCACHE="${GOCACHE:-$PWD/.work/go/cache}"
    fi
    for file in tests/clients/*/go.mod; do
        build "${file%/go.mod}"
    done
}

# build FOLDER: builds its programs, quickly instead of well: they are run for seconds.
build() {
    built=$PWD/.work/clients/$(basename "$1")
    sources=$({ go version && cat tests/clients/build.sh && find "$1" -type f | sort | xargs cat; } | cksum)
    if [ "$(cat "$built/stamp" 2>/dev/null)" = "$sources" ]; then return 0; fi
    rm -rf "$built"
    mkdir -p "$built"
    packages=""
    [ -z "$(find "$1" -name '*.go')" ] || packages=./...
    ! grep -q '^tool' "$1/go.mod" || packages="$packages tool"
    # trivy imports what Go 1.26 has only as an experiment.
    experiments=""
    case $(go env GOVERSION) in go1.26*) ! grep -q '^tool .*/trivy' "$1/go.mod" || experiments=jsonv2 ;; esac
    # docker/cli has no go.mod, so that Go would compile it as Go 1.16.
    # shellcheck disable=SC2086 # words
    (cd "$1" && GOEXPERIMENT=$experiments go build -buildvcs=false -trimpath -ldflags='-s -w' -gcflags='all=-N -l' \
        -gcflags='github.com/docker/cli/cmd/docker=-N -l -lang=go1.26' -o "$built/" $packages) ||
        { echo "tests/clients/build.sh: cannot build all of $1" >&2 && return 0; }
    echo "$sources" >"$built/stamp"
}

main "$@"
