"""Decides what ``configure`` changes: which edits of which files, and which stored tokens it deletes."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from docker_credential_ecrx.aws import profile_hints
from docker_credential_ecrx.cli import console, remarks
from docker_credential_ecrx.config_files import (
    added_store,
    conflicts,
    cred_helpers,
    default_store,
    docker_config,
    ecrx_config,
    podman_config,
    text_file,
)
from docker_credential_ecrx.config_files.conflicts import Conflict
from docker_credential_ecrx.config_files.cred_helpers import HELPER
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.config_files.transaction import Edit
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.identity import rule_index
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM, Settings
from docker_credential_ecrx.system import shell
from docker_credential_ecrx.system.paths import exists


def paths(*, podman: bool) -> list[str]:
    """Return the files that the client reads; the last is the one to edit."""
    return podman_config.paths(os.environ) if podman else [docker_config.path(os.environ)]


def configured_hosts(
    file: TextFile, config: str, find: Callable[[str], Registry | None], *, podman: bool
) -> Iterator[str]:
    """Yield the servers that ``find`` finds in ECR and whose helper in ``file`` is this program or a link to it.

    If the user has deleted ``file``: those whose entry in ``config`` was added by ``configure``, unless the other
    client uses it.
    Says if credsStore names this program, which ``--remove --all`` does not change.
    """
    if cred_helpers.is_ours(docker_config.store(file)):
        what = f"{file.path}: credsStore still names {PROGRAM} for all other registries"
        remarks.note(what, Remedy("to change that, delete credsStore from the file"))
    found = [server for server, helper in docker_config.helpers(file).items() if cred_helpers.is_ours(helper)]
    if config and not exists(file.path):  # another file may use an entry that this one does not name
        others = helpers_of_the_other_client(podman=podman)
        entries = ecrx_config.added_hosts(text_file.read(config))
        found += sorted(host for host in entries if others.get(host) != HELPER)
    yield from filter(find, found)


def helpers_of_the_other_client(*, podman: bool) -> dict[str, str]:
    """Return the helpers of Docker if podman is configured, and of podman if Docker is."""
    with suppress(FileError):  # that file is not edited, so an error in it does not matter
        return docker_config.helpers(text_file.read(paths(podman=not podman)[-1]))
    return {}


def identity_of(keys: dict[str, str]) -> Identity:
    """Return the identity that an entry with these keys names."""
    profile = keys.get("profile") or keys.get("source_profile")
    return Identity(profile, role_arn=keys.get("role_arn"), external_id=keys.get("external_id"))


def additions(  # noqa: PLR0913 - what the user asks for
    file: TextFile, config: str, registries: Iterable[Registry], keys: dict[str, str], *, is_named: bool, podman: bool
) -> Iterator[Edit]:
    """Yield the edits that make this program the helper for ``registries`` in ``file``.

    Each gets an entry in ``config`` if ``keys`` name an identity, or if it ``is_named``: the user says what HOST stands
    for.
    In Docker's file, the store that it selects itself as long as the file has no helpers becomes ``credsStore``.
    """
    default = "" if podman else default_store.to_add(file, os.environ)
    # If nothing in the file is of this program, neither is its credsStore, whatever an earlier file had.
    is_first = not any(map(cred_helpers.is_ours, docker_config.helpers(file).values()))
    forget = partial(added_store.forget, file.path, os.environ) if is_first else None
    identity, loaded = str(identity_of(keys)), settings_with(config)
    before, lines, entry_lines, entries = docker_config.helpers(file), {}, {}, {}
    for registry in registries:
        host, place = registry.host, _place_of(registry)
        instead = f" instead of docker-credential-{docker_config.shown(before[host])}" if before.get(host) else ""
        lines[host] = f"{host} now uses {PROGRAM}{instead}"
        if keys or (is_named and place):
            entries[host] = place | keys
            stands_for = f" stands for {registry.ecr_host}, and" if "registry" in place else ""
            replaced = _instead_of(loaded.identity_for(host), identity)
            entry_lines[host] = f"{host}{stands_for} now uses {identity}{replaced}"
    change = partial(docker_config.set_helpers, hosts=lines, helper=HELPER)
    yield Edit(file.path, partial(_changed, change, lines), forget)
    if entries:
        yield Edit(config, partial(_changed, partial(ecrx_config.set_entries, keys_of=entries), entry_lines))
    if default:
        says = f"other registries still use docker-credential-{default}, which Docker selected until now"
        remember = partial(added_store.remember, file.path, default, os.environ)
        yield Edit(file.path, _telling(partial(docker_config.set_store, name=default), says), remember)


def _instead_of(before: Identity, now: str) -> str:
    """Return the end of a line that says which identity is replaced; it is empty if config.toml named no other."""
    is_replaced = bool(before.profile or before.role_arn) and str(before) != now
    return f" instead of {before}" if is_replaced else ""


def _changed(
    change: Callable[[TextFile], tuple[TextFile, list[str]]], lines: Mapping[str, str], file: TextFile
) -> tuple[TextFile, list[str]]:
    """Return the changed file, and the line for each host that ``change`` returns with it."""
    after, hosts = change(file)
    return after, [lines[host] for host in hosts]


def _telling(change: Callable[[TextFile], TextFile], *lines: str) -> Callable[[TextFile], tuple[TextFile, list[str]]]:
    """Return the change of an edit about which the user is told ``lines``."""
    return lambda file: (change(file), [*lines])


def _place_of(registry: Registry) -> dict[str, str]:
    """Return the keys of an entry that say which registry the host stands for, and where ECR is asked."""
    place = {"registry": registry.ecr_host} if registry.host != registry.ecr_host else {}
    return place | ({"endpoint_url": registry.endpoint_url} if registry.endpoint_url else {})


def password_removals(
    files: list[TextFile], hosts: Iterable[str], flags: str, *, wanted: bool, may_ask: bool
) -> Iterator[Edit]:
    """Yield the removal of each unencrypted password that the user wants removed, and report the others.

    ``wanted`` is whether an option says so; if not, the user is asked if that is permitted.
    ``flags`` are the options that do so.
    """
    servers = conflicts.passwords(files)
    for host in hosts:
        for path, server in servers.get(host, ()):
            name = docker_config.shown(server)
            first = ", which takes precedence" if path != files[-1].path else ""
            found = f"{path} contains an unencrypted password for {name}{first}"
            if not (wanted or (may_ask and console.can_ask())):
                remarks.warn(found, Remedy("to delete it", f"{PROGRAM} configure {host} {flags}"))
            elif wanted or console.ask(f"{found}; delete it?"):
                change = partial(docker_config.remove_auth, server=server)
                yield Edit(path, _telling(change, f"the password for {name} is deleted"))


def removals(file: TextFile, config: str, hosts: Iterable[str], *, podman: bool) -> Iterator[Edit]:
    """Yield the edits that delete the entries for ``hosts``, and report the entries that stay, and why."""
    others = helpers_of_the_other_client(podman=podman)
    hosts = list(dict.fromkeys(hosts))  # HOST and https://HOST are one
    default = "" if podman else default_store.to_remove(file, hosts, os.environ)
    helpers, entries = docker_config.helpers(file), ecrx_config.added_hosts(text_file.read(config)) if config else set()
    ours, named = [], []
    for host in hosts:
        helper = helpers.get(host)
        if helper == HELPER:
            ours.append(host)
        elif helper:
            name = f"docker-credential-{docker_config.shown(helper)}"
            remarks.say(f"{file.path}: {host} still uses {name}, which configure did not write")
        elif others.get(host) == HELPER or host not in entries:
            _note_missing(file, host, is_of_other=others.get(host) == HELPER, podman=podman)
            continue
        if others.get(host) == HELPER:
            client = "docker" if podman else "podman"
            remarks.say(f"{config}: the entry for {host} is kept, because {client} is also configured for it")
        elif host in entries:
            named.append(host)
    if ours:
        lines = [f"{host} no longer uses {PROGRAM}" for host in ours]
        yield Edit(file.path, _telling(partial(docker_config.remove_helpers, hosts=ours), *lines))
    if named:
        lines = [f"the entry for {host} is deleted" for host in named]
        yield Edit(config, _telling(partial(ecrx_config.remove_entries, hosts=named), *lines))
    if default:
        change = _telling(docker_config.remove_store, f"Docker selects docker-credential-{default} itself again")
        yield Edit(file.path, change, partial(added_store.forget, file.path, os.environ))


def _note_missing(file: TextFile, host: str, *, is_of_other: bool, podman: bool) -> None:
    """Say that nothing can be removed for ``host``, and what could be."""
    what = f"{host} is not configured in {file.path}"
    if is_of_other:
        client = "docker" if podman else "podman"
        command = f"{PROGRAM} configure --remove {host}{'' if podman else ' --podman'}"
        remarks.note(f"{what}, but for {client}", Remedy("to remove it", command))
        return
    known = [server for server, helper in docker_config.helpers(file).items() if helper == HELPER]
    remarks.note(f"{what}, {f'which has {profile_hints.some_names(known)}' if known else 'and no other registry is'}")


def warnings(
    before: list[TextFile], files: list[TextFile], hosts: Collection[str], *, podman: bool
) -> Iterator[tuple[Conflict, bool]]:
    """Yield what keeps the configuration from working with ``files``, as they will be, and whether it is a warning.

    Raises FileError if podman cannot read one of them, since it then gives up.
    """
    for file in files if podman else ():
        podman_config.require_readable(file)
    for path in podman_config.closed(os.environ) if podman else ():
        use = shell.export("REGISTRY_AUTH_FILE", files[-1].path)
        yield Conflict(f"skopeo fails, because this user cannot read {path}", Remedy("use this file", use)), True
    yield from ((conflict, True) for conflict in conflicts.warnings(files, hosts, os.environ))
    for conflict in () if podman else conflicts.docker_warnings(files[-1], hosts, os.environ):
        # The edit says itself that other registries use the store which it adds.
        if str(conflict.remedy) or docker_config.store(before[-1]):
            yield conflict, False


def settings_with(config: str) -> Settings:
    """Return the settings of the file ``config``; ECRX_CONFIG may name one that does not exist yet."""
    return rule_index.load(PROGRAM, os.environ if exists(config) else {**os.environ, "ECRX_CONFIG": os.devnull})
