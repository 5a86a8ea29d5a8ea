"""The registries for which Docker or podman is configured to use this program."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from docker_credential_ecrx.config_files import cred_helpers, docker_config, ecrx_config, podman_config, text_file
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.identity import settings


def hosts(env: Mapping[str, str]) -> list[str]:
    """Return the registries for which Docker's or podman's file names this program, rightly or not.

    With credsStore, they are those that config.toml names.
    """
    found: list[str] = []
    find = cred_helpers.registry_finder(env)
    with suppress(FileError):
        docker = cred_helpers.read(env)
        found += _ours(docker.helpers, find)
        path = settings.config_path(env)
        named = ecrx_config.hosts(text_file.read(path), find) if path else []
        found += [host for host in named if docker.asks_for(host)]
    with suppress(FileError):
        for file in map(text_file.read, podman_config.paths(env)):
            found += _ours(docker_config.helpers(file), find)
    return list(dict.fromkeys(found))


def _ours(helpers: Mapping[str, str], find: Callable[[str], Registry | None]) -> Iterator[str]:
    for server, helper in helpers.items():
        registry = find(server)
        if registry is not None and cred_helpers.is_ours(helper):
            yield registry.host
