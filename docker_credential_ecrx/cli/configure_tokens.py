"""Finds the stored tokens of the registries that ``configure`` adds or removes."""

import os
from collections.abc import Iterable

from docker_credential_ecrx.aws import profile_hints
from docker_credential_ecrx.cli import configure_edits, remarks
from docker_credential_ecrx.config_files.cred_helpers import is_ours
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM, Settings
from docker_credential_ecrx.store import cached_token, index, inventory
from docker_credential_ecrx.store.entry import Entry
from docker_credential_ecrx.store.inventory import Item
from docker_credential_ecrx.store.item_names import login_names


def stored_logins(registries: Iterable[Registry], config: str) -> list[Item]:
    """Return what ``docker login`` stored for ``registries``, which takes precedence over any identity's token.

    Raises SettingsError if config.toml excludes one of them.
    """
    loaded = configure_edits.settings_with(config)
    for registry in registries:
        loaded.require(registry)
    keyring_name = loaded.keyring
    entries, read_item = index.read(os.environ), inventory.item_reader(keyring_name, cached_token.now())
    label = inventory.label_in_use(keyring_name)
    found = []
    for host in [registry.host for registry in registries]:
        for name in login_names(host, None):
            item = read_item(name, entries.get(name, {"servers": [host], "keyring": label}))
            # An indexed item in a keyring that is not available now may be used later.
            if item.state in ("fresh", "due") or (item.state == "unknown" and name in entries):
                found.append(item)
    return found


def note_replaced(hosts: Iterable[str], before: Settings, identity: Identity) -> None:
    """Say how to delete the tokens that may still be cached of the identities that ``identity`` replaces."""
    valid, left = _valid_entries(), dict[str, set[str]]()
    for host in hosts:
        name = str(before.identity_for(host))
        if name != str(identity) and any(host in entry["servers"] and entry.get("identity") == name for entry in valid):
            left.setdefault(name, set()).add(host)
    for name, servers in left.items():
        what = f"a token of {name} for {profile_hints.some_names(servers)} may still be cached"
        remarks.note(what, Remedy("to delete it", f"{PROGRAM} forget {' '.join(sorted(servers))}"))


def note_left(hosts: Iterable[str], *, podman: bool) -> None:
    """Say how to delete the tokens that may still be cached for ``hosts``, which were removed.

    A keyring may have lost what the index lists, and is not asked: it may be locked.
    """
    cached = {server for entry in _valid_entries() for server in entry["servers"]}
    others = configure_edits.helpers_of_the_other_client(podman=podman)
    left = [host for host in hosts if host in cached and not is_ours(others.get(host, ""))]
    if left:
        what = f"a token for {profile_hints.some_names(left)} may still be cached"
        remarks.note(what, Remedy("to delete it", f"{PROGRAM} forget {' '.join(left)}"))


def _valid_entries() -> list[Entry]:
    now = cached_token.now().utc
    return [entry for entry in index.read(os.environ).values() if entry.get("expires", now) >= now]
