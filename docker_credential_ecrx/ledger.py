"""What is kept in which keyring, without the secrets: keyrings cannot be enumerated, and ``list`` must.

One JSON file in the state folder.
Losing it loses no secret: it is written after the keyring, and read only to list.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypedDict, TypeGuard

from docker_credential_ecrx import log, state
from docker_credential_ecrx.identity import read_file

_PATIENCE_SECONDS = 2.0
_END_OF_TIME = 253_402_300_799  # the year 9999's, datetime's last
# What ended this long before a token was minted is of no interest to anybody: each identity ever used leaves one.
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


def read(environ: Mapping[str, str]) -> dict[str, Entry]:
    """Return the entries by the item's name; a missing or broken ledger is empty."""
    folder = state.folder(environ)
    return _read(os.path.join(folder, "ledger.json")) if folder else {}


def record(environ: Mapping[str, str], name: str, entry: Entry) -> None:
    """Note that ``name`` is kept; servers that an earlier entry of that name has stay in it.

    What had ended a week before it was minted goes.
    """

    def add(entries: dict[str, Entry]) -> None:
        servers = entries.get(name, {}).get("servers", [])
        entries[name] = entry | {"servers": list(dict.fromkeys([*servers, *entry.get("servers", [])]))}
        for old in [old for old, other in entries.items() if _is_long_over(other, entry.get("minted", 0.0))]:
            del entries[old]

    _change(environ, add)


def forget(environ: Mapping[str, str], *names: str) -> None:
    """Note that ``names`` are no longer kept."""

    def remove(entries: dict[str, Entry]) -> None:
        for name in names:
            entries.pop(name, None)

    _change(environ, remove)


def _change(environ: Mapping[str, str], edit: Callable[[dict[str, Entry]], None]) -> None:
    """Rewrite the ledger in one step, one process at a time; where that cannot be, go on without."""
    folder = state.folder(environ)
    if folder is None:
        log.debug("no place for the ledger, so list will not name this registry")
        return
    path = os.path.join(folder, "ledger.json")
    try:
        with _locked(f"{path}.lock"):
            entries = _read(path)
            before = json.dumps(entries)
            edit(entries)
            if json.dumps(entries) != before:
                _replace(path, json.dumps({"version": 1, "entries": entries}, indent=1))
    except OSError as error:
        log.debug(f"cannot write the ledger {path}: {error.strerror}")


@contextmanager
def _locked(path: str) -> Iterator[None]:
    lock = state.FileLock(path)
    try:
        if not lock.acquire(_PATIENCE_SECONDS):
            raise TimeoutError(None, "another process holds its lock")
        yield
    finally:
        lock.close()


def _read(path: str) -> dict[str, Entry]:
    try:
        entries = json.loads(read_file(path))["entries"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {name: entry for name, entry in entries.items() if _is_sound(entry)}


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


def _is_long_over(entry: Entry, now: float) -> bool:
    return 0 < entry.get("expires", 0.0) < now - _REMEMBERED_SECONDS


def _replace(path: str, text: str) -> None:
    temporary = f"{path}.new"  # who holds the lock is alone, and writes over what one left that was killed
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with open(fd, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
