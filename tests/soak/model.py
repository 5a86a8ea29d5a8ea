"""What a store of passwords may answer while many write at once: the last that was written, or is being written."""

import threading
from typing import NamedTuple

Value = tuple[str, str] | None  # user and password; None where nothing is stored


class Write(NamedTuple):
    """A value, and between which moments it came into force."""

    value: Value
    began: float
    ended: float


class Passwords:
    """The writes of each server; all moments are of one clock."""

    def __init__(self, servers: list[str]) -> None:
        self._writes = {server: [Write(None, -1.0, -1.0)] for server in servers}
        self._lock = threading.Lock()

    def wrote(self, server: str, write: Write) -> None:
        """Note a write, once it has ended."""
        with self._lock:
            self._writes[server].append(write)

    def possible(self, server: str, began: float, ended: float, pending: list[Value]) -> list[Value]:
        """Return what a read may find that takes from ``began`` to ``ended``; ``pending`` are writes under way."""
        with self._lock:
            writes = [write for write in self._writes[server] if write.began <= ended]
        last = max(write.began for write in writes if write.ended < began)
        # Whoever had ended before that one began has been replaced.
        return [write.value for write in writes if write.ended >= last] + pending
