#!/bin/sh
# Builds the program for machines without Python: dist/docker-credential-ecrx/, and beside it the release archive with its
# SHA-256 and its SBOM.
# PYTHON=PATH chooses the Python that goes in; the program needs the C library that this Python needs, or a newer one.
# SOURCE_COMMIT=HASH is the commit that version --json shows if git does not tell it, as in a container.
# GLIBC_FLOOR=VERSION fails if the program needs a newer glibc than that, for example 2.28.
# Exit status 3: no Python on this machine can be frozen; what each one lacks is on stderr.
set -eu
umask 022
unset CDPATH
cd "$(dirname "$0")/.."
. build/python.sh
forget_environment '^PYTHON.'

if ! find_freezable_python; then
    printf 'build.sh: no Python here can be frozen:\n%s' "$PYTHON_LACKS" >&2
    exit 3
fi

program=dist/docker-credential-ecrx/docker-credential-ecrx
work=.work/build
mkdir -p "$work"
# Two builds of one commit are the same, byte for byte.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git_here log -1 --format=%ct || echo 0)}
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0

# What the program is made of; nothing is frozen again while it stays the same.
inputs=$({
    "$PYTHON" -I -c 'import sys; print(sys.version, sys.base_prefix)'
    uname -sm
    find docker_credential_ecrx build pyproject.toml README.md LICENSE -type f ! -name '*.pyc' |
        LC_ALL=C sort | while read -r file; do cksum "$file"; done
} | cksum)
if [ "$(cat "$work/frozen" 2>/dev/null)" != "$inputs" ] || ! "$program" version >/dev/null 2>&1; then
    echo "build.sh: freezing with $PYTHON"
    rm -rf "$work/frozen" "$work/packed" dist/docker-credential-ecrx
    make_venv "$PWD/.work/build-venv" build/requirements.txt
    install_project .work/build-venv
    # PyInstaller keeps stripped libraries in the home where it is not told otherwise.
    # Without debug ranges: where in a line an error is, which only a traceback shows, is a tenth of the bytecode.
    if ! PYINSTALLER_CONFIG_DIR="$PWD/$work" .work/build-venv/bin/python -BPs -X no_debug_ranges -m PyInstaller \
        --noconfirm --clean --log-level=WARN --distpath dist --workpath "$work" build/docker-credential-ecrx.spec \
        >"$work/log" 2>&1; then
        cat "$work/log" >&2
        exit 1
    fi
    # -I would leave out the folder of the scripts, where what they import is.
    .work/build-venv/bin/python -EsB build/finish.py
    "$program" version >/dev/null
    echo "$inputs" >"$work/frozen"
fi

.work/build-venv/bin/python -EsB build/glibc.py

commit=$(git_here describe --always --exclude='*' --abbrev=40 --dirty=-modified || echo "${SOURCE_COMMIT:-}")
contents="$inputs $SOURCE_DATE_EPOCH $commit $(cat install.sh ./*.md docs/* | cksum)"
if [ "$(cat "$work/packed" 2>/dev/null)" != "$contents" ] ||
    ! ls dist/docker-credential-ecrx-*.sha256 >/dev/null 2>&1; then
    # The page has the date of the commit, and this file its hash; what is frozen depends on neither.
    printf '%s\n' "$commit" >dist/docker-credential-ecrx/_internal/commit.txt
    mkdir -p dist/docker-credential-ecrx/share/man/man1
    .work/build-venv/bin/python -I build/man.py >dist/docker-credential-ecrx/share/man/man1/docker-credential-ecrx.1
    said=$("$program" version)
    .work/build-venv/bin/python -EsB build/sbom.py "$said" >dist/docker-credential-ecrx/share/docker-credential-ecrx.cdx.json
    .work/build-venv/bin/python -EsB build/licences.py --whole >dist/docker-credential-ecrx/share/licences.txt
    .work/build-venv/bin/python -EsB build/archive.py "$said"
    echo "$contents" >"$work/packed"
fi
echo "build.sh: $program"
