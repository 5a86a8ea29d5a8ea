"""What is kept in which keyring, for whom and until when, without the secrets: few keyrings can tell.

One JSON file in the state folder.
``get`` does without it, and finds what it looks for by name.
But of a keyring that cannot be listed, ``list``, ``status`` and ``delete`` know only the entries: an entry goes after
its item, never before.
"""

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypedDict, TypeGuard

from docker_credential_ecrx import log
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.cached_token import ClockReading
from docker_credential_ecrx.system import file_lock, files, state_folder
from docker_credential_ecrx.system.files import Folder

_FILE = "ledger.json"
# What says that the file is not there, is a link, a folder, a pipe, a device or a socket, or larger than any of ours.
_NOT_OURS = (errno.ENOENT, errno.ELOOP, errno.EINVAL, errno.ENXIO, errno.EISDIR, errno.EFBIG)
_LARGEST_BYTES = 4 << 20  # some 10,000 entries
_PATIENCE_SECONDS = 2.0
_END_OF_TIME = 253_402_300_799  # the year 9999's, datetime's last
# Until then the registries of an identity's token outlive it, and its next one is listed for all of them.
_REMEMBERED_SECONDS = 7 * 86400.0


class Entry(TypedDict, total=False):
    """One item of a keyring; times are in seconds since 1970, UTC."""

    kind: str  # token, login or password
    servers: list[str]
    user: str
    identity: str
    region: str
    keyring: str
    minted: float
    renew: float
    expires: float


class _Document(TypedDict, total=False):
    """What the file holds: the entries by their items' names, and when tokens were last erased on purpose."""

    entries: dict[str, Entry]
    erased: str


def read(env: Mapping[str, str]) -> dict[str, Entry]:
    """Return the entries by the item's name; a missing or broken ledger is empty."""
    document = _read_in(env)
    return document.get("entries", {})


def add(env: Mapping[str, str], name: str, entry: Entry) -> None:
    """Note that ``name`` is kept; servers that an earlier entry of that name has stay in it."""

    def add(entries: dict[str, Entry]) -> None:
        servers = entries.get(name, {}).get("servers", [])
        entries[name] = entry | {"servers": list(dict.fromkeys([*servers, *entry.get("servers", [])]))}

    _change(env, add)


def expired_before(env: Mapping[str, str], keyring: str, now: float) -> dict[str, Entry]:
    """Return the entries of what ``keyring`` keeps that ended a week before ``now``, seconds since 1970."""
    return {
        name: entry
        for name, entry in read(env).items()
        if entry.get("keyring") == keyring and 0 < entry.get("expires", 0.0) < now - _REMEMBERED_SECONDS
    }


def delete_unchanged(env: Mapping[str, str], dropped: Mapping[str, Entry]) -> None:
    """Note that ``dropped`` is no longer kept, as far as nobody recorded it anew since its entries were read."""

    def remove(entries: dict[str, Entry]) -> None:
        for name, entry in dropped.items():
            if entries.get(name) == entry:
                del entries[name]

    _change(env, remove)


def delete(env: Mapping[str, str], *names: str) -> None:
    """Note that ``names`` are no longer kept."""

    def remove(entries: dict[str, Entry]) -> None:
        for name in names:
            entries.pop(name, None)

    _change(env, remove)


def mark_erasure(env: Mapping[str, str]) -> bool:
    """Note that tokens are erased on purpose now, and return whether that worked.

    It is noted before they are: who gets a token of AWS meanwhile finds this once the token is kept, or the token is
    kept early enough to be erased.
    """
    moment = cached_token.now()

    def note(document: _Document) -> None:
        document.setdefault("entries", {})
        document["erased"] = cached_token.format_timestamp(moment)

    return _change_document(env, note)


def is_erased_since(env: Mapping[str, str], started: ClockReading) -> bool:
    """Return whether tokens were erased on purpose after ``started``, a moment of this process."""
    document = _read_in(env)
    return cached_token.is_between(started, document.get("erased", ""), cached_token.now())


def _change(env: Mapping[str, str], edit: Callable[[dict[str, Entry]], None]) -> None:
    """Rewrite the entries in one step, one process at a time; where that cannot be, go on without."""
    _change_document(env, lambda document: edit(document.setdefault("entries", {})))


def _change_document(env: Mapping[str, str], edit: Callable[[_Document], None]) -> bool:
    """Rewrite the ledger as ``_change`` does; return whether it says now what it should."""
    folder = state_folder.opened(env)
    if folder is None:
        log.debug("no place for the ledger, so list will not name this registry")
        return False
    try:
        with folder, _locked(folder):
            document = _read(folder)
            before = json.dumps(document)
            edit(document)
            text = json.dumps(document, indent=1).encode()
            is_short = len(text) <= _LARGEST_BYTES  # else nobody would read it
            if is_short and json.dumps(document) != before:
                files.replace(folder, _FILE, f"{_FILE}.new", text)
    except OSError as error:
        log.debug(f"cannot write the ledger {folder.path}/{_FILE}: {error.strerror}")
        return False
    return is_short


@contextmanager
def _locked(folder: Folder) -> Iterator[None]:
    lock = file_lock.lock_in(folder, f"{_FILE}.lock")
    if lock is None:
        raise OSError(errno.EPERM, "its lock cannot be opened")
    try:
        if not lock.acquire(_PATIENCE_SECONDS):
            raise TimeoutError(None, "another process holds its lock")
        yield
    finally:
        lock.close()


def _read_in(env: Mapping[str, str]) -> _Document:
    folder = state_folder.opened(env)
    if folder is None:
        return {}
    try:
        with folder:
            return _read(folder)
    except OSError as error:
        log.debug(f"cannot read the ledger {folder.path}/{_FILE}: {error.strerror}")
        return {}


def _read(folder: Folder) -> _Document:
    """Return what the file holds, as far as it is sound: a file of another user's, or no regular one, is not.

    Raises OSError if this user's own file is there and cannot be read: what it says must not be overwritten.
    """
    try:
        fd = folder.open(_FILE)
        try:
            is_own = not files.HAS_FOLDERS or os.fstat(fd).st_uid == os.geteuid()
            found = json.loads(files.read(fd, _LARGEST_BYTES)) if is_own else None
        finally:
            os.close(fd)
    except OSError as error:
        if error.errno in _NOT_OURS:
            return {}
        raise
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    document: _Document = {}
    if isinstance(entries := found.get("entries"), dict):
        document["entries"] = {name: entry for name, entry in entries.items() if _is_sound(entry)}
    if isinstance(erased := found.get("erased"), str):
        document["erased"] = erased
    return document


def _is_sound(entry: object) -> TypeGuard[Entry]:
    if not isinstance(entry, dict):
        return False
    texts = [entry.get(key, "") for key in ("kind", "user", "identity", "region", "keyring")]
    times = [entry.get(key, 0.0) for key in ("minted", "renew", "expires")]
    servers = entry.get("servers")
    return (
        isinstance(servers, list)
        and bool(servers)
        and all(isinstance(text, str) for text in [*servers, *texts])
        and all(isinstance(time, (int, float)) and 0 <= time <= _END_OF_TIME for time in times)
    )
