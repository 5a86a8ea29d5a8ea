"""The profiles in AWS's files, as botocore reads them."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from docker_credential_ecrx.aws import error_rules


class Profile(NamedTuple):
    """The role that a profile assumes and the profile whose credentials it does so with; both may be empty.

    If both of AWS's files have settings of a profile, the credentials file takes precedence.
    """

    role_arn: str
    source: str
    has_keys: bool


def profiles() -> dict[str, Profile]:
    """Return the profiles in AWS's files by name; raise AwsError if the files cannot be read."""
    from botocore.exceptions import ConfigParseError  # slow to import, and only failures need it
    from botocore.session import Session

    unset_empty_variables()
    try:
        found = Session().full_config["profiles"]
    except ConfigParseError as error:
        path, line = str(error.kwargs["path"]), broken_line(error.kwargs)
        raise error_rules.error("unreadable-line" if line else "unreadable-file", path=path, line=line) from error
    return {name: _profile(settings) for name, settings in found.items()}


def unset_empty_variables() -> None:
    """Unset AWS's variables that are set and empty: botocore takes an empty AWS_PROFILE for a profile's name.

    Also unset the variable that names modules for botocore to load: these could get the token from anywhere.
    """
    for name in [*os.environ]:
        is_empty = (name.startswith("AWS_") or name == "REQUESTS_CA_BUNDLE") and not os.environ[name]
        if is_empty or name == "BOTOCORE_EXPERIMENTAL__PLUGINS":
            del os.environ[name]


def broken_line(kwargs: Mapping[str, Any]) -> str:
    """Return the number of the line that botocore cannot parse, by the arguments of its error, or an empty text.

    The line itself may be a secret.
    """
    cause = kwargs.get("error")  # configparser's: most have a number, a ParsingError has one for each line
    line = getattr(cause, "lineno", None) or next((number for number, _ in getattr(cause, "errors", ())), None)
    return str(line or "")


def _profile(settings: Mapping[str, object]) -> Profile:
    # botocore uses source_profile only if it assumes a role, and does not need it with a web identity token.
    is_assumed = "role_arn" in settings and "web_identity_token_file" not in settings
    source = str(settings.get("source_profile", "")) if is_assumed else ""
    return Profile(str(settings.get("role_arn", "")), source, "aws_access_key_id" in settings)
