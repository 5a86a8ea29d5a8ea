"""The session bus: where it may listen, and whether this user runs it."""

import os
import sys
import time

from docker_credential_ecrx.system.fast_stdlib import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VARIABLE = "DBUS_SESSION_BUS_ADDRESS"
_NOBODY = 65534  # in a user namespace, also every user that it has no ID for; user_namespaces(7)
# What need not be escaped in an address (D-Bus Specification, "Server Addresses").
_PLAIN = frozenset(b"-_/.\\*0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def is_configured() -> bool:
    """Return whether the environment has an address of the session bus."""
    return bool(os.environ.get(_VARIABLE))


def addresses() -> "Iterator[str]":
    """Yield the addresses at which the session bus may listen, in the order in which to try them.

    The environment may have several (D-Bus Specification, "Server Addresses"), or that of a session that has ended, as
    in tmux; then the bus is that of the user's systemd, as it is without any (ssh, cron).
    A variable without a socket, such as ``disabled:``, means that there is no bus.
    """
    configured = os.environ.get(_VARIABLE, "")
    yield from configured.split(";")
    folders = [os.environ.get("XDG_RUNTIME_DIR")]
    if not configured:
        folders.append(f"/run/user/{os.getuid()}")
    elif not any(_paths(configured.split(";"))):
        return
    for folder in filter(None, folders):
        yield f"unix:path={_escaped(folder)}/bus"


def check(seconds: float) -> None:
    """Raise PermissionError if another user runs a bus at one of the addresses, or may run it; none need exist.

    Other libraries also connect by TCP or to a program that they start, for which no user is known.
    """
    if not all(map(_is_one_socket, os.environ.get(_VARIABLE, "").split(";"))):
        raise PermissionError(None, "the session bus is not one local socket, so it may be another user's")
    for path in _paths(addresses()):
        try:
            _connected(path, seconds).close()
        except PermissionError:
            raise
        except (OSError, ValueError):
            pass  # whoever needs the bus reports this


def connected(addresses: "Iterable[str]", seconds: float) -> socket.socket:
    """Return a socket that is connected to the first bus at ``addresses`` that this user or root runs.

    Raises OSError if there is none within ``seconds``, and PermissionError if only another user runs one: the
    environment may name a socket in a folder in which other users can create one.
    """
    end = time.monotonic() + seconds
    failure: Exception | None = None
    left = seconds
    for path in _paths(addresses):
        try:
            return _connected(path, left)
        except (OSError, ValueError) as error:
            if failure is None or isinstance(error, PermissionError):
                failure = error
        left = end - time.monotonic()
        if left <= 0:
            break
    raise failure or FileNotFoundError(None, "the address of the bus has no socket")


def _is_one_socket(address: str) -> bool:
    """Return whether every library takes ``address`` as the same local socket, or as none."""
    kind, _, rest = address.partition(":")
    keys = [part.partition("=")[0] for part in rest.split(",")]
    return kind in ("", "disabled") or (kind == "unix" and len({*keys}) == len(keys))


def _connected(path: str, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(path)
        _check_peer(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_peer(connection: socket.socket) -> None:
    """Raise PermissionError unless this user or root runs the process at the other end."""
    if sys.platform != "linux":
        raise PermissionError(None, "this system does not report which user runs the session bus")
    # struct ucred: process, user and group; unix(7)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    user = int.from_bytes(credentials[4:8], sys.byteorder)
    is_own = user == os.geteuid() and (user != _NOBODY or _sees_all_users())
    if user != 0 and not is_own:
        raise PermissionError(None, f"user {user} runs the session bus, and only this user or root may run it")


def _sees_all_users() -> bool:
    """Return whether no user looks like ``_NOBODY`` because this user namespace has no ID for them."""
    try:
        with open("/proc/self/uid_map", encoding="utf-8") as file:
            return file.read().split() == ["0", "0", "4294967295"]
    except OSError:
        return False


def _paths(addresses: "Iterable[str]") -> "Iterator[str]":
    """Yield the paths of the sockets at ``addresses``; an abstract one begins with NUL."""
    for address in addresses:
        kind, _, rest = address.partition(":")
        keys = dict(part.partition("=")[::2] for part in rest.split(","))
        key = next((key for key in ("path", "abstract") if key in keys), "")
        if kind == "unix" and key:
            try:
                path = unescaped(keys[key], "%")
            except ValueError:
                continue
            yield path if key == "path" else f"\0{path}"


def _escaped(path: str) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in os.fsencode(path))


def unescaped(value: str, sign: str) -> str:
    """Return ``value`` with each ``sign`` and the two hexadecimal digits after it replaced by the byte they encode."""
    head, *rest = os.fsencode(value).split(sign.encode())
    return os.fsdecode(head + b"".join(bytes.fromhex(part[:2].decode()) + part[2:] for part in rest))
