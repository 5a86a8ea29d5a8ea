"""The profiles and SSO sessions in AWS's files, as botocore reads them."""

import codecs
import configparser
import functools
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from docker_credential_ecrx.aws import error_rules
from docker_credential_ecrx.identity.aws_profiles import Snapshot

# A key that begins otherwise may be a secret, of which the file has a line of its own.
_KEYS = ("aws_", "region", "output", "role_", "source_", "credential_", "sso_", "mfa_")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Profile(NamedTuple):
    """The role that a profile assumes and the profile whose credentials it does so with; both may be empty.

    If both of AWS's files have settings of a profile, the credentials file takes precedence.
    """

    role_arn: str
    source: str
    has_keys: bool


def profiles() -> dict[str, Profile]:
    """Return the profiles in AWS's files by name; raise AwsError if the files cannot be read."""
    return {name: _profile(settings) for name, settings in _full_config()["profiles"].items()}


def sso_sessions() -> dict[str, dict[str, str]]:
    """Return the SSO sessions in AWS's config file by name; raise AwsError if the files cannot be read."""
    found: dict[str, dict[str, str]] = _full_config().get("sso_sessions", {})
    return found


def _full_config() -> dict[str, Any]:
    return _parsed(*Snapshot(os.environ).files())


@functools.lru_cache(1)
def _parsed(*_files: tuple[str, str, bytes | None]) -> dict[str, Any]:
    """Return what botocore makes of AWS's files; parsing a thousand profiles takes a tenth of a second.

    The files are arguments so that they are parsed again if they have changed.
    """
    from botocore.exceptions import ConfigParseError  # slow to import, and only failures need it
    from botocore.session import Session

    try:
        found: dict[str, Any] = Session().full_config
    except ConfigParseError as error:
        code, values = syntax_error(error.kwargs)
        raise error_rules.error(code, **values) from error
    return found


def syntax_error(kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the code and the values of the failure if botocore cannot parse a file, by the arguments of its error.

    The line itself may be a secret, so only its number is shown.
    """
    path, cause = str(kwargs.get("path", "")), kwargs.get("error")
    content = Snapshot({}).read(path) or b""
    if content.startswith(_BYTE_ORDER_MARKS):
        return "byte-order-mark", {"path": path}
    if isinstance(cause, UnicodeDecodeError) and (number := _first_undecodable(content)):
        return "undecodable-line", {"path": path, "line": str(number)}
    # Most of configparser's errors have a number, a ParsingError has one for each line.
    line = getattr(cause, "lineno", None) or next((number for number, _ in getattr(cause, "errors", ())), None)
    if not line:
        return "unreadable-file", {"path": path}
    section, option = getattr(cause, "section", ""), getattr(cause, "option", "")
    if isinstance(cause, configparser.DuplicateSectionError) and section:
        return "repeated-section", {"path": path, "line": str(line), "repeated": f"[{section}]"}
    if isinstance(cause, configparser.DuplicateOptionError) and option.startswith(_KEYS):
        return "repeated-section", {"path": path, "line": str(line), "repeated": f"the key {option}"}
    return "unreadable-line", {"path": path, "line": str(line)}


def _first_undecodable(content: bytes) -> int:
    """Return the number of the first line that is not UTF-8, or 0 if all are: the locale may have another encoding."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 0


def _profile(settings: Mapping[str, object]) -> Profile:
    # botocore uses source_profile only if it assumes a role, and does not need it with a web identity token.
    is_assumed = "role_arn" in settings and "web_identity_token_file" not in settings
    source = str(settings.get("source_profile", "")) if is_assumed else ""
    return Profile(str(settings.get("role_arn", "")), source, "aws_access_key_id" in settings)
