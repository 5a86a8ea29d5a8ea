"""The items of all keyrings, as the index lists them and as they are now: for ``status``, and to delete them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.store import cached_token, index
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from docker_credential_ecrx.store.entry import Entry
from docker_credential_ecrx.store.item_names import host_in

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

# Keyrings that may be opened because the index names them; a backend class is imported only if a setting names it.
_OWN = ("kernel", "secret-service")
_COLONS_OF_A_TOKEN = 3  # service, partition, region, fingerprint


class Item(NamedTuple):
    """One item and its entry in the index.

    The ``state`` of a token is ``fresh``, ``due`` for refresh or ``expired``, and that of a password ``kept``.
    It is ``gone`` if the keyring does not have it, and ``unknown`` if the keyring is not available, for the ``reason``.
    The ``token`` is without its password.
    """

    name: str
    entry: Entry
    state: str
    keyring: "Keyring | KeyringError"
    token: Token | None = None
    reason: KeyringError | None = None


def items(keyring_name: str, env: Mapping[str, str], now: ClockReading) -> list[Item]:
    """Return all items, read from the keyrings that ``keyring_name`` and the index name."""
    read = item_reader(keyring_name, now)
    return [read(name, entry) for name, entry in entries(keyring_name, env).items()]


def entries(keyring_name: str, env: Mapping[str, str]) -> dict[str, Entry]:
    """Return the entries of the index, and one for each other item that the keyring for tokens lists.

    The index may be lost or incomplete: it belongs to a home folder, but the kernel keyring to a user.
    """
    indexed = index.read(env)
    try:
        keyring = keyrings.for_tokens(keyring_name)
        names = keyring.names() if keyring is not None else []
    except KeyringError:
        return indexed
    found = {name: _unindexed(name, keyring.label) for name in names if name not in indexed} if keyring else {}
    return indexed | {name: entry for name, entry in found.items() if entry is not None}


def _unindexed(name: str, label: str) -> Entry | None:
    """Return what the name of an item says about it, or None if it is not an item that is listed."""
    kind, _, rest = name.partition(":")
    entry: Entry = {"kind": kind, "servers": [], "keyring": label}
    if kind == "password":
        return entry | {"servers": [rest], "user": "unknown"}
    if kind == "login":
        host = host_in(name)
        registry = Registry.parse(host)
        return entry | {"servers": [host], "identity": "docker login", "region": registry.region if registry else ""}
    if kind == "token" and rest.count(":") == _COLONS_OF_A_TOKEN:
        return entry | {"identity": "an unknown identity", "region": rest.split(":")[2]}
    return None


def item_reader(keyring_name: str, now: ClockReading) -> Callable[[str, Entry], Item]:
    """Return a function that reads an item; it opens each keyring once, since a locked one may take seconds."""
    keyring_of = _opener(keyring_name, {})

    def read(name: str, entry: Entry) -> Item:
        keyring = keyring_of(entry)
        if isinstance(keyring, KeyringError):
            return Item(name, entry, "expired" if _has_expired(entry, now) else "unknown", keyring, reason=keyring)
        return _read_item(name, entry, keyring, now)

    return read


def label_in_use(keyring_name: str) -> str:
    """Return the label of the keyring that ``keyring_name`` selects for tokens, or an empty string if there is none."""
    keyring = in_use(keyring_name)
    return keyring.label if keyring else ""


def in_use(keyring_name: str) -> "Keyring | None":
    """Return the keyring that ``keyring_name`` selects for tokens, or None if it is not available."""
    try:
        return keyrings.for_tokens(keyring_name)
    except KeyringError:
        return None


def delete(items: Collection[Item], env: Mapping[str, str]) -> dict[str, KeyringError]:
    """Delete the items from their keyrings, and then from the index.

    Returns, by the item's name, why a keyring has not deleted one, unless that is an expired token; it stays in the
    index.
    """
    failures = _delete({item.name: (item.entry, item.keyring) for item in items}, env)
    expired = {item.name for item in items if item.state == "expired"}
    return {name: failure for name, failure in failures.items() if name not in expired}


def delete_all(
    names: Iterable[str], in_use: "Keyring | None", keyring_name: str, env: Mapping[str, str], now: ClockReading
) -> None:
    """Delete the items called ``names`` from the keyrings that the index names, and from the one ``in_use``.

    Raises KeyringError if a keyring does not delete an item that has not expired and is in the index, or surely there.
    """
    names, indexed = [*names], index.read(env)
    keyring_of = _opener(keyring_name, {} if in_use is None else {in_use.label: in_use})
    found = {name: indexed[name] for name in names if name in indexed}
    failures = _delete({name: (entry, keyring_of(entry)) for name, entry in found.items()}, env)
    for name in names:
        # The index may be lost, or name another keyring.
        if in_use is not None and (name not in found or found[name].get("keyring") != in_use.label):
            try:
                in_use.delete(name)
            except KeyringError as error:
                log.debug(f"cannot delete {name} in case it is there: {error}")
                if name not in failures and _is_there(name, in_use):
                    failures[name] = _not_deleted(_unindexed(name, in_use.label) or {"servers": [name]}, error)
    for name, failure in failures.items():
        if not _has_expired(found.get(name, {}), now):
            raise failure


def _is_there(name: str, keyring: "Keyring") -> bool:
    """Return whether the keyring certainly has the item."""
    try:
        return keyring.get(name) is not None
    except KeyringError:
        return False


def _delete(
    items: "Mapping[str, tuple[Entry, Keyring | KeyringError]]", env: Mapping[str, str]
) -> dict[str, KeyringError]:
    """Delete the items from their keyrings, and then from the index; return why some are still there, by their names.

    The index is written once: with a write for each item, the time would grow with the square of their number.
    """
    deleted: dict[str, Entry] = {}
    failures: dict[str, KeyringError] = {}
    try:
        for name, (entry, keyring) in items.items():
            try:
                if isinstance(keyring, KeyringError):
                    raise keyring
                keyring.delete(name)
            except KeyringError as error:
                failures[name] = _not_deleted(entry, error)
            else:
                deleted[name] = entry
    finally:
        if deleted:
            index.delete_unchanged(env, deleted)
    return failures


def _not_deleted(entry: Entry, error: KeyringError) -> KeyringError:
    subject = ", ".join(entry["servers"]) or f"{entry.get('identity')} in {entry.get('region')}"
    # Not the keyring's own remedy, which may be to use another: that one does not have the item.
    remedy = f"run this again where the keyring {entry.get('keyring')} is available; ECRX_KEYRING selects it"
    return KeyringUnavailableError(f"cannot delete what is stored for {subject}: {error.message}", remedy)


def _has_expired(entry: Entry, now: ClockReading) -> bool:
    return 0 < entry.get("expires", 0) <= now.utc


def _read_item(name: str, entry: Entry, keyring: "Keyring", now: ClockReading) -> Item:
    try:
        record = keyring.get(name)
    except KeyringError as error:
        return Item(name, entry, "unknown", keyring, reason=error)
    if entry.get("kind") == "password":
        return Item(name, entry, "gone" if record is None else "kept", keyring)
    token = None if record is None else cached_token.from_record(name, record, _without_password)
    if token is None:
        return Item(name, entry, "expired" if entry.get("expires", 0) <= now.utc else "gone", keyring)
    # A token that docker login stored is never refreshed.
    state = "due" if token.needs_refresh(now) and entry.get("kind") != "login" else "fresh"
    return Item(name, entry, state if token.is_valid(now) else "expired", keyring, token)


def _without_password(_password: str, issued_at: ClockReading, lifetime: float, refresh_after: float) -> Token:
    """Return a token that no text has to be searched for: hundreds of passwords have millions of pieces."""
    return Token("", issued_at, lifetime, refresh_after)


def _opener(
    keyring_name: str, opened: "dict[str, Keyring | KeyringError]"
) -> Callable[[Entry], "Keyring | KeyringError"]:
    """Return a function that returns an entry's keyring, or why it is not available; it opens each one once."""

    def keyring_of(entry: Entry) -> "Keyring | KeyringError":
        label = entry.get("keyring", "")
        if label not in opened:
            try:
                opened[label] = _open(label, keyring_name)
            except KeyringError as error:
                opened[label] = error
        return opened[label]

    return keyring_of


def _open(label: str, keyring_name: str) -> "Keyring":
    """Return the keyring with that ``label``; raise KeyringUnavailableError if it is not available."""
    for name in dict.fromkeys((keyring_name, "auto", *(own for own in _OWN if own == label))):
        try:
            keyring = keyrings.for_tokens(name)
        except KeyringError:
            if name == label:
                raise
            continue
        if keyring is not None and keyring.label == label:
            return keyring
    raise KeyringUnavailableError(
        f"it is in the keyring {label}, which is not the one in use", f"set ECRX_KEYRING={label}"
    )
