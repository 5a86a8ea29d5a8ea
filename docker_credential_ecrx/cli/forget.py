"""``forget``: delete cached tokens from the keyring and the index, and all passwords for other registries if asked."""

import difflib
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress

import click

from docker_credential_ecrx.cli import completers, console, forget_report, remarks
from docker_credential_ecrx.cli.forget_report import Report
from docker_credential_ecrx.config_files import configured, cred_helpers
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.errors import EcrxError, Remedy, SettingsError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.settings import PROGRAM, Settings
from docker_credential_ecrx.keyrings import inner_keys
from docker_credential_ecrx.store import cached_token, erasure, inventory, item_names
from docker_credential_ecrx.store.entry import Entry
from docker_credential_ecrx.store.inventory import Item

_HELP = """\
Delete the cached tokens for ECR registries, of every identity, and the tokens that docker login stored for them.

The tokens that a pull from HOST would use are deleted, also for the other registries of the region for which they were
fetched. The next get fetches a new token.
Passwords for other registries are kept, unless --passwords is given: docker logout deletes a single one.
On a terminal, --passwords asks first, unless --yes or --json is given.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx forget 111111111111.dkr.ecr.us-east-1.amazonaws.com
  docker-credential-ecrx forget --all
  docker-credential-ecrx forget --all --passwords
  docker-credential-ecrx forget --all --json | jq -r '.not_deleted[].error.detail'
"""

_LEAST_RATIO = 0.9  # as difflib counts it: two registries have most of their names in common


@click.command("forget", short_help="Delete cached tokens.", help=_HELP, epilog=_EPILOG)
@click.argument("hosts", metavar="[HOST]...", nargs=-1, shell_complete=completers.hosts)
@click.option("--all", "everything", is_flag=True, help="Delete the tokens of all registries.")
@click.option("--passwords", is_flag=True, help="With --all: also delete the passwords for all other registries.")
@click.option("--yes", is_flag=True, help="Do not ask before passwords are deleted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and do not ask.")
def command(hosts: tuple[str, ...], *, everything: bool, passwords: bool, yes: bool, as_json: bool) -> int:
    if everything == bool(hosts):
        raise click.UsageError("name a HOST, or use --all")
    if passwords and not everything:
        raise click.UsageError("--passwords requires --all; docker logout deletes a single password")
    loaded = _settings(everything=everything)
    keyring_name = loaded.keyring
    if passwords:
        found = inventory.entries(keyring_name, os.environ).values()
        _ask(sum(entry.get("kind") == "password" for entry in found), yes=yes or as_json)
    erasure.mark(inventory.in_use(keyring_name), os.environ)
    entries = inventory.entries(keyring_name, os.environ).items()
    indexed = {name: entry for name, entry in entries if passwords or entry.get("kind") != "password"}
    wanted = indexed if everything else _wanted(hosts, indexed, loaded)
    read_item = inventory.item_reader(keyring_name, cached_token.now())
    with console.waiting("reading the keyrings"):
        items = [read_item(name, entry) for name, entry in wanted.items()]
    report = _delete(items)
    if not as_json:
        forget_report.print_deleted(report)
    if not (report.deleted or report.failures or everything):
        _note_similar(hosts, indexed)
    if _is_elsewhere(wanted, loaded, everything=everything):
        remedy = inner_keys.remedy(shlex.join(["forget", *(hosts or ["--all"])])).prefixed("to delete what is there")
        remarks.warn(f"such a token is also {inner_keys.WHERE}", remedy)
    if as_json:
        console.print_json(forget_report.document(report))
    forget_report.raise_failure(report)
    return 0


def _is_elsewhere(wanted: Iterable[str], loaded: Settings, *, everything: bool) -> bool:
    """Return whether one of the tokens called ``wanted`` is in another user namespace.

    With ``everything``, so is one of a registry that is configured: the index no longer lists what an earlier
    ``forget`` deleted here. Other names there do not count, since they may be another home's.
    """
    names = inner_keys.names()
    if everything and names:
        with suppress(EcrxError):  # all that was asked for is done
            registries = filter(None, map(loaded.registry_of, configured.hosts(os.environ)))
            wanted = [*wanted, *_entries_for(registries, {}, loaded.keyring)]
    return not names.isdisjoint(wanted)


def _settings(*, everything: bool) -> Settings:
    """Return the settings; if config.toml is invalid, and only names a keyring for what is deleted, those without it.

    The index names the keyring of each item that it lists.
    """
    try:
        return settings.load(sys.argv[0], os.environ)
    except SettingsError as error:
        if not everything:
            raise
        loaded = settings.load(sys.argv[0], {**os.environ, "ECRX_CONFIG": os.devnull})
        console.say(str(error), "warning")
        return loaded


def _ask(passwords: int, *, yes: bool) -> None:
    """Ask before passwords are deleted: only tokens can be fetched again."""
    if passwords:
        others = "another registry" if passwords == 1 else f"{passwords} other registries"
        console.require_agreement(f"delete all tokens, and the passwords for {others}?", yes=yes)


def _wanted(hosts: Iterable[str], indexed: Mapping[str, Entry], loaded: Settings) -> dict[str, Entry]:
    """Return the entry of each item for ``hosts``, by its name.

    A host of the user's own may have items although config.toml no longer says which registry it stands for.
    Raises ArgumentError if one of ``hosts`` is not a registry of ECR and has no item.
    """
    found: dict[str, Entry] = {}
    registries = []
    for host in hosts:
        of_host = {name: entry for name, entry in indexed.items() if host_of(host) in entry["servers"]}
        if loaded.registry_of(host) is not None or not of_host:
            registries.append(image.registry_of(host, loaded.registry_of))
        found |= of_host
    return found | _entries_for(registries, indexed, loaded.keyring)


def _entries_for(registries: Iterable[Registry], indexed: Mapping[str, Entry], keyring_name: str) -> dict[str, Entry]:
    """Return the entry of each item that ``get`` may use for one of ``registries``, by its name.

    The index may lack some: it has a token only for the registries that it was fetched for, and it may be lost.
    So the result also has the items with the names that ``get`` looks for, and tokens of the region whose entry names
    no registry.
    """
    found: dict[str, Entry] = {}
    label = inventory.label_in_use(keyring_name)
    pairs = [(registry, profile) for registry in registries for profile in _profiles(registry)]
    for registry, profile in pairs:
        loaded = cred_helpers.settings_of(profile, os.environ)
        unindexed: Entry = {
            "servers": [registry.host],
            "identity": str(loaded.identity_for(registry.host)),
            "region": registry.region,
            "keyring": label,
        }
        logins, token = item_names.names_for(registry, loaded, os.environ)
        for name in (*logins, token):
            if name in indexed and indexed[name]["servers"]:
                found[name] = indexed[name]
            elif label:
                found[name] = unindexed | {"kind": name.partition(":")[0]}
        region = token.rpartition(":")[0]
        for name, entry in indexed.items():
            if registry.host in entry["servers"] or (not entry["servers"] and name.rpartition(":")[0] == region):
                found.setdefault(name, entry)
    return found


def _profiles(registry: Registry) -> set[str | None]:
    """Return the profiles in the names by which a client may call this program; None stands for its own name."""
    try:
        linked = cred_helpers.read(os.environ).profile_for(registry.host)
    except EcrxError:  # an error in Docker's config.json does not matter here
        linked = None
    return {None, linked, settings.profile_of(sys.argv[0])}


def _note_similar(hosts: Iterable[str], indexed: Mapping[str, Entry]) -> None:
    """Say if there are items for a registry whose name is similar to one of ``hosts``."""
    others = {server for entry in indexed.values() for server in entry["servers"]} - {*map(host_of, hosts)}
    for host in hosts:
        for similar in difflib.get_close_matches(host_of(host) or "", others, 1, _LEAST_RATIO):
            remarks.note(f"something is stored for {similar}", Remedy("to delete it", f"{PROGRAM} forget {similar}"))


def _delete(items: list[Item]) -> Report:
    """Delete ``items``, and return which of those that ``get`` would have used were deleted, and which items were not.

    Those that it would not have used are deleted, too, but are not worth a line.
    """
    failed = inventory.delete(items, os.environ)
    deleted = [item for item in items if item.state in ("fresh", "due", "kept") and item.name not in failed]
    entry_of = {item.name: item.entry for item in items}
    return Report([item.entry for item in deleted], [(entry_of[name], failure) for name, failure in failed.items()])
