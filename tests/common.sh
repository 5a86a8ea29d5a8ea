#!/bin/sh
# What the tests and the benchmark need of a machine; sourced after build/python.sh by tests/run, .ci/lint and others.

# uv_install VENV ARGUMENT...: installs what pip_install would, in a fraction of the time, with the uv that is pinned.
# uv knows nothing of pip's configuration: if that names an index, or if uv fails, pip installs.
uv_install() {
    venv=$1
    shift
    lister=$PYTHON # whose pip starts once; with --python it would start again in there
    [ ! -e "$venv/bin/pip" ] || lister=$venv/bin/python
    leaving_home_alone "$lister" -I -m pip config list >"$venv/pip-configuration" &
    listing=$!
    if pip_install "$venv" --no-compile --require-hashes --no-deps -r build/requirements-python.txt &&
        wait "$listing" && ! grep -q index-url "$venv/pip-configuration" &&
        "$venv/bin/uv" pip install --quiet --no-config --system-certs --cache-dir .work/uv-cache \
            --python "$venv/bin/python" "$@"; then
        return
    fi
    pip_install "$venv" "$@"
}

# in_namespaces COMMAND...: as root with mounts, addresses and ports of the command's own; else as it is.
in_namespaces() {
    if [ "$(id -u)" = 0 ] && unshare --mount --net --propagation slave ip link set lo up 2>/dev/null; then
        # shellcheck disable=SC2016 # for the inner shell
        ECRX_TEST_NAMESPACES=1 unshare --mount --net --propagation slave sh -c 'ip link set lo up && exec "$@"' sh "$@"
    else
        "$@"
    fi
}

# own_home: a folder of the command's own, $temporary, which is gone in the end, and in it the home and the folder for
# temporary files. Nothing of the caller's own reaches what runs there, and nothing there reaches the caller's home.
own_home() {
    forget_environment '^(AWS|ECRX|XDG|DBUS|DOCKER|REGISTRY|CONTAINERS?|KUBE)_|_(PROXY|proxy)$'
    temporary=$(mktemp -d "${TMPDIR:-/tmp}/ecrx.XXXXXX")
    trap 'rm -rf "$temporary"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir "$temporary/home" "$temporary/tmp"
    export HOME="$temporary/home" TMPDIR="$temporary/tmp"
}

# install_packages NAME [PACKAGE...]: as root on Debian installs, in the name of NAME, the packages, and those of the
# programs that are missing: stdin has lines of a program and its package.
install_packages() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 0
    name=$1
    shift
    missing=""
    while read -r program package; do
        command -v "$program" >/dev/null 2>&1 || missing="$missing $package"
    done
    (find_python) || missing="$missing python3 python3-venv"
    if ! (find_freezable_python); then
        missing="$missing $(apt-cache depends python3 | sed -n 's/^ *Depends: python\(3\.[0-9]*\)$/libpython\1/p')"
    fi
    for package; do
        missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "$name: installing$missing"
    # shellcheck disable=SC2086 # words
    apt_install $missing || { apt-get update -qq && apt_install $missing; } ||
        echo "$name: apt-get could not install all of them; what is missing will be named" >&2
}

# apt_install PACKAGE...: starts no service and removes nothing.
apt_install() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends --no-remove "$@" </dev/null \
        >/dev/null
)

# needs_of_tests VENV PYTEST_ARGUMENT...: prints what the chosen tests need: "frozen", the frozen program; "go", what
# tests/clients/build.sh builds; "java", what Maven builds; "others", other people's programs and packages; or nothing,
# for a wrong argument, too, of which the real run tells.
needs_of_tests() {
    needs_venv=$1
    shift
    needs_file=$(mktemp "${TMPDIR:-/tmp}/ecrx.XXXXXX")
    "$needs_venv/bin/pytest" --needs="$needs_file" "$@" >/dev/null 2>&1 </dev/null || :
    cat "$needs_file"
    rm -f "$needs_file"
}
