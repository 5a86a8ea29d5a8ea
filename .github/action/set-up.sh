# Sets up the job: installs the release, gets the job's OIDC token, and configures Docker. main.js runs it.
# What it writes to GITHUB_STATE, clean-up.sh gets in variables, after the job's last step.
# shellcheck shell=bash disable=SC2153 # main.js sets the variables
set -eo pipefail

# save NAME VALUE: passes a value to clean-up.sh. With a line break in it, the runner would take the rest for others,
# such as the folder that is deleted in the end.
save() {
    [[ $2 != *[$'\r\n']* ]] || { echo "::error::$1 has a line break"; exit 1; }
    echo "$1=$2" >>"$GITHUB_STATE"
}

install_release() {
    [[ $VERSION =~ ^[0-9][0-9A-Za-z.+-]*$ ]] || { echo "::error::the input version is not a version such as 1.1.0"; exit 1; }
    [ -n "$REPOSITORY" ] || { echo "::error::use the action as OWNER/docker-credential-ecrx@COMMIT"; exit 1; }
    command -v gh >/dev/null || { echo "::error::gh is required to verify who built the release"; exit 1; }
    [[ $SHA256 =~ ^[0-9a-f]{64}$ ]] || { echo "::error::the input sha256 is not a SHA-256 (64 hexadecimal digits)"; exit 1; }
    make_folder
    system=$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m) libc=""
    if [[ $system = linux-* ]]; then
      libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || [[ $(ldd --version 2>&1 || true) != *musl* ]] || libc=musl
    fi
    fits=no
    case $system:$libc in
      darwin-arm64: | darwin-x86_64:) fits=yes ;;
      linux-x86_64:musl | linux-aarch64:musl) fits=yes system=$system-musl ;;
      linux-x86_64:glibc* | linux-aarch64:glibc*)
        if printf '%s\n' 2.28 "${libc#glibc }" | sort -CV; then fits=yes; fi ;;
    esac
    [ "$fits" = yes ] || {
      echo "::error::no release archive runs on $(uname -sm)${libc:+ with $libc}; there are archives for Linux on" \
        "x86_64 and aarch64 with glibc 2.28 or newer or with musl, and for macOS on arm64 and x86_64: use one of these"
      exit 1
    }
    archive=docker-credential-ecrx-$VERSION-$system.tar.gz
    release=$GITHUB_SERVER_URL/$REPOSITORY/releases/download/v$VERSION
    curl --fail --silent --show-error --location --retry 3 --output "$folder/$archive" "$release/$archive" ||
      { echo "::error::cannot download $release/$archive; the input version must be that of a release"; exit 1; }
    if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum --algorithm 256); fi
    printf '%s  %s\n' "$SHA256" "$folder/$archive" | "${sum[@]}" -c - >/dev/null 2>&1 ||
      { echo "::error::the SHA-256 of $archive is not the input sha256; see SHA256SUMS of the release"; exit 1; }
    gh attestation verify "$folder/$archive" --repo "$REPOSITORY" --source-ref "refs/tags/v$VERSION" \
      --signer-workflow "$REPOSITORY/.github/workflows/release.yml" --deny-self-hosted-runners ||
      { echo "::error::$archive has no attestation by the release workflow of $REPOSITORY"; exit 1; }
    unset GH_TOKEN # nothing below needs it
    tar -xzf "$folder/$archive" -C "$folder"
    "$folder/docker-credential-ecrx-$VERSION/install.sh" --prefix "$folder/installed"
    echo "$folder/installed/bin" >>"$GITHUB_PATH"
    PATH=$folder/installed/bin:$PATH
}

# make_folder: makes the folder of this use of the action: a job with two roles uses it twice, and each use is undone.
make_folder() {
    local parent=$RUNNER_TEMP
    # In a job container the folder belongs to a user of the host, and install.sh refuses another user's folder.
    [ -O "$parent" ] || parent=${TMPDIR:-/tmp}
    folder=$(mktemp -d "$parent/ecrx.XXXXXX")
    save folder "$folder"
}

get_oidc_token() {
    [[ $WEB_IDENTITY_ROLE_ARN =~ ^arn:[^[:space:]]+$ ]] || { echo "::error::web-identity-role-arn is not an ARN"; exit 1; }
    [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || { echo "::error::the job lacks the permission id-token: write"; exit 1; }
    # The bearer token goes through stdin because every process can see an argument.
    token=$(printf 'Authorization: bearer %s' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
      curl --fail --silent --show-error --header @- "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" |
      sed -n 's/.*"value" *: *"\([^"]*\)".*/\1/p')
    [ -n "$token" ] || { echo "::error::GitHub did not return an OIDC token"; exit 1; }
    echo "::add-mask::$token"
    (umask 077 && printf %s "$token" >"$folder/web-identity-token")
    {
      echo "AWS_ROLE_ARN=$WEB_IDENTITY_ROLE_ARN"
      echo "AWS_WEB_IDENTITY_TOKEN_FILE=$folder/web-identity-token"
      echo "AWS_ROLE_SESSION_NAME=github-$GITHUB_RUN_ID"
    } >>"$GITHUB_ENV"
    export AWS_ROLE_ARN=$WEB_IDENTITY_ROLE_ARN
    export AWS_WEB_IDENTITY_TOKEN_FILE=$folder/web-identity-token
    export AWS_ROLE_SESSION_NAME=github-$GITHUB_RUN_ID
}

# use_own_files: gives the job configurations of its own for Docker and the helper, with what the runner's user has now.
use_own_files() {
    local own=$folder/docker rules=${ECRX_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/ecrx/config.toml}
    mkdir -m 700 "$own"
    [ ! -f "${DOCKER_CONFIG:-$HOME/.docker}/config.json" ] ||
        (umask 077 && cp "${DOCKER_CONFIG:-$HOME/.docker}/config.json" "$own/config.json")
    touch "$own/ecrx.toml"
    [ ! -f "$rules" ] || cat "$rules" >"$own/ecrx.toml"
    export DOCKER_CONFIG=$own ECRX_CONFIG=$own/ecrx.toml
    { echo "DOCKER_CONFIG=$own"; echo "ECRX_CONFIG=$own/ecrx.toml"; } >>"$GITHUB_ENV"
    save own_files "$own"
}

# save_environment: what selects the files that this use edits, because later steps may set other values for the job.
save_environment() {
    local name
    for name in HOME DOCKER_CONFIG ECRX_CONFIG ECRX_KEYRING XDG_CONFIG_HOME XDG_STATE_HOME; do
        save "$name" "${!name:-}"
    done
}

configure_docker() {
    local registry said
    for registry in "${registries[@]}"; do
        said=$(docker-credential-ecrx configure ${ROLE_ARN:+--role-arn "$ROLE_ARN"} \
            ${EXTERNAL_ID:+--external-id "$EXTERNAL_ID"} -- "$registry")
        printf '%s\n' "$said"
        # What was configured before the job stays after it.
        [[ $said == "nothing to change"* ]] || configured+=("$registry")
        save configured "${configured[*]}"
    done
    if { docker-credential-ecrx status --json || true; } | grep -q '"tokens": null'; then
        echo "::notice::no keyring is available, so each pull asks AWS"
    else
        save fetched "${registries[*]}"
        docker-credential-ecrx login -- "${registries[@]}"
    fi
}

configured=()
read -r -d '' -a registries <<<"$REGISTRIES" || true
[ "${#registries[@]}" != 0 ] || { echo "::error::the input registries names no registry"; exit 1; }
install_release
[ -z "$WEB_IDENTITY_ROLE_ARN" ] || get_oidc_token
[ "$OWN_DOCKER_CONFIG" != true ] || use_own_files
save_environment
configure_docker
