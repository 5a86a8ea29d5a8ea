"""The files that AWS's SDK reads for an identity."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from docker_credential_ecrx.aws import error_rules, trust
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import user_paths
from docker_credential_ecrx.system import shell
from docker_credential_ecrx.system.read_file import LARGEST_BYTES

# They name AWS's two files, in the order of ``Snapshot.files``.
_VARIABLES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
_FOLDER = "is a folder"
# STS accepts web identity tokens of up to 20,000 characters; a longer text takes minutes to search lines for.
_LARGEST_TOKEN = 1 << 16


def refuse_endless(identity: Identity, env: Mapping[str, str]) -> None:
    """Raise AwsError if the SDK would wait for one of the files without a time limit, or fill the memory with it.

    It passes over its own two files if they are not regular files, and takes any other file as it is.
    """
    snapshot = Snapshot(env)
    tokens, bundle = [*token_files(identity, snapshot)], trust.find(identity, snapshot).bundle
    for path in (*(path for _, path, _ in snapshot.files()), *tokens, bundle):
        status = _status(path)
        if status is None:
            continue
        if status.st_size > LARGEST_BYTES:
            raise error_rules.error("too-large", path=path)
        if path not in (*tokens, bundle):
            continue
        if path in tokens and status.st_size > _LARGEST_TOKEN:
            raise error_rules.error("no-token-file", path=path)
        if stat.S_ISFIFO(status.st_mode):
            raise error_rules.error("named-pipe", path=path)
        if stat.S_ISCHR(status.st_mode):
            raise error_rules.error("device", path=path)


def _status(path: str) -> os.stat_result | None:
    try:
        return Path(os.path.expanduser(os.path.expandvars(path))).stat()  # noqa: PTH111 - raises nothing
    except (OSError, ValueError):
        return None


def unreadable(snapshot: Snapshot) -> str:
    """Return the path of one of AWS's two files that exists and that this user may not read, or an empty text.

    botocore takes such a file for an empty one.
    """
    for _, path, content in snapshot.files():
        if content is None and _is_forbidden(path):
            return path
    return ""


def _is_forbidden(path: str) -> bool:
    try:
        return stat.S_ISREG(Path(path).stat().st_mode) and not os.access(path, os.R_OK)
    except PermissionError:  # of a folder on its path
        return True
    except (OSError, ValueError):
        return False


def explained(
    message: str, env: Mapping[str, str], remedy: Remedy, instead: Remedy | None = None
) -> tuple[str, Remedy]:
    """Return message and remedy of a failure that is due to the configuration in AWS's two files.

    If botocore looks for one of them where no file is, the message says where, and the remedy is to correct that, or
    ``instead``.
    botocore takes what is not a regular file for an empty one (botocore/configloader.py, raw_config_parse).
    """
    found = [*_misplaced(env)]
    if not found:
        return message, remedy
    named = ", and ".join(
        f"{variable} names {user_paths.shown(path)}, which {defect}"
        if variable
        else f"{user_paths.shown(path)} {defect}"
        for variable, path, defect in found
    )
    variables = [variable for variable, _, _ in found if variable]
    them = "it" if len(variables) == 1 else "them"
    fixes = [f"unset {' '.join(variables)} or fix {them}" if instead else f"fix {them}, or unset {them}"]
    if not variables:
        fixes = [f"put a file in {'its' if len(found) == 1 else 'their'} place"]
    elif len(variables) < len(found):
        fixes = ["put a file in the folder's place", f"fix {variables[0]} or unset it"]
    fix = Remedy(" and ".join(fixes), shell.unset(*variables) if variables else "")
    if instead is not None:
        fix = Remedy(f"{fix.text}, or {instead.text}", instead.command)
    return f"{message} ({named})", fix


def _misplaced(env: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield where botocore looks for a file and passes over what it finds: the variable, the path, and what is wrong.

    Without a variable, which then is an empty text, only a folder counts, as AWS's files may be missing: Docker creates
    one for a bind mount of a missing file.
    """
    for variable, (_, path, _) in zip(_VARIABLES, Snapshot(env).files(), strict=True):
        defect = _defect(path) if path != os.devnull else ""
        if env.get(variable) and defect:
            yield variable, path, defect
        elif defect == _FOLDER:
            yield "", path, defect


def _defect(path: str) -> str:
    """Return why botocore passes over the file ``path``; an empty text if it does not, or may not read it."""
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except PermissionError:
        return ""
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISDIR(status.st_mode):
        return _FOLDER
    return "" if stat.S_ISREG(status.st_mode) else "is not a regular file"


def token_files(identity: Identity, snapshot: Snapshot) -> Iterator[str]:
    """Yield the paths of the files with web identity or container tokens of ``identity``, whether they exist or not."""
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        if snapshot.env.get(name):
            yield snapshot.env[name]
    yield from (value for _, key, value in snapshot.chain(identity) if key == "web_identity_token_file")
