"""Finds the registries that ``setup`` offers, and describes AWS profiles by AWS's files alone."""

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.aws import default_chain, half_keys, sso_sessions
from docker_credential_ecrx.aws.credential_source import find_source, settings_of
from docker_credential_ecrx.cli import configure_edits
from docker_credential_ecrx.config_files import cred_helpers, docker_config, text_file
from docker_credential_ecrx.ecr import arn, image
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.errors import ArgumentError
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system import programs
from docker_credential_ecrx.system.read_file import read_file, require_regular

# https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file
_FILES = (
    *(f"{name}{suffix}" for name in ("compose", "docker-compose") for suffix in (".yaml", ".yml")),
    *(f"{name}.override{suffix}" for name in ("compose", "docker-compose") for suffix in (".yaml", ".yml")),
    *("Dockerfile", "Containerfile"),
)
_LARGEST_FILE = 1 << 20  # bytes
_DELIMITERS = re.compile(r"[\s\"'`=,;(){}\[\]<>|&]+|:-")  # around an image in these files, also in ${NAME:-IMAGE}
_COMMENT = "#"
_SECONDS = 2.0  # a slow Docker engine is not waited for
# What a source of credentials is called, by its kind (credential_source); the other kinds keep their name.
_KINDS = {
    "keys": "access key",
    "session": "temporary access key",
    "named variables": "the access key in the environment",
    "sso": "SSO",
    "login": "aws login",
    "process": "credential_process",
    "container": "the container's role",
    "instance": "this instance's role, if it has one",
}


class Candidate(NamedTuple):
    """An image in a registry, which names no repository if none was found, and where the registry was found.

    ``places`` has the text for each place.
    """

    image: Image
    places: dict[str, str]


def registries(find: Callable[[str], Registry | None], *, podman: bool) -> list[Candidate]:
    """Return the registries in this folder's files, in Docker's or podman's files and in local images.

    ``find`` returns the registry of a host or an image, or None.
    Raises FileError if one of Docker's or podman's files cannot be read.
    """
    found: dict[str, Candidate] = {}
    for name, place in _names(podman=podman):
        registry = find(name)
        if registry is None:
            continue
        known = found.setdefault(registry.host, Candidate(Image(registry), {}))
        known.places.setdefault(place, place)
        if known.image.repository:
            continue
        with suppress(ArgumentError):  # it has a variable in it
            named = image.parse(name, find)
            if named.repository:
                found[registry.host] = known._replace(image=named)
                known.places[place] = f"{place} ({third_party.text(named.name)})"
    return list(found.values())


def _names(*, podman: bool) -> Iterator[tuple[str, str]]:
    """Yield hosts, images and other words, and where each was found."""
    for file in _FILES:
        for word in _words(file):
            yield word, file
    yield from _configured(podman=False)
    if podman:  # whose command would create folders
        yield from _configured(podman=True)
        return
    for name in _local_images():
        yield name, "local images"


def _words(path: str) -> Iterator[str]:
    with suppress(OSError):
        text = read_file(path, _require_small).decode(errors="replace")
        for line in text.splitlines():
            if not line.lstrip().startswith(_COMMENT):
                yield from filter(None, _DELIMITERS.split(line))


def _require_small(status: os.stat_result) -> None:
    require_regular(status)
    if status.st_size > _LARGEST_FILE:
        raise OSError(0, "it is too large")


def _configured(*, podman: bool) -> Iterator[tuple[str, str]]:
    client = "podman's" if podman else "Docker's"
    for path in configure_edits.paths(podman=podman):
        file, place = text_file.read(path), f"{client} {Path(path).name}"
        for server, helper in docker_config.helpers(file).items():
            yield server, f"{place} ({_described(server, helper)})"
        for server in docker_config.passwords(file):
            yield server, f"{place} (a password)"


def _described(server: str, helper: str) -> str:
    """Name the helper of a server, and the identity if it is this program."""
    if not cred_helpers.is_ours(helper):
        return f"helper {third_party.text(helper or 'none')}"
    loaded = cred_helpers.settings_of(cred_helpers.profile_in(helper), os.environ)
    return third_party.text(f"already uses this program, {loaded.identity_for(host_of(server) or server)}")


def _local_images() -> Iterable[str]:
    """Return the names of the images that Docker has; none if it does not respond soon."""
    path = programs.find("docker", os.environ)
    if path is None:
        return ()
    command = [str(path), "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    try:
        if programs.weakness(path):
            return ()
        done = subprocess.run(  # noqa: S603 - nothing in it varies
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=programs.environment(),
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return done.stdout.decode(errors="replace").splitlines()


def problem_of(profile: str, env: Mapping[str, str]) -> str:
    """Return why AWS's files alone say that an AWS profile cannot be used, or an empty text."""
    source = find_source(Identity(profile), env)
    lack, half = sso_sessions.find_lack(Identity(profile), env), half_keys.find(Identity(profile), env)
    if half:
        return f"{half.profile} has {half.has}, but not {half.lacks}"
    match source.kind:
        case "missing" if source.profile == profile:
            return "it does not exist"
        case "missing":
            return f"its source profile {source.profile} does not exist"
        case "no source":
            return "it assumes a role, but names no source of credentials"
        case "instance" if default_chain.is_instance_ignored(env):
            return "it has no credentials"
    return f"it needs {lack.what}, which {lack.path} lacks" if lack else ""


def describe(profile: str, env: Mapping[str, str]) -> str:
    """Return the kind of an AWS profile's credentials, and the role and the account if AWS's files name them."""
    own, source, problem = settings_of(profile, env), find_source(Identity(profile), env), problem_of(profile, env)
    if problem:
        return f"not usable: {problem}"
    kind = _KINDS.get(source.kind, source.kind)
    if "role_arn" in own:
        role = arn.role(own["role_arn"])
        assumed = f"role {role.name} in {role.account}" if role else "a role"
        origin = "" if source.profile == profile else f", from profile {source.profile}"
        return f"{assumed}{origin} ({kind}){', with an MFA code' if 'mfa_serial' in own else ''}"
    if source.kind == "sso":
        return f"SSO, role {own.get('sso_role_name', 'unknown')} in {own.get('sso_account_id', 'unknown')}"
    principal = arn.parse(own.get("login_session", ""))
    account = principal.account if principal else own.get("aws_account_id", "")
    return f"{kind} in {account}" if account else kind
