"""What is kept in which keyring, for whom and until when, without the secrets: few keyrings can tell.

One JSON file in the state folder.
``get`` does without it, and finds what it looks for by name.
But of a keyring that cannot be listed, ``list``, ``status`` and ``forget`` know only the entries: an entry goes after
its item, never before.
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


def read(environ: Mapping[str, str]) -> dict[str, Entry]:
    """Return the entries by the item's name; a missing or broken ledger is empty."""
    folder = state.folder(environ)
    return _read(os.path.join(folder, "ledger.json")) if folder else {}


def record(environ: Mapping[str, str], name: str, entry: Entry) -> None:
    """Note that ``name`` is kept; servers that an earlier entry of that name has stay in it."""

    def add(entries: dict[str, Entry]) -> None:
        servers = entries.get(name, {}).get("servers", [])
        entries[name] = entry | {"servers": list(dict.fromkeys([*servers, *entry.get("servers", [])]))}

    _change(environ, add)


def long_over(environ: Mapping[str, str], keyring: str, now: float) -> dict[str, Entry]:
    """Return the entries of what ``keyring`` keeps that ended a week before ``now``, seconds since 1970."""
    return {
        name: entry
        for name, entry in read(environ).items()
        if entry.get("keyring") == keyring and 0 < entry.get("expires", 0.0) < now - _REMEMBERED_SECONDS
    }


def forget_dropped(environ: Mapping[str, str], dropped: Mapping[str, Entry]) -> None:
    """Note that ``dropped`` is no longer kept, as far as nobody recorded it anew since its entries were read."""

    def remove(entries: dict[str, Entry]) -> None:
        for name, entry in dropped.items():
            if entries.get(name) == entry:
                del entries[name]

    _change(environ, remove)


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
                _replace(path, json.dumps({"entries": entries}, indent=1))
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
