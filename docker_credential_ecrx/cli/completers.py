"""What a shell offers in place of a registry, an AWS profile or a region; nothing if a file cannot be read."""

import os
from collections.abc import Iterable
from contextlib import suppress

import click

from docker_credential_ecrx.errors import EcrxError


def hosts(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the registries that are configured, or that a token was fetched for."""
    from docker_credential_ecrx.config_files import configured, cred_helpers, docker_config, ecrx_config, text_file
    from docker_credential_ecrx.identity import settings
    from docker_credential_ecrx.store import index

    find = cred_helpers.registry_finder(os.environ)
    found = [server for entry in index.read(os.environ).values() for server in entry["servers"]]
    with suppress(EcrxError):
        found += configured.hosts(os.environ)
    with suppress(EcrxError):
        found += docker_config.passwords(text_file.read(docker_config.path(os.environ)))
    with suppress(EcrxError):
        path = settings.config_path(os.environ)
        found += ecrx_config.hosts(text_file.read(path), find) if path else []
    return _starting(incomplete, (registry.host for registry in map(find, found) if registry is not None))


def profiles(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the profiles in AWS's files."""
    from docker_credential_ecrx.aws.profiles import profiles as in_files

    with suppress(EcrxError):
        return _starting(incomplete, in_files())
    return []


def regions(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the regions of every partition in which ECR is."""
    from docker_credential_ecrx.aws.session import new_session

    session = new_session(None)
    names = [name for part in session.get_available_partitions() for name in session.get_available_regions("ecr", part)]
    return _starting(incomplete, names)


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})
