"""podman's files, which skopeo and buildah read too: which of them names the helper for a registry.

containers/image, pkg/docker/config/config.go (getCredentialsWithHomeDir, findCredentialsInFile), and
pkg/sysregistriesv2 for ``credential-helpers`` in registries.conf.
"""

import base64
import os
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.config_files import cred_helpers, docker_config, docker_types, text_file
from docker_credential_ecrx.config_files.cred_helpers import PREFIX
from docker_credential_ecrx.config_files.docker_config import within
from docker_credential_ecrx.config_files.text_file import TextFile, checked
from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.system import go_json, programs
from docker_credential_ecrx.system.paths import exists, home, is_out_of_reach

_CLIENTS = ("podman", "skopeo", "buildah")
_AUTH_FILES = "containers-auth.json"  # stands for the auth files among the credential-helpers
_FIX = "fix it, or move it away"
_RUN = "/run/containers"
_SYSTEM, _USER = "/etc/containers", "/.config/containers"


class Source(NamedTuple):
    """Where podman finds credentials for a registry: in the file ``path``, those of ``helper`` or, if None, a password.

    ``is_own`` is whether only podman and its like read the file, not Docker.
    """

    path: str
    helper: str | None
    is_own: bool

    @property
    def is_ours(self) -> bool:
        """Return whether this program answers."""
        return self.helper is not None and cred_helpers.is_ours(self.helper)


def paths(env: Mapping[str, str]) -> list[str]:
    """Return the paths of podman's auth files in the order in which it reads them; the last is the one to edit.

    containers-auth.json(5): the file that ``podman login`` writes, then ``~/.config/containers/auth.json``, each with
    its credHelpers before its auths; with REGISTRY_AUTH_FILE only that file.
    On Linux the first is in a folder that is emptied at logout, which suits a password but not a setting.
    Without XDG_RUNTIME_DIR, root's podman may have closed the folder that the first would be in; rootless podman then
    chooses another and sets the variable (containers/podman, pkg/util/utils_supported.go, GetRootlessRuntimeDir).
    """
    if env.get("REGISTRY_AUTH_FILE"):
        return [checked(env["REGISTRY_AUTH_FILE"], "REGISTRY_AUTH_FILE")]
    named = sys.platform == "linux" and env.get("XDG_CONFIG_HOME")
    folder = checked(named, "XDG_CONFIG_HOME") if named else home("/.config", env)
    persistent = within(folder, "containers/auth.json", "REGISTRY_AUTH_FILE")
    if sys.platform != "linux":
        return [persistent]
    runtime = env.get("XDG_RUNTIME_DIR")
    temporary = (
        [f"{checked(runtime, 'XDG_RUNTIME_DIR')}/containers/auth.json"]
        if runtime
        else _without_variable(is_closed=False)
    )
    return [*temporary, persistent]


def closed(env: Mapping[str, str]) -> list[str]:
    """Return the file that skopeo, which sets no variable itself, cannot read in the folder that root's podman closed.

    It then has no credentials at all; the list is empty if that is not so.
    """
    is_chosen = env.get("REGISTRY_AUTH_FILE") or env.get("XDG_RUNTIME_DIR")
    has_skopeo = programs.is_run_by_docker("skopeo", env)
    return _without_variable(is_closed=True) if sys.platform == "linux" and has_skopeo and not is_chosen else []


def _without_variable(*, is_closed: bool) -> list[str]:
    path = f"{_RUN}/{os.getuid()}/auth.json"
    return [path] if is_out_of_reach(path) == is_closed else []


def is_in_use(env: Mapping[str, str]) -> bool:
    """Return whether podman has files of its own, and is there or uses this program; if not, it uses Docker's file."""
    with suppress(FileError, OSError):
        if any(map(cred_helpers.is_ours, _global_helpers(env)[1])):
            return True
        own = [path for path in paths(env) if exists(path)]
        if own and any(programs.is_run_by_docker(client, env) for client in _CLIENTS):
            return True
        for path in own:
            with suppress(FileError):
                if any(map(cred_helpers.is_ours, docker_config.helpers(text_file.read(path)).values())):
                    return True
    return False


def find(host: str, repository: str, env: Mapping[str, str]) -> Source | None:
    """Return where podman finds the credentials for an image, or None; raise FileError if it cannot read a file.

    Of the ``credential-helpers``, another one that is asked before this program may know the registry, or may not.
    """
    path, helpers = _global_helpers(env)
    for helper in helpers:
        if helper == _AUTH_FILES:
            found = _in_auth_files(host, repository, env)
            if found is not None:
                return found
        elif cred_helpers.is_ours(helper):
            return Source(path, helper, is_own=True)
    return None


def _in_auth_files(host: str, repository: str, env: Mapping[str, str]) -> Source | None:
    for path, is_own in _auth_files(env):
        file = text_file.read(path)
        document = require_readable(file)
        helper = docker_config.helpers(file).get(host)
        if helper is not None:
            return Source(path, helper, is_own=is_own)
        if _has_password(document, host, repository):
            return Source(path, None, is_own=is_own)
    return None


def _auth_files(env: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield the auth files in podman's order, and whether they are its own: Docker's comes last."""
    yield from ((path, True) for path in paths(env))
    if not env.get("REGISTRY_AUTH_FILE"):
        yield docker_config.path(env), False


def require_readable(file: TextFile) -> object:
    """Return the whole file's JSON, None if it does not exist; raise FileError if podman cannot read it.

    Nor can it read an empty file.
    """
    if not file.text and not exists(file.path):
        return None
    try:
        document, rest = go_json.decode(file.text)
    except ValueError as error:
        what, remedy = f"is {error}", Remedy(_FIX)
        if not file.text.strip():
            what = "is empty, so podman can read no credentials"
            remedy = Remedy("delete it", f"rm {shlex.quote(file.path)}")
        raise FileError(f"{file.path} {what}", remedy) from error
    if rest:
        raise docker_config.text_after(file)
    if not isinstance(document, go_json.Object | None):
        raise FileError(f"{file.path} is not a JSON object, so podman cannot read it", _FIX)
    for mistake in docker_types.of_podman(document):
        where, expected = mistake.where(docker_config.shown), mistake.expected
        raise FileError(f"{file.path}: {where} is not {expected}, so podman cannot read it", f"fix or delete {where}")
    return document


def _has_password(document: object, host: str, repository: str) -> bool:
    """Return whether ``auths`` has a password for the image: by its repository, a part of that, or the host."""
    auths = go_json.entries(document, "auths")
    parts = repository.split("/") if repository else []
    for key in ("/".join((host, *parts[:count])) for count in range(len(parts), -1, -1)):
        if key in auths:
            return _is_password(auths[key])
    for key, entry in auths.items():
        bare = key.removeprefix("http://").removeprefix("https://")
        if bare != key and bare.partition("/")[0] == host:
            return _is_password(entry)
    return False


def _is_password(entry: object) -> bool:
    """Return whether an entry has a user and a password: ``podman login`` and Docker also leave empty ones."""
    try:
        return b":" in base64.b64decode(go_json.string(entry, "auth"), validate=True)
    except ValueError:
        return True  # podman fails


def _global_helpers(env: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return ``credential-helpers``, and the file that has them; raise FileError if a file is not TOML."""
    found = "", [_AUTH_FILES]
    for path in _registries_files(env):
        try:
            helpers = tomllib.loads(text_file.read(path).text).get("credential-helpers")
        except (ValueError, RecursionError) as error:
            raise FileError(f"{path} is not TOML, so podman cannot read it", "fix the file") from error
        if isinstance(helpers, list):
            found = (path, [str(helper) for helper in helpers]) if helpers else ("", [_AUTH_FILES])
    return found


def _registries_files(env: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths of registries.conf and of what is added to it, the last of which counts."""
    own = f"{home(_USER, env)}/registries.conf"
    named = env.get("CONTAINERS_REGISTRIES_CONF") or env.get("REGISTRIES_CONFIG_PATH")
    main = named or (own if exists(own) else f"{_SYSTEM}/registries.conf")
    yield main
    for folder in ([] if main == own else [f"{_SYSTEM}/registries.conf.d"]) + [f"{own}.d"]:
        with suppress(OSError):
            yield from sorted(str(path) for path in Path(folder).iterdir() if path.suffix == ".conf")


def named(helper: str | None) -> str:
    """Say what a source has for the registry."""
    return "an unencrypted password" if helper is None else f"{PREFIX}{docker_config.shown(helper)}"
