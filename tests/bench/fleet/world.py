"""The simulated machine that this program is on for the moment: its clock, its identifier, its lock."""

from collections.abc import Iterator
from contextlib import contextmanager

from docker_credential_ecrx import log
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.cached_token import ClockReading
from docker_credential_ecrx.system.file_lock import FileLock


class World:
    """What this program reads of the machine that it is on."""

    at = 0.0
    machine = ""


world = World()


def moment(at: float) -> ClockReading:
    """Return the moment ``at`` seconds into the day."""
    return ClockReading(at, "boot", at)


class Lock(FileLock):
    """The lock of those that miss together, without a file: whoever waits for it finds the clock set on."""

    def __init__(self) -> None:
        self._free_at = 0.0
        self._text = ""

    def acquire(self, seconds: float) -> bool:
        """Wait up to ``seconds``; return whether it is held now."""
        if self._free_at > world.at + seconds:
            return False
        world.at = max(world.at, self._free_at)
        return True

    def read(self) -> str:
        """Return the text that a holder left."""
        return self._text

    def write(self, text: str) -> None:
        """Leave ``text`` for the next holder."""
        self._text = text

    def close(self) -> None:
        """Let the lock go."""
        self._free_at = max(self._free_at, world.at)


@contextmanager
def simulated() -> Iterator[None]:
    """Let ``tokens`` read the clock and the identifier of the simulated machine, and keep its warnings to itself."""
    replaced = [
        (cached_token, "now", lambda: moment(world.at)),
        (cached_token, "_first_word", lambda _path: world.machine),  # of /etc/machine-id
        (log, "warn", lambda _text: None),
    ]
    originals = [getattr(module, name) for module, name, _ in replaced]
    try:
        for module, name, value in replaced:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), original in zip(replaced, originals, strict=True):
            setattr(module, name, original)
