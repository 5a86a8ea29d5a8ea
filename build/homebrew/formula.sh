#!/bin/sh
# Prints Homebrew's formula of a release: formula.sh DIR HOMEPAGE, where DIR has the archives with their .sha256 files.
# It has never been run by Homebrew.
set -eu
unset CDPATH
template=$(cd "$(dirname "$0")" && pwd)/docker-credential-ecrx.rb
homepage=$2
cd "$1"

script="s|@HOMEPAGE@|$homepage|g"
for platform in darwin-arm64 darwin-x86_64 linux-aarch64 linux-x86_64; do
    set -- docker-credential-ecrx-*-"$platform.tar.gz.sha256"
    [ $# -eq 1 ] && [ -f "$1" ] || { echo "formula.sh: there is no one archive for $platform with its .sha256" >&2 && exit 1; }
    read -r digest archive <"$1"
    version=${archive#docker-credential-ecrx-}
    version=${version%"-$platform.tar.gz"}
    script="$script;s|@SHA256-$platform@|$digest|"
done
sed "$script;s|@VERSION@|$version|g" "$template"
