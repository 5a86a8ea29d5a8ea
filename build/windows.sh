#!/bin/sh
# Fills in the manifests of a release for winget and scoop: windows.sh DIR HOMEPAGE, where DIR has the archive for Windows
# as a .zip with its .sha256, and gets the manifests.
# They are valid by winget's schema 1.10.0 and by scoop's; neither program has ever read them.
set -eu
unset CDPATH
build=$(cd "$(dirname "$0")" && pwd)
homepage=$2
cd "$1"

set -- docker-credential-ecrx-*-windows-AMD64.zip.sha256
[ $# -eq 1 ] && [ -f "$1" ] || { echo "windows.sh: there is no one .zip for Windows with its .sha256" >&2 && exit 1; }
read -r digest archive <"$1"
version=${archive#docker-credential-ecrx-}
version=${version%-windows-AMD64.zip}
owner=${homepage%/*}
script="s|@HOMEPAGE@|$homepage|g;s|@OWNER@|${owner##*/}|g;s|@VERSION@|$version|g;s|@SHA256@|$digest|g"
for template in "$build"/winget/* "$build"/scoop/*; do
    sed "$script" "$template" >"${template##*/}"
done
