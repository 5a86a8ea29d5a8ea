"""A token, its age on two clocks, and the record of it in a keyring."""

import binascii
import os
import time

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import KeyringError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from docker_credential_ecrx.keyrings import Keyring

_MAGIC = "ecrx1"
_FIELDS = 7
_MAX_LIFETIME_SECONDS = 12 * 3600
# A token is refreshed after half its lifetime, give or take a twentieth, so that machines that were started together
# do not all ask AWS in the same second.
_REFRESH_AT, _SPREAD = 0.5, 0.05
_INFINITE = float("inf")
_MACHINE_ID = "/etc/machine-id"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_MAX_STEP_BACK_SECONDS = 300.0  # a clock that was corrected by a few minutes is no reason to ask AWS


class ClockReading:
    """A time on two clocks: the wall clock (``utc``, seconds since 1970), and one that nobody sets (``uptime``).

    ``uptime`` is the seconds since the boot with the identifier ``boot``; without that clock, ``boot`` is empty.
    """

    __slots__ = ("boot", "uptime", "utc")

    def __init__(self, utc: float, boot: str, uptime: float) -> None:
        self.utc = utc
        self.boot = boot
        self.uptime = uptime

    def since(self, earlier: "ClockReading") -> float | None:
        """Return the seconds since ``earlier``, or None if the wall clock was set back and there is no other."""
        if self.boot and self.boot == earlier.boot:
            return self.uptime - earlier.uptime
        seconds = self.utc - earlier.utc
        return seconds if seconds > -_MAX_STEP_BACK_SECONDS else None


def now() -> ClockReading:
    """Return the current time."""
    boot = _first_word(_BOOT_ID)
    return ClockReading(time.time(), boot, time.clock_gettime(time.CLOCK_BOOTTIME) if boot else 0.0)


class Token:
    """The password of a registry's user ``AWS``; ``lifetime`` and ``refresh_after`` are seconds after ``issued_at``."""

    __slots__ = ("issued_at", "lifetime", "password", "refresh_after")

    def __init__(self, password: str, issued_at: ClockReading, lifetime: float, refresh_after: float) -> None:
        log.add_secret(password)
        self.password = password
        self.issued_at = issued_at
        self.lifetime = lifetime
        self.refresh_after = refresh_after

    def age(self, now: ClockReading) -> float | None:
        """Return the seconds since the token was issued, or None if no clock can tell.

        Uses whichever of the two clocks reports the greater age.
        The boot's clock stops while a virtual machine is paused, so by that clock alone ``get`` would serve an expired
        token for hours.
        If it is the wall clock that is wrong, AWS is asked too early and refuses the signature, with the right time in
        its response: by that time, ``single_flight.obtain`` serves the token while it is valid.
        """
        seconds = now.since(self.issued_at)
        return None if seconds is None else max(seconds, now.utc - self.issued_at.utc)

    def is_valid(self, now: ClockReading) -> bool:
        """Return whether ECR still accepts the token."""
        age = self.age(now)
        return age is not None and age < self.lifetime

    def needs_refresh(self, now: ClockReading) -> bool:
        """Return whether the token is old enough to be refreshed, or of an unknown age."""
        age = self.age(now)
        return age is None or age >= self.refresh_after


def new_token(password: str, name: str, lifetime: float, issued_at: ClockReading) -> Token:
    """Return a new token for the keyring item ``name``, which expires ``lifetime`` seconds after ``issued_at``."""
    # From 0 to 1, and the same each time for this machine and identity.
    shift = binascii.crc32(f"{_first_word(_MACHINE_ID)} {name}".encode("utf-8", "surrogateescape")) / 0xFFFFFFFF
    return Token(password, issued_at, lifetime, lifetime * (_REFRESH_AT + _SPREAD * (2 * shift - 1)))


def to_record(name: str, token: Token) -> str:
    """Return the text of the item: a line with the times and a checksum, and the password."""
    times = f"{token.lifetime:.0f} {token.refresh_after:.0f} {format_timestamp(token.issued_at)}"
    return f"{_MAGIC} {times} {_checksum(name, times, token.password)}\n{token.password}"


def from_record(
    name: str, record: str, make: "Callable[[str, ClockReading, float, float], Token]" = Token
) -> Token | None:
    """Return the token in the item ``name``, or None if the record is damaged or another program's.

    ``make`` returns what ``Token`` would, or a token without the password.
    """
    line, _, password = record.partition("\n")
    words = line.split(" ")
    if (
        not password
        or len(words) != _FIELDS
        or words[0] != _MAGIC
        or words[-1] != _checksum(name, " ".join(words[1:-1]), password)
    ):
        return None
    _, lifetime, refresh_after, *stamp, _ = words
    try:
        token = make(password, parse_timestamp(*stamp), float(lifetime), float(refresh_after))
    except ValueError:
        return None
    # A NaN passes none of these comparisons.
    is_lifetime = 0 < token.lifetime <= _MAX_LIFETIME_SECONDS and 0 <= token.refresh_after <= token.lifetime
    return token if is_lifetime and abs(token.issued_at.utc) + abs(token.issued_at.uptime) < _INFINITE else None


def load_or_none(name: str, keyring: "Keyring | None") -> Token | None:
    """Return the token in the item ``name``, valid or not; None if there is none that can be read."""
    try:
        return load(name, keyring)
    except KeyringError as error:
        log.debug(f"continuing without the keyring: {error}")
        return None


def load(name: str, keyring: "Keyring | None") -> Token | None:
    """Return the token in the item ``name``, valid or not, or None; raise KeyringError."""
    record = None if keyring is None else keyring.get(name)
    return None if record is None else from_record(name, record)


def describe(token: Token | None, now: ClockReading) -> str:
    """Say for how long the token is valid, and when it is due for refresh."""
    if token is None or not token.is_valid(now):
        return "no token" if token is None else "an expired token"
    age = now.since(token.issued_at) or 0.0
    due = "now" if token.needs_refresh(now) else f"in {token.refresh_after - age:.0f} s"
    return f"a token that expires in {token.lifetime - age:.0f} s and is due for refresh {due}"


def save(name: str, token: Token, keyring: "Keyring | None", *, by_hand: bool = False) -> bool:
    """Save ``token`` in the item ``name``; return False, and raise nothing, if there is no keyring or it fails.

    ``by_hand`` is whether only a person can store it again.
    """
    if keyring is None:
        return False
    left = token.lifetime - max(0.0, token.age(now()) or 0.0)
    try:
        keyring.set(name, to_record(name, token), max(1, int(left)), by_hand=by_hand)
    except KeyringError as error:
        log.debug(f"the token is not cached: {error}")
        return False
    return True


def format_timestamp(at: ClockReading) -> str:
    """Return three words, which ``parse_timestamp`` reads."""
    return f"{at.utc} {at.boot or '-'} {at.uptime}"


def parse_timestamp(utc: str, boot: str, uptime: str) -> ClockReading:
    """Return the time that ``format_timestamp`` wrote; raise ValueError if it did not write these words."""
    return ClockReading(float(utc), boot.strip("-"), float(uptime))


def is_between(started: ClockReading, stamp: str, now: ClockReading) -> bool:
    """Return whether ``stamp``, which ``format_timestamp`` wrote, is of a time from ``started`` to ``now``."""
    try:
        at = parse_timestamp(*stamp.split(" "))
    except (ValueError, TypeError):
        return False
    after, before = at.since(started), now.since(at)
    return after is not None and before is not None and after >= 0 and before >= 0  # NaN is neither


def _checksum(name: str, times: str, password: str) -> str:
    return f"{binascii.crc32(f'{name} {times} {password}'.encode('utf-8', 'surrogateescape')):08x}"


def _first_word(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(fd, 64).decode("ascii", "replace").strip()
    finally:
        os.close(fd)
