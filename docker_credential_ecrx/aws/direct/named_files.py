"""Checks the files that variables and settings name, which ``input_files.refuse_endless`` refuses for both ways."""

import os
import stat

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.system.read_file import LARGEST_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.aws_profiles import Snapshot
    from docker_credential_ecrx.identity.model import Identity

_TOKENS = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")


def require_ordinary(identity: "Identity", snapshot: "Snapshot", bundle: str) -> None:
    """Raise DeclinedError if a token or the CA ``bundle`` is not an ordinary file, whether it is used or not."""
    paths = [bundle, *(snapshot.env.get(variable, "") for variable in _TOKENS)]
    paths += [value for _, key, value in snapshot.chain(identity) if key == "web_identity_token_file"]
    for path in filter(None, paths):
        try:
            status = os.stat(os.path.expanduser(path))
        except (OSError, ValueError) as error:
            raise DeclinedError("a file that is named cannot be read") from error
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
            raise DeclinedError("a file that is named is not a regular file, or is too large")
