"""Scans AWS's config and credentials files for a profile and the sections that it refers to.

Every cached ``get`` does this, so the files are scanned by hand: importing configparser takes longer than all the rest.
"""

import os
import sys

from docker_credential_ecrx.identity.model import first_profile
from docker_credential_ecrx.system.read_file import read_file, require_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker_credential_ecrx.identity.model import Identity

_SHORTAGES = (12, 23, 24)  # ENOMEM, ENFILE and EMFILE: the process has no more memory or descriptors
_FILES = (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
# The kinds of section in the config file, by how their heads begin: botocore/configloader.py, build_profile_map.
_KINDS = (("profile", ""), ("sso-session", "sso-session "), ("services", "services "))
_QUOTING = "\"'\\"  # what a name loses when it is normalized
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
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and error.errno in _SHORTAGES:
                    raise  # the file may be there, and another one of the same profile must not count as all
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
        files = [_File(kind, content) for kind, _, content in self.files()]
        # configparser adds the settings of [DEFAULT] to every section.
        pending = ["DEFAULT", normalized(first_profile(identity, self.env))]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            for settings in (section for file in files for section in file.sections(name)):
                for key, value in settings:
                    yield name, key, value
                    if key == "source_profile":
                        pending.append(normalized(value))
                    elif key in ("sso_session", "services"):
                        pending.append(normalized(f"{key.replace('_', '-')} {value}"))


def chain(identity: "Identity", env: "Mapping[str, str]") -> "Iterator[tuple[str, str, str]]":
    """Return what ``Snapshot.chain`` does, for the files as they are now."""
    return Snapshot(env).chain(identity)


class _File:
    """One of AWS's files, of which only the sections that are looked up are scanned: there may be thousands."""

    __slots__ = ("_heads", "_kind", "_parts")

    def __init__(self, kind: str, content: "bytes | None") -> None:
        self._kind = kind
        text = decoded(content or b"")
        # In most files, whatever begins with a bracket begins a section, and whatever begins a section has it in front.
        parts = text.split("[")  # a single character is found much faster than two
        if not {part[-1:] for part in parts[:-1]} <= {"", "\n"}:
            parts = f"\n{text}".split("\n[")
            if any(map(_has_bracket, parts)):
                parts = [text]
        heads = [part.partition("\n")[0] for part in parts[1:]]
        if not heads or not all("]" in head[1:] for head in heads):
            heads, parts = [], ["", text]
        elif any(quote in text for quote in _QUOTING):
            heads = [normalized(head) for head in heads]
        self._heads, self._parts = heads, parts[1:]

    def sections(self, name: str) -> "Iterator[list[tuple[str, str]]]":
        """Yield keys and values of each section that a normalized name may refer to."""
        parts = self._parts
        if self._heads:
            word = name.rpartition(" ")[2]
            parts = [f"[{part}" for head, part in zip(self._heads, parts, strict=True) if word in head]
        for part in parts:
            for head, settings in _scan(part, self._kind):
                if name in _names(head, self._kind):
                    yield settings


def _has_bracket(part: str) -> bool:
    """Return whether a line of ``part`` other than the first one begins with a bracket."""
    return "[" in part and any(line.lstrip()[:1] == "[" for line in part.split("\n")[1:])


def _scan(text: str, kind: str) -> "list[tuple[str, list[tuple[str, str]]]]":
    """Return the head of each section in the text of a file of that kind, and its keys and values."""
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    settings: list[tuple[str, str]] = []
    option, indent, blank = "", 0, 0
    for line in text.split("\n"):
        part = line.strip()
        if not part or part[0] in "#;":
            blank += not part
            continue
        # As in configparser, a line that is indented more than the last key continues its value.
        at = len(line) - len(line.lstrip())
        if option and at > indent:
            if option not in _SECRET_KEYS:
                settings[-1] = (option, settings[-1][1] + "\n" * (blank + 1) + part)
            blank = 0
            continue
        indent, option, blank = at, "", 0
        if part[0] == "[" and (end := part.rfind("]")) > 1:
            # If a profile has several sections, their files and order determine which takes precedence.
            settings = [("", f"{kind} {part[:end]}")]
            sections.append((part[1:end], settings))
        else:
            option, equals, value = part.partition("=")
            if not equals or ":" in option:
                option, _, value = part.partition(":")
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
    for quote in _QUOTING:
        name = name.replace(quote, "")
    return " ".join(name.split())


def decoded(content: bytes) -> str:
    """Return the text of a file, decoded as botocore and the environment are: a profile's name may be any bytes."""
    text = content.decode(sys.getfilesystemencoding(), "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
