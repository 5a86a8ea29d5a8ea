"""Have docker or podman ask this program for registries, and say whose identity answers: an entry in two files."""

import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import click

from docker_credential_ecrx.aws import credential_source
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.config_files import (
    conflicts,
    cred_helpers,
    docker_config,
    ecrx_config,
    text_file,
    transaction,
)
from docker_credential_ecrx.config_files.cred_helpers import HELPER
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.config_files.transaction import Edit
from docker_credential_ecrx.ecr import arn, image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError, AwsError, FileError
from docker_credential_ecrx.helper import login_names
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.aws_profiles import chain
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import cached_token, index, inventory
from docker_credential_ecrx.store.inventory import Item

_HELP = """\
Have docker ask this program for the password of a registry of Amazon ECR.

HOST is the registry, or an image in it. The credHelpers of docker's config.json get "HOST": "ecrx".
With --profile or --role-arn, config.toml gets an entry for HOST, before any other that matches it.
Without, config.toml stays as it is: an entry in it that matches HOST says who answers, else AWS's default chain does.
What docker login stored for HOST is dropped, since it would be served before any of these.

The rest of both files stays as it is, to the byte. --remove takes out what this command wrote, and nothing else; with
--all for every registry.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx configure 111111111111.dkr.ecr.us-east-1.amazonaws.com --profile secondary
  docker pull 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest
  docker-credential-ecrx configure 111111111111.dkr.ecr.us-east-1.amazonaws.com \\
    --role-arn arn:aws:iam::222222222222:role/puller --source-profile base --dry-run
"""
_PERSONAL = ("mfa_serial", "sso_session", "sso_start_url", "login_session")  # AWS profiles that want a person there


class _Options(TypedDict):
    profile: str | None
    role_arn: str | None
    source_profile: str | None
    external_id: str | None
    podman: bool
    remove_password: bool
    remove: bool
    everything: bool
    dry_run: bool


@click.command("configure", short_help="Have docker ask this program for a registry.", help=_HELP, epilog=_EPILOG)
@click.argument("names", metavar="HOST...", nargs=-1)
@click.option("--profile", metavar="PROFILE", help="The AWS profile that answers.")
@click.option("--role-arn", metavar="ARN", help="The role that answers, where no AWS profile says so.")
@click.option("--source-profile", metavar="PROFILE", help="The AWS profile that assumes the role.")
@click.option("--external-id", metavar="ID", help="The external ID that the role asks for.")
@click.option("--podman", is_flag=True, help="Edit podman's auth.json instead of docker's config.json.")
@click.option("--remove-password", is_flag=True, help="Remove an old password for HOST from that file, too.")
@click.option("--remove", is_flag=True, help="Take out what this command wrote for HOST.")
@click.option("--all", "everything", is_flag=True, help="With --remove: for every registry.")
@click.option("--dry-run", is_flag=True, help="Print what would change, and write nothing.")
def command(names: tuple[str, ...], **options: Unpack[_Options]) -> int:
    keys = _keys(options)
    if options["everything"] == bool(names):
        raise click.UsageError("name a HOST, or with --remove --all")
    config = _config(must_exist=not (keys or options["remove"]))
    files = [text_file.read(path) for path in _paths(podman=options["podman"])]
    hosts = {registry.host: name for registry, name in _registries(names or _given(files[-1]), keys)}
    logins: list[Item] = []
    if options["remove"]:
        wanted = list(_removals(files[-1], config, hosts, options))
    else:
        logins = _logins(hosts, config)
        wanted = [*_additions(files[-1], config, hosts, keys), *_password_removals(files, hosts, options)]
    seen = [path for path in (*(file.path for file in files), config) if path]
    is_any = _show(wanted, logins, config) if options["dry_run"] else _do(wanted, logins, seen)
    if not is_any:
        console.out.print("nothing to change")
    if not options["remove"]:
        _warn(files, hosts, keys, options)
    if is_any and not (options["remove"] or options["dry_run"]):
        _tell_next(hosts, keys, options)
    return 0


def _keys(options: _Options) -> dict[str, str]:
    """Return the keys of the entry for config.toml, or none where the options name no identity.

    Raises UsageError where the options do not go together, and ArgumentError where one is empty or not printable.
    """
    given = (options["profile"], options["role_arn"], options["source_profile"], options["external_id"])
    keys = {key: value for key, value in zip(ecrx_config.KEYS, given, strict=True) if value is not None}
    for is_misuse, message in (
        ("profile" in keys and len(keys) > 1, "--profile goes without --role-arn: an AWS profile has its role itself"),
        (keys and not {"profile", "role_arn"} & keys.keys(), "--source-profile and --external-id go with --role-arn"),
        (options["remove"] and (keys or options["remove_password"]), "--remove goes with --podman and --dry-run alone"),
        (options["everything"] and not options["remove"], "--all goes with --remove"),
    ):
        if is_misuse:
            raise click.UsageError(message)
    if not all(value.strip() and value.isprintable() for value in keys.values()):
        raise ArgumentError(
            "one of the options is empty, or has control characters in it", f"see {PROGRAM} configure --help"
        )
    return keys


def _given(file: TextFile) -> Iterator[str]:
    """Yield the registries of ECR for which ``file`` names this program or a link to it.

    Tells the person where credsStore names it, since that is not for ``--remove --all``.
    """
    if cred_helpers.is_ours(docker_config.store(file)):
        console.say(f"{file.path} gives all other registries to {PROGRAM}; that stays: remove credsStore there")
    for server, helper in docker_config.helpers(file).items():
        if cred_helpers.is_ours(helper) and Registry.parse(server):
            yield server


def _registries(names: Iterable[str], keys: dict[str, str]) -> Iterator[tuple[Registry, str]]:
    """Yield the registry that each of ``names`` is in, and the name.

    Raises ArgumentError where it is none of ECR's, or the role in ``keys`` is none or in another partition.
    """
    role = arn.role(keys.get("role_arn", ""))
    if "role_arn" in keys and role is None:
        raise ArgumentError(
            f"{keys['role_arn']} is not the ARN of a role",
            "write arn:aws:iam::ACCOUNT:role/NAME, with the 12 digits of the account",
        )
    for name in names:
        registry = image.registry_of(name)
        if role and role.partition != registry.partition:
            partition = registry.partition
            raise ArgumentError(
                f"{keys['role_arn']} is of the partition {role.partition}, and {registry.host} is in {partition}",
                f"name a role of {partition}: tokens hold in their own partition only",
            )
        yield registry, name


def _config(*, must_exist: bool) -> str:
    """Return the path of config.toml.

    Raises an EcrxError where what it says is wrong, where it is needed and missing, or where there is no home for it.
    """
    path = settings.config_path(os.environ)
    if must_exist or (path and text_file.read(path).text):
        settings.load(PROGRAM, os.environ)
    elif not path:
        raise FileError("there is no home for config.toml", "set HOME or ECRX_CONFIG")
    return path


def _paths(*, podman: bool) -> list[str]:
    """Return the files that the client reads; the last is the one to edit."""
    return docker_config.podman_paths(os.environ) if podman else [docker_config.path(os.environ)]


def _additions(file: TextFile, config: str, hosts: Iterable[str], keys: dict[str, str]) -> Iterator[Edit]:
    """Yield what gives ``hosts`` to this program in ``file``, and names their identity in ``config``."""
    for host in hosts:
        before = docker_config.helpers(file).get(host)
        instead = f", no longer to docker-credential-{docker_config.shown(before)}" if before else ""
        change = partial(docker_config.set_helper, host=host, helper=HELPER)
        yield Edit(file.path, change, f"gives {host} to {PROGRAM}{instead}")
        if keys:
            says = f"has {_identity(keys)} answer for {host}"
            yield Edit(config, partial(ecrx_config.set_entry, host=host, keys=keys), says)


def _password_removals(files: list[TextFile], hosts: Iterable[str], options: _Options) -> Iterator[Edit]:
    """Yield the removal of each unencrypted password that the person wants removed, and tell of the others."""
    for host in hosts:
        for path, server in conflicts.passwords(files, host):
            first = ", which goes first" if path != files[-1].path else ""
            found = f"{path} has an unencrypted password for {docker_config.shown(server)}{first}"
            if not options["remove_password"] and (options["dry_run"] or not console.can_ask()):
                flags = "--podman --remove-password" if options["podman"] else "--remove-password"
                console.say(f"{found}; to remove it: {PROGRAM} configure {host} {flags}", "yellow")
            elif options["remove_password"] or console.ask(f"{found}; remove it?"):
                change = partial(docker_config.remove_auth, server=server)
                yield Edit(path, change, f"no longer has a password for {docker_config.shown(server)}")


def _removals(file: TextFile, config: str, hosts: Iterable[str], options: _Options) -> Iterator[Edit]:
    """Yield what takes the entries for ``hosts`` out of ``file`` and ``config``; tell of those that stay, and why."""
    elsewhere: dict[str, str] = {}
    with suppress(FileError):  # the other client's file is not to be edited, so it may be as broken as it likes
        elsewhere = docker_config.helpers(text_file.read(_paths(podman=not options["podman"])[-1]))
    for host in hosts:
        helper = docker_config.helpers(file).get(host)
        if helper == HELPER:
            change = partial(docker_config.remove_helper, host=host)
            yield Edit(file.path, change, f"no longer gives {host} to {PROGRAM}")
        elif helper is not None:
            console.say(
                f"{file.path} gives {host} to docker-credential-{helper}; that stays: configure did not write it"
            )
        if elsewhere.get(host) == HELPER:
            other = "docker" if options["podman"] else "podman"
            console.say(f"{config} stays as it is for {host}, as {other}, too, is configured for it")
        else:
            yield Edit(config, partial(ecrx_config.remove_entry, host=host), f"no longer has an entry for {host}")


def _logins(hosts: Iterable[str], config: str) -> list[Item]:
    """Return what ``docker login`` stored for ``hosts``, which ``get`` serves before any identity's token.

    Raises SettingsError if config.toml does not let one of them be answered.
    """
    # The file that ECRX_CONFIG names may be one that is yet to be made.
    env = os.environ if Path(config).exists() else {**os.environ, "ECRX_CONFIG": os.devnull}
    loaded = settings.load(PROGRAM, env)
    for registry in filter(None, map(Registry.parse, hosts)):
        loaded.require(registry)
    keyring_name = loaded.keyring
    noted, look = index.read(os.environ), inventory.item_reader(keyring_name, cached_token.now())
    label = inventory.label_in_use(keyring_name)
    found = []
    for host in hosts:
        for name in login_names(host, None):
            item = look(name, noted.get(name, {"servers": [host], "keyring": label}))
            # Where the keyring is not available, what the ledger notes in it may be served later.
            if item.state in ("fresh", "due") or (item.state == "unknown" and name in noted):
                found.append(item)
    return found


def _show(wanted: list[Edit], logins: list[Item], config: str) -> bool:
    """Show what would change, with dots for secrets in docker's and podman's files; return whether anything would."""
    result = transaction.preview(wanted)
    for before, after in result.changed:
        old = before.path if Path(before.path).exists() else os.devnull
        without_secrets = (ecrx_config if before.path == config else docker_config).without_secrets
        was, is_now = without_secrets(before), without_secrets(after)
        console.diff(was.text, is_now.text, old, after.path)
    for login in logins:
        what = f"what docker login stored for {login.entry['servers'][0]}"
        console.say(f"{what} would be dropped from the keyring {login.entry['keyring']}")
    return bool(result.changed or logins)


def _do(wanted: list[Edit], logins: list[Item], seen: list[str]) -> bool:
    """Change what is to be changed, with a line for each; return whether anything was.

    Raises an EcrxError, with no file touched, where one cannot be edited; and KeyringError where a login cannot be
    dropped.
    """
    saved = transaction.save(wanted, seen)
    for line in saved.lines:
        console.tell(line)
    for path in saved.leftovers:
        what = f"{path} may be left of an edit by an earlier version, and may hold passwords"
        console.say(f"{what}; if it is not yours, delete it: rm {shlex.quote(path)}", "yellow")
    for login in logins:
        inventory.delete(login, os.environ)
        what = f"what docker login stored for {login.entry['servers'][0]}"
        console.tell(f"the keyring {login.entry['keyring']} no longer has {what}")
    return bool(saved.lines or logins)


def _tell_next(hosts: dict[str, str], keys: dict[str, str], options: _Options) -> None:
    """Say what to type next, and who answers where the options do not name anybody."""
    loaded = settings.load(PROGRAM, os.environ)
    for host in () if keys else hosts:
        console.tell(f"for {host} answer {loaded.identity_for(host)}")
    for host, name in hosts.items():
        if any(key in _PERSONAL for _, key, _ in chain(loaded.identity_for(host), os.environ)):
            console.tell(f"next: {PROGRAM} login {host}")
        else:
            path = name.rpartition("://")[2].partition("/")[2] or "REPOSITORY:TAG"
            console.tell(f"next: {'podman' if options['podman'] else 'docker'} pull {host}/{path}")


def _warn(files: list[TextFile], hosts: Iterable[str], keys: dict[str, str], options: _Options) -> None:
    profile = keys.get("profile") or keys.get("source_profile")
    if profile and next(chain(Identity(profile), os.environ), None) is None:
        where = shlex.join([*hosts, *(["--podman"] if options["podman"] else [])])
        console.say(_missing(profile, credential_source.configure_hint(_identity(keys), where)), "yellow")
    for warning in conflicts.warnings(files, hosts, os.environ):
        console.say(str(warning), "yellow")
    for warning in () if options["podman"] else conflicts.docker_warnings(files[-1], hosts, os.environ):
        console.say(str(warning))


def _identity(keys: dict[str, str]) -> Identity:
    """Return whom an entry with these keys names."""
    profile = keys.get("profile") or keys.get("source_profile")
    return Identity(profile, role_arn=keys.get("role_arn"), external_id=keys.get("external_id"))


def _missing(profile: str, choose: credential_source.Choose) -> str:
    """Say that there is no such AWS profile, and what to do about it."""
    try:
        remedy = credential_source.missing_profile_hint(profile, "", Identity(profile), os.environ, choose)
    except AwsError as error:
        return str(error)
    return f"there is no AWS profile {profile} yet; {remedy}"
