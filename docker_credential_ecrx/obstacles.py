"""What keeps docker or podman from taking a registry's password from this program, though credHelpers names it."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from docker_credential_ecrx import docker_config, registry
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.settings import PROGRAM
from docker_credential_ecrx.text_file import TextFile

_PREFIX = "docker-credential-"
HELPER = PROGRAM.removeprefix(_PREFIX)  # as credHelpers names it


def passwords(files: list[TextFile], host: str) -> Iterator[tuple[str, str]]:
    """Yield path and server of each password for ``host`` that stands in ``files`` unencrypted.

    Docker sets them aside for what credHelpers names; podman does not, where they are in the file that it reads first.
    """
    for file in files:
        for server in docker_config.passwords(file):
            if registry.host_of(server) == host:
                yield file.path, server


def warnings(files: list[TextFile], hosts: Iterable[str], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what is in the way, and what mends it; ``files`` are the client's, the last the one that names us."""
    for host in hosts:
        for file in files[:-1]:
            helper = docker_config.helpers(file).get(host)
            if helper not in (None, HELPER):
                yield f"{file.path} goes first, and gives {host} to {_PREFIX}{helper}; remove it from credHelpers there"
    if not _is_on_path(PROGRAM, environ):
        folder = Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute().parent
        yield f"{PROGRAM} is not on PATH, where it is looked for; export PATH={folder}{os.pathsep}$PATH"


def docker_warnings(file: TextFile, hosts: Iterable[str], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what docker alone does, with its config.json and its environment."""
    with suppress(FileError):  # docker, too, goes on without it where it is broken
        variable = TextFile("DOCKER_AUTH_CONFIG", environ.get("DOCKER_AUTH_CONFIG", ""))
        for _, server in (found for host in hosts for found in passwords([variable], host)):
            yield f"DOCKER_AUTH_CONFIG has a password for {server}, and docker takes that first; unset it"
    helper = docker_config.store(file)
    if helper and _is_on_path(f"{_PREFIX}{helper}", environ):
        yield f"credsStore {helper} goes on for all other registries"
    elif helper:
        # Builds and compose ask every helper for all that it has, and go without any where one fails.
        missing = f"credsStore in {file.path} names {helper}, but {_PREFIX}{helper} is not on PATH"
        yield f"{missing}, which fails builds and all other registries; install it, or remove credsStore"


def _is_on_path(program: str, environ: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environ.get("PATH", "")) is not None
