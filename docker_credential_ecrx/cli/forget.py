"""``forget``: delete cached tokens from the keyring and the index, and all passwords for other registries if asked."""

import os
import sys
from collections.abc import Iterable, Mapping

import click

from docker_credential_ecrx import log
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import EcrxError, KeyringError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.store import cached_token, inventory, item_names
from docker_credential_ecrx.store.index import Entry
from docker_credential_ecrx.store.inventory import Item

_HELP = """\
Delete the cached tokens of ECR registries, of every identity, and the tokens that docker login stored for them.

A token is valid for every registry in its region, so it is deleted for all of them; the next get fetches another.
Passwords for other registries are kept, unless --passwords is given: docker logout deletes a single one.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx forget 111111111111.dkr.ecr.us-east-1.amazonaws.com
  docker-credential-ecrx forget --all
  docker-credential-ecrx forget --all --passwords
"""


@click.command("forget", short_help="Delete cached tokens.", help=_HELP, epilog=_EPILOG)
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Delete the tokens of all registries.")
@click.option("--passwords", is_flag=True, help="With --all: also delete the passwords for all other registries.")
def command(hosts: tuple[str, ...], *, everything: bool, passwords: bool) -> int:
    if everything == bool(hosts):
        raise click.UsageError("name a HOST, or use --all")
    if passwords and not everything:
        raise click.UsageError("--passwords requires --all; docker logout deletes a single password")
    keyring_name = settings.load(sys.argv[0], os.environ).keyring
    inventory.mark_erasure(inventory.in_use(keyring_name), os.environ)
    entries = inventory.entries(keyring_name, os.environ).items()
    indexed = {name: entry for name, entry in entries if passwords or entry.get("kind") != "password"}
    registries = [image.registry_of(host) for host in hosts]
    wanted = indexed if everything else _entries_for(registries, indexed, keyring_name)
    read_item = inventory.item_reader(keyring_name, cached_token.now())
    _delete([read_item(name, entry) for name, entry in wanted.items()])
    return 0


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


def _delete(items: list[Item]) -> None:
    """Delete ``items``, and print those that ``get`` would have used.

    Raises KeyringError if one cannot be deleted, after the others are.
    """
    failures = []
    is_any = False
    for item in items:
        try:
            inventory.delete(item, os.environ)
        except KeyringError as error:
            failures.append(error)
            continue
        if item.state in ("fresh", "due", "kept"):
            is_any = True
            servers = item.entry["servers"]
            console.print_line(f"deleted {_describe(item.entry)}" + (" for" if servers else ""))
            console.facts(("", server) for server in servers)
    for failure in failures[:-1]:
        log.warn(str(failure))
    if failures:
        raise failures[-1]
    if not is_any:
        console.out.print("nothing to delete")


def _describe(entry: Entry) -> str:
    if entry.get("kind") == "login":
        return "the token that docker login stored"
    if entry.get("kind") == "password":
        return f"the password of {entry.get('user')}"
    return f"the token of {entry.get('identity')} in {entry.get('region')}"
