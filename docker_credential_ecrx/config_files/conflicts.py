"""What keeps docker or podman from taking a registry's password from this program, though credHelpers names it."""

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
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import programs


class Obstacle(NamedTuple):
    """What is in the way, and what mends it; ``remedy`` is empty where nothing has to be done."""

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Say both."""
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


def passwords(files: list[TextFile], host: str) -> Iterator[tuple[str, str]]:
    """Yield path and server of each unencrypted password for ``host`` in ``files``.

    Docker does not use one where credHelpers names a helper; podman does, if it is in the file that podman reads first.
    """
    for file in files:
        for server in docker_config.passwords(file):
            if host_of(server) == host:
                yield file.path, server


def warnings(files: list[TextFile], hosts: Iterable[str], env: Mapping[str, str]) -> Iterator[Obstacle]:
    """Yield what is in the way of docker or podman; ``files`` are those it reads, and the last names this program."""
    for host in hosts:
        for file in files[:-1]:
            helper = docker_config.helpers(file).get(host)
            if helper not in (None, HELPER):
                what = f"{file.path} goes first, and gives {host} to {PREFIX}{helper}"
                yield Obstacle(what, "remove it from credHelpers there")
    if not _is_on_path(PROGRAM, env):
        what = f"{PROGRAM} is not on PATH, where it is looked for"
        yield Obstacle(what, path_remedy(programs.own_path(sys.argv[0], env.get("PATH", ""))))


def path_remedy(program: Path) -> str:
    """Return the command that has docker find ``program`` before any other of its name."""
    return f"export PATH={shlex.quote(str(program.parent))}{os.pathsep}$PATH"


def docker_warnings(file: TextFile, hosts: Iterable[str], env: Mapping[str, str]) -> Iterator[Obstacle]:
    """Yield what is in the way of docker alone: in its config.json ``file``, and in its environment."""
    with suppress(FileError):  # docker ignores a variable that it cannot read
        variable = TextFile("DOCKER_AUTH_CONFIG", env.get("DOCKER_AUTH_CONFIG", ""))
        for _, server in (found for host in hosts for found in passwords([variable], host)):
            what = f"DOCKER_AUTH_CONFIG has a password for {server}, and docker takes that first"
            yield Obstacle(what, "unset DOCKER_AUTH_CONFIG")
    helper = docker_config.store(file)
    if helper and _is_on_path(f"{PREFIX}{helper}", env):
        yield Obstacle(f"credsStore {helper} goes on for all other registries")
    elif helper:
        # Builds and compose ask every helper for all that it has, and go without any where one fails.
        missing = f"credsStore in {file.path} names {helper}, but {PREFIX}{helper} is not on PATH"
        yield Obstacle(f"{missing}, which fails builds and all other registries", "install it, or remove credsStore")


def _is_on_path(program: str, env: Mapping[str, str]) -> bool:
    """Return whether docker finds the program, and runs it: one in a relative folder it does not."""
    found = programs.found_by_docker(program, env.get("PATH", ""))
    return found is not None and found.is_absolute()
