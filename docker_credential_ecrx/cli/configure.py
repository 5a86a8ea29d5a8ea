"""``configure``: make this program the helper for registries in Docker's or podman's file, and set their identity."""

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict, Unpack

import click

from docker_credential_ecrx.aws import profile_hints
from docker_credential_ecrx.cli import configure_edits, console
from docker_credential_ecrx.config_files import conflicts, docker_config, ecrx_config, text_file, transaction
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.config_files.transaction import Edit
from docker_credential_ecrx.ecr import arn, image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError, AwsError, FileError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.aws_profiles import chain
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import inventory
from docker_credential_ecrx.store.inventory import Item

_HELP = """\
Configure Docker to use this program for an ECR registry.

HOST is the registry, or an image in it. "HOST": "ecrx" is added to credHelpers in Docker's config.json.
With --profile or --role-arn, an entry for HOST is added to config.toml, before any other entry that matches it.
Without them, config.toml does not change: if an entry matches HOST, its identity is used, or else AWS's default chain.
A token that docker login stored for HOST is deleted, because Docker would get it instead of the identity's token.

The rest of both files does not change, not even its whitespace. --remove deletes what this command added, and nothing
else; with --all, it does so for every registry.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx configure 111111111111.dkr.ecr.us-east-1.amazonaws.com --profile secondary
  docker pull 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest
  docker-credential-ecrx configure 111111111111.dkr.ecr.us-east-1.amazonaws.com \\
    --role-arn arn:aws:iam::222222222222:role/puller --source-profile base --dry-run
"""
# The settings of AWS profiles that need a user who signs in or types a code.
_INTERACTIVE = ("mfa_serial", "sso_session", "sso_start_url", "login_session")


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


@click.command("configure", short_help="Configure Docker to use this program.", help=_HELP, epilog=_EPILOG)
@click.argument("names", metavar="HOST...", nargs=-1)
@click.option("--profile", metavar="PROFILE", help="The AWS profile to use.")
@click.option("--role-arn", metavar="ARN", help="The role to assume, if no AWS profile names it.")
@click.option("--source-profile", metavar="PROFILE", help="The AWS profile that assumes the role.")
@click.option("--external-id", metavar="ID", help="The external ID that the role requires.")
@click.option("--podman", is_flag=True, help="Edit podman's auth.json instead of Docker's config.json.")
@click.option("--remove-password", is_flag=True, help="Also delete an old password for HOST from that file.")
@click.option("--remove", is_flag=True, help="Delete what this command added for HOST.")
@click.option("--all", "everything", is_flag=True, help="With --remove: for every registry.")
@click.option("--dry-run", is_flag=True, help="Print what would change, and write nothing.")
def command(names: tuple[str, ...], **options: Unpack[_Options]) -> int:
    keys = _keys(options)
    if options["everything"] == bool(names):
        raise click.UsageError("name a HOST, or use --remove --all")
    config = _config(must_exist=not (keys or options["remove"]))
    files = [text_file.read(path) for path in configure_edits.paths(podman=options["podman"])]
    hosts = {
        registry.host: name
        for registry, name in _registries(names or configure_edits.configured_hosts(files[-1]), keys)
    }
    logins = [] if options["remove"] else configure_edits.stored_logins(hosts, config)
    wanted = list(_edits(files, config, hosts, keys, options))
    if options["dry_run"]:
        is_changed = _show(wanted, logins, config)
    else:
        is_changed = _apply(wanted, logins, [path for path in (*(file.path for file in files), config) if path])
    if not is_changed:
        console.out.print("nothing to change")
    if not options["remove"]:
        _warn(files, hosts, keys, options)
    if is_changed and not (options["remove"] or options["dry_run"]):
        _print_next(hosts, keys, options)
    return 0


def _keys(options: _Options) -> dict[str, str]:
    """Return the keys of the entry for config.toml, or none if the options name no identity.

    Raises UsageError if the options cannot be combined, and ArgumentError if one is empty or not printable.
    """
    given = (options["profile"], options["role_arn"], options["source_profile"], options["external_id"])
    keys = {key: value for key, value in zip(ecrx_config.KEYS, given, strict=True) if value is not None}
    for is_misuse, message in (
        ("profile" in keys and len(keys) > 1, "--profile excludes --role-arn: an AWS profile names its own role"),
        (keys and not {"profile", "role_arn"} & keys.keys(), "--source-profile and --external-id require --role-arn"),
        (options["remove"] and (keys or options["remove_password"]), "--remove allows only --podman and --dry-run"),
        (options["everything"] and not options["remove"], "--all requires --remove"),
    ):
        if is_misuse:
            raise click.UsageError(message)
    if not all(value.strip() and value.isprintable() for value in keys.values()):
        raise ArgumentError("an option is empty or contains control characters", f"see {PROGRAM} configure --help")
    return keys


def _registries(names: Iterable[str], keys: dict[str, str]) -> Iterator[tuple[Registry, str]]:
    """Yield the registry that each of ``names`` is in, and the name.

    Raises ArgumentError if that is not an ECR registry, or if the role in ``keys`` is invalid or in another partition.
    """
    role = arn.role(keys.get("role_arn", ""))
    if "role_arn" in keys and role is None:
        raise ArgumentError(
            f"{keys['role_arn']} is not the ARN of a role",
            "write arn:aws:iam::ACCOUNT:role/NAME, where ACCOUNT has 12 digits",
        )
    for name in names:
        registry = image.registry_of(name)
        if role and role.partition != registry.partition:
            partition = registry.partition
            raise ArgumentError(
                f"{keys['role_arn']} is in the partition {role.partition}, but {registry.host} is in {partition}",
                f"use a role in {partition}: a token is valid only in its own partition",
            )
        yield registry, name


def _config(*, must_exist: bool) -> str:
    """Return the path of config.toml.

    Raises an EcrxError if the file is invalid, if it is required and missing, or if there is no home folder for it.
    """
    path = settings.config_path(os.environ)
    if must_exist or (path and text_file.read(path).text):
        settings.load(PROGRAM, os.environ)
    elif not path:
        raise FileError("there is no home folder for config.toml", "set HOME or ECRX_CONFIG")
    return path


def _edits(
    files: list[TextFile], config: str, hosts: Iterable[str], keys: dict[str, str], options: _Options
) -> Iterator[Edit]:
    """Yield the edits that the options ask for."""
    if options["remove"]:
        yield from configure_edits.removals(files[-1], config, hosts, podman=options["podman"])
        return
    yield from configure_edits.additions(files[-1], config, hosts, keys)
    flags = "--podman --remove-password" if options["podman"] else "--remove-password"
    wanted, dry_run = options["remove_password"], options["dry_run"]
    yield from configure_edits.password_removals(files, hosts, flags, wanted=wanted, dry_run=dry_run)


def _show(wanted: list[Edit], logins: list[Item], config: str) -> bool:
    """Print what would change, without the secrets in the files, and return whether anything would."""
    result = transaction.preview(wanted)
    for before, after in result.changed:
        old = before.path if Path(before.path).exists() else os.devnull
        without_secrets = (ecrx_config if before.path == config else docker_config).without_secrets
        was, is_now = without_secrets(before), without_secrets(after)
        console.diff(was.text, is_now.text, old, after.path)
    for login in logins:
        console.say(f"{_stored(login)} would be deleted from the keyring {login.entry['keyring']}")
    return bool(result.changed or logins)


def _apply(wanted: list[Edit], logins: list[Item], seen: list[str]) -> bool:
    """Make the changes, print a line for each, and return whether there was any.

    Raises an EcrxError, before any file is changed, if one cannot be edited; and KeyringError if a stored token cannot
    be deleted.
    """
    saved = transaction.save(wanted, seen)
    for line in saved.lines:
        console.print_line(line)
    for path in saved.leftovers:
        what = f"{path} may be left over from an edit by an earlier version, and may contain passwords"
        console.say(f"{what}; if you did not create it, delete it: rm {shlex.quote(path)}", "yellow")
    for login in logins:
        inventory.delete(login, os.environ)
        console.print_line(f"{_stored(login)} is deleted from the keyring {login.entry['keyring']}")
    return bool(saved.lines or logins)


def _stored(login: Item) -> str:
    return f"the token that docker login stored for {login.entry['servers'][0]}"


def _print_next(hosts: dict[str, str], keys: dict[str, str], options: _Options) -> None:
    """Print the next command, and the identity if the options name none."""
    loaded = settings.load(PROGRAM, os.environ)
    for host in () if keys else hosts:
        console.print_line(f"{host}: using {loaded.identity_for(host)}")
    for host, name in hosts.items():
        if any(key in _INTERACTIVE for _, key, _ in chain(loaded.identity_for(host), os.environ)):
            console.print_line(f"next: {PROGRAM} login {host}")
        else:
            path = name.rpartition("://")[2].partition("/")[2] or "REPOSITORY:TAG"
            console.print_line(f"next: {'podman' if options['podman'] else 'docker'} pull {host}/{path}")


def _warn(files: list[TextFile], hosts: Iterable[str], keys: dict[str, str], options: _Options) -> None:
    """Report what keeps the configuration from working: a missing profile, and other settings of Docker."""
    profile = keys.get("profile") or keys.get("source_profile")
    if profile and next(chain(Identity(profile), os.environ), None) is None:
        where = shlex.join([*hosts, *(["--podman"] if options["podman"] else [])])
        configure = profile_hints.configure_hint(configure_edits.identity_of(keys), where)
        console.say(_missing(profile, configure), "yellow")
    for warning in conflicts.warnings(files, hosts, os.environ):
        console.say(str(warning), "yellow")
    for warning in () if options["podman"] else conflicts.docker_warnings(files[-1], hosts, os.environ):
        console.say(str(warning))


def _missing(profile: str, configure: profile_hints.ConfigureHint) -> str:
    """Say that the AWS profile does not exist, and what to do."""
    try:
        remedy = profile_hints.missing_profile_hint(profile, "", Identity(profile), os.environ, configure)
    except AwsError as error:
        return str(error)
    return f"the AWS profile {profile} does not exist yet; {remedy}"
