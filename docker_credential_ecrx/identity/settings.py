"""The user's settings: the identity for each registry, the accounts that are allowed, and the keyring.

The identity comes from the name that the program was called by, else from the configuration file, else from AWS's
default credential chain.
"""

import os
import stat

from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.system.paths import has_link, is_out_of_reach, xdg_folder
from docker_credential_ecrx.system.read_file import read_file

PROGRAM = "docker-credential-ecrx"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Table = Mapping[str, Any]

_KEYRINGS = ("auto", "kernel", "secret-service", "none")
ROLE_KEYS = ("external_id", "role_session_name", "duration_seconds")
PLACE_KEYS = ("registry", "endpoint_url")
REGISTRY_KEYS = ("match", "account", "region", *PLACE_KEYS, "profile", "role_arn", "source_profile", *ROLE_KEYS)
_CACHE_KEYS = ("keyring",)
SECURITY_KEYS = ("accounts",)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Settings:
    """The rules of the configuration file ``path`` and the keyring; ``profile`` is from the program's name.

    ``rules`` are the entries of [[registry]], and ``accounts`` the AWS accounts that are allowed, or None if all are.
    """

    __slots__ = ("_accounts", "_has_places", "_path", "keyring", "profile", "rules")

    def __init__(
        self,
        profile: "str | None",
        keyring: str,
        rules: "tuple[Table, ...]" = (),
        accounts: "frozenset[str] | None" = None,
        path: str = "",
    ) -> None:
        self.profile = profile
        self.keyring = keyring
        self.rules = rules
        # Few files have such a rule; without one, a host's rule is looked up only for its identity.
        self._has_places = not all(map({*PLACE_KEYS}.isdisjoint, rules))
        self._accounts = accounts
        self._path = path

    def identity_for(self, host: str) -> Identity:
        """Return the identity for which a token for the registry ``host`` is requested."""
        if self.profile is not None:
            return Identity(self.profile)
        if (rule := self.rule_for(host)) is None:
            return Identity()
        from docker_credential_ecrx.identity.rules import identity_of

        return identity_of(rule)

    def registry_of(self, server: str) -> "Registry | None":
        """Return the ECR registry that ``server`` is, or stands for by the configuration file, or None."""
        rule = self.rule_for(server) if self._has_places else None
        if rule is None:
            return Registry.parse(server)
        from docker_credential_ecrx.identity import own_hosts  # needed only if there is such a rule

        return own_hosts.registry_of(rule, server)

    def rule_for(self, server: str) -> "Table | None":
        """Return the first rule that applies to ``server``, or None."""
        if not self.rules:
            return None
        from docker_credential_ecrx.identity.rules import is_for  # needed only if there are rules

        registry = Registry.parse(server)
        host = registry.host if registry is not None else host_of(server)
        return next((rule for rule in self.rules if is_for(rule, host, registry)), None)

    def allows(self, registry: Registry) -> bool:
        """Return whether the registry's account is allowed; ECR Public has no account, and is always allowed."""
        return not self._excluded_account(registry)

    def require(self, registry: Registry) -> None:
        """Raise SettingsError if the registry's account is not allowed."""
        if account := self._excluded_account(registry):
            raise SettingsError(
                f"{registry.host} is not allowed: {self._path}: [security]: accounts does not list {account}",
                f'if you trust that account, add "{account}" to accounts',
            )

    def _excluded_account(self, registry: Registry) -> str:
        """Return the account of the registry that is not allowed, or an empty string.

        If a host of ECR stands for another registry, the accounts of both must be allowed.
        """
        if self._accounts is None:
            return ""
        named = Registry.parse(registry.host) or registry
        excluded = (account for account in (registry.account, named.account) if account not in self._accounts)
        return next(filter(None, excluded), "")


def load(argv0: str, env: "Mapping[str, str]", keyring: str = "auto") -> Settings:
    """Return the settings for a program called as ``argv0``; ``keyring`` is used if none is set.

    Raises SettingsError if the configuration file or ECRX_KEYRING is invalid.
    """
    path = config_path(env)
    document = _read(path, env) if path else None
    table = {} if document is None else _parse(document, path)
    entries: tuple[Table, ...] = ()
    accounts = None
    if "registry" in table or "security" in table:
        from docker_credential_ecrx.identity import rules  # needed only if there is one of these

        entries, accounts = rules.read(table, path), rules.accounts(table, path)
    keyring = _cache_keyring(table, path) or keyring
    if env.get("ECRX_KEYRING"):
        keyring = _known_keyring(env["ECRX_KEYRING"], "the environment variable ECRX_KEYRING")
    return Settings(profile_of(argv0), keyring, entries, accounts, path)


def profile_of(argv0: str) -> "str | None":
    """Return the profile in the program's name ``docker-credential-ecrx-PROFILE``, or None if it has none.

    Raises SettingsError if the name ends with the hyphen.
    """
    name = os.path.basename(argv0)
    if os.name == "nt":
        name = name.removesuffix(".exe")
    if not name.startswith(PROGRAM + "-"):
        return None
    if not (profile := name[len(PROGRAM) + 1 :]):
        raise SettingsError(f"the symlink {name} does not name an AWS profile", f"rename it to {name}PROFILE")
    return profile


def config_path(env: "Mapping[str, str]") -> str:
    """Return the path of the configuration file, or an empty path if there is no home folder."""
    if env.get("ECRX_CONFIG"):
        return env["ECRX_CONFIG"]
    folder = env.get("APPDATA", "") if os.name == "nt" else xdg_folder("XDG_CONFIG_HOME", "/.config", env)
    return os.path.join(folder, "ecrx", "config.toml") if folder else ""


def _read(path: str, env: "Mapping[str, str]") -> "str | None":
    if path == os.devnull:
        return None  # the user wants no configuration file
    try:
        return read_file(path, lambda status: _require_safe(path, status, env)).decode()
    except (OSError, ValueError) as error:
        is_missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
        if not env.get("ECRX_CONFIG") and (is_missing or is_out_of_reach(path)):
            _require_safe_way(path, env)  # another user who can change it could have deleted the file
            return None
        from docker_credential_ecrx.identity import strict_modes

        raise strict_modes.unreadable(path, error, is_missing=is_missing) from error


def _require_safe(path: str, status: os.stat_result, env: "Mapping[str, str]") -> None:
    """Raise SettingsError if anybody except this user and root can change the open configuration file.

    The rule is like that of sshd_config's StrictModes: it covers the file, its folder, and symlinks that lead there.
    """
    if not stat.S_ISREG(status.st_mode):
        raise SettingsError(
            f"the configuration file {path} is not a regular file", "use a regular file, or /dev/null for none"
        )
    _require_safe_path(path, status, env)
    _require_safe_way(path, env)


def _require_safe_way(path: str, env: "Mapping[str, str]") -> None:
    """Raise SettingsError if others can change the file's folder, or a symlink on its path; missing ones are safe."""
    folder = os.path.dirname(path)
    try:
        _require_safe_path(folder, os.stat(folder or "."), env)
    except OSError:
        pass
    if os.name != "nt" and has_link(path):
        from docker_credential_ecrx.identity import strict_modes  # needed only if there is a symlink

        strict_modes.require_links(path, env)


def _require_safe_path(path: str, status: os.stat_result, env: "Mapping[str, str]") -> None:
    if os.name != "nt" and (status.st_uid not in (0, os.geteuid()) or status.st_mode & _OTHERS_WRITE):
        from docker_credential_ecrx.identity import strict_modes  # needed only if the path is not plainly safe

        strict_modes.require(path, status, env)


def _parse(document: str, path: str) -> "dict[str, Any]":
    from docker_credential_ecrx.identity import toml_subset

    table = toml_subset.parse(document)
    if table is None:
        from docker_credential_ecrx.identity import toml_document  # needed only if the file is not that simple

        table = toml_document.parse(document, path)
    only(table, ("registry", "cache", "security"), path, "")
    return table


def _cache_keyring(table: "Table", path: str) -> str:
    """Return the keyring that the file sets, or an empty string."""
    cache = table.get("cache", {})
    if not isinstance(cache, dict):
        raise SettingsError(f"{path}: cache is not a table", "begin the table with [cache]")
    only(cache, _CACHE_KEYS, path, "[cache]")
    if "keyring" not in cache:
        return ""
    keyring = cache["keyring"]
    if not isinstance(keyring, str):
        raise SettingsError(f"{path}: [cache]: keyring is not a string", 'write keyring = "auto"')
    return _known_keyring(keyring, f"{path}: [cache]: keyring")


def _known_keyring(name: str, where: str) -> str:
    if name in _KEYRINGS or ("." in name and all(part.isidentifier() for part in name.split("."))):
        return name
    raise SettingsError(
        f"{where} names an unknown keyring, {name}",
        f"use {', '.join(_KEYRINGS)} or the dotted name of a keyring backend class",
    )


def only(table: "Table", known: "tuple[str, ...]", path: str, where: str) -> None:
    """Raise SettingsError if the table ``where`` of the file ``path`` has a key that is not one of ``known``."""
    for key in table:
        if key not in known:
            raise SettingsError(
                f"{path}: {where + ': ' if where else ''}unknown key {key}", f"the valid keys are {', '.join(known)}"
            )
