"""What ``status`` reports: the items that are stored, and where new ones go."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from docker_credential_ecrx import keyrings
from docker_credential_ecrx.cli import json_parts, status_registries
from docker_credential_ecrx.cli.status_registries import WithoutToken
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, KeyringError
from docker_credential_ecrx.identity import own_hosts, settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.store import inventory
from docker_credential_ecrx.store.cached_token import ClockReading
from docker_credential_ecrx.store.inventory import Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker_credential_ecrx.keyrings import Keyring


class Times(NamedTuple):
    """When a token was issued, will be refreshed and expires: seconds since 1970, by this machine's clock.

    What ``docker login`` stored is never refreshed.
    The names are the keys of ``status --json``.
    """

    minted: float
    renews: float | None
    expires: float


class Destination(NamedTuple):
    """The keyring that new items are stored in, or the reason why none is.

    ``failed`` is whether one is configured that is not available, and ``warning`` says if it stores plain text.
    """

    keyring: str | None
    reason: str = ""
    failed: bool = False
    warning: str = ""


class Report(NamedTuple):
    """What is stored, and where new items go: ``config`` is the path of config.toml, whether it exists or not.

    ``is_default_store`` is whether Docker stores the passwords for other registries with this program.
    """

    config: str
    tokens: list[Item]
    passwords: list[Item]
    for_tokens: Destination
    for_passwords: Destination
    own_hosts: list[tuple[Registry, Identity]]
    without_token: list[WithoutToken]
    is_default_store: bool

    @property
    def ok(self) -> bool:
        """Return whether every stored item can be used, and the keyring that is configured for tokens is available.

        A missing token is fetched again: a reboot empties the kernel keyring.
        A keyring for passwords is needed only if there are some: servers and CI runners have none.
        """
        unknown = any(item.state == "unknown" for item in (*self.tokens, *self.passwords))
        return not unknown and all(item.state != "gone" for item in self.passwords) and not self.for_tokens.failed

    @property
    def warnings(self) -> list[str]:
        """Return the warnings about the keyrings."""
        found = (self.for_tokens.warning, self.for_passwords.warning)
        return list(dict.fromkeys(warning for warning in found if warning))


def collect(now: ClockReading) -> Report:
    """Return the report for this user at the time ``now``.

    That excludes expired tokens, which ``get`` does not use, but not what is missing from its keyring or cannot be
    reached.
    """
    loaded = settings.load(sys.argv[0], os.environ)
    keyring_name = loaded.keyring
    items = inventory.items(keyring_name, os.environ, now)
    tokens = [item for item in items if item.entry.get("kind") != "password" and item.state != "expired"]
    return Report(
        settings.config_path(os.environ),
        tokens,
        [item for item in items if item.entry.get("kind") == "password"],
        destination(keyrings.for_tokens, keyring_name),
        destination(keyrings.for_passwords, keyring_name),
        own_hosts.listed(loaded),
        status_registries.without_token({item.name for item in tokens}, os.environ),
        _is_default_store(),
    )


def _is_default_store() -> bool:
    with suppress(FileError):
        return cred_helpers.is_ours(cred_helpers.read(os.environ).store)
    return True


def destination(choose: "Callable[[str], Keyring | None]", keyring_name: str) -> Destination:
    """Return where ``choose``, a function of ``keyrings``, puts new items if the setting is ``keyring_name``."""
    try:
        keyring = choose(keyring_name)
    except KeyringError as error:
        return Destination(None, str(error), failed=True)
    if keyring is None:
        return Destination(None, "every get asks AWS for a token")
    exposure = keyrings.exposure_of(keyring)
    if exposure is None:
        return Destination(keyring.label)
    if choose is keyrings.for_tokens:
        return Destination(None, "every get asks AWS for a token", warning=str(exposure))
    return Destination(keyring.label, warning=str(exposure))


def times(item: Item, now: ClockReading) -> Times:
    """Return a token's times, by the index if the token itself is missing."""
    if item.token is None:
        found = Times(item.entry.get("minted", 0.0), item.entry.get("renew", 0.0), item.entry.get("expires", 0.0))
    else:
        issued_at = now.utc - (item.token.age(now) or 0.0)
        found = Times(issued_at, issued_at + item.token.refresh_after, issued_at + item.token.lifetime)
    return found._replace(renews=None) if item.entry.get("kind") == "login" else found


def fingerprint(item: Item) -> str | None:
    """Return the fingerprint of a token's identity, or None for what ``docker login`` stored."""
    return item.name.rpartition(":")[2] if item.entry.get("kind") == "token" else None


def reason(item: Item) -> str | None:
    """Return why an item cannot be read."""
    return None if item.reason is None else str(item.reason)


def token_document(item: Item, now: ClockReading) -> dict[str, Any]:
    """Return a token's JSON object; times are in RFC 3339."""
    return {
        "kind": item.entry.get("kind"),
        "identity": item.entry.get("identity"),
        "principal": item.entry.get("principal"),
        "account": item.entry.get("account"),
        "fingerprint": fingerprint(item),
        "region": item.entry.get("region"),
        "registries": item.entry["servers"],
        **{name: json_parts.time(moment) for name, moment in times(item, now)._asdict().items()},
        "keyring": item.entry.get("keyring"),
        "state": item.state,
        "reason": reason(item),
    }
