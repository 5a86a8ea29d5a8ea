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
    pin requirements "what the frozen program is made of and with" pyproject.toml - --group binary
    pin requirements-wheel "what the wheel needs, and what builds it" pyproject.toml -
    pin requirements-tests "what the tests need, and what builds the wheel" pyproject.toml - --group tests
    pin requirements-checks "what ruff, mypy, import-linter, codespell, nox and pip-audit need" pyproject.toml - --group lint --group typing --group audit
    pin requirements-fuzz "what fuzzing needs" pyproject.toml - --group fuzz
    pin requirements-python "what installs the Python that a release is frozen with on Linux" --group python
    pin requirements-bench "what the benchmark measures the program beside" --group bench
}

# pin NAME TITLE SOURCE...
pin() {
    file=build/$1.txt title=$2
    shift 2
    { printf '# Pinned by build/pin.sh: %s.\n' "$title" &&
        echo hatchling | .work/pin-venv/bin/uv pip compile --quiet --cache-dir .work/uv-cache \
            --upgrade --universal --python-version 3.11 --generate-hashes \
            --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
    } >"$file.new"
    mv "$file.new" "$file"
}

main
