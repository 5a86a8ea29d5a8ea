"""A connection to the user's session bus: sends method calls to services, and waits for their replies.

https://dbus.freedesktop.org/doc/dbus-specification.html
"""

import time

from docker_credential_ecrx.keyrings import dbus_messages, session_bus
from docker_credential_ecrx.keyrings.dbus_messages import ERROR, ERROR_NAME, REPLY_SERIAL, RETURN, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_BUS, _BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
_LONGEST_LINE = 1 << 10  # of the handshake
_LONGEST_NAME = 100  # of an error


class DBusError(Exception):
    """The service or the bus replied with an error; ``name`` is its D-Bus name."""

    def __init__(self, name: str) -> None:
        # A hostile service may send any text as the name.
        is_name = len(name) <= _LONGEST_NAME and name.isascii() and name.replace(".", "").replace("_", "").isalnum()
        super().__init__(name if is_name else "an error without a valid name")
        self.name = str(self)


class Connection:
    """A connection to the first bus at ``addresses``, on which no wait takes longer than ``seconds``.

    Every failure is an OSError (TimeoutError if no reply comes, PermissionError if another user runs the bus), a
    DBusError, or a ValueError or LookupError if a message is not valid or a reply has another type.
    """

    def __init__(self, addresses: "Iterable[str]", seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._serial = 0
        # Calls are sent together when a reply is awaited, which wakes the bus and the service once.
        # Buses read in order, and sd-bus relies on that too: the first call need not wait for "OK" and its reply.
        # Without a user ID, the bus takes the socket's: in a user namespace, it would not know the one seen there.
        # systemd, src/libsystemd/sd-bus/bus-socket.c, bus_socket_start_auth_client
        self._unsent = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"
        self._received = b""
        self._expected: dict[int, tuple[str, str]] = {}  # the calls without a reply: method and type of the reply
        self._replies: dict[int, Message] = {}
        self._socket = session_bus.connected(addresses, seconds)
        self._hello = self.send_call(_BUS, _BUS_PATH, _BUS, "Hello", returns="s")

    def set_time_limit(self, seconds: float) -> None:
        """Limit the time of all following calls together to ``seconds``, however many replies arrive."""
        self._end = time.monotonic() + seconds

    def send_call(  # noqa: PLR0913, PLR0917 - the parts of a call
        self,
        destination: str,
        path: str,
        interface: str,
        method: str,
        signature: str = "",
        body: "tuple[Any, ...]" = (),
        *,
        returns: str = "",
    ) -> int:
        """Call a method whose arguments have the type ``signature``, and whose reply has the type ``returns``.

        Return the serial number, for ``reply``; the call is sent when the first reply is awaited.
        """
        if not self._seconds:
            raise TimeoutError("it did not respond to an earlier request")
        self._serial += 1
        self._unsent += dbus_messages.encode_call(self._serial, destination, path, interface, method, signature, body)
        self._expected[self._serial] = method, returns
        return self._serial

    def reply(self, serial: int) -> "tuple[Any, ...]":
        """Wait for the reply to the call with that serial number, once; return the values in it."""
        deadline = time.monotonic() + self._seconds
        self._send(deadline)
        if self._hello:
            hello, self._hello = self._hello, 0
            self._finish_handshake(deadline)
            self._wait_for(hello, deadline)
        return self._wait_for(serial, deadline)

    def process_of(self, name: str) -> int:
        """Return the ID of the process that owns ``name`` on the bus."""
        serial = self.send_call(_BUS, _BUS_PATH, _BUS, "GetConnectionUnixProcessID", "s", (name,), returns="u")
        process: int
        (process,) = self.reply(serial)
        return process

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _send(self, deadline: float) -> None:
        """Send the calls that are not sent yet."""
        unsent, self._unsent = self._unsent, b""
        if unsent:
            self._set_time_left(deadline)
            try:
                self._socket.sendall(unsent)
            except TimeoutError as error:
                raise self._timed_out() from error

    def _finish_handshake(self, deadline: float) -> None:
        """Read the reply to AUTH, a request for DATA, and that to DATA, which is OK."""
        line = self._read_line(deadline)
        if line.rstrip() == b"DATA":
            line = self._read_line(deadline)
        if not line.startswith(b"OK"):
            raise ConnectionRefusedError(None, "the bus refused this user")

    def _read_line(self, deadline: float) -> bytes:
        while b"\r\n" not in self._received:
            if len(self._received) > _LONGEST_LINE:
                raise ValueError("the handshake does not end")
            self._receive(deadline)
        line, _, self._received = self._received.partition(b"\r\n")
        return line

    def _wait_for(self, serial: int, deadline: float) -> "tuple[Any, ...]":
        method, returns = self._expected[serial]
        while serial not in self._replies:
            self._read(deadline)
        del self._expected[serial]
        reply = self._replies.pop(serial)
        if reply.kind == ERROR:
            raise DBusError(str(reply.fields.get(ERROR_NAME)))
        if reply.signature != returns:
            raise ValueError(f"it replied to {method} with {reply.type_name()} instead of {returns or 'nothing'}")
        return reply.body()

    def _read(self, deadline: float) -> None:
        """Read the next message; keep it if it is the reply to a call, and ignore it otherwise."""
        while (size := dbus_messages.size_of(self._received)) is None or len(self._received) < size:
            self._receive(deadline)
        received, self._received = self._received[:size], self._received[size:]
        if dbus_messages.kind_of(received) not in {RETURN, ERROR}:
            return
        message = Message(received)
        serial = message.fields.get(REPLY_SERIAL)
        if isinstance(serial, int) and serial in self._expected:
            self._replies.setdefault(serial, message)

    def _receive(self, deadline: float) -> None:
        self._set_time_left(deadline)
        try:
            part = self._socket.recv(1 << 16)
        except TimeoutError as error:
            raise self._timed_out() from error
        if not part:
            raise ConnectionResetError(None, "the bus closed the connection")
        self._received += part

    def _set_time_left(self, deadline: float) -> None:
        """Limit the socket's next operation to the time that is left, even if the service sends without end."""
        left = min(deadline, self._end) - time.monotonic()
        if left <= 0:
            raise self._timed_out()
        self._socket.settimeout(left)

    def _timed_out(self) -> TimeoutError:
        """Refuse all further calls."""
        message = f"it did not respond within {self._seconds:g} seconds"
        self._seconds = 0.0
        return TimeoutError(message)
