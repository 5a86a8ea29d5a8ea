"""What keeps docker or podman from taking a registry's password from this program, though credHelpers names it."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from docker_credential_ecrx import docker_config, registry
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
        yield f"{PROGRAM} is not on PATH, where docker looks for it; export PATH={folder}{os.pathsep}$PATH"


def store_warning(file: TextFile, environ: Mapping[str, str]) -> str:
    """Return what docker's ``credsStore`` means for the registries in credHelpers; nothing where there is none.

    It is not asked for them.
    But docker build and compose ask every helper for all that it has, and do without any where one fails.
    """
    helper = docker_config.store(file)
    if not helper:
        return ""
    if _is_on_path(f"{_PREFIX}{helper}", environ):
        return f"credsStore {helper} goes on for all other registries"
    missing = f"credsStore in {file.path} names {helper}, but {_PREFIX}{helper} is not on PATH"
    return f"{missing}, which fails builds and all other registries; install it, or remove credsStore"


def _is_on_path(program: str, environ: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environ.get("PATH", "")) is not None
