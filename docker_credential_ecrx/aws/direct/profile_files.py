"""Reads the profiles in AWS's two files, if they are written as nearly everybody writes them.

What botocore reads with configparser is read by hand, because importing configparser takes 10 ms.
A file that configparser refuses, or that has a construct whose meaning is not certain, raises DeclinedError.
A differential test holds this against botocore.
"""

import os

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.identity.aws_profiles import decoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.aws_profiles import Snapshot

    Sections = dict[str, dict[str, str]]

_PROFILE, _DEFAULT = "profile", "default"
_CONFIG = "config"  # the kind of the file in which a profile's section has the word "profile" in its head
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def read_profiles(snapshot: "Snapshot") -> "Sections":
    """Return the settings of each profile, by its name; those of the credentials file take precedence.

    A setting that continues on further lines has line breaks in its value.
    """
    profiles: Sections = {}
    for kind, path, content in snapshot.files():
        if content is None:
            _require_missing(path)
            continue
        for head, settings in _sections(content).items():
            name = _name(head) if kind == _CONFIG else head
            if name is None:
                continue
            known = profiles.setdefault(name, {})
            if kind == _CONFIG and known:
                raise DeclinedError("a profile has two sections in one file")
            if any(key in known for key in KEYS) and any(key in settings for key in KEYS):
                raise DeclinedError("a profile has keys in both of AWS's files")
            known.update(settings)
    return profiles


def _require_missing(path: str) -> None:
    """Raise DeclinedError if there is something that could not be read."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        raise DeclinedError("one of AWS's files cannot be read") from error
    raise DeclinedError("one of AWS's files cannot be read")


def _name(head: str) -> "str | None":
    """Return the profile whose section in the config file has this head, or None if it is another kind of section.

    botocore/configloader.py, build_profile_map: the words of the head are separated as in a shell.
    """
    if head == _DEFAULT:
        return head
    if not head.startswith(_PROFILE):
        return None
    if any(special in head for special in "\"'\\"):
        raise DeclinedError("the name of a profile is quoted")
    words = head.replace("\t", " ").split(" ")
    if any(character.isspace() for word in words for character in word):
        raise DeclinedError("the name of a profile contains a space that separates no words")
    words = [word for word in words if word]
    return words[1] if len(words) == 2 else None  # noqa: PLR2004 - "profile" and the name


def _sections(content: bytes) -> "Sections":
    """Return keys and values of each section of a file, as configparser reads it."""
    text = decoded(content)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DeclinedError("one of AWS's files is not in the encoding of the locale") from error
    sections: Sections = {}
    settings: dict[str, str] | None = None
    option, indent = "", 0
    for line in text.split("\n"):
        part = line.strip()
        if not part or part[0] in "#;":
            continue
        at = len(line) - len(line.lstrip())
        if settings is not None and option and at > indent:
            if settings[option][:1] in ("", "\n"):
                _require_nested(part)
            settings[option] += f"\n{part}"
            continue
        indent, option = at, ""
        if part[0] == "[" and (end := part.rfind("]")) > 1:
            head = part[1:end]
            if head in sections or head == "DEFAULT":
                raise DeclinedError("a section of one of AWS's files occurs twice or applies to all")
            settings = sections[head] = {}
            continue
        option, value = _setting(part)
        if settings is None or not option or option in settings:
            raise DeclinedError("botocore cannot parse one of AWS's files")
        settings[option] = value
    return sections


def _require_nested(part: str) -> None:
    """Raise DeclinedError if a line below a key without a value is no setting, as botocore then fails everywhere."""
    if any(line.strip() and "=" not in line for line in part.splitlines()):
        raise DeclinedError("botocore cannot parse one of AWS's files")


def _setting(part: str) -> tuple[str, str]:
    """Return the key in lower case and the value of a line ``key = value`` or ``key: value``; no key if it is neither.

    The first of the two characters counts.
    """
    ends = [at for at in (part.find("="), part.find(":")) if at >= 0]
    if not ends:
        return "", ""
    end = min(ends)
    return part[:end].rstrip().lower(), part[end + 1 :].strip()
