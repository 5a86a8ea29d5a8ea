"""The items of all keyrings, as the index lists them and as they are now: for ``status``, and to delete them."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.store import cached_token, index
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from docker_credential_ecrx.store.index import Entry

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

# Keyrings that may be opened because the index names them; a backend class is imported only if a setting names it.
_OWN = ("kernel", "secret-service")
_COLONS_OF_A_TOKEN = 3  # service, partition, region, fingerprint
_ERASURE, _ERASURE_SECONDS = "erased", 60  # a get takes 25 seconds at most


class Item(NamedTuple):
    """One item and its entry in the index.

    The ``state`` of a token is ``fresh``, ``due`` for refresh or ``expired``, and that of a password ``kept``.
    It is ``gone`` if the keyring does not have it, and ``unknown`` if the keyring is not available, for the ``reason``.
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
        host = rest.partition(":")[0]
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


def mark_erasure(keyring: "Keyring | None", env: Mapping[str, str]) -> None:
    """Write that the user is about to delete tokens, so that no process caches one that it is requesting now.

    Without a state folder, it is written to the kernel keyring, where it expires; in other keyrings it would not.
    """
    if not index.mark_erasure(env) and keyring is not None and keyring.label == "kernel":
        try:
            keyring.set(_ERASURE, cached_token.format_timestamp(cached_token.now()), _ERASURE_SECONDS)
        except KeyringError as error:
            log.debug(f"a process that is refreshing a token may cache it again: {error}")


def is_erased_since(started: ClockReading, keyring: "Keyring | None", env: Mapping[str, str]) -> bool:
    """Return whether the user has deleted tokens since ``started``, by what ``mark_erasure`` wrote."""
    if index.is_erased_since(env, started):
        return True
    try:
        stamp = keyring.get(_ERASURE) if keyring is not None and keyring.label == "kernel" else None
    except KeyringError:
        return False
    return cached_token.is_between(started, stamp or "", cached_token.now())


def delete(item: Item, env: Mapping[str, str]) -> None:
    """Delete the item from its keyring, and then from the index.

    Raises KeyringError if the keyring does not delete it, unless it is an expired token; either stays in the index.
    """
    failure = _delete(item.name, item.entry, item.keyring, env)
    if failure is not None and item.state != "expired":
        raise failure


def delete_all(
    names: Iterable[str], in_use: "Keyring | None", keyring_name: str, env: Mapping[str, str], now: ClockReading
) -> None:
    """Delete the items called ``names`` from the keyrings that the index names, and from the one ``in_use``.

    Raises KeyringError if a keyring does not delete an item that is in the index and has not expired.
    """
    indexed = index.read(env)
    keyring_of = _opener(keyring_name, {} if in_use is None else {in_use.label: in_use})
    failures = []
    for name in names:
        entry = indexed.get(name)
        if entry is not None:
            failure = _delete(name, entry, keyring_of(entry), env)
            if failure is not None and not _has_expired(entry, now):
                failures.append(failure)
        # The index may be lost, or name another keyring.
        if in_use is not None and (entry is None or entry.get("keyring") != in_use.label):
            try:
                in_use.delete(name)
            except KeyringError as error:
                log.debug(f"cannot delete {name} in case it is there: {error}")
    if failures:
        raise failures[0]


def _delete(name: str, entry: Entry, keyring: "Keyring | KeyringError", env: Mapping[str, str]) -> KeyringError | None:
    """Delete the item from its keyring and the index; return None, or why it is still there."""
    try:
        if isinstance(keyring, KeyringError):
            raise keyring
        keyring.delete(name)
    except KeyringError as error:
        subject = ", ".join(entry["servers"]) or f"{entry.get('identity')} in {entry.get('region')}"
        # Not the keyring's own remedy, which may be to use another: that one does not have the item.
        remedy = f"run this again where the keyring {entry.get('keyring')} is available; ECRX_KEYRING selects it"
        return KeyringUnavailableError(f"cannot delete what is stored for {subject}: {error.message}", remedy)
    index.delete_unchanged(env, {name: entry})
    return None


def _has_expired(entry: Entry, now: ClockReading) -> bool:
    return 0 < entry.get("expires", 0) <= now.utc


def _read_item(name: str, entry: Entry, keyring: "Keyring", now: ClockReading) -> Item:
    try:
        record = keyring.get(name)
    except KeyringError as error:
        return Item(name, entry, "unknown", keyring, reason=error)
    if entry.get("kind") == "password":
        return Item(name, entry, "gone" if record is None else "kept", keyring)
    token = None if record is None else cached_token.from_record(name, record)
    if token is None:
        return Item(name, entry, "expired" if entry.get("expires", 0) <= now.utc else "gone", keyring)
    # A token that docker login stored is never refreshed.
    state = "due" if token.needs_refresh(now) and entry.get("kind") != "login" else "fresh"
    return Item(name, entry, state if token.is_valid(now) else "expired", keyring, token)


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
