"""What keeps Docker or podman from using this program for a registry, although credHelpers names it."""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.config_files import docker_config
from docker_credential_ecrx.config_files.cred_helpers import HELPER, PREFIX
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.ecr.registry import host_of
from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import programs


class Conflict(NamedTuple):
    """What is in conflict, and how to fix it; ``remedy`` is empty if nothing has to be done."""

    what: str
    remedy: Remedy = Remedy()

    def __str__(self) -> str:
        """Return both, as a message does."""
        return "; ".join(filter(None, (self.what, str(self.remedy))))


def passwords(files: list[TextFile], host: str) -> Iterator[tuple[str, str]]:
    """Yield path and server of each unencrypted password for ``host`` in ``files``.

    Docker does not use one if credHelpers names a helper; podman does, if it is in the file that podman reads first.
    """
    for file in files:
        for server in docker_config.passwords(file):
            if host_of(server) == host:
                yield file.path, server


def warnings(files: list[TextFile], hosts: Iterable[str], env: Mapping[str, str]) -> Iterator[Conflict]:
    """Yield the conflicts of Docker or podman; ``files`` are those that it reads, and the last names this program."""
    for host in hosts:
        for file in files[:-1]:
            helper = docker_config.helpers(file).get(host)
            if helper not in (None, HELPER):
                what = f"{file.path} takes precedence, and uses {PREFIX}{helper} for {host}"
                yield Conflict(what, Remedy(f"delete {host} from its credHelpers"))
    if not _is_on_path(PROGRAM, env):
        command = path_remedy(programs.own_path(sys.argv[0], env.get("PATH", "")))
        yield Conflict(f"{PROGRAM} is not on PATH", Remedy("add its folder", command))


def path_remedy(program: Path) -> str:
    """Return the command with which Docker finds ``program`` before any other of its name."""
    return f"export PATH={shlex.quote(str(program.parent))}{os.pathsep}$PATH"


def docker_warnings(file: TextFile, hosts: Iterable[str], env: Mapping[str, str]) -> Iterator[Conflict]:
    """Yield the conflicts of Docker alone: in its config.json ``file``, and in its environment."""
    with suppress(FileError):  # Docker ignores a variable that it cannot decode
        variable = TextFile("DOCKER_AUTH_CONFIG", env.get("DOCKER_AUTH_CONFIG", ""))
        for _, server in (found for host in hosts for found in passwords([variable], host)):
            what = f"DOCKER_AUTH_CONFIG has a password for {server}, which Docker uses first"
            yield Conflict(what, Remedy(command="unset DOCKER_AUTH_CONFIG"))
    helper = docker_config.store(file)
    if helper and _is_on_path(f"{PREFIX}{helper}", env):
        yield Conflict(f"all other registries still use credsStore {helper}")
    elif helper:
        # Builds and compose list the credentials of every helper, and use none if one helper fails.
        missing = f"credsStore in {file.path} names {helper}, but {PREFIX}{helper} is not on PATH"
        yield Conflict(
            f"{missing}, so builds and all other registries fail", Remedy("install it, or delete credsStore")
        )


def _is_on_path(program: str, env: Mapping[str, str]) -> bool:
    """Return whether Docker finds the program and runs it: it runs none in a relative folder."""
    found = programs.found_by_docker(program, env.get("PATH", ""))
    return found is not None and found.is_absolute()
