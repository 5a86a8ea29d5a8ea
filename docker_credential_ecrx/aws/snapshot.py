"""Makes botocore use AWS's two files, and a container's token, as they were when the fingerprint was made of them.

botocore reads each several times, and another program may write them at the same time: a token that was fetched by
settings that existed only for a moment must not be cached for the identity before and after.
"""

import os
from typing import Any

from botocore.credentials import CredentialResolver
from botocore.exceptions import ConfigParseError
from botocore.session import Session

from docker_credential_ecrx import log
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.system import shortage

_TOKEN, _TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
_VARIABLES = {"config": "config_file", "credentials": "credentials_file"}  # botocore's names, by the kind of file


def give(session: Session, snapshot: Snapshot) -> None:
    """Make ``session`` read the snapshot's files; raise ConfigParseError if one cannot be parsed.

    If the system has no files in memory, or no /proc to open them by, botocore reads the original files, and the caller
    has to check afterwards that these are unchanged.
    """
    copies: dict[str, str] = {}  # the path of each file, by the path of its copy
    for kind, path, content in snapshot.files():
        copy = _copy(content or b"")
        if copy is None:
            return
        copies[copy] = path
        session.set_config_variable(_VARIABLES[kind], copy)
    try:
        session.full_config  # noqa: B018 - botocore parses the files here
    except ConfigParseError as error:
        kwargs: Any = error.kwargs
        raise ConfigParseError(path=copies.get(kwargs["path"], kwargs["path"]), error=kwargs["error"]) from None


def give_token(resolver: CredentialResolver, snapshot: Snapshot) -> None:
    """Make ``resolver`` send the container's authorization token that the snapshot has, if it has one.

    botocore reads any other file itself, and reports what is wrong with it.
    """
    env = dict(snapshot.env)
    try:
        token = (snapshot.read(env.pop(_TOKEN_FILE, "")) or b"").decode()
    except ValueError:
        return
    if token:
        log.add_secret(token)
        container: Any = resolver.get_provider("container-role")
        container._environ = env | {_TOKEN: token}  # noqa: SLF001


def _copy(content: bytes) -> str | None:
    """Return the path of a sealed file in memory that exists until this process ends, or None if there can be none.

    It stays open, since botocore may open it until then.
    """
    try:
        import fcntl

        fd = os.memfd_create("aws", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open(fd, "wb", closefd=False) as file:
            file.write(content)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        path = f"/proc/self/fd/{fd}"
        os.close(os.open(path, os.O_RDONLY))  # botocore treats a file that cannot be opened as empty
    except (ImportError, OSError, AttributeError) as error:
        if shortage.behind(error):
            raise  # botocore would take the original file for empty
        return None
    return path
