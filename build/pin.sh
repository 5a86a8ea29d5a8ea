#!/bin/sh
# Renews the pinned requirements beside it: every release that there is now, for every platform, with its hashes.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."
. build/python.sh

main() {
    find_python || { printf 'pin.sh:\n%s' "$PYTHON_LACKS" >&2; exit 1; }
    mkdir -p .work
    "$PYTHON" -I -m venv --clear .work/pin-venv
    pip_install .work/pin-venv uv
    # hatchling is what builds the wheel; all else is named in pyproject.toml.
    pin requirements "what the frozen program is made of and with" --group binary
    pin requirements-wheel "what the wheel needs, and what builds it"
    pin requirements-tests "what the tests need, and what builds the wheel" --group tests
    pin requirements-checks "what ruff and mypy need" --group lint --group typing
}

# pin NAME TITLE ARGUMENT...
pin() {
    file=build/$1.txt title=$2
    shift 2
    { printf '# Pinned by build/pin.sh: %s.\n' "$title" &&
        echo hatchling | .work/pin-venv/bin/uv pip compile --quiet --cache-dir .work/uv-cache \
            --upgrade --universal --python-version 3.11 --generate-hashes \
            --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@" pyproject.toml -
    } >"$file.new"
    mv "$file.new" "$file"
}

main
