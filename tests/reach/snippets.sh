#!/bin/sh
# What users paste from docs/ on Alpine, as far as it can be run without docker; sourced by tests/reach/run.
# shellcheck disable=SC2154 # the scripts that tests/reach/run sources share their variables

# paste_from_gitlab ROOT ARCHIVE: installs and configures the program in ROOT, as the job in the image docker:27 does.
paste_from_gitlab() {
    step "docs/gitlab.md"
    version=$(version_of "$2")
    rm -rf "$cache/served"
    mkdir -p "$cache/served/v$version"
    cp "$2" "$cache/served/v$version/"
    gitlab_script >"$1/job"
    # shellcheck disable=SC2016 # for the inner shell
    "$PYTHON" -I tests/reach/serve.py "$cache/served" env PYTHON="$PYTHON" \
        sh -euc '. tests/reach/roots.sh && enter "$@"' sh "$1" \
        env VERSION="$version" SHA256="$(sha256sum "$2" | cut -d ' ' -f 1)" sh -eux /job
}

# gitlab_script: prints the lines of that job, but for docker's own, with this machine's server instead of GitHub.
# shellcheck disable=SC2016 # for the shell that runs them
gitlab_script() {
    echo "export REGISTRY=111111111111.dkr.ecr.us-east-1.amazonaws.com CI_PROJECT_DIR=/project"
    echo "export AWS_ID_TOKEN=x AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/aws-id-token"
    echo 'mkdir "$CI_PROJECT_DIR"'
    sed -n '/^build-image:/,/^  script:/{/^  before_script:/,/^  script:/s/^    - //p}' docs/gitlab.md |
        sed 's|https://github.com/.*/download/|$SERVED/|'
    echo 'grep "\"$REGISTRY\": \"ecrx\"" ~/.docker/config.json'
    echo 'docker-credential-ecrx version'
}

# paste_from_containers ROOT ARCHIVE: makes ROOT what the Dockerfile FROM alpine makes of that image.
paste_from_containers() {
    step "docs/containers.md"
    version=$(version_of "$2")
    mkdir "$1/context"
    cp "$2" "$1/context/"
    dockerfile_script >"$1/context/script"
    for name in config.json ecrx.toml; do
        sed -n "/^\`\`\`${name#*.}\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" docs/containers.md >"$1/context/$name"
    done
    enter "$1" sh -euxc 'cd /context && . ./script'
}

# dockerfile_script: prints the Dockerfile's instructions, but for those of Alpine's packages, as a shell's.
# shellcheck disable=SC2016 # for the shell that runs them
dockerfile_script() {
    sed -n '/^FROM alpine:.* AS/,/^```/p' docs/containers.md | sed -n "s|1[.]0[.]0|$version|g"'
        s|^ADD \(.*\) \(.*\)|tar -xzf \1 -C \2|p
        s|^COPY --from=ecrx \(.*\) \(.*\)|mkdir -p /opt /usr/local/bin; cp -a \1 \2|p
        s|^COPY \([^-].*\) \(.*\)|mkdir -p \2; cp \1 \2|p
        s|^RUN \(ln .*\)|\1|p
        s|^ENV |export |p'
    echo 'grep "\"ecrx\"" "$DOCKER_CONFIG/config.json"'
    echo 'docker-credential-ecrx status | grep "$ECRX_CONFIG"'
}

version_of() {
    echo "${1##*/}" | sed 's/^docker-credential-ecrx-\(.*\)-linux-.*/\1/'
}
