"""What the user set: whose identity answers for a registry, and which keyring keeps tokens.

Sources, first that applies: the name the program was called by, the configuration file, AWS's own default chain.
"""

import os

from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import Identity, read_file

PROGRAM = "docker-credential-ecrx"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_KEYRINGS = ("auto", "kernel", "secret-service", "none")
_ROLE_KEYS = ("external_id", "role_session_name", "duration_seconds")
_REGISTRY_KEYS = ("match", "profile", "role_arn", "source_profile", *_ROLE_KEYS)
_CACHE_KEYS = ("keyring",)
# What a host's name and a shell pattern have, in either case.
_IN_PATTERNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*?")
_LIKE_THIS = 'write match = "111111111111.dkr.ecr.*.amazonaws.com"'
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_ROLE_SESSION_SECONDS = range(900, 43200 + 1)


class Settings:
    """The configuration file's rules and the chosen keyring; ``profile`` is the one that the program's name has."""

    __slots__ = ("_rules", "keyring", "profile")

    def __init__(self, profile: str | None, rules: tuple[tuple[str, Identity], ...], keyring: str) -> None:
        self.profile = profile
        self._rules = rules
        self.keyring = keyring

    def identity_for(self, host: str) -> Identity:
        """Return whose credentials are asked for a token for the registry ``host``."""
        if self.profile is not None:
            return Identity(self.profile)
        if self._rules:
            from docker_credential_ecrx.pattern import matches  # who has no configuration file has no use for it

            for pattern, identity in self._rules:
                if matches(pattern.lower(), host):
                    return identity
        return Identity()


def load(called_by: str, environ: "Mapping[str, str]") -> Settings:
    """Read the settings that hold for a program called by the path ``called_by``.

    Raises SettingsError where the configuration file or ECRX_KEYRING is wrong.
    """
    path = config_path(environ)
    rules: tuple[tuple[str, Identity], ...] = ()
    keyring = ""
    document = _read(path, required=bool(environ.get("ECRX_CONFIG"))) if path else None
    if document is not None:
        table = _parse(document, path)
        rules = _rules(table, path)
        keyring = _cache_keyring(table, path)
    if environ.get("ECRX_KEYRING"):
        keyring = _known_keyring(environ["ECRX_KEYRING"], "the environment variable ECRX_KEYRING")
    return Settings(profile_of(called_by), rules, keyring or "auto")


def profile_of(called_by: str) -> str | None:
    """Return the profile in the name of a link ``docker-credential-ecrx-PROFILE``, or None.

    Raises SettingsError where the name ends in the hyphen.
    """
    name = os.path.basename(called_by)
    if os.name == "nt":
        name = name.removesuffix(".exe")
    if not name.startswith(PROGRAM + "-"):
        return None
    profile = name[len(PROGRAM) + 1 :]
    if not profile:
        message = f"the link {name} names no AWS profile"
        raise SettingsError(message, f"call it {name}PROFILE")
    return profile


def config_path(environ: "Mapping[str, str]") -> str:
    """Return where the configuration file is looked for, or an empty path where there is no home."""
    if environ.get("ECRX_CONFIG"):
        return environ["ECRX_CONFIG"]
    if os.name == "nt":
        folder = environ.get("APPDATA", "")
    else:
        folder = environ.get("XDG_CONFIG_HOME", "")
        if not os.path.isabs(folder):  # as the XDG specification says
            folder = home("/.config", environ)
    return os.path.join(folder, "ecrx", "config.toml") if folder else ""


def home(folder: str, environ: "Mapping[str, str]") -> str:
    """Return ``folder`` below the user's home, or an empty path where there is none."""
    base = environ["HOME"] if "HOME" in environ else os.path.expanduser("~")
    return "" if not base or base.startswith("~") else base.rstrip("/") + folder


def _read(path: str, *, required: bool) -> str | None:
    try:
        return read_file(path).decode()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not required:
            return None
        message = f"the configuration file {path}, which ECRX_CONFIG names, does not exist"
        raise SettingsError(message, "create it, or unset ECRX_CONFIG") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"
        message = f"cannot read the configuration file {path}: {reason}"
        raise SettingsError(message, "mend the file or its permissions") from error


def _parse(document: str, path: str) -> "dict[str, Any]":
    from docker_credential_ecrx import plain_toml

    table = plain_toml.parse(document)
    if table is None:
        import tomllib

        try:
            table = tomllib.loads(document)
        except (ValueError, RecursionError) as error:  # a number may be too long for Python
            message = f"the configuration file {path} is not TOML: {error}"
            raise SettingsError(message, "mend it there") from error
    _only(table, ("registry", "cache"), path, "")
    return table


def _rules(table: "dict[str, Any]", path: str) -> tuple[tuple[str, Identity], ...]:
    entries = table.get("registry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        message = f"{path}: registry is not an array of tables"
        raise SettingsError(message, "head each entry with [[registry]]")
    return tuple(_rule(entry, path, f"[[registry]] number {number}") for number, entry in enumerate(entries, 1))


def _rule(entry: "dict[str, Any]", path: str, where: str) -> tuple[str, Identity]:  # noqa: C901 - checks
    _only(entry, _REGISTRY_KEYS, path, where)
    for key, value in entry.items():
        if key == "duration_seconds":
            if type(value) is not int or value not in _ROLE_SESSION_SECONDS:
                message = f"{path}: {where}: duration_seconds is not a whole number from 900 to 43200"
                raise SettingsError(message, "give the role session's length in seconds")
        elif not isinstance(value, str) or not value.strip():
            message = f"{path}: {where}: {key} is not a text, or is empty"
            raise SettingsError(message, f'write {key} = "..."')
    if "match" not in entry:
        message = f"{path}: {where}: match is missing"
        raise SettingsError(message, _LIKE_THIS)
    # Between brackets there may be what no host has.
    for character in entry["match"] if "[" not in entry["match"] else "":
        if character not in _IN_PATTERNS:
            message = f"{path}: {where}: match fits no registry's host: none has a {character!r}"
            raise SettingsError(message, _LIKE_THIS)
    if ("profile" in entry) == ("role_arn" in entry):
        message = f"{path}: {where}: exactly one of profile and role_arn is needed"
        raise SettingsError(message, "for a role's own credentials use source_profile beside role_arn")
    if "role_arn" not in entry:
        for key in ("source_profile", *_ROLE_KEYS):
            if key in entry:
                message = f"{path}: {where}: {key} goes with role_arn, not with profile"
                raise SettingsError(message, "set it in the AWS profile, or use role_arn")
        return entry["match"], Identity(entry["profile"])
    from docker_credential_ecrx import arn  # who names no role has no use for it

    if arn.role(entry["role_arn"]) is None:
        message = f"{path}: {where}: role_arn {entry['role_arn']} is not a role's ARN"
        raise SettingsError(message, "write arn:aws:iam::ACCOUNT:role/NAME")
    role = {key: entry[key] for key in ("role_arn", *_ROLE_KEYS) if key in entry}
    return entry["match"], Identity(entry.get("source_profile"), **role)


def _cache_keyring(table: "dict[str, Any]", path: str) -> str:
    cache = table.get("cache", {})
    if not isinstance(cache, dict):
        message = f"{path}: cache is not a table"
        raise SettingsError(message, "head it with [cache]")
    _only(cache, _CACHE_KEYS, path, "[cache]")
    keyring = cache.get("keyring", "auto")
    if not isinstance(keyring, str):
        message = f"{path}: [cache]: keyring is not a text"
        raise SettingsError(message, 'write keyring = "auto"')
    return _known_keyring(keyring, f"{path}: [cache]: keyring")


def _known_keyring(name: str, where: str) -> str:
    if name in _KEYRINGS or ("." in name and all(part.isidentifier() for part in name.split("."))):
        return name
    message = f"{where} names an unknown keyring, {name}"
    raise SettingsError(message, f"use {', '.join(_KEYRINGS)} or the dotted name of a keyring backend class")


def _only(table: "dict[str, Any]", known: tuple[str, ...], path: str, where: str) -> None:
    for key in table:
        if key not in known:
            message = f"{path}: {where + ': ' if where else ''}unknown key {key}"
            raise SettingsError(message, f"the keys here are {', '.join(known)}")
