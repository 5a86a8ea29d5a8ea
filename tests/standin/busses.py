"""Busses on which no keyring answers; those that work are in support.keyrings."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
