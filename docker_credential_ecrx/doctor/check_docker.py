"""Docker's checks: the program that Docker finds on its PATH, and Docker's config.json."""

import os
import shlex
from contextlib import suppress
from pathlib import Path

from docker_credential_ecrx import __version__
from docker_credential_ecrx.config_files import (
    configured,
    conflicts,
    cred_helpers,
    docker_config,
    podman_config,
    text_file,
)
from docker_credential_ecrx.config_files.cred_helpers import CredHelpers
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.doctor import configure_remedy
from docker_credential_ecrx.doctor.context import Context, Finding, failed, passed, skipped
from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import programs, shell
from docker_credential_ecrx.system.paths import exists

_USUAL_PATH = "/usr/local/bin:/usr/bin:/bin"  # what else a job or a service needs


def check_program(context: Context) -> Finding:
    """Find the program by the name that Docker calls, and run it."""
    name = f"{cred_helpers.PREFIX}{_helper(context)}"
    path = programs.found_by_docker(name, context.env)
    if path is None:
        return failed(f"{name} is not on PATH, where Docker looks for it", *_put_on_path(name, context))
    if not path.is_absolute():
        folder = str(path.parent) if path.parent != Path() else "the current folder"
        what = (
            f"{name} is first found in {folder}, a relative or empty entry of PATH, from which Docker does not run it"
        )
        return failed(what, Remedy(command=_put_on_absolute_path(name, context)))
    return _of_program(path, context)


def _of_program(path: Path, context: Context) -> Finding:
    """Run the program that Docker runs, unless another user may have put it there."""
    weakness = programs.weakness(path)
    if weakness and weakness.user is not None:
        return failed(f"Docker runs {path}, and {weakness}", _put_before(path, context))
    version = version_of(path)
    if not version:
        return failed(f"Docker runs {path}, which is not this program or does not work", _put_before(path, context))
    if version != __version__:
        what = f"Docker runs {path}, which is version {version}; this is version {__version__}"
        return failed(what, _put_before(path, context))
    if weakness:
        remedy = Remedy(command=f"chmod o-w {shlex.quote(str(weakness.place))}")
        return passed(f"{path}, version {version}; {weakness}", None, remedy)
    return passed(f"{path}, version {version}")


def is_by_link(context: Context) -> bool:
    """Return whether Docker calls this program by another name than its own for the registry."""
    return _helper(context) != cred_helpers.HELPER


def version_of(path: Path) -> str:
    """Return the version that the program at ``path`` reports, or an empty string if it is not this program."""
    stdout, _ = programs.output(path, "version")
    name, _, version = stdout.decode(errors="replace").strip().partition(" ")
    return version if name == PROGRAM else ""


def check_config(context: Context) -> Finding:
    """Check that Docker's config.json names this program for the registry, or for any registry if none was named."""
    file = text_file.read(docker_config.path(context.env))
    where = f"{file.path}{cred_helpers.origin(context.env)}"
    return _of_registry(file, where, context) if context.registry else _of_all(file, where, context)


def docker_helpers(context: Context) -> CredHelpers:
    """Return the helpers in Docker's config.json: none if it cannot be read, as for Docker."""
    try:
        return cred_helpers.read(context.env)
    except FileError:
        return CredHelpers({})


def logout(context: Context) -> Remedy:
    """Return the command that deletes what ``docker login`` stored: Docker's own, if Docker uses this program."""
    is_used = docker_helpers(context).asks_for(context.host)
    return Remedy(command=f"docker logout {context.host}" if is_used else f"{PROGRAM} forget {context.host}")


def _of_all(file: TextFile, where: str, context: Context) -> Finding:
    hosts = [registry.host for registry in cred_helpers.read(context.env).registries()]
    if not hosts and not cred_helpers.is_ours(docker_config.store(file)):
        if configured.hosts(context.env):
            return skipped(f"{where}: no ECR registry uses {PROGRAM}, but see below")
        refusal = docker_config.refusal(file, ())
        if refusal:
            return failed(refusal.message, refusal.remedy)
        what = f"{where}: no ECR registry uses {PROGRAM}" if file.text else f"{where} {_without_text(file)}"
        return failed(what, Remedy(command=f"{PROGRAM} configure HOST --profile PROFILE"))
    users = ", ".join(hosts) or "every registry"
    return _with_conflicts(f"{where}: {PROGRAM} is the helper for {users}", file, hosts, context)


def _of_registry(file: TextFile, where: str, context: Context) -> Finding:
    host = context.host
    helpers = docker_config.helpers(file)
    helper = helpers.get(host, docker_config.store(file))
    if not cred_helpers.is_ours(helper):
        return _not_used(f"{where}{_instead(host, helper, helpers, file)}", helper, file, context)
    for _, server in conflicts.passwords([file]).get(host, ()):
        what = f"{where} contains an unencrypted password for {server}"
        if helper == cred_helpers.HELPER:
            return failed(what, Remedy(command=f"{PROGRAM} configure {host} --remove-password"))
        return failed(
            what, Remedy(command=f"docker logout {shlex.quote(server)}")
        )  # configure would replace the helper
    key = "credHelpers" if host in helpers else "credsStore"
    return _with_conflicts(f"{key} in {where} names {helper}", file, [host], context)


def _helper(context: Context) -> str:
    """Return the name by which Docker calls this program for the registry."""
    found = docker_helpers(context)
    helper = found.helpers.get(context.host, found.store) if context.host else ""
    return helper if cred_helpers.is_ours(helper) else cred_helpers.HELPER


def _not_used(what: str, helper: str, file: TextFile, context: Context) -> Finding:
    """Return the finding that Docker does not use this program for the registry, for the reason ``what``.

    That is not a failure if Docker needs no password there, or if podman uses this program.
    """
    if context.is_public and not helper:
        return skipped(f"{what}; Docker pulls anonymously, which ECR Public permits")
    if _podman_uses_it(context):
        return skipped(f"{what}, but podman's auth.json or registries.conf names {PROGRAM} for it")
    refusal = docker_config.refusal(file, [context.host])
    if refusal:  # by the command that would be the remedy
        return failed(refusal.message, refusal.remedy)
    return failed(what, *configure_remedy.remedies(context))


def _podman_uses_it(context: Context) -> bool:
    """Return whether podman's own files name this program for the registry: podman may be the only client in use."""
    with suppress(FileError):
        found = podman_config.find(context.host, context.image.repository if context.image else "", context.env)
        return found is not None and found.is_ours and found.is_own
    return False


def _instead(host: str, helper: str, helpers: dict[str, str], file: TextFile) -> str:
    """Say what Docker's config.json has for ``host`` instead of this program."""
    if helper:
        return f": {host} uses docker-credential-{helper}"
    if host in helpers:
        return f": credHelpers has no helper's name for {host}, so Docker uses none for it, not even credsStore"
    for key, other in helpers.items():
        if cred_helpers.is_ours(other) and host_of(key) == host:
            return f": credHelpers has the key {key}, but Docker looks up {host}"
    return f": {_near(host, helpers)}" if file.text else f" {_without_text(file)}"


def _without_text(file: TextFile) -> str:
    return "is empty" if exists(file.path) else "does not exist"


def _near(host: str, helpers: dict[str, str]) -> str:
    """Say that ``host`` has no helper, or name the registry of its account in another region that has this one."""
    wanted = Registry.parse(host)
    for key, other in helpers.items():
        found = Registry.parse(key) if wanted is not None and cred_helpers.is_ours(other) else None
        if wanted is not None and found is not None and found.account == wanted.account:
            return f"credHelpers has {key}, and {host} is in {wanted.region}"
    return f"{host} uses no credential helper"


def _with_conflicts(detail: str, file: TextFile, hosts: list[str], context: Context) -> Finding:
    """Return the first thing that keeps Docker from using this program for ``hosts``, or ``detail`` with warnings."""
    reported = _helper(context)  # by the check of the program
    found = [each for each in conflicts.docker_warnings(file, hosts, context.env, reported) if str(each.remedy)]
    for each in found:
        if not each.is_warning:
            return failed(each.what, each.remedy)
    return passed("; ".join([detail, *(each.what for each in found)]), None, *(each.remedy for each in found))


def _put_on_path(name: str, context: Context) -> tuple[Remedy, ...]:
    """Return what to do so that Docker finds ``name``; a shell's own PATH is not that of cron and of services."""
    for folder in context.env.get("PATH", "").split(os.pathsep):
        file = Path(folder, name)
        with suppress(OSError):
            if file.is_absolute() and file.is_file():
                return (Remedy(command=f"chmod +x {shlex.quote(str(file))}"),)
    plain = programs.find(PROGRAM, context.env)
    if plain is not None and name != PROGRAM:
        return (Remedy(command=shell.give_name(plain, name)),)
    own = _own_path(context)
    in_shell = Remedy("in this shell", shell.put_first_on_path(own.parent))
    if os.name == "nt":
        return (in_shell, Remedy(f"for every program: add {own.parent} to Path in Windows' environment variables"))
    path = f"PATH={own.parent}:{_USUAL_PATH}"
    return (
        in_shell,
        Remedy(f"in cron: write the line {path} into the crontab"),
        Remedy(f"in a systemd service: set Environment={path}"),
    )


def _put_on_absolute_path(name: str, context: Context) -> str:
    """Return the command after which Docker finds ``name`` in an absolute folder before any relative one."""
    own = _own_path(context)
    path = programs.find(name, context.env) or own.with_name(name)
    return shell.put_first_on_path(path.parent) if exists(str(path)) else shell.give_name(own, name)


def _put_before(path: Path, context: Context) -> Remedy:
    """Return what to do so that Docker finds this program instead of ``path``."""
    own = _own_path(context)
    if own.parent == path.parent:
        return Remedy(f"install this program again, over {path}")
    return Remedy(command=shell.put_first_on_path(own.parent))


def _own_path(context: Context) -> Path:
    """Return the path of this program."""
    return programs.own_path(context.argv0, context.env)
