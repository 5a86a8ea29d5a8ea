#!/bin/sh
# Finds a Python, makes virtual environments and asks git; sourced by build.sh, deb.sh, install.sh, tests/run and .ci/run.

# find_python [CHECK]: sets PYTHON to $PYTHON, else to the first Python of 3.11 or newer, for which the function CHECK
# says nothing; else returns 1, with what each one lacks, a line each, in PYTHON_LACKS.
find_python() {
    PYTHON_LACKS="" tried=:
    if [ -n "${PYTHON:-}" ]; then
        try_python "$PYTHON" "$@"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        path=$(command -v "$candidate" 2>/dev/null) || continue
        case $tried in *:"$path":*) continue ;; esac
        tried=$tried$path:
        if try_python "$path" "$@"; then
            PYTHON=$path
            return
        fi
    done
    [ -n "$PYTHON_LACKS" ] ||
        PYTHON_LACKS="  there is no python3 (Debian: apt install python3 python3-venv; Fedora: dnf install python3)
"
    return 1
}

# find_freezable_python: the same for a Python that PyInstaller can freeze, first of all one that was built for speed.
find_freezable_python() {
    if [ "$(uname -s)" != Linux ]; then
        find_python speed_lacks || find_python
    elif command -v objdump >/dev/null 2>&1; then
        find_python shared_library_or_speed_lacks || find_python shared_library_lacks
    else
        PYTHON_LACKS="  PyInstaller needs objdump (Debian: apt install binutils; Fedora: dnf install binutils)
"
        return 1
    fi
}

# try_python PATH [CHECK]: returns 1 for a Python that will not do, and adds why to PYTHON_LACKS.
try_python() {
    lack=$(python_lacks "$1" && "${2:-true}" "$1") || :
    [ -n "$lack" ] || return 0
    PYTHON_LACKS="$PYTHON_LACKS  $1: $lack
"
    return 1
}

# python_lacks PATH: says why that Python cannot run this program, and returns 1; or says nothing.
python_lacks() {
    "$1" -I -c '' >/dev/null 2>&1 || { echo "it does not run" && return 1; }
    "$1" -I -c '
import sys
if sys.version_info < (3, 11):
    print("it is Python %d.%d, and 3.11 or newer is needed" % sys.version_info[:2])
    sys.exit(1)
try:
    import ensurepip, venv
except ImportError:
    print("it cannot make virtual environments (Debian: apt install python3-venv)")
    sys.exit(1)
'
}

# shared_library_lacks PATH: says so where PyInstaller would not find that Python's shared library.
shared_library_lacks() {
    # It looks at what the interpreter is linked with, in the interpreter's own folders, then in the system's.
    "$1" -I -c '
import ctypes, os, sys, sysconfig
version = "%d.%d" % sys.version_info[:2]
name, folders = "libpython%s.so.1.0" % version, (sys.base_prefix, os.path.join(sys.base_prefix, "lib"))
if sysconfig.get_config_var("Py_ENABLE_SHARED"):
    name = sysconfig.get_config_var("INSTSONAME")
    try:
        ctypes.CDLL(name)
        sys.exit()
    except OSError:
        pass
if not any(os.path.exists(os.path.join(folder, name)) for folder in folders):
    print("PyInstaller needs its shared library (Debian: apt install libpython%s; Fedora: dnf install python3-libs;"
          " built from source: configure --enable-shared)" % version)
'
}

# speed_lacks PATH: says so where that Python was built without optimizations; a system's own has them, told or not.
speed_lacks() {
    "$1" -I -c '
import sys, sysconfig
if sys.base_prefix != "/usr" and "--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
    print("it was built without --enable-optimizations")
'
}

shared_library_or_speed_lacks() {
    shared_library_lacks "$1" && speed_lacks "$1"
}

# forget_environment PATTERN: unsets every variable whose name matches the extended regular expression.
forget_environment() {
    # shellcheck disable=SC2013 # a name is a word
    for name in $(awk -v pattern="$1" 'BEGIN { for (name in ENVIRON) if (name ~ pattern) print name }'); do
        unset "$name"
    done
}

# git_here ARGUMENT...: runs git if this folder is a checkout of its own, and not a folder of another repository, whose
# hook may run this.
git_here() {
    [ -e .git ] && (unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE && git "$@" 2>/dev/null)
}

# make_venv DIR REQUIREMENTS [INSTALL]: a virtual environment with what is pinned there, made again if anything changed;
# INSTALL is what installs packages in place of pip_install, which needs no pip in there if Python has one.
make_venv() {
    stamp=$({ "$PYTHON" -I -c 'import sys; print(sys.version, sys.base_prefix)'; echo "$1"; cat "$2"; } | cksum)
    [ "$(cat "$1/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$1"
    pip=""
    # To make a pip takes seconds; Python's own can install elsewhere from 22.3 on.
    if [ $# -gt 2 ] && "$PYTHON" -I -c '
import pip, sys
sys.exit([*map(int, pip.__version__.split(".")[:2])] < [22, 3])
' 2>/dev/null; then
        pip=--without-pip
    fi
    leaving_home_alone "$PYTHON" -I -m venv $pip "$1"
    "${3:-pip_install}" "$1" --require-hashes --no-deps -r "$2"
    printf '%s\n' "$stamp" >"$1/stamp"
}

# pip_install VENV ARGUMENT...: pip's install.
pip_install() {
    venv=$1
    shift
    pip_for "$venv" install --quiet --quiet --disable-pip-version-check --no-warn-script-location "$@"
}

# pip_for VENV ARGUMENT...: runs the pip in there; if there is none, Python's.
pip_for() {
    venv=$1
    shift
    if [ -e "$venv/bin/pip" ]; then
        leaving_home_alone "$venv/bin/python" -I -m pip "$@"
    else
        leaving_home_alone "$PYTHON" -I -m pip --python "$venv/bin/python" "$@"
    fi
}

# install_project VENV: installs the wheel of the checkout, built with the pinned build backend of VENV.
install_project() {
    rm -f "$1/checkout" # where tests/run keeps what it installed last
    pip_install "$1" --no-deps --no-build-isolation --force-reinstall .
}

# leaving_home_alone COMMAND...: pip has a cache, and asks rustc for its version, which with rustup writes settings.
leaving_home_alone() {
    PIP_CACHE_DIR="$PWD/.work/pip-cache" RUSTUP_HOME="$PWD/.work/rustup" "$@"
}
