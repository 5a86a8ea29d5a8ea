#!/bin/sh
# Builds the Go programs of the tests, each a folder here with a go.mod, as .work/clients/NAME, from the modules that its
# go.sum pins. Modules and compiled packages are kept below .work/go, unless GOMODCACHE and GOCACHE name other folders.
# A program is built again only if its folder or Go has changed. What cannot be built is said, and the tests name it.
set -eu
umask 022
unset CDPATH
cd "$(dirname "$0")/../.."

main() {
    # Where Go's own installer puts it.
    PATH=$PATH:/usr/local/go/bin
    command -v go >/dev/null || { echo "tests/clients/build.sh: there is no go: https://go.dev/dl" >&2 && exit 0; }
    mkdir -p .work/clients
    export GOMODCACHE="${GOMODCACHE:-$PWD/.work/go/mod}" GOCACHE="${GOCACHE:-$PWD/.work/go/cache}"
    export GOFLAGS=-modcacherw GOTELEMETRY=off
    for file in tests/clients/*/go.mod; do
        build "$(basename "${file%/go.mod}")"
    done
}

# build NAME: builds the program, quickly instead of well: it is run for seconds.
build() {
    sources=$({ go version && cat "tests/clients/$1"/go.* "tests/clients/$1"/*.go; } | cksum)
    program=$PWD/.work/clients/$1
    if [ -x "$program" ] && [ "$(cat "$program.stamp" 2>/dev/null)" = "$sources" ]; then return 0; fi
    rm -f "$program.stamp"
    (cd "tests/clients/$1" && go build -mod=readonly -buildvcs=false -trimpath -ldflags='-s -w' -gcflags='all=-N -l' \
        -o "$program") || { rm -f "$program" && echo "tests/clients/build.sh: cannot build $1" >&2 && return 0; }
    echo "$sources" >"$program.stamp"
}

main "$@"
