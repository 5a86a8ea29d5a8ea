#!/bin/sh
# Updates the pinned requirements in this folder to the newest releases, for every platform, with their hashes.
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
    # What mypy does not read is not installed for it: it has stubs of AWS's packages, and others have no types.
    unread=""
    for package in argcomplete awscrt backports-tarfile boolean-py boto3 botocore cffi check-jsonschema cryptography \
        defusedxml distlib docker filelock hatchling humanize idna importlib-metadata jeepney jmespath jsonschema \
        jsonschema-specifications lark lazy-importer license-expression more-itertools oras pipx platformdirs \
        py-serializable pycparser python-dateutil python-discovery python-dotenv pyyaml regex regress ruamel-yaml \
        s3transfer six sortedcontainers testcontainers tomlkit trove-classifiers types-s3transfer userpath uv \
        virtualenv wrapt zipp; do
        unread="$unread --no-emit-package $package"
    done
    # shellcheck disable=SC2086 # words
    pin requirements-checks "the tools of .ci/lint, and what mypy reads" pyproject.toml - --group lint --group typing $unread
    pin requirements-audit "what .ci/run looks at scripts, workflows and pinned packages with" --group audit
    pin requirements-fuzz "what fuzzing needs" pyproject.toml - --group fuzz --constraint build/requirements-tests.txt
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
