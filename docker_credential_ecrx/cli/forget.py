"""Drop tokens from the keyring and the ledger: those of some registries, or all, with other registries' passwords."""

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
Drop the tokens of registries of Amazon ECR, whatever identity they are for, and what docker login stored for them.

A token serves every registry of its region, so it is dropped for all of them; the next get asks AWS for another.
Passwords of other registries stay, unless --passwords is said: docker logout drops a single one.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx forget 111111111111.dkr.ecr.us-east-1.amazonaws.com
  docker-credential-ecrx forget --all
  docker-credential-ecrx forget --all --passwords
"""


@click.command("forget", short_help="Drop the tokens that are kept.", help=_HELP, epilog=_EPILOG)
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Drop the tokens of all registries.")
@click.option("--passwords", is_flag=True, help="With --all: the passwords of all other registries, too.")
def command(hosts: tuple[str, ...], *, everything: bool, passwords: bool) -> int:
    if everything == bool(hosts):
        raise click.UsageError("name the registries, or say --all")
    if passwords and not everything:
        raise click.UsageError("--passwords goes with --all; docker logout drops a single one")
    keyring_name = settings.load(sys.argv[0], os.environ).keyring
    inventory.mark_erasure(inventory.in_use(keyring_name), os.environ)
    entries = inventory.entries(keyring_name, os.environ).items()
    noted = {name: entry for name, entry in entries if passwords or entry.get("kind") != "password"}
    registries = [image.registry_of(host) for host in hosts]
    wanted = noted if everything else _answering(registries, noted, keyring_name)
    look = inventory.item_reader(keyring_name, cached_token.now())
    _drop([look(name, entry) for name, entry in wanted.items()])
    return 0


def _answering(registries: Iterable[Registry], noted: Mapping[str, Entry], keyring_name: str) -> dict[str, Entry]:
    """Return the entry of each item that may answer for one of ``registries``, by its name.

    The ledger may not have them all: it notes a token for the registry that it was minted for, and it may be lost.
    So the items by the names that ``get`` looks for are among them, too, and the region's tokens that nothing is noted
    of.
    """
    found: dict[str, Entry] = {}
    label = inventory.label_in_use(keyring_name)
    asked = [(registry, profile) for registry in registries for profile in _profiles(registry)]
    for registry, profile in asked:
        loaded = cred_helpers.settings_of(profile, os.environ)
        unnoted: Entry = {
            "servers": [registry.host],
            "identity": str(loaded.identity_for(registry.host)),
            "region": registry.region,
            "keyring": label,
        }
        logins, token = item_names.names_for(registry, loaded, os.environ)
        for name in (*logins, token):
            if name in noted and noted[name]["servers"]:
                found[name] = noted[name]
            elif label:
                found[name] = unnoted | {"kind": name.partition(":")[0]}
        region = token.rpartition(":")[0]
        for name, entry in noted.items():
            if registry.host in entry["servers"] or (not entry["servers"] and name.rpartition(":")[0] == region):
                found.setdefault(name, entry)
    return found


def _profiles(registry: Registry) -> set[str | None]:
    """Return the profiles of the links by which a client may ask for ``registry``; None is the program's own name."""
    try:
        linked = cred_helpers.read(os.environ).profile_for(registry.host)
    except EcrxError:  # tokens can be dropped whatever has become of docker's config.json
        linked = None
    return {None, linked, settings.profile_of(sys.argv[0])}


def _drop(items: list[Item]) -> None:
    """Drop ``items``, and tell of those that ``get`` would have served.

    Raises KeyringError where one cannot be dropped, once the others are.
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
            console.tell(f"dropped {_described(item.entry)}" + (" for" if servers else ""))
            console.facts(("", server) for server in servers)
    for failure in failures[:-1]:
        log.warn(str(failure))
    if failures:
        raise failures[-1]
    if not is_any:
        console.out.print("there was nothing to drop")


def _described(entry: Entry) -> str:
    if entry.get("kind") == "login":
        return "what docker login stored"
    if entry.get("kind") == "password":
        return f"the password of {entry.get('user')}"
    return f"the token of {entry.get('identity')} in {entry.get('region')}"
