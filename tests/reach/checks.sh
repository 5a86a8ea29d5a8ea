#!/bin/sh
# What is shown in each place; sourced by tests/reach/run.
# shellcheck disable=SC2034,SC2154 # the scripts that tests/reach/run sources share their variables

# Where what is tested is installed: in the place's root, and seen from outside.
INSTALLED=/mnt/ecrx
PROGRAM=$INSTALLED/lib/docker-credential-ecrx/current/docker-credential-ecrx

# demonstrate ROOT ARCHIVE: installs the archive in ROOT as a user does, with the demonstration; sets $demo.
demonstrate() {
    install_archive "$1" "$2" --demo
    demo=ok
}

# install_archive ROOT ARCHIVE [OPTION...]: the options are install.sh's.
install_archive() {
    target=$1
    step "install.sh from ${2##*/}"
    rm -rf "$1$INSTALLED" "$1/mnt/unpacked"
    mkdir -p "$1/mnt/unpacked"
    tar -xzf "$2" -C "$1/mnt/unpacked" --strip-components=1
    shift 2
    enter "$target" sh /mnt/unpacked/install.sh --prefix "$INSTALLED" "$@" </dev/null
    rm -rf "$target/mnt/unpacked"
}

# blackbox ROOT FORM PROGRAM [ARGUMENT...]: runs $tests from outside on the program, which is in ROOT as a wheel or
# frozen, shared by one run for each processor; sets $closing to the sum of pytest's closing lines. The arguments are
# pytest's.
blackbox() {
    step "black-box tests of the $2 program in ${1#"$cache/"}"
    prepare_tests
    rm -rf "$cache/claims-$place" "$log-$2"
    status=0 pids=""
    for number in $(seq "$(getconf _NPROCESSORS_ONLN)"); do
        (from_outside "$@" --share="$cache/claims-$place") >"$log-$2-$number" 2>&1 &
        pids="$pids $!"
    done
    for pid in $pids; do
        wait "$pid" || status=$?
    done
    cat "$log-$2"-* >"$log-$2"
    rm "$log-$2"-*
    cat "$log-$2"
    closing=$(closing_line "$log-$2")
    [ "$status" -eq 0 ] && some_passed
}

# some_passed: whether $closing, which has the number of those that were skipped, too, says that a test passed.
some_passed() {
    case $closing in
        *[0-9]" passed"*) ;;
        *) echo "reach: no test passed" && return 1 ;;
    esac
}

# of_machine LOG: sets $demo and $closing to what arm64-init said; returns 1 if not all of it succeeded.
of_machine() {
    demo=$(tr -d '\r' <"$1" | sed -n 's/^reach: demo //p')
    ended=$(tr -d '\r' <"$1" | sed -n 's/^reach: pytest ended with //p')
    closing=$(closing_line "$1")
    case $demo in
        ok*) [ "$ended" = 0 ] && some_passed ;;
        *) return 1 ;;
    esac
}

# prepare_tests: sets $venv to the tests' virtual environment, which only this place has.
prepare_tests() {
    venv=$cache/venv-$alone_as
    sources=$(find docker_credential_ecrx pyproject.toml build/requirements-tests.txt -type f ! -name '*.pyc' |
        LC_ALL=C sort | while read -r file; do cksum "$file"; done | cksum)
    [ "$(cat "$venv/reach" 2>/dev/null)" != "$sources" ] || return 0
    make_venv "$venv" build/requirements-tests.txt
    install_project "$venv"
    echo "$sources" >"$venv/reach"
}

from_outside() {
    into=$1 form=$2 tested=$3
    shift 3
    own_home
    # Nothing may be skipped, but for what lacking.py names.
    export temporary CI=true
    gcc -static -O2 -Wall -DROOT="\"$into\"" -o "$temporary/into" tests/reach/into.c
    case $form in
        frozen) export ECRX_TEST_FROZEN="$tested" && other=wheel ;;
        wheel) export ECRX_TEST_WHEEL="$tested" && other=frozen ;;
    esac
    export ECRX_TEST_ROOT="$into"
    mkdir -p "$into$temporary" "$into/proc" "$into/dev"
    status=0
    # shellcheck disable=SC2016,SC2086 # for the inner shells; words
    apart sh -c '. tests/common.sh && in_namespaces sh -euc ". tests/reach/roots.sh && . tests/reach/checks.sh &&
        seen_from_outside \"\$@\"" sh "$@"' sh "$into" "$tested" \
        nice -n 19 "$venv/bin/pytest" -p no:cacheprovider --basetemp="$temporary/t" -k "not $other" "$@" $tests ||
        status=$?
    rmdir "$into$temporary"
    return "$status"
}

# seen_from_outside ROOT PROGRAM COMMAND...: in mounts of its own, leads PROGRAM, and the Python beside it, into ROOT.
seen_from_outside() {
    into=$1 tested=$2
    shift 2
    # All that the program is made of has the same path outside, where tests look for it.
    mount -t tmpfs tmpfs /mnt
    cp -a "$into/mnt/." /mnt/
    for seen in "$(readlink -f "$tested")" "${tested%/*}/python"; do
        if [ -e "$seen" ] || [ -L "$seen" ]; then
            rm "$seen"
            cp "$temporary/into" "$seen"
        fi
    done
    show_kernel "$into"
    mount --rbind "$temporary" "$into$temporary"
    exec "$@"
}

# closing_line LOG: prints pytest's or, of several runs that shared the tests, how many passed, failed or were skipped in
# all of them, and the seconds of the longest.
closing_line() {
    tr -d '\r' <"$1" | awk '
        /^(=+ )?[0-9]+ [a-z]+(, [0-9]+ [a-z]+)* in [0-9.]+s/ {
            for (i = 1; i < NF; i++) {
                word = $(i + 1)
                sub(",", "", word)
                if (word ~ /^(passed|failed|errors?|skipped)$/) sum[word] += $i
                if ($i == "in" && $(i + 1) + 0 > longest) longest = $(i + 1) + 0
            }
        }
        END {
            count = split("passed failed error errors skipped", words, " ")
            for (i = 1; i <= count; i++) if (words[i] in sum) printf "%d %s, ", sum[words[i]], words[i]
            if (longest) printf "in %.0f s\n", longest
        }' | sed 's/, in/ in/'
}

# newest_symbol LOG: prints what build/glibc.py said of the glibc that is needed.
newest_symbol() {
    sed -n 's/^build.sh: the program \(needs .*\)/\1/p' "$1" | tail -n 1
}
