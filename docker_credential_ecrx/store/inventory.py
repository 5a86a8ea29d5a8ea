"""What the ledger says is kept, and what the keyrings have of it now: for a person who looks, and for erase."""

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

# Keyrings that may be opened because the ledger names them; a backend class is loaded only where a setting names it.
_OWN = ("kernel", "secret-service")
_COLONS_OF_A_TOKEN = 3  # service, partition, region, fingerprint
_ERASURE, _ERASURE_SECONDS = "erased", 60  # longer than a get may take


class Item(NamedTuple):
    """One item and its entry in the ledger.

    ``state`` is ``fresh``, ``due`` for renewal or ``expired`` for a token, ``kept`` for a password; ``gone`` where its
    keyring does not have it, ``unknown`` where that keyring is not available, for the ``reason``.
    """

    name: str
    entry: Entry
    state: str
    keyring: "Keyring | KeyringError"
    token: Token | None = None
    reason: KeyringError | None = None


def items(keyring_name: str, env: Mapping[str, str], now: ClockReading) -> list[Item]:
    """Return all that is kept, looked up in the keyrings that ``keyring_name`` and the ledger name."""
    look = item_reader(keyring_name, now)
    return [look(name, entry) for name, entry in entries(keyring_name, env).items()]


def entries(keyring_name: str, env: Mapping[str, str]) -> dict[str, Entry]:
    """Return the ledger's entries, and one for all else that the keyring for tokens says it keeps.

    A ledger may be lost, or have had no place; it is the home's, and the kernel's keyring is the user's.
    """
    noted = index.read(env)
    try:
        keyring = keyrings.for_tokens(keyring_name)
        names = keyring.names() if keyring is not None else []
    except KeyringError:
        return noted
    found = {name: _unindexed(name, keyring.label) for name in names if name not in noted} if keyring else {}
    return noted | {name: entry for name, entry in found.items() if entry is not None}


def _unindexed(name: str, label: str) -> Entry | None:
    """Return what an item's name tells of it, or None where it is none of those that are listed."""
    kind, _, rest = name.partition(":")
    entry: Entry = {"kind": kind, "servers": [], "keyring": label}
    if kind == "password":
        return entry | {"servers": [rest], "user": "not noted"}
    if kind == "login":
        host = rest.partition(":")[0]
        registry = Registry.parse(host)
        return entry | {"servers": [host], "identity": "docker login", "region": registry.region if registry else ""}
    if kind == "token" and rest.count(":") == _COLONS_OF_A_TOKEN:
        return entry | {"identity": "an identity that is not noted", "region": rest.split(":")[2]}
    return None


def item_reader(keyring_name: str, now: ClockReading) -> Callable[[str, Entry], Item]:
    """Return a function that looks an item up; it opens each keyring once, since a locked one may take seconds."""
    keyring_of = _opener(keyring_name, {})

    def look(name: str, entry: Entry) -> Item:
        keyring = keyring_of(entry)
        if isinstance(keyring, KeyringError):
            return Item(name, entry, "expired" if _has_expired(entry, now) else "unknown", keyring, reason=keyring)
        return _read_item(name, entry, keyring, now)

    return look


def label_in_use(keyring_name: str) -> str:
    """Return the label of the keyring that ``keyring_name`` selects for tokens, or an empty string if there is none."""
    keyring = in_use(keyring_name)
    return keyring.label if keyring else ""


def in_use(keyring_name: str) -> "Keyring | None":
    """Return the keyring that tokens go to under ``keyring_name``, or None where there is none."""
    try:
        return keyrings.for_tokens(keyring_name)
    except KeyringError:
        return None


def mark_erasure(keyring: "Keyring | None", env: Mapping[str, str]) -> None:
    """Note that tokens are about to be erased on purpose, so that no process keeps one that it gets of AWS just now.

    Without a state folder the kernel's keyring takes the note, which expires there; others would keep it for ever.
    """
    if not index.mark_erasure(env) and keyring is not None and keyring.label == "kernel":
        try:
            keyring.set(_ERASURE, cached_token.format_timestamp(cached_token.now()), _ERASURE_SECONDS)
        except KeyringError as error:
            log.debug(f"who asks AWS now will not know that tokens are erased: {error}")


def is_erased_since(started: ClockReading, keyring: "Keyring | None", env: Mapping[str, str]) -> bool:
    """Return whether tokens were erased on purpose after ``started``, as ``mark_erasure`` has it."""
    if index.is_erased_since(env, started):
        return True
    try:
        stamp = keyring.get(_ERASURE) if keyring is not None and keyring.label == "kernel" else None
    except KeyringError:
        return False
    return cached_token.is_between(started, stamp or "", cached_token.now())


def delete(item: Item, env: Mapping[str, str]) -> None:
    """Drop the item from its keyring, and then from the ledger.

    Raises KeyringError where the keyring does not let it go; no more is said of a token that has ended, which stays
    noted.
    """
    failure = _failure(item.name, item.entry, item.keyring, env)
    if failure is not None and item.state != "expired":
        raise failure


def delete_all(
    names: Iterable[str], in_use: "Keyring | None", keyring_name: str, env: Mapping[str, str], now: ClockReading
) -> None:
    """Drop the items called ``names`` from the keyrings that the ledger names, and from the one ``in_use``.

    Raises KeyringError where the ledger names an item that its keyring does not let go; it stays noted.
    """
    noted = index.read(env)
    keyring_of = _opener(keyring_name, {} if in_use is None else {in_use.label: in_use})
    failures = []
    for name in names:
        entry = noted.get(name)
        if entry is not None:
            failure = _failure(name, entry, keyring_of(entry), env)
            if failure is not None and not _has_expired(entry, now):
                failures.append(failure)
        # The ledger may be lost, or name another.
        if in_use is not None and (entry is None or entry.get("keyring") != in_use.label):
            try:
                in_use.delete(name)
            except KeyringError as error:
                log.debug(f"what the keyring may have stays there: {error}")
    if failures:
        raise failures[0]


def _failure(name: str, entry: Entry, keyring: "Keyring | KeyringError", env: Mapping[str, str]) -> KeyringError | None:
    """Drop the item from its keyring and the ledger; return None, or why it is still there."""
    try:
        if isinstance(keyring, KeyringError):
            raise keyring
        keyring.delete(name)
    except KeyringError as error:
        subject = ", ".join(entry["servers"]) or f"{entry.get('identity')} in {entry.get('region')}"
        message = f"what is kept for {subject} cannot be dropped: {error.message}"
        # The keyring's own hint may be to use another, which lets go of nothing.
        hint = f"do this again where the keyring {entry.get('keyring')} can be used; ECRX_KEYRING chooses it"
        return KeyringUnavailableError(message, hint)
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
    # What docker login stored is served until it ends.
    state = "due" if token.needs_refresh(now) and entry.get("kind") != "login" else "fresh"
    return Item(name, entry, state if token.is_valid(now) else "expired", keyring, token)


def _opener(
    keyring_name: str, opened: "dict[str, Keyring | KeyringError]"
) -> Callable[[Entry], "Keyring | KeyringError"]:
    """Return what opens an entry's keyring, or says why not; those that are ``opened`` are not opened again."""

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
    """Return the keyring that calls itself ``label``."""
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
