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


class Moment:
    """A point in time on two clocks: the wall's (``utc``, since 1970), and one that nobody sets (``uptime``).

    ``uptime`` counts, in seconds, from the boot that ``boot`` names; an empty ``boot`` has no such clock.
    """

    __slots__ = ("boot", "uptime", "utc")

    def __init__(self, utc: float, boot: str, uptime: float) -> None:
        self.utc = utc
        self.boot = boot
        self.uptime = uptime

    def since(self, earlier: "Moment") -> float | None:
        """Return the seconds since ``earlier``, or None where the wall clock was set back and nothing else can tell."""
        if self.boot and self.boot == earlier.boot:
            return self.uptime - earlier.uptime
        seconds = self.utc - earlier.utc
        return seconds if seconds > -_STEP_BACK_SECONDS else None


def now() -> Moment:
    """Return the present moment."""
    boot = _first_word(_BOOT_ID)
    return Moment(time.time(), boot, time.clock_gettime(time.CLOCK_BOOTTIME) if boot else 0.0)


class Token:
    """The password of a registry's user ``AWS``; ``life`` and ``renew`` are seconds after ``minted``."""

    __slots__ = ("life", "minted", "password", "renew")

    def __init__(self, password: str, minted: Moment, life: float, renew: float) -> None:
        log.add_secret(password)
        self.password = password
        self.minted = minted
        self.life = life
        self.renew = renew

    def age(self, moment: Moment) -> float | None:
        """Return the seconds since it was minted, or None where no clock tells.

        Of a boot's two clocks the one counts that says more.
        The boot's own stands still while a virtual machine is paused, and what it says alone would have ``get`` serve
        for hours a token that ECR refuses.
        Where it is the wall's that is wrong, AWS is asked too early, refuses the signature's time and says its own, by
        which ``single_flight.obtain`` goes on to serve a token that is alive.
        """
        seconds = moment.since(self.minted)
        return None if seconds is None else max(seconds, moment.utc - self.minted.utc)

    def is_alive(self, moment: Moment) -> bool:
        """Return whether ECR still takes the token."""
        age = self.age(moment)
        return age is not None and age < self.life

    def is_fresh(self, moment: Moment) -> bool:
        """Return whether it is too early to renew the token."""
        age = self.age(moment)
        return age is not None and age < self.renew


def fresh_token(password: str, name: str, life: float, minted: Moment) -> Token:
    """Return a token that was minted just now for the keyring item ``name`` and lives for ``life`` seconds."""
    fixed = binascii.crc32(f"{_first_word(_MACHINE_ID)} {name}".encode("utf-8", "surrogateescape")) / 0xFFFFFFFF
    return Token(password, minted, life, life * (_RENEW_AT + _SPREAD * (2 * fixed - 1)))


def to_record(name: str, token: Token) -> str:
    """Return what the keyring keeps: a line of facts with a checksum, and the password."""
    facts = f"{token.life:.0f} {token.renew:.0f} {stamp_of(token.minted)}"
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
    _, life, renew, *stamp, _ = words
    try:
        token = Token(password, moment_of(*stamp), float(life), float(renew))
    except ValueError:
        return None
    # No more than ECR gives, due before it is over, and minted at a time that there is: NaN is none of these.
    is_life = 0 < token.life <= _LIFE_SECONDS and 0 <= token.renew <= token.life
    return token if is_life and abs(token.minted.utc) + abs(token.minted.uptime) < _ENDLESS else None


def cached(name: str, keyring: "Keyring | None") -> Token | None:
    """Return the token that ``keyring`` keeps under ``name``, be it alive or not; None where it cannot be read."""
    try:
        return fetch(name, keyring)
    except KeyringError as error:
        log.debug(f"going on without the keyring: {error}")
        return None


def fetch(name: str, keyring: "Keyring | None") -> Token | None:
    """Return the token that ``keyring`` keeps under ``name``, be it alive or not; raise KeyringError."""
    record = None if keyring is None else keyring.fetch(name)
    return None if record is None else from_record(name, record)


def described(token: Token | None, moment: Moment) -> str:
    """Return what there is to say of a token's life at that moment."""
    if token is None or not token.is_alive(moment):
        return "nothing" if token is None else "a token that has expired"
    age = moment.since(token.minted) or 0.0
    due = f"due for renewal in {token.renew - age:.0f} s" if token.is_fresh(moment) else "due for renewal"
    return f"a token that lives for {token.life - age:.0f} s and is {due}"


def keep(name: str, token: Token, keyring: "Keyring | None") -> bool:
    """Keep ``token`` under ``name`` and return whether that worked; a keyring that fails is no reason to fail."""
    if keyring is None:
        return False
    left = token.life - max(0.0, token.age(now()) or 0.0)
    try:
        keyring.put(name, to_record(name, token), max(1, int(left)))
    except KeyringError as error:
        log.debug(f"the token is not cached: {error}")
        return False
    return True


def stamp_of(moment: Moment) -> str:
    """Return what ``moment_of`` reads, with the three words of it as its arguments."""
    return f"{moment.utc} {moment.boot or '-'} {moment.uptime}"


def moment_of(utc: str, boot: str, uptime: str) -> Moment:
    """Return the moment that ``stamp_of`` wrote; raise ValueError where it did not."""
    return Moment(float(utc), boot.strip("-"), float(uptime))


def is_between(started: Moment, stamp: str, moment: Moment) -> bool:
    """Return whether ``stamp``, which ``stamp_of`` wrote, is of a time from ``started`` to ``moment``."""
    try:
        at = moment_of(*stamp.split(" "))
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
