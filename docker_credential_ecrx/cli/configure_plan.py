"""Plans what ``configure`` changes, so that a user can look at it before the files are written."""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypedDict

import click

from docker_credential_ecrx.cli import (
    configure_edits,
    configure_hosts,
    configure_identity,
    configure_tokens,
    console,
    differences,
    remarks,
)
from docker_credential_ecrx.cli.configure_hosts import Finder
from docker_credential_ecrx.config_files import docker_config, ecrx_config, text_file, transaction
from docker_credential_ecrx.config_files.conflicts import Conflict
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.config_files.transaction import Edit, Result
from docker_credential_ecrx.ecr import arn, image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError, FileError, Remedy
from docker_credential_ecrx.identity import rule_checks, settings
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import inventory
from docker_credential_ecrx.store.inventory import Item
from docker_credential_ecrx.system.paths import exists


class Options(TypedDict):
    """The options of ``configure``."""

    profile: str | None
    role_arn: str | None
    source_profile: str | None
    external_id: str | None
    registry: str | None
    podman: bool
    remove_password: bool
    remove: bool
    everything: bool
    dry_run: bool
    force: bool


class Plan(NamedTuple):
    """The changes of the user's files, and the tokens of ``docker login`` that are deleted with them.

    ``hosts`` has what the user called each registry, by its host, ``keys`` are those of the entry for ``config``,
    ``file`` is the client's file, ``found`` is what keeps the configuration from working, and whether that is a
    warning, and ``needed`` is what the user has to do before a host can be used.
    """

    registries: list[Registry]
    hosts: dict[str, str]
    keys: dict[str, str]
    edits: list[Edit]
    result: Result
    logins: list[Item]
    paths: list[str]
    file: str
    config: str
    found: list[tuple[Conflict, bool]]
    needed: dict[str, str]

    @property
    def has_changes(self) -> bool:
        """Return whether it changes anything."""
        return bool(self.result.changed or self.logins)

    def show(self) -> None:
        """Print what would change, without the secrets in the files."""
        for before, after in self.result.changed:
            old = before.path if exists(before.path) else os.devnull
            without_secrets = (ecrx_config if before.path == self.config else docker_config).without_secrets
            was, is_now = without_secrets(before), without_secrets(after)
            differences.show(was.text, is_now.text, old, after.path)
        for login in self.logins:
            console.say(f"{_stored(login)} would be deleted from the keyring {login.entry['keyring']}")

    def apply(self, tell: Callable[[str], object]) -> bool:
        """Make the changes, call ``tell`` with a line for each, and return whether there was any.

        Raises an EcrxError, before any file is changed, if one cannot be edited; and KeyringError if a stored token
        cannot be deleted.
        """
        saved = transaction.save(self.edits, self.paths)
        for line in saved.lines:
            tell(line)
        for path in saved.leftovers:
            what = f"{path} may be left over from an edit by an earlier version, and may contain passwords"
            remarks.warn(what, Remedy("if you did not create it, delete it", f"rm {shlex.quote(path)}"))
        failed = inventory.delete(self.logins, os.environ)
        for login in self.logins:
            if login.name in failed:
                raise failed[login.name]
            tell(f"{_stored(login)} is deleted from the keyring {login.entry['keyring']}")
        return bool(saved.lines or self.logins)

    def warn(self) -> None:
        """Print what keeps the configuration from working."""
        for conflict, is_warning in self.found:
            remark = remarks.warn if is_warning else remarks.note
            remark(conflict.what, conflict.remedy)


def make(names: Iterable[str], options: Options, *, may_ask: bool = True) -> Plan:
    """Return what ``options`` change for the registries ``names``, or, if there are none, for all that are configured.

    Asks the user whether unencrypted passwords are to be deleted if it ``may_ask``.
    Raises UsageError or an EcrxError if that cannot be done; AwsError if the identity does not exist.
    """
    names = tuple(names)
    keys = _keys(options)
    if options["everything"] == bool(names):
        otherwise = "use --remove --all" if options["remove"] else f"let {PROGRAM} setup ask for it"
        raise click.UsageError("name a HOST or use --all, not both" if names else f"name a HOST, or {otherwise}")
    config = config_path(must_exist=not (keys or options["remove"]))
    paths = configure_edits.paths(podman=options["podman"])
    files = [text_file.read(path) for path in (paths[-1:] if options["remove"] else paths)]
    find = configure_hosts.finder(config, options["registry"], remove=options["remove"])
    all_names = configure_edits.configured_hosts(files[-1], config, find, podman=options["podman"])
    named = list(_registries(names or all_names, keys, find))
    registries = [registry for registry, _ in named]
    hosts = {registry.host: name for registry, name in named}
    needed: dict[str, str] = {}
    if not options["remove"]:
        needed = configure_identity.check(hosts, keys, podman=options["podman"], force=options["force"])
    logins = [] if options["remove"] else configure_tokens.stored_logins(registries, config)
    wanted = list(_edits(files, config, registries, keys, options, may_ask=may_ask))
    result = transaction.preview(wanted)
    # Of the files as they will be, and before one is written.
    after = [*map(result.after, files)]
    found = () if options["remove"] else configure_edits.warnings(files, after, hosts, podman=options["podman"])
    seen = [path for path in (*(file.path for file in files), config) if path]
    return Plan(registries, hosts, keys, wanted, result, logins, seen, paths[-1], config, [*found], needed)


def pull(host: str, name: str, *, podman: bool) -> str:
    """Return the command that pulls the image ``name``, or any image if that names only the registry ``host``."""
    path = name.rpartition("://")[2].partition("/")[2] or "REPOSITORY:TAG"
    return f"{'podman' if podman else 'docker'} pull {host}/{path}"


def _keys(options: Options) -> dict[str, str]:
    """Return the keys of the entry for config.toml, or none if the options name no identity.

    Raises UsageError if the options cannot be combined, and ArgumentError if STS would refuse one.
    """
    given = (options["profile"], options["role_arn"], options["source_profile"], options["external_id"])
    keys = {key: value for key, value in zip(ecrx_config.KEYS, given, strict=True) if value is not None}
    others = {"registry": options["registry"], "remove_password": options["remove_password"], "force": options["force"]}
    excess = [f"--{key.replace('_', '-')}" for key, value in {**keys, **others}.items() if value not in (None, False)]
    for is_misuse, message in (
        ("profile" in keys and len(keys) > 1, "--profile excludes --role-arn: an AWS profile names its own role"),
        (keys and not {"profile", "role_arn"} & keys.keys(), "--source-profile and --external-id require --role-arn"),
        (
            options["remove"] and bool(excess),
            f"--remove allows only --podman and --dry-run; leave out {' and '.join(excess)}",
        ),
        (options["everything"] and not options["remove"], "--all requires --remove"),
    ):
        if is_misuse:
            raise click.UsageError(message)
    if "external_id" in keys and not rule_checks.is_accepted("external_id", keys["external_id"]):
        raise ArgumentError("an external ID has 2 to 1224 letters, digits or _+=,.@:/-", "copy it from the role")
    return keys


def _registries(names: Iterable[str], keys: dict[str, str], find: Finder) -> Iterator[tuple[Registry, str]]:
    """Yield the registry that each of ``names`` is in by ``find``, and the name.

    Raises ArgumentError if that is not an ECR registry, or if the role in ``keys`` is invalid or in another partition.
    """
    role = arn.role(keys.get("role_arn", ""))
    if "role_arn" in keys and role is None:
        raise ArgumentError(
            f"{keys['role_arn']} is not the ARN of a role",
            "write arn:aws:iam::ACCOUNT:role/NAME, where ACCOUNT has 12 digits",
        )
    for name in names:
        registry = image.registry_of(name, find)
        if role and role.partition != registry.partition:
            partition = registry.partition
            raise ArgumentError(
                f"{keys['role_arn']} is in the partition {role.partition}, but {registry.host} is in {partition}",
                f"use a role in {partition}: a token is valid only in its own partition",
            )
        yield registry, name


def config_path(*, must_exist: bool) -> str:
    """Return the path of config.toml.

    Raises an EcrxError if the file is invalid, if it is required and missing, or if there is no home folder for it.
    """
    path = settings.config_path(os.environ)
    if must_exist or (path and text_file.read(text_file.checked(path, "ECRX_CONFIG")).text):
        settings.load(PROGRAM, os.environ)
    elif not path:
        raise FileError("there is no home folder for config.toml", "set HOME or ECRX_CONFIG")
    return path


def _edits(  # noqa: PLR0913 - the files, and what the user asks for
    files: list[TextFile],
    config: str,
    registries: list[Registry],
    keys: dict[str, str],
    options: Options,
    *,
    may_ask: bool,
) -> Iterator[Edit]:
    """Yield the edits that the options ask for."""
    hosts = [registry.host for registry in registries]
    if options["remove"]:
        yield from configure_edits.removals(files[-1], config, hosts, podman=options["podman"])
        return
    is_named, podman = options["registry"] is not None, options["podman"]
    yield from configure_edits.additions(files[-1], config, registries, keys, is_named=is_named, podman=podman)
    flags = "--podman --remove-password" if options["podman"] else "--remove-password"
    wanted, may_ask = options["remove_password"], may_ask and not options["dry_run"]
    yield from configure_edits.password_removals(files, hosts, flags, wanted=wanted, may_ask=may_ask)


def _stored(login: Item) -> str:
    return f"the token that docker login stored for {login.entry['servers'][0]}"
