"""Finds the registries that use this program, by Docker's or podman's files, but have no token yet: for ``status``."""

import functools
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from docker_credential_ecrx.config_files import cred_helpers, docker_config, podman_config, text_file
from docker_credential_ecrx.config_files.cred_helpers import CredHelpers
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, SettingsError
from docker_credential_ecrx.identity import rule_index
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
    names: dict[tuple[object, ...], str] = {}  # of tokens: AWS's files are read once for each identity and region

    @functools.cache
    def settings_of(profile: str | None) -> Settings:
        """Return the settings of a client that runs this program by the name for ``profile``."""
        loaded = rule_index.load(PROGRAM, env)
        loaded.profile = profile
        return loaded

    for client, helpers in _files(env):
        for registry in helpers.registries():
            profile = helpers.profile_for(registry.host)
            loaded = settings_of(profile)
            try:
                loaded.require(registry)
            except SettingsError:
                continue  # it never gets a token
            identity = loaded.identity_for(registry.host)
            key = (registry.service, registry.partition, registry.region, registry.endpoint_url, identity)
            if key not in names:
                names[key] = item_names.token_name(registry, identity, env)
            if {*item_names.login_names(registry.host, profile), names[key]}.isdisjoint(stored):
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
