"""What keeps Docker or podman from using this program for a registry, although credHelpers names it."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from docker_credential_ecrx.config_files import docker_config, docker_types, docker_variable
from docker_credential_ecrx.config_files.cred_helpers import HELPER, PREFIX
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.ecr.registry import host_of
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import programs, shell


class Conflict(NamedTuple):
    """What is in conflict, and how to fix it; ``remedy`` is empty if nothing has to be done.

    ``is_warning`` is whether Docker itself still uses this program.
    """

    what: str
    remedy: Remedy = Remedy()
    is_warning: bool = False

    def __str__(self) -> str:
        """Return both, as a message does."""
        return "; ".join(filter(None, (self.what, str(self.remedy))))


def passwords(files: list[TextFile]) -> dict[str | None, list[tuple[str, str]]]:
    """Return path and server of each unencrypted password in ``files``, by its host.

    Docker does not use one if credHelpers names a helper; podman does, if it is in the file that podman reads first.
    """
    found: dict[str | None, list[tuple[str, str]]] = {}
    for file in files:
        for server in docker_config.passwords(file):
            found.setdefault(host_of(server), []).append((file.path, server))
    return found


def warnings(files: list[TextFile], hosts: Iterable[str], env: Mapping[str, str]) -> Iterator[Conflict]:
    """Yield the conflicts of Docker or podman; ``files`` are those that it reads, and the last names this program."""
    earlier = [(file.path, docker_config.helpers(file)) for file in files[:-1]]
    for host in hosts:
        for path, helpers in earlier:
            helper = helpers.get(host)
            if helper not in (None, HELPER):
                what = f"{path} takes precedence, and uses {PREFIX}{helper} for {host}"
                yield Conflict(what, Remedy(f"delete {host} from its credHelpers"))
    if not programs.is_run_by_docker(PROGRAM, env):
        command = shell.put_first_on_path(programs.own_path(sys.argv[0], env).parent)
        yield Conflict(f"{PROGRAM} is not on PATH", Remedy("add its folder", command))


def docker_warnings(
    file: TextFile, hosts: Collection[str], env: Mapping[str, str], reported: str = HELPER
) -> Iterator[Conflict]:
    """Yield the conflicts of Docker alone: in its config.json ``file``, and in its environment.

    That the helper ``reported`` is not on PATH is not among them, since the user is told that anyway.
    """
    servers = docker_variable.servers(env)
    for host in hosts:
        if host in servers:
            what = f"{docker_variable.NAME} has a password for {host}, which Docker uses first from version 28.3 on"
            yield Conflict(what, Remedy(command=shell.unset(docker_variable.NAME)))
    for mistake in docker_types.of_docker(docker_config.document(file)):
        where = mistake.where(docker_config.shown)
        what = f"{file.path}: {where} is not {mistake.expected}, so Docker warns at each command"
        yield Conflict(f"{what}, and other clients refuse the file", Remedy(f"fix or delete {where}"))
    refusal = docker_config.refusal(file, hosts)
    if refusal:
        yield Conflict(refusal.message, refusal.remedy, is_warning=True)
    yield from _missing_helpers(file, env, reported)
    helper = docker_config.store(file)
    if helper and programs.is_run_by_docker(f"{PREFIX}{helper}", env):
        yield Conflict(f"all other registries still use credsStore {helper}")
    elif helper:
        # Builds and compose list the credentials of every helper, and use none if one helper fails.
        missing = f"credsStore in {file.path} names {helper}, but {PREFIX}{helper} is not on PATH"
        yield Conflict(
            f"{missing}, so builds and all other registries fail", Remedy("install it, or delete credsStore")
        )


def _missing_helpers(file: TextFile, env: Mapping[str, str], reported: str) -> Iterator[Conflict]:
    """Yield the helpers in ``credHelpers`` that are not there: some clients ask all helpers, and give up if one fails.

    Docker before version 23 does so for builds (docker/cli, GetAllCredentials), docker-py and compose 1 do it always.
    """
    helpers = docker_config.helpers(file)
    missing = {
        helper
        for helper in {*helpers.values()} - {"", reported}
        if not programs.is_run_by_docker(f"{PREFIX}{helper}", env)
    }
    for server, helper in helpers.items():
        program = f"{PREFIX}{helper}"
        if helper in missing:
            name = docker_config.shown(server)
            what = f"{file.path} names {docker_config.shown(program)} for {name}, which is not on PATH"
            clients = "docker-py, compose 1 and builds before Docker 23 then fail for every registry"
            yield Conflict(
                f"{what}; {clients}", Remedy(f"install it, or delete {name} from credHelpers"), is_warning=True
            )
