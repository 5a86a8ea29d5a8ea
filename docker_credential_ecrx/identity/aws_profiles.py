"""Scans AWS's config and credentials files for a profile and the sections that it refers to.

Every cached ``get`` does this, so the files are scanned by hand: importing configparser takes longer than all the rest.
"""

import os
import sys

from docker_credential_ecrx.identity.model import first_profile
from docker_credential_ecrx.identity.read_file import read_file, require_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker_credential_ecrx.identity.model import Identity

_FILES = (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
# The kinds of section in the config file, by how their heads begin: botocore/configloader.py, build_profile_map.
_KINDS = (("profile", ""), ("sso-session", "sso-session "), ("services", "services "))
# A secret is not needed to tell principals apart, and is better left out of anything derived.
_SECRET_KEYS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")


class Snapshot:
    """The environment and AWS's files, each file as it was when it was first read.

    So the fingerprint and the credentials come from the same content, even if another program writes the files.
    """

    __slots__ = ("_contents", "env")

    def __init__(self, env: "Mapping[str, str]") -> None:
        self.env = env
        self._contents: dict[str, bytes | None] = {}

    def read(self, path: str) -> "bytes | None":
        """Return the file's content, or None if it cannot be read or is not a regular file; botocore ignores these."""
        if path not in self._contents:
            try:
                self._contents[path] = read_file(path, require_regular)
            except (OSError, ValueError):
                self._contents[path] = None
        return self._contents[path]

    def files(self) -> "Iterator[tuple[str, str, bytes | None]]":
        """Yield the kind, the path and the content of AWS's two files."""
        for variable, kind in _FILES:
            path = self.env.get(variable) or os.path.join("~", ".aws", kind)
            path = os.path.expanduser(os.path.expandvars(path))  # botocore/configloader.py, raw_config_parse
            yield kind, path, self.read(path)

    def chain(self, identity: "Identity") -> "Iterator[tuple[str, str, str]]":
        """Yield section, key and value of the profile and of all the sections that it refers to, each section once.

        These may include sections that botocore does not read, but lack none that it reads.
        Keys are in lower case, and the values of secrets are empty; an empty key gives the file and head of a section.
        """
        sections = _sections(self)
        # configparser adds the settings of [DEFAULT] to every section.
        pending = ["DEFAULT", normalized(first_profile(identity, self.env))]
        seen: set[str] = set()
        while pending:
            section = pending.pop()
            if section in seen:
                continue
            seen.add(section)
            for settings in sections.get(section, ()):
                for key, value in settings:
                    yield section, key, value
                    if key == "source_profile":
                        pending.append(normalized(value))
                    elif key in ("sso_session", "services"):
                        pending.append(normalized(f"{key.replace('_', '-')} {value}"))


def chain(identity: "Identity", env: "Mapping[str, str]") -> "Iterator[tuple[str, str, str]]":
    """Return what ``Snapshot.chain`` does, for the files as they are now."""
    return Snapshot(env).chain(identity)


def _sections(snapshot: Snapshot) -> "dict[str, list[list[tuple[str, str]]]]":
    """Return keys and values of each section of AWS's two files, by each normalized name that may refer to it."""
    sections: dict[str, list[list[tuple[str, str]]]] = {}
    for kind, _, content in snapshot.files():
        settings: list[tuple[str, str]] = []
        option, indent, blank = "", 0, 0
        for line in decoded(content or b"").split("\n"):
            text = line.strip()
            if not text or text[0] in "#;":
                blank += not text
                continue
            # As in configparser, a line that is indented more than the last key continues its value.
            at = len(line) - len(line.lstrip())
            if option and at > indent:
                if option not in _SECRET_KEYS:
                    settings[-1] = (option, settings[-1][1] + "\n" * (blank + 1) + text)
                blank = 0
                continue
            indent, option, blank = at, "", 0
            if text[0] == "[" and (end := text.rfind("]")) > 1:
                # If a profile has several sections, their files and order determine which takes precedence.
                settings = [("", f"{kind} {text[:end]}")]
                for name in _names(text[1:end], kind):
                    sections.setdefault(name, []).append(settings)
            else:
                option, equals, value = text.partition("=")
                if not equals or ":" in option:
                    option, _, value = text.partition(":")
                option = option.rstrip().lower()
                # Whether there is a secret determines where botocore looks for credentials.
                settings.append((option, "" if option in _SECRET_KEYS else value.lstrip()))
    return sections


def _names(head: str, kind: str) -> "list[str]":
    """Return the normalized names for a section with this head; botocore's name for it, if any, is one of them."""
    name = normalized(head)
    if kind == "credentials" or head in ("default", "DEFAULT"):
        return [name]
    words = name.split(" ")
    for start, prefix in _KINDS:
        if head.startswith(start):
            # The name is the second of two words, and shlex says where it begins.
            return [normalized(prefix + " ".join(words[at:])) for at in range(1, max(2, len(words)))]
    return []


def normalized(name: str) -> str:
    """Return a section's name without quotes, backslashes and repeated spaces.

    Two names may become one, but never one name two.
    """
    return " ".join(name.replace('"', "").replace("'", "").replace("\\", "").split())


def decoded(content: bytes) -> str:
    """Return the text of a file, decoded as botocore and the environment are: a profile's name may be any bytes."""
    text = content.decode(sys.getfilesystemencoding(), "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
