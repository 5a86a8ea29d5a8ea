"""A token's life on two clocks, and the record that a keyring keeps of it."""

import binascii
import os
import time

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import KeyringError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

_MAGIC = "ecrx1"
_FIELDS = 7
_LIFE_SECONDS = 12 * 3600
# Half a life, give or take a twentieth: a fleet that was started together does not renew in one second.
_RENEW_AT, _SPREAD = 0.5, 0.05
_ENDLESS = float("inf")
_MACHINE_ID = "/etc/machine-id"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_STEP_BACK_SECONDS = 300.0  # a clock that is put right by a few minutes is no reason to ask AWS


class ClockReading:
    """A point in time on two clocks: the wall's (``utc``, since 1970), and one that nobody sets (``uptime``).

    ``uptime`` counts, in seconds, from the boot that ``boot`` names; an empty ``boot`` has no such clock.
    """

    __slots__ = ("boot", "uptime", "utc")

    def __init__(self, utc: float, boot: str, uptime: float) -> None:
        self.utc = utc
        self.boot = boot
        self.uptime = uptime

    def since(self, earlier: "ClockReading") -> float | None:
        """Return the seconds since ``earlier``, or None where the wall clock was set back and nothing else can tell."""
        if self.boot and self.boot == earlier.boot:
            return self.uptime - earlier.uptime
        seconds = self.utc - earlier.utc
        return seconds if seconds > -_STEP_BACK_SECONDS else None


def now() -> ClockReading:
    """Return the present moment."""
    boot = _first_word(_BOOT_ID)
    return ClockReading(time.time(), boot, time.clock_gettime(time.CLOCK_BOOTTIME) if boot else 0.0)


class Token:
    """The password of a registry's user ``AWS``; ``lifetime`` and ``refresh_after`` are seconds after ``issued_at``."""

    __slots__ = ("issued_at", "lifetime", "password", "refresh_after")

    def __init__(self, password: str, minted: ClockReading, lifetime: float, renew: float) -> None:
        log.add_secret(password)
        self.password = password
        self.issued_at = minted
        self.lifetime = lifetime
        self.refresh_after = renew

    def age(self, moment: ClockReading) -> float | None:
        """Return the seconds since it was minted, or None where no clock tells.

        Of a boot's two clocks the one counts that says more.
        The boot's own stands still while a virtual machine is paused, and what it says alone would have ``get`` serve
        for hours a token that ECR refuses.
        Where it is the wall's that is wrong, AWS is asked too early, refuses the signature's time and says its own, by
        which ``single_flight.obtain`` goes on to serve a token that is alive.
        """
        seconds = moment.since(self.issued_at)
        return None if seconds is None else max(seconds, moment.utc - self.issued_at.utc)

    def is_valid(self, moment: ClockReading) -> bool:
        """Return whether ECR still takes the token."""
        age = self.age(moment)
        return age is not None and age < self.lifetime

    def needs_refresh(self, moment: ClockReading) -> bool:
        """Return whether the token is old enough to be refreshed, or of an unknown age."""
        age = self.age(moment)
        return age is None or age >= self.refresh_after


def new_token(password: str, name: str, lifetime: float, minted: ClockReading) -> Token:
    """Return a token that was minted just now for the keyring item ``name`` and lives for ``lifetime`` seconds."""
    fixed = binascii.crc32(f"{_first_word(_MACHINE_ID)} {name}".encode("utf-8", "surrogateescape")) / 0xFFFFFFFF
    return Token(password, minted, lifetime, lifetime * (_RENEW_AT + _SPREAD * (2 * fixed - 1)))


def to_record(name: str, token: Token) -> str:
    """Return what the keyring keeps: a line of facts with a checksum, and the password."""
    facts = f"{token.lifetime:.0f} {token.refresh_after:.0f} {format_timestamp(token.issued_at)}"
    return f"{_MAGIC} {facts} {_checksum(name, facts, token.password)}\n{token.password}"


def from_record(name: str, record: str) -> Token | None:
    """Return the token in a record that was kept under ``name``; None for a damaged or a foreign one."""
    line, _, password = record.partition("\n")
    words = line.split(" ")
    if (
        not password
        or len(words) != _FIELDS
        or words[0] != _MAGIC
        or words[-1] != _checksum(name, " ".join(words[1:-1]), password)
    ):
        return None
    _, lifetime, renew, *stamp, _ = words
    try:
        token = Token(password, parse_timestamp(*stamp), float(lifetime), float(renew))
    except ValueError:
        return None
    # No more than ECR gives, due before it is over, and minted at a time that there is: NaN is none of these.
    is_life = 0 < token.lifetime <= _LIFE_SECONDS and 0 <= token.refresh_after <= token.lifetime
    return token if is_life and abs(token.issued_at.utc) + abs(token.issued_at.uptime) < _ENDLESS else None


def load_or_none(name: str, keyring: "Keyring | None") -> Token | None:
    """Return the token that ``keyring`` keeps under ``name``, be it alive or not; None where it cannot be read."""
    try:
        return load(name, keyring)
    except KeyringError as error:
        log.debug(f"going on without the keyring: {error}")
        return None


def load(name: str, keyring: "Keyring | None") -> Token | None:
    """Return the token that ``keyring`` keeps under ``name``, be it alive or not; raise KeyringError."""
    record = None if keyring is None else keyring.get(name)
    return None if record is None else from_record(name, record)


def describe(token: Token | None, moment: ClockReading) -> str:
    """Return what there is to say of a token's life at that moment."""
    if token is None or not token.is_valid(moment):
        return "nothing" if token is None else "a token that has expired"
    age = moment.since(token.issued_at) or 0.0
    due = "due for renewal" if token.needs_refresh(moment) else f"due for renewal in {token.refresh_after - age:.0f} s"
    return f"a token that lives for {token.lifetime - age:.0f} s and is {due}"


def save(name: str, token: Token, keyring: "Keyring | None") -> bool:
    """Keep ``token`` under ``name`` and return whether that worked; a keyring that fails is no reason to fail."""
    if keyring is None:
        return False
    left = token.lifetime - max(0.0, token.age(now()) or 0.0)
    try:
        keyring.set(name, to_record(name, token), max(1, int(left)))
    except KeyringError as error:
        log.debug(f"the token is not cached: {error}")
        return False
    return True


def format_timestamp(moment: ClockReading) -> str:
    """Return what ``parse_timestamp`` reads, with the three words of it as its arguments."""
    return f"{moment.utc} {moment.boot or '-'} {moment.uptime}"


def parse_timestamp(utc: str, boot: str, uptime: str) -> ClockReading:
    """Return the moment that ``format_timestamp`` wrote; raise ValueError where it did not."""
    return ClockReading(float(utc), boot.strip("-"), float(uptime))


def is_between(started: ClockReading, stamp: str, moment: ClockReading) -> bool:
    """Return whether ``stamp``, which ``format_timestamp`` wrote, is of a time from ``started`` to ``moment``."""
    try:
        at = parse_timestamp(*stamp.split(" "))
    except (ValueError, TypeError):
        return False
    after, before = at.since(started), moment.since(at)
    return after is not None and before is not None and after >= 0 and before >= 0  # NaN is neither


def _checksum(name: str, facts: str, password: str) -> str:
    return f"{binascii.crc32(f'{name} {facts} {password}'.encode('utf-8', 'surrogateescape')):08x}"


def _first_word(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(fd, 64).decode("ascii", "replace").strip()
    finally:
        os.close(fd)
