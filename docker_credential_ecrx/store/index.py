"""The index: which items are in which keyring, for which registries, and until when; without the secrets.

It exists because few keyrings can list their items.
It is one JSON file in the state folder, named ledger.json as in the first versions.
``get`` finds its items by their names, and works without the index.
But ``list``, ``status`` and ``forget`` may know of an item only by its entry, so an item is deleted before its entry.
"""

import errno
import os

from docker_credential_ecrx import log
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.system import fast_json, file_lock, files, state_folder
from docker_credential_ecrx.system.fast_stdlib import dump_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypedDict, TypeGuard

    from docker_credential_ecrx.store.cached_token import ClockReading
    from docker_credential_ecrx.store.entry import Entry
    from docker_credential_ecrx.system.file_lock import FileLock
    from docker_credential_ecrx.system.files import Folder

    class _Document(TypedDict, total=False):
        """The content of the file: the entries by their items' names, and when the user last deleted tokens."""

        entries: dict[str, Entry]
        erased: str


_FILE = "ledger.json"
# The file does not exist, is a link, a folder, a pipe, a device, a socket or another user's, has a second name, or is
# larger than this program writes it.
_NOT_OURS = (errno.ENOENT, errno.ELOOP, errno.EINVAL, errno.ENXIO, errno.EISDIR, errno.EPERM, errno.EFBIG)
_MAX_BYTES = 4 << 20  # about 10,000 entries
_WAIT_SECONDS = 2.0
_MAX_TIME = 253_402_300_799  # the end of the year 9999, the last that datetime can show
# An expired token's entry stays for a while, so that the identity's next token is listed for the same registries.
_KEPT_SECONDS = 7 * 86400.0
_TEXTS = ("kind", "user", "identity", "principal", "account", "region", "keyring")


def read(env: "Mapping[str, str]") -> "dict[str, Entry]":
    """Return the entries by their items' names; if the file is missing or damaged, there are none."""
    document = _read_in(env)
    return document.get("entries", {})


def add(env: "Mapping[str, str]", name: str, entry: "Entry") -> None:
    """Add the entry of the item ``name``; it keeps the servers of an earlier one, all fields if for the same token."""

    def add(entries: "dict[str, Entry]") -> None:
        earlier = entries.get(name, {})
        servers = [*earlier.get("servers", []), *entry.get("servers", [])]
        same: Entry = earlier if earlier.get("minted", 0.0) == entry.get("minted") else {}
        entries[name] = same | entry | {"servers": list(dict.fromkeys(servers))}

    _change(env, add)


def expired_before(env: "Mapping[str, str]", keyring: str, now: float) -> "dict[str, Entry]":
    """Return the entries of items in ``keyring`` that expired a week before ``now`` (seconds since 1970)."""
    return {
        name: entry
        for name, entry in read(env).items()
        if entry.get("keyring") == keyring and 0 < entry.get("expires", 0.0) < now - _KEPT_SECONDS
    }


def delete_unchanged(env: "Mapping[str, str]", deleted: "Mapping[str, Entry]") -> None:
    """Delete the entries of ``deleted`` items, except those that another process has replaced in the meantime."""

    def remove(entries: "dict[str, Entry]") -> None:
        for name, entry in deleted.items():
            if entries.get(name) == entry:
                del entries[name]

    _change(env, remove)


def delete(env: "Mapping[str, str]", *names: str) -> None:
    """Delete the entries of ``names``."""

    def remove(entries: "dict[str, Entry]") -> None:
        for name in names:
            entries.pop(name, None)

    _change(env, remove)


def mark_erasure(env: "Mapping[str, str]") -> None:
    """Write that the user is deleting tokens now, if there is a state folder.

    It must be written before the items are deleted: see ``refresh``.
    """
    stamp = cached_token.format_timestamp(cached_token.now())

    def mark(document: "_Document") -> None:
        document.setdefault("entries", {})
        document["erased"] = stamp

    _change_document(env, mark)


def is_erased_since(env: "Mapping[str, str]", started: "ClockReading") -> bool:
    """Return whether the user has deleted tokens since ``started``, a time of this boot or another."""
    document = _read_in(env)
    return cached_token.is_between(started, document.get("erased", ""), cached_token.now())


def _change(env: "Mapping[str, str]", edit: "Callable[[dict[str, Entry]], None]") -> None:
    """Rewrite the entries in one step, one process at a time; if that is not possible, leave them."""
    _change_document(env, lambda document: edit(document.setdefault("entries", {})))


def _change_document(env: "Mapping[str, str]", edit: "Callable[[_Document], None]") -> None:
    """Rewrite the file as ``_change`` does."""
    folder = state_folder.opened(env)
    if folder is None:
        log.debug("there is no state folder for the index, so list does not name this registry")
        return
    try:
        with folder, _locked(folder):
            document = _read(folder)
            before = dump_json(document)
            edit(document)
            text = dump_json(document)
            if len(text) <= _MAX_BYTES and text != before:  # a longer one would not be read again
                files.replace(folder, _FILE, f"{_FILE}.new", text.encode("ascii"))
    except OSError as error:
        log.debug(f"cannot write the index {folder.path}/{_FILE}: {error.strerror}")


def _locked(folder: "Folder") -> "FileLock":
    lock = file_lock.lock_in(folder, f"{_FILE}.lock")
    if lock is None:
        raise OSError(errno.EPERM, "its lock cannot be opened")
    try:
        if lock.acquire(_WAIT_SECONDS):
            return lock
    except OSError:
        lock.close()
        raise
    lock.close()
    raise TimeoutError(None, "another process holds its lock")


def _read_in(env: "Mapping[str, str]") -> "_Document":
    folder = state_folder.opened(env)
    if folder is None:
        return {}
    try:
        with folder:
            return _read(folder)
    except OSError as error:
        log.debug(f"cannot read the index {folder.path}/{_FILE}: {error.strerror}")
        return {}


def _read(folder: "Folder") -> "_Document":
    """Return the valid content of the file; another user's, or one that has two names or is not regular, has none.

    Raises OSError if it is this user's own file and cannot be read: it must not be overwritten then.
    """
    try:
        fd = files.open_own(folder.at(_FILE), dir_fd=folder.fd)
        try:
            found = fast_json.parse(files.read(fd, _MAX_BYTES).decode("utf-8"))
        finally:
            os.close(fd)
    except OSError as error:
        if error.errno in _NOT_OURS:
            return {}
        raise
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    document: _Document = {}
    if isinstance(entries := found.get("entries"), dict):
        document["entries"] = {name: entry for name, entry in entries.items() if _is_valid(entry)}
    if isinstance(erased := found.get("erased"), str):
        document["erased"] = erased
    return document


def _is_valid(entry: object) -> "TypeGuard[Entry]":
    if not isinstance(entry, dict):
        return False
    texts = [entry.get(key, "") for key in _TEXTS]
    times = [entry.get(key, 0.0) for key in ("minted", "renew", "expires")]
    servers = entry.get("servers")
    return (
        isinstance(servers, list)
        and bool(servers)
        and all(isinstance(text, str) for text in [*servers, *texts])
        and all(isinstance(time, (int, float)) and 0 <= time <= _MAX_TIME for time in times)
    )
