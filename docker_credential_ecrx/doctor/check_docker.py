"""Docker's side: the program that it finds on its PATH, and what its config.json says."""

import os
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path

from docker_credential_ecrx import __version__
from docker_credential_ecrx.config_files import conflicts, cred_helpers, docker_config, text_file
from docker_credential_ecrx.config_files.cred_helpers import CredHelpers
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.doctor.context import Context, Finding, failed, passed, skipped
from docker_credential_ecrx.ecr.registry import host_of
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import programs

_SECONDS = 10.0  # docker would wait longer


def program(case: Context) -> Finding:
    """Look for the program under the name by which docker calls it, and run it."""
    name = f"{cred_helpers.PREFIX}{_helper(case)}"
    path = programs.found_by_docker(name, _search(case))
    if path is None:
        return failed(f"{name} is not on PATH, where docker looks for it", _to_path(name, case))
    if not path.is_absolute():
        folder = str(path.parent) if path.parent != Path() else "the current folder"
        what = (
            f"docker finds {name} in {folder}, which PATH names by a relative or an empty entry, and refuses to run it"
        )
        return failed(what, _to_absolute(name, case))
    version = version_of(path)
    if not version:
        return failed(f"docker calls {path}, which is not this program, or does not run", _before(path, case))
    if version != __version__:
        return failed(f"docker calls {path}, which is version {version}; this is {__version__}", _before(path, case))
    if weak := programs.writable_by_all(path):
        return Finding(
            ok=True, detail=f"{path}, version {version}; all users may change {weak}", remedy=_not_by_all(weak)
        )
    return passed(f"{path}, version {version}")


def version_of(path: Path) -> str:
    """Return the version that the program at ``path`` says it has, or an empty text where it is not this one."""
    try:
        done = subprocess.run(  # noqa: S603 - what docker runs
            [path, "version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=programs.environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    name, _, version = done.stdout.decode(errors="replace").strip().partition(" ")
    return version if name == PROGRAM else ""


def config(case: Context) -> Finding:
    """Look at what docker's config.json says of the registry, or of every registry where none is named."""
    file = text_file.read(docker_config.path(case.env))
    where = f"{file.path}{_reader(case)}"
    return _about_all(file, where, case) if case.registry is None else _about(case.registry.host, file, where, case)


def _about_all(file: TextFile, where: str, case: Context) -> Finding:
    hosts = [registry.host for registry in cred_helpers.read(case.env).registries()]
    if not hosts and not cred_helpers.is_ours(docker_config.store(file)):
        what = f"{where} {'gives no registry of ECR to this program' if file.text else 'is not there'}"
        return failed(what, f"{PROGRAM} configure HOST --profile PROFILE")
    return _hindrance(file, hosts, case) or passed(f"{where} gives {', '.join(hosts)} to this program")


def _about(host: str, file: TextFile, where: str, case: Context) -> Finding:
    helpers = docker_config.helpers(file)
    helper = helpers.get(host) or docker_config.store(file)
    if not cred_helpers.is_ours(helper):
        return _not_asked(f"{where} {_instead(host, helper, helpers, file)}", helper, case)
    for _, server in conflicts.passwords([file], host):
        what = f"{where} has an unencrypted password for {server}"
        logout = f"docker logout {shlex.quote(server)}"  # which leaves a link's name alone, as configure does not
        return failed(
            what, f"{PROGRAM} configure {host} --remove-password" if helper == cred_helpers.HELPER else logout
        )
    key = "credHelpers" if host in helpers else "credsStore"
    return _hindrance(file, [host], case) or passed(f"{key} in {where} names {helper}")


def docker_links(case: Context) -> CredHelpers:
    """Return what docker's config.json says: nothing where it cannot be read, as docker takes it, too."""
    try:
        return cred_helpers.read(case.env)
    except FileError:
        return CredHelpers({})


def logout(case: Context) -> str:
    """Return the command that drops what ``docker login`` stored: docker's own, where docker asks this program."""
    host = case.registry.host if case.registry else ""
    found = docker_links(case)
    is_asked = cred_helpers.is_ours(found.helpers.get(host, found.store))
    return f"docker logout {host}" if is_asked else f"{PROGRAM} forget {host}"


def _helper(case: Context) -> str:
    """Return the name by which docker calls this program for the registry."""
    found = docker_links(case)
    helper = found.helpers.get(case.registry.host, found.store) if case.registry else ""
    return helper if cred_helpers.is_ours(helper) else cred_helpers.HELPER


def _not_asked(what: str, helper: str, case: Context) -> Finding:
    """Return the finding that docker does not ask this program for the registry, for which ``what`` is the reason.

    It is no fault where docker needs no password there, or where podman asks this program.
    """
    host = case.registry.host if case.registry else ""
    if case.is_public and not helper:
        return skipped(f"{what}, so docker pulls without a token, which works there")
    if _podman_asks(host, case):
        return skipped(f"{what}, and podman's auth.json to this program")
    return failed(what, f"{PROGRAM} configure {host}{_sudo(case)}")


def _podman_asks(host: str, case: Context) -> bool:
    """Return whether podman's file gives ``host`` to this program: podman may be all that is in use."""
    with suppress(FileError, OSError):
        files = map(text_file.read, docker_config.podman_paths(case.env))
        return any(cred_helpers.is_ours(docker_config.helpers(file).get(host, "")) for file in files)
    return False


def _instead(host: str, helper: str, helpers: dict[str, str], file: TextFile) -> str:
    """Say what docker's config.json says of ``host`` in place of naming this program."""
    if helper:
        return f"gives {host} to docker-credential-{helper}"
    for key, other in helpers.items():
        if cred_helpers.is_ours(other) and host_of(key) == host:
            return f"names it as {key}, which docker does not look up: it asks for {host}"
    return f"gives {host} to no helper" if file.text else "is not there"


def _hindrance(file: TextFile, hosts: list[str], case: Context) -> Finding | None:
    """Return the first thing that keeps docker from asking this program for ``hosts``, and what mends it."""
    for found in conflicts.docker_warnings(file, hosts, case.env):
        if str(found.remedy):
            return failed(found.what, str(found.remedy))
    return None


def _reader(case: Context) -> str:
    """Say whose config.json it is, where a variable names it or sudo has changed the home."""
    if case.env.get("DOCKER_CONFIG"):
        return " (DOCKER_CONFIG)"
    if case.env.get("SUDO_USER"):
        return f" (under sudo: HOME is {case.env.get('HOME')}, not that of {case.env['SUDO_USER']})"
    return ""


def _sudo(case: Context) -> str:
    """Return what a remedy adds under sudo: whose file it changes."""
    if not case.env.get("SUDO_USER"):
        return ""
    return f", as {case.env.get('USER', 'root')}; or run docker without sudo, as {case.env['SUDO_USER']}"


def _search(case: Context) -> str:
    """Return where docker looks for the program."""
    return case.env.get("PATH", "")


def _to_path(name: str, case: Context) -> str:
    """Return the command that has docker find ``name``."""
    for folder in _search(case).split(os.pathsep):
        file = Path(folder, name)
        with suppress(OSError):
            if file.is_absolute() and file.is_file():
                return f"chmod +x {shlex.quote(str(file))}"
    plain = programs.find(PROGRAM, _search(case))
    if plain is not None and name != PROGRAM:
        return f"ln -s {PROGRAM} {shlex.quote(str(plain.with_name(name)))}"
    return conflicts.path_remedy(_this(case))


def _to_absolute(name: str, case: Context) -> str:
    """Return the command that has docker find ``name`` in an absolute folder, before it looks into a relative one."""
    path = programs.find(name, _search(case)) or _this(case).with_name(name)
    return conflicts.path_remedy(path) if path.exists() else f"ln -s {PROGRAM} {shlex.quote(str(path))}"


def _before(path: Path, case: Context) -> str:
    """Return the command that has docker find this program, and not ``path``."""
    this = _this(case)
    if this.parent == path.parent:
        return f"install this program again, over {path}"
    return conflicts.path_remedy(this)


def _this(case: Context) -> Path:
    """Return the path of this program."""
    return programs.own_path(case.argv0, _search(case))


def _not_by_all(weak: Path) -> str:
    """Return the command that lets not all users change the program or folder ``weak``."""
    return f"chmod o-w {shlex.quote(str(weak))}"
