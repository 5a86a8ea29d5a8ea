"""What the user set: whose identity answers for a registry, which registries are answered, which keyring keeps tokens.

Sources, first that applies: the name the program was called by, the configuration file, AWS's own default chain.
"""

import os
import stat

from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import Identity, read_file
from docker_credential_ecrx.registry import Registry, ascii_lower, is_account, is_region

PROGRAM = "docker-credential-ecrx"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Table = Mapping[str, Any]

_KEYRINGS = ("auto", "kernel", "secret-service", "none")
_ROLE_KEYS = ("external_id", "role_session_name", "duration_seconds")
_REGISTRY_KEYS = ("match", "account", "region", "profile", "role_arn", "source_profile", *_ROLE_KEYS)
_CACHE_KEYS = ("keyring",)
_SECURITY_KEYS = ("accounts",)
# What a host's name and a shell pattern have, in either case.
_IN_PATTERNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*?")
_LIKE_THIS = 'write match = "111111111111.dkr.ecr.*.amazonaws.com", or account = "111111111111"'
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_ROLE_SESSION_SECONDS = range(900, 43200 + 1)


class Settings:
    """The configuration file's rules and the chosen keyring; ``profile`` is the one that the program's name has.

    ``rules`` are entries of [[registry]], each with its identity; ``accounts`` are those whose registries are answered,
    None if all are, by the file ``path``.
    """

    __slots__ = ("_accounts", "_path", "_rules", "keyring", "profile")

    def __init__(
        self,
        profile: str | None,
        keyring: str,
        rules: "tuple[tuple[Table, Identity], ...]" = (),
        accounts: frozenset[str] | None = None,
        path: str = "",
    ) -> None:
        self.profile = profile
        self.keyring = keyring
        self._rules = rules
        self._accounts = accounts
        self._path = path

    def identity_for(self, host: str) -> Identity:
        """Return whose credentials are asked for a token for the registry ``host``."""
        if self.profile is not None:
            return Identity(self.profile)
        registry = Registry.parse(host) if self._rules else None
        if registry is not None:
            for entry, identity in self._rules:
                if is_for(entry, registry):
                    return identity
        return Identity()

    def allows(self, registry: Registry) -> bool:
        """Return whether registries of its account are answered; ECR Public is no account's, and always is."""
        return self._accounts is None or not registry.account or registry.account in self._accounts

    def require(self, registry: Registry) -> None:
        """Raise SettingsError if registries of its account are not answered."""
        if not self.allows(registry):
            message = (
                f"no answer for {registry.host}: {self._path}: [security]: accounts does not list {registry.account}"
            )
            raise SettingsError(message, f'if you trust that account, add "{registry.account}" there')


def load(called_by: str, environ: "Mapping[str, str]", keyring: str = "auto") -> Settings:
    """Read the settings that hold for a program called by the path ``called_by``; ``keyring`` is used if none is set.

    Raises SettingsError where the configuration file or ECRX_KEYRING is wrong.
    """
    path = config_path(environ)
    document = _read(path, required=bool(environ.get("ECRX_CONFIG"))) if path else None
    table = {} if document is None else _parse(document, path)
    rules, accounts = _rules(table, path), _accounts(table, path)
    keyring = _cache_keyring(table, path) or keyring
    if environ.get("ECRX_KEYRING"):
        keyring = _known_keyring(environ["ECRX_KEYRING"], "the environment variable ECRX_KEYRING")
    return Settings(profile_of(called_by), keyring, rules, accounts, path)


def is_for(entry: "Table", registry: Registry) -> bool:
    """Return whether an entry of [[registry]] is for ``registry``: by its account, or a pattern on its host.

    A pattern is also tried on the canonical host, so that a registry's FIPS and dual-stack hosts go with it.
    """
    if "account" in entry:
        return entry["account"] == registry.account and entry.get("region") in (None, registry.region)
    from docker_credential_ecrx.pattern import matches  # who has no configuration file has no use for it

    pattern = ascii_lower(str(entry.get("match")))
    is_other = registry.fips or registry.dual_stack
    return matches(pattern, registry.host) or (is_other and matches(pattern, registry.canonical_host))


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
    if path == os.devnull:
        return None  # which says that there is no file
    try:
        return read_file(path, lambda status: _require_safe(path, status)).decode()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not required:
            return None
        message = f"the configuration file {path}, which ECRX_CONFIG names, does not exist"
        raise SettingsError(message, "create it, or unset ECRX_CONFIG") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"
        message = f"cannot read the configuration file {path}: {reason}"
        raise SettingsError(message, "mend the file or its permissions") from error


def _require_safe(path: str, status: os.stat_result) -> None:
    """Raise SettingsError if somebody other than this user and root can change the open configuration file.

    The rule is that of sshd_config's StrictModes, for the file and the folder that it is in; in a sticky folder nobody
    replaces another's file.
    """
    if not stat.S_ISREG(status.st_mode):
        message = f"the configuration file {path} is not a regular file"
        raise SettingsError(message, "name a regular file; /dev/null means none")
    if os.name == "nt":
        return
    folder = os.path.dirname(os.path.realpath(path) if os.path.islink(path) else path) or "."
    for place, found in ((path, status), (folder, os.stat(folder))):
        if found.st_uid not in (0, os.geteuid()):
            message = f"the configuration file is not used, because another user owns {place}"
            raise SettingsError(message, _own_one(place))
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX:
            message = f"the configuration file is not used, because other users can write {place}"
            raise SettingsError(message, f"chmod go-w {_quoted(place)}")


def _own_one(place: str) -> str:
    """Return what to do about a file that is another user's: root may be there by sudo, which may keep HOME."""
    if os.geteuid() == 0:
        return "run it as that user, without sudo, or name a file of root's in ECRX_CONFIG"
    return f"sudo chown {os.geteuid()} {_quoted(place)}, or name a file of your own in ECRX_CONFIG"


def _quoted(place: str) -> str:
    import shlex

    return shlex.quote(place)


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
    _only(table, ("registry", "cache", "security"), path, "")
    return table


def _rules(table: "Table", path: str) -> "tuple[tuple[Table, Identity], ...]":
    entries = table.get("registry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        message = f"{path}: registry is not an array of tables"
        raise SettingsError(message, "head each entry with [[registry]]")
    return tuple(
        (entry, _identity(entry, path, f"[[registry]] number {number}")) for number, entry in enumerate(entries, 1)
    )


def _identity(entry: "Table", path: str, where: str) -> Identity:
    """Return the identity that an entry of [[registry]] names; raise SettingsError if anything in it is wrong."""
    _only(entry, _REGISTRY_KEYS, path, where)
    for key, value in entry.items():
        if key == "duration_seconds":
            if type(value) is not int or value not in _ROLE_SESSION_SECONDS:
                message = f"{path}: {where}: duration_seconds is not a whole number from 900 to 43200"
                raise SettingsError(message, "give the role session's length in seconds")
        elif not isinstance(value, str) or not value.strip():
            message = f"{path}: {where}: {key} is not a text, or is empty"
            raise SettingsError(message, f'write {key} = "{value if type(value) is int else "..."}", in quotes')
    _check_registries(entry, path, where)
    if ("profile" in entry) == ("role_arn" in entry):
        message = f"{path}: {where}: exactly one of profile and role_arn is needed"
        raise SettingsError(message, "for a role's own credentials use source_profile beside role_arn")
    if "role_arn" not in entry:
        for key in ("source_profile", *_ROLE_KEYS):
            if key in entry:
                message = f"{path}: {where}: {key} goes with role_arn, not with profile"
                raise SettingsError(message, "set it in the AWS profile, or use role_arn")
        return Identity(entry["profile"])
    from docker_credential_ecrx import arn  # who names no role has no use for it

    if arn.role(entry["role_arn"]) is None:
        message = f"{path}: {where}: role_arn {entry['role_arn']} is not a role's ARN"
        raise SettingsError(message, "write arn:aws:iam::ACCOUNT:role/NAME")
    role = {key: entry[key] for key in ("role_arn", *_ROLE_KEYS) if key in entry}
    return Identity(entry.get("source_profile"), **role)


def _check_registries(entry: "Table", path: str, where: str) -> None:
    """Raise SettingsError if it is not clear for which registries an entry is, or there can be none."""
    if "match" not in entry and "account" not in entry:
        message = f"{path}: {where}: match is missing"
        raise SettingsError(message, _LIKE_THIS)
    if "match" in entry and "account" in entry:
        message = f"{path}: {where}: match and account do not go together"
        raise SettingsError(message, "write one of them in each [[registry]]")
    if "account" in entry and not is_account(entry["account"]):
        message = f"{path}: {where}: account is not the 12 digits of an AWS account"
        raise SettingsError(message, 'write account = "111111111111"')
    if "region" in entry and "account" not in entry:
        message = f"{path}: {where}: region goes with account, not with match"
        raise SettingsError(message, "name the region in match, or use account")
    if "region" in entry and not is_region(entry["region"]):
        message = f"{path}: {where}: region is not an AWS region"
        raise SettingsError(message, 'write it like region = "us-east-1"')
    match = entry.get("match", "")
    for character in match if "[" not in match else "":  # between brackets there may be what no host has
        if character not in _IN_PATTERNS:
            message = f"{path}: {where}: match fits no registry's host: none has a {character!r}"
            raise SettingsError(message, _LIKE_THIS)


def _accounts(table: "Table", path: str) -> frozenset[str] | None:
    """Return the accounts whose registries are answered, or None for all."""
    security = table.get("security", {})
    if not isinstance(security, dict):
        message = f"{path}: security is not a table"
        raise SettingsError(message, "head it with [security]")
    _only(security, _SECURITY_KEYS, path, "[security]")
    if "accounts" not in security:
        return None
    accounts = security["accounts"]
    if not (
        isinstance(accounts, list)
        and accounts
        and all(isinstance(account, str) and is_account(account) for account in accounts)
    ):
        message = f"{path}: [security]: accounts is not a list of AWS accounts, each of 12 digits in quotes"
        raise SettingsError(message, 'write accounts = ["111111111111"]')
    return frozenset(accounts)


def _cache_keyring(table: "Table", path: str) -> str:
    """Return the keyring that the file names, or an empty text."""
    cache = table.get("cache", {})
    if not isinstance(cache, dict):
        message = f"{path}: cache is not a table"
        raise SettingsError(message, "head it with [cache]")
    _only(cache, _CACHE_KEYS, path, "[cache]")
    if "keyring" not in cache:
        return ""
    keyring = cache["keyring"]
    if not isinstance(keyring, str):
        message = f"{path}: [cache]: keyring is not a text"
        raise SettingsError(message, 'write keyring = "auto"')
    return _known_keyring(keyring, f"{path}: [cache]: keyring")


def _known_keyring(name: str, where: str) -> str:
    if name in _KEYRINGS or ("." in name and all(part.isidentifier() for part in name.split("."))):
        return name
    message = f"{where} names an unknown keyring, {name}"
    raise SettingsError(message, f"use {', '.join(_KEYRINGS)} or the dotted name of a keyring backend class")


def _only(table: "Table", known: tuple[str, ...], path: str, where: str) -> None:
    for key in table:
        if key not in known:
            message = f"{path}: {where + ': ' if where else ''}unknown key {key}"
            raise SettingsError(message, f"the keys here are {', '.join(known)}")
