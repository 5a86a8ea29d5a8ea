"""Busses on which no keyring answers as it should; those that work are in support.keyrings."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    Parser,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

from support import keyrings

_SECRETS = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets")
REFUSAL = "org.freedesktop.DBus.Error.NotSupported"
# What a Secret Service with one item answers, with the signature of that.
_ANSWERS = {"ReadAlias": ("o", ("/default",)), "SearchItems": ("aoao", (["/item"], [])), "Get": ("v", (("b", False),))}
_WITH_SESSIONS = _ANSWERS | {
    "OpenSession": ("vo", (("s", ""), "/session")),
    "GetSecret": ("(oayays)", (("/session", b"", b"word", "text/plain"),)),
    "CreateItem": ("oo", ("/item", "/")),
    "Delete": ("o", ("/",)),
    "GetConnectionUnixProcessID": ("u", (0,)),  # of the bus itself; there is no such process
}
# What a service answers a call with, part by part; None is what an honest one does.
Reply = Callable[[str, int], Iterable[bytes] | None]


@contextmanager
def hung(path: Path) -> Iterator[dict[str, str]]:
    """Accept whoever calls, and never say a word; yield the environment that leads there."""
    with _listening(path, lambda _: None) as env:
        yield env


@contextmanager
def answering(path: Path, reply: Reply) -> Iterator[dict[str, str]]:
    """Run a bus whose Secret Service sends what ``reply`` returns for a method and the number of its call.

    Yield the environment that leads there.
    """
    with _listening(path, lambda connection: _answer(connection, reply)) as env:
        yield env


@contextmanager
def _listening(path: Path, serve: Callable[[socket.socket], None]) -> Iterator[dict[str, str]]:
    """Accept whoever calls, and ``serve`` each in a thread; yield the environment that leads there."""
    accepted: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):  # the listener is shut down in the end
            while True:
                accepted.append(listener.accept()[0])
                threads.append(threading.Thread(target=serve, args=(accepted[-1],)))
                threads[-1].start()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in accepted:
                with suppress(OSError):  # the other end is gone
                    connection.shutdown(socket.SHUT_RDWR)
            for one in threads:
                one.join()
            for connection in accepted:
                connection.close()


def _answer(connection: socket.socket, reply: Reply) -> None:
    """Be the bus for one client, until it is gone."""
    parser, received, is_known = Parser(), b"", False
    with suppress(OSError):
        while part := connection.recv(1 << 16):
            received += part
            if not is_known and b"BEGIN\r\n" in received:
                connection.sendall(b"DATA\r\nOK 0\r\n")
                _, _, received = received.partition(b"BEGIN\r\n")
                is_known = True
            for call in parser.feed(received) if is_known else ():
                for said in _said(call, reply):
                    connection.sendall(said)
            received = b"" if is_known else received


def _said(call: Message, reply: Reply) -> Iterable[bytes]:
    method = call.header.fields[HeaderFields.member]
    if method == "Hello":
        return [returned(call.header.serial, "s", (":1.1",))]
    said = reply(method, call.header.serial)
    return [honest(method, call.header.serial)] if said is None else said


def honest(method: str, serial: int) -> bytes:
    """Return what a Secret Service answers a call of that number with."""
    return returned(serial, *_WITH_SESSIONS[method])


def returned(serial: int, signature: str, body: tuple[object, ...]) -> bytes:
    """Return an answer with values to the call of that number."""
    call = new_method_call(_SECRETS, "Any")
    call.header.serial = serial
    written: bytes = new_method_return(call, signature or None, body).serialise(serial=1)
    return written


def refused(serial: int) -> bytes:
    """Return an error as the answer to the call of that number."""
    call = new_method_call(_SECRETS, "Any")
    call.header.serial = serial
    written: bytes = new_error(call, REFUSAL).serialise(serial=1)
    return written


def raw(signature: bytes, body: bytes, *, serial: int = 7, length: int = 0, size: int = 0) -> bytes:
    """Return a message whose body need not be what its signature says.

    It says that its fields are ``length`` and its body ``size`` bytes longer than they are.
    """
    fields = (
        b"\x05\x01u\0" + serial.to_bytes(4, "little") + b"\x08\x01g\0" + bytes([len(signature)]) + signature + b"\0"
    )
    head = b"l\2\0\1" + (len(body) + size).to_bytes(4, "little") + (1).to_bytes(4, "little")
    head += (len(fields) + length).to_bytes(4, "little") + fields
    return head + bytes(-len(head) % 8) + body


@contextmanager
def refusing(
    folder: Path, *, name: str = REFUSAL, text: str = "", answers: Mapping[str, tuple[str, Any]] = _ANSWERS
) -> Iterator[dict[str, str]]:
    """Run a bus whose Secret Service opens no session; yield the environment that leads there.

    It refuses with the error ``name``, which says ``text``, what has none of ``answers``.
    """
    with keyrings.bus(folder) as env:
        address = env["DBUS_SESSION_BUS_ADDRESS"]
        with closing(open_dbus_connection(address)) as service:
            Proxy(message_bus, service).RequestName(_SECRETS.bus_name)
            thread = threading.Thread(target=_refuse, args=(service, name, text, answers))
            thread.start()
            try:
                yield {"DBUS_SESSION_BUS_ADDRESS": address}
            finally:
                with closing(open_dbus_connection(address)) as last:
                    last.send(new_method_call(_SECRETS, "End"))
                thread.join()


def _refuse(service: DBusConnection, name: str, text: str, answers: Mapping[str, tuple[str, Any]]) -> None:
    while True:
        call = service.receive()
        fields = call.header.fields
        if call.header.message_type is not MessageType.method_call:
            continue
        if fields[HeaderFields.member] == "End":
            return
        answer = answers.get(fields[HeaderFields.member])
        service.send(new_method_return(call, *answer) if answer else new_error(call, name, "s", (text,)))
