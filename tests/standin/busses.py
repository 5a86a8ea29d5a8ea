"""Busses on which no keyring answers as it should; those that work are in support.keyrings."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_call, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

from support import keyrings

_SECRETS = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets")
REFUSAL = "org.freedesktop.DBus.Error.NotSupported"
# What a Secret Service with one item answers, with the signature of that.
_ANSWERS = {"ReadAlias": ("o", ("/default",)), "SearchItems": ("aoao", (["/item"], [])), "Get": ("v", (("b", False),))}


@contextmanager
def hung(path: Path) -> Iterator[dict[str, str]]:
    """Accept whoever calls, and never say a word; yield the environment that leads there."""
    accepted: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):  # the listener is shut down in the end
            while True:
                accepted.append(listener.accept()[0])

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
                connection.close()


@contextmanager
def refusing(folder: Path) -> Iterator[dict[str, str]]:
    """Run a bus whose Secret Service opens no session; yield the environment that leads there."""
    with keyrings.bus(folder) as env:
        address = env["DBUS_SESSION_BUS_ADDRESS"]
        with closing(open_dbus_connection(address)) as service:
            Proxy(message_bus, service).RequestName(_SECRETS.bus_name)
            thread = threading.Thread(target=_refuse, args=(service,))
            thread.start()
            try:
                yield {"DBUS_SESSION_BUS_ADDRESS": address}
            finally:
                with closing(open_dbus_connection(address)) as last:
                    last.send(new_method_call(_SECRETS, "End"))
                thread.join()


def _refuse(service: DBusConnection) -> None:
    while True:
        call = service.receive()
        fields = call.header.fields
        if call.header.message_type is not MessageType.method_call:
            continue
        if fields[HeaderFields.member] == "End":
            return
        answer = _ANSWERS.get(fields[HeaderFields.member])
        service.send(new_method_return(call, *answer) if answer else new_error(call, REFUSAL))
