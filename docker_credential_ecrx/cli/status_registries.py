"""Finds the registries that use this program, by Docker's or podman's files, but have no token yet: for ``status``."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from docker_credential_ecrx.config_files import cred_helpers, docker_config, podman_config, text_file
from docker_credential_ecrx.config_files.cred_helpers import CredHelpers
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, SettingsError
from docker_credential_ecrx.identity import rule_index
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM, Settings
from docker_credential_ecrx.store import item_names


class WithoutToken(NamedTuple):
    """A registry, the identity that the next pull gets a token for, and the clients that are configured for it."""

    registry: Registry
    identity: str
    clients: list[str]


def without_token(stored: Collection[str], env: Mapping[str, str]) -> list[WithoutToken]:
    """Return the registries to which none of the items that are called ``stored`` gives access, once per identity."""
    found: dict[tuple[str, str], WithoutToken] = {}
    settings_of, name_of = _Settings(env), _TokenNames(env)
    for client, helpers in _files(env):
        for registry in helpers.registries():
            profile = helpers.profile_for(registry.host)
            loaded = settings_of[profile]
            try:
                loaded.require(registry)
            except SettingsError:
                continue  # it never gets a token
            identity = loaded.identity_for(registry.host)
            names = {*item_names.login_names(registry.host, profile), name_of(registry, identity)}
            if names.isdisjoint(stored):
                waiting = WithoutToken(registry, str(identity), [])
                clients = found.setdefault((registry.host, waiting.identity), waiting).clients
                clients += [client] if client not in clients else []
    return list(found.values())


def _files(env: Mapping[str, str]) -> Iterator[tuple[str, CredHelpers]]:
    """Yield Docker's and podman's helpers; a file that cannot be read, which doctor reports, has none."""
    with suppress(FileError):
        yield "docker", cred_helpers.read(env)
    find = cred_helpers.registry_finder(env)
    with suppress(FileError):
        for path in podman_config.paths(env):
            with suppress(FileError):
                yield "podman", CredHelpers(docker_config.helpers(text_file.read(path)), registry_of=find)


class _Settings(dict[str | None, Settings]):
    """The settings by the profile in the name by which a client runs this program: they are read once for each."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def __missing__(self, profile: str | None) -> Settings:
        loaded = rule_index.load(PROGRAM, self._env)
        loaded.profile = profile
        self[profile] = loaded
        return loaded


class _TokenNames:
    """The names of identities' tokens: AWS's files are read once for each identity and region."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._names: dict[tuple[object, ...], str] = {}

    def __call__(self, registry: Registry, identity: Identity) -> str:
        place = (registry.service, registry.partition, registry.region, registry.endpoint_url)
        key = (*place, *(getattr(identity, name) for name in Identity.__slots__))
        if key not in self._names:
            self._names[key] = item_names.token_name(registry, identity, self._env)
        return self._names[key]
