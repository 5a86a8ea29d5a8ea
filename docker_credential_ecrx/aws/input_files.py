"""The files that AWS's SDK reads for an identity."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from docker_credential_ecrx.aws import error_rules
from docker_credential_ecrx.identity.aws_profiles import Snapshot, chain
from docker_credential_ecrx.identity.model import Identity


def refuse_pipes(identity: Identity, env: Mapping[str, str]) -> None:
    """Raise AwsError if one of the files is a named pipe: the SDK would wait for a writer without a time limit."""
    snapshot = Snapshot(env)
    configuration = (path for _, path, _ in snapshot.files())
    for path in (*configuration, *token_files(identity, snapshot), ca_bundle(identity, env)):
        try:
            is_pipe = stat.S_ISFIFO(Path(os.path.expanduser(os.path.expandvars(path))).stat().st_mode)  # noqa: PTH111 - raises nothing
        except (OSError, ValueError):
            continue
        if is_pipe:
            raise error_rules.error("named-pipe", path=path)


def token_files(identity: Identity, snapshot: Snapshot) -> Iterator[str]:
    """Yield the paths of the files with web identity or container tokens of ``identity``, whether they exist or not."""
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        if snapshot.env.get(name):
            yield snapshot.env[name]
    yield from (value for _, key, value in snapshot.chain(identity) if key == "web_identity_token_file")


def ca_bundle(identity: Identity, env: Mapping[str, str]) -> str:
    """Return the path of the CA bundle that the user has configured for AWS, or an empty text."""
    configured = next((value for _, key, value in chain(identity, env) if key == "ca_bundle"), "")
    return env.get("AWS_CA_BUNDLE") or configured or env.get("REQUESTS_CA_BUNDLE", "")
