"""A token's lifetime on two clocks, its record in a keyring, and how many processes share one call to AWS."""

import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import (
    AwsError,
    ClockError,
    KeyringError,
    MfaCodeNeededError,
    NoAwsCredentialsError,
)
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.store import cached_token, refresh, single_flight
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest
from docker_credential_ecrx.system.file_lock import FileLock
from support.secrets import places_of

pytestmark = pytest.mark.posix("signals")

NAME = "token:ecr:aws:us-east-1:0123"
REQUEST = TokenRequest(
    Registry("111111111111.dkr.ecr.us-east-1.amazonaws.com", "111111111111", "us-east-1", "aws"), Identity("me"), NAME
)
HOUR = 3600.0
DUE, LIFE = 6 * HOUR, 12 * HOUR
BOOT, OTHER_BOOT, NO_BOOT = "5b1c44f6-3c3a-4d19-9f4e-0f4c2b0d9a11", "00000000-0000-4000-8000-000000000000", ""
ISSUED = ClockReading(1_700_000_000.0, BOOT, 100_000.0)
OLD = Token("old", ISSUED, LIFE, DUE)
FRESH, ALIVE, OVER = (True, True), (False, True), (False, False)
REFUSED = AwsError("AWS refuses", "check the profile", ("aws", "operation=AssumeRole", "code=AccessDenied"))
FAILURES: list[AwsError] = [
    REFUSED,
    NoAwsCredentialsError("no credentials", "configure", ("no-credentials",)),
    MfaCodeNeededError("no code", "", ("mfa", "name=me")),
    ClockError("the clock is wrong", "set it", -400.0),
]

KILLED_HOLDER = """\
import os, signal, sys
from docker_credential_ecrx.system.file_lock import FileLock
lock = FileLock(sys.argv[1])
assert lock.acquire(0.0)
os.kill(os.getpid(), signal.SIGKILL)
"""

whole = st.integers(-(10**10), 10**10).map(float)
words = st.sampled_from([BOOT, OTHER_BOOT, NO_BOOT])
lives = st.tuples(*[st.integers(0, 43_200).map(float)] * 2).map(lambda seconds: (max(*seconds, 1.0), min(seconds)))
issued_tokens = st.builds(
    lambda password, issued, lifetime: Token(password, issued, *lifetime),
    st.text(min_size=1),
    st.builds(ClockReading, whole, words, whole),
    lives,
)


def later(seconds: float, *, boot: str = BOOT, clock_set_by: float = 0.0) -> ClockReading:
    """Return the time ``seconds`` after ISSUED, with a wall clock that was set forward or back meanwhile."""
    return ClockReading(ISSUED.utc + seconds + clock_set_by, boot, ISSUED.uptime + seconds if boot == BOOT else seconds)


def state_at(moment: ClockReading) -> tuple[bool, bool]:
    return not OLD.needs_refresh(moment), OLD.is_valid(moment)


class TestLifetime:
    @pytest.mark.parametrize("boot", [BOOT, OTHER_BOOT, NO_BOOT], ids=["same boot", "another boot", "no boot clock"])
    @pytest.mark.parametrize(
        ("age", "state"),
        [(0, FRESH), (DUE - 1, FRESH), (DUE, ALIVE), (LIFE - 1, ALIVE), (LIFE, OVER), (99 * LIFE, OVER)],
    )
    def test_goes_from_fresh_to_refresh_to_expired(self, age: float, state: tuple[bool, bool], boot: str) -> None:
        assert state == state_at(later(age, boot=boot))

    @pytest.mark.parametrize(("age", "state"), [(1, FRESH), (DUE + 1, ALIVE), (LIFE, OVER)])
    def test_ignores_a_wall_clock_set_back(self, age: float, state: tuple[bool, bool]) -> None:
        assert state == state_at(later(age, clock_set_by=-30 * HOUR))

    @pytest.mark.parametrize(("paused", "state"), [(1, FRESH), (DUE, ALIVE), (LIFE, OVER)])
    def test_advances_while_the_machine_is_paused(self, paused: float, state: tuple[bool, bool]) -> None:
        """The boot clock is paused as well."""
        assert state == state_at(later(1, clock_set_by=paused))

    @pytest.mark.parametrize("boot", [OTHER_BOOT, NO_BOOT], ids=["another boot", "no boot clock"])
    @pytest.mark.parametrize(
        ("clock_set_by", "state"), [(30 * HOUR, OVER), (-30 * HOUR, OVER), (-60, FRESH), (60, FRESH)]
    )
    def test_without_boot_clock_follows_the_wall_clock(
        self, clock_set_by: float, state: tuple[bool, bool], boot: str
    ) -> None:
        """A wall clock that is hours off then makes the token look expired."""
        assert state == state_at(later(1, boot=boot, clock_set_by=clock_set_by))


class TestRefreshTime:
    @given(st.text(), st.integers(1, 10**6))
    def test_is_half_of_the_lifetime_within_a_twentieth(self, name: str, lifetime: int) -> None:
        token = cached_token.new_token("password", name, lifetime, ISSUED)

        assert 0.45 * lifetime <= token.refresh_after <= 0.55 * lifetime

    def test_is_fixed_per_name_and_varies_between_names(self) -> None:
        names = [f"{NAME}{number}" for number in range(50)]
        once, again = (
            [cached_token.new_token("p", name, LIFE, ISSUED).refresh_after for name in names] for _ in range(2)
        )

        assert once == again
        assert 50 == len(set(once))
        assert max(once) - min(once) > 0.05 * LIFE


class TestRecord:
    @given(st.text(), issued_tokens)
    def test_contains_the_token(self, name: str, token: Token) -> None:
        record = cached_token.to_record(name, token)
        found = cached_token.from_record(name, record)

        assert found is not None
        assert (token.password, token.issued_at.boot) == (found.password, found.issued_at.boot)
        assert (token.issued_at.utc, token.issued_at.uptime) == (found.issued_at.utc, found.issued_at.uptime)
        assert (token.lifetime, token.refresh_after) == (found.lifetime, found.refresh_after)

    @given(st.text(), issued_tokens, st.data())
    def test_damaged_anywhere_is_none(self, name: str, token: Token, data: st.DataObject) -> None:
        record = cached_token.to_record(name, token)
        at = data.draw(st.integers(0, len(record) - 1))
        other = data.draw(st.characters(exclude_characters=record[at], codec="utf-8"))

        flipped, truncated, longer = record[:at] + other + record[at + 1 :], record[:at], record + record[at:]
        assert [None] * 3 == [cached_token.from_record(name, damaged) for damaged in (flipped, truncated, longer)]

    @given(st.text(), st.text(), issued_tokens)
    def test_under_another_name_is_none(self, name: str, other: str, token: Token) -> None:
        record = cached_token.to_record(name, token)

        assert (name != other) == (cached_token.from_record(other, record) is None)

    def test_without_a_password_is_none(self) -> None:
        assert cached_token.from_record(NAME, cached_token.to_record(NAME, Token("", ISSUED, LIFE, DUE))) is None

    @pytest.mark.parametrize(
        ("lifetime", "renew"),
        [
            (-1, -1),
            (-1, 21_600),
            (43_201, 21_600),
            (math.inf, 21_600),
            (math.nan, 21_600),
            (43_200, math.nan),
            (60, 61),
            (0, 0),
        ],
    )
    def test_with_a_lifetime_unlike_ecrs_is_none(self, lifetime: float, renew: float) -> None:
        assert (
            cached_token.from_record(NAME, cached_token.to_record(NAME, Token("password", ISSUED, lifetime, renew)))
            is None
        )

    @pytest.mark.parametrize("clock", [math.nan, math.inf, -math.inf])
    def test_with_an_impossible_time_is_none(self, clock: float) -> None:
        for moment in (ClockReading(clock, BOOT, 0.0), ClockReading(0.0, BOOT, clock)):
            assert (
                cached_token.from_record(NAME, cached_token.to_record(NAME, Token("password", moment, LIFE, DUE)))
                is None
            )

    @given(st.one_of(st.text(), st.text().map(lambda text: f"ecrx1 {text}"), st.from_regex(r"ecrx1( \S*){6}\n.*")))
    def test_of_another_program_is_none(self, record: str) -> None:
        assert cached_token.from_record(NAME, record) is None


class MemoryKeyring:
    """Stores records until the test ends."""

    label = "memory"

    def __init__(self, record: str | None = None) -> None:
        self.records = {NAME: record} if record else {}

    def expect(self, names: Iterable[str]) -> None:
        del names

    def get(self, name: str) -> str | None:
        return self.records.get(name)

    def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:
        del seconds, by_hand
        self.records[name] = secret

    def delete(self, name: str) -> None:
        self.records.pop(name, None)

    def names(self) -> list[str]:
        return list(self.records)


class LockedKeyring(MemoryKeyring):
    """Answers no request."""

    def get(self, name: str) -> str | None:
        raise KeyringError(name)

    def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:
        del secret, seconds, by_hand
        raise KeyringError(name)


class SlowKeyring(MemoryKeyring):
    """Something happens while it is read for the first time."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def get(self, name: str) -> str | None:
        self.meanwhile()
        self.meanwhile = lambda: None
        return super().get(name)


class FullKeyring(MemoryKeyring):
    """Accepts no item."""

    def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:
        del secret, seconds, by_hand
        raise KeyringError(name)


class Machine(TokenCache):
    """Processes that share a keyring, a lock file, and an AWS that gives ``answers`` one after the other."""

    def __init__(self, folder: Path, keyring: MemoryKeyring | None, *answers: str | AwsError) -> None:
        super().__init__("none", {})
        self.file = folder / "lock"
        self.asked = 0
        self._memory = keyring
        self._answers = iter(answers)
        self._missed = threading.Semaphore(0)
        self._awaited = 0

    @property
    def keyring(self) -> MemoryKeyring | None:
        return self._memory

    def password(self) -> str:
        started = cached_token.now()
        token = self.load(NAME)
        if token is None or token.needs_refresh(started):
            token = single_flight.obtain(self, REQUEST, token, started)
        return token.password

    def passwords_at_once(self, count: int) -> list[str]:
        """Return the password or the failure of each of ``count`` processes; AWS answers after all have missed."""
        self._awaited = count
        with ThreadPoolExecutor(count) as pool:
            got = [pool.submit(self.password) for _ in range(count)]
        return [_shown(one.exception()) or one.result() for one in got]

    def lock(self, request: TokenRequest, attempt: int) -> FileLock | None:
        assert (REQUEST, 0) == (request, attempt)
        lock = FileLock(str(self.file))
        self._missed.release()
        return lock

    def failure_of(self, request: TokenRequest, codes: tuple[str, ...]) -> AwsError | None:
        assert REQUEST == request
        known = next((failure for failure in FAILURES if failure.codes == codes), None)
        return known or super().failure_of(request, codes)

    def fetch(self, request: TokenRequest, started: ClockReading) -> Token:
        assert (REQUEST, True) == (request, cached_token.now().since(started) is not None)
        self.asked += 1
        while self._awaited and self._missed.acquire(timeout=60):
            self._awaited -= 1
        answer = next(self._answers)
        if isinstance(answer, AwsError):
            raise answer
        token = issued_ago(0, answer)
        cached_token.save(NAME, token, self.keyring)
        return token


class LocklessMachine(Machine):
    """Its processes have no state folder."""

    def lock(self, request: TokenRequest, attempt: int) -> FileLock | None:
        assert (REQUEST, 0) == (request, attempt)
        return None


def _leave_failure(file: Path) -> None:
    failed_at = cached_token.now()
    file.write_text(f"{cached_token.format_timestamp(failed_at)}\nfailed throttled\n")
    while not cached_token.now().since(failed_at):
        pass  # the clock has not advanced yet


def _told(error: AwsError) -> AwsError:
    return refresh.describe_failure(error, REQUEST, {})


def _shown(error: BaseException | None) -> str:
    return "" if error is None else f"{type(error).__name__}: {error}"


def issued_ago(seconds: float, password: str) -> Token:
    present = cached_token.now()
    return Token(password, ClockReading(present.utc - seconds, present.boot, present.uptime - seconds), LIFE, DUE)


def record_of(seconds: float, *, boot: str = "", clock_set_by: float = 0.0) -> str:
    """Return the record of the token ``old`` of that age, after the wall clock was set by that much."""
    token = issued_ago(seconds, "old")
    token.issued_at.utc -= clock_set_by
    token.issued_at.boot = boot or token.issued_at.boot
    return cached_token.to_record(NAME, token)


class TestObtain:
    def test_returns_a_fresh_token_without_calling_aws(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(record_of(5 * HOUR)))

        assert ("old", 0) == (machine.password(), machine.asked)

    @pytest.mark.parametrize(
        "stored",
        [None, record_of(7 * HOUR), record_of(LIFE + 1), record_of(0)[:-1], "foreign"],
        ids=["none", "due", "expired", "damaged", "foreign"],
    )
    def test_caches_the_response_of_aws(self, tmp_path: Path, stored: str | None) -> None:
        machine = Machine(tmp_path, MemoryKeyring(stored), "new")

        assert ["new", "new"] == [machine.password(), machine.password()]
        assert 1 == machine.asked

    @pytest.mark.parametrize("keyring", [None, LockedKeyring()], ids=["none", "locked"])
    def test_calls_aws_each_time_without_a_keyring(self, tmp_path: Path, keyring: MemoryKeyring | None) -> None:
        machine = Machine(tmp_path, keyring, "one", "two")

        assert ["one", "two"] == [machine.password(), machine.password()]

    def test_needs_no_lock(self, tmp_path: Path) -> None:
        assert "new" == LocklessMachine(tmp_path, MemoryKeyring(), "new").password()

    def test_ignores_a_failure_from_before_the_keyring_was_read(self, tmp_path: Path) -> None:
        """A keyring may take seconds, in which another process may fail and let its lock go."""
        machine = Machine(tmp_path, SlowKeyring(), "issued")
        assert isinstance(machine.keyring, SlowKeyring)
        machine.keyring.meanwhile = lambda: _leave_failure(machine.file)

        assert ("issued", 1) == (machine.password(), machine.asked)

    def test_failed_refresh_returns_the_old_token_and_warns(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        machine = Machine(tmp_path, MemoryKeyring(record_of(11 * HOUR)), REFUSED)

        assert "old" == machine.password()
        (line,) = capfd.readouterr().err.splitlines()
        told = f"no token for {REQUEST.registry.host} with profile me: AWS refuses; check the profile"
        assert line.endswith(f"because it cannot be refreshed: {told}")

    def test_failed_refresh_is_retried_after_a_minute(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(record_of(7 * HOUR)), REFUSED, "new")

        assert (["old", "old"], 1) == ([machine.password(), machine.password()], machine.asked)

        _, _, failure = machine.file.read_text().partition("\n")
        machine.file.write_text(f"{cached_token.format_timestamp(issued_ago(61, 'any').issued_at)}\n{failure}")

        assert ("new", 2) == (machine.password(), machine.asked)

    @pytest.mark.parametrize(
        ("hours", "set_by", "boot"),
        [(1, 30, ""), (11, 30, OTHER_BOOT), (11, -30, OTHER_BOOT)],
        ids=["ahead", "ahead after a restart", "behind after a restart"],
    )
    def test_wrong_clock_keeps_token_valid_by_aws_time(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str], hours: float, set_by: float, boot: str
    ) -> None:
        stored = record_of(hours * HOUR, clock_set_by=set_by * HOUR, boot=boot)
        machine = Machine(tmp_path, MemoryKeyring(stored), ClockError("the clock is wrong", "set it", set_by * HOUR))

        assert "old" == machine.password()
        (line,) = capfd.readouterr().err.splitlines()
        told = f"no token for {REQUEST.registry.host} with profile me: the clock is wrong; set it"
        assert line.endswith(f"because it cannot be refreshed: {told}")

    @pytest.mark.parametrize(("hours", "set_by"), [(13, 30), (13, 0.1), (13, -0.1), (12.05, -0.1)])
    def test_rejects_token_expired_by_aws_time(self, tmp_path: Path, hours: float, set_by: float) -> None:
        stored = record_of(hours * HOUR, clock_set_by=set_by * HOUR, boot=OTHER_BOOT)
        machine = Machine(tmp_path, MemoryKeyring(stored), ClockError("the clock is wrong", "set it", set_by * HOUR))

        with pytest.raises(ClockError):
            machine.password()

    def test_rejects_token_expired_during_a_pause(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(record_of(1, clock_set_by=13 * HOUR)), REFUSED)

        with pytest.raises(AwsError, match="AWS refuses"):
            machine.password()

    def test_never_returns_an_expired_token(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(record_of(LIFE + 1)), REFUSED)

        with pytest.raises(AwsError, match="AWS refuses"):
            machine.password()


class TestConcurrentGets:
    def test_share_one_token(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(), "new")

        assert (["new"] * 8, 1) == (machine.passwords_at_once(8), machine.asked)

    @pytest.mark.parametrize("failure", FAILURES, ids=repr)
    def test_share_one_failure(self, tmp_path: Path, failure: AwsError) -> None:
        machine = Machine(tmp_path, MemoryKeyring(), failure)

        assert ([_shown(_told(failure))] * 8, 1) == (machine.passwords_at_once(8), machine.asked)

    def test_share_a_failure_of_another_version(self, tmp_path: Path) -> None:
        """Its error codes are unknown to this version."""
        machine = Machine(tmp_path, MemoryKeyring(), AwsError("AWS refuses", "check the profile", ("another",)))

        got = machine.passwords_at_once(8)

        other = AwsError("another process asked AWS for this token a moment ago, and failed", "try again in a moment")
        own = AwsError("AWS refuses", "check the profile")
        assert [_shown(_told(own)), *[_shown(_told(other))] * 7] == sorted(got)

    def test_leave_no_text_beside_the_lock(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(), REFUSED)

        with pytest.raises(AwsError):
            machine.password()

        _, left = machine.file.read_text().splitlines()
        assert "failed aws operation=AssumeRole code=AccessDenied" == left

    def test_fetch_separately_if_the_keyring_rejects_the_token(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, FullKeyring(), *(f"new {number}" for number in range(8)))

        assert {f"new {number}" for number in range(8)} == set(machine.passwords_at_once(8))

    def test_get_old_or_new_token_during_refresh(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(record_of(7 * HOUR)), "new")

        assert {"new"} <= set(machine.passwords_at_once(8)) <= {"old", "new"}
        assert 1 == machine.asked

    def test_get_the_old_token_if_refresh_fails(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(record_of(7 * HOUR)), REFUSED)

        assert (["old"] * 8, 1) == (machine.passwords_at_once(8), machine.asked)

    def test_with_wrong_clock_get_token_valid_by_aws_time(self, tmp_path: Path) -> None:
        stored, wrong = record_of(HOUR, clock_set_by=30 * HOUR), ClockError("the clock is wrong", "set it", 30 * HOUR)
        machine = Machine(tmp_path, MemoryKeyring(stored), wrong)

        assert (["old"] * 8, 1) == (machine.passwords_at_once(8), machine.asked)

    def test_leave_no_failure_for_later_processes(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(), REFUSED, "new")

        with pytest.raises(AwsError):
            machine.password()
        assert "new" == machine.password()

    @pytest.mark.parametrize(
        "left",
        ["", "\n", "nonsense", "1.0\nfailed\nAWS refuses\n\n", f"{time.monotonic() + 10**6}\nfailed\nAWS refuses\n\n"],
        ids=["nothing", "a line", "nonsense", "long ago", "before the machine restarted"],
    )
    def test_are_not_blocked_by_leftovers(self, tmp_path: Path, left: str) -> None:
        machine = Machine(tmp_path, MemoryKeyring(), "new")
        machine.file.write_text(left)

        assert "new" == machine.password()

    def test_are_not_blocked_by_a_dead_lock_holder(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path, MemoryKeyring(), "new")
        killed = subprocess.run([sys.executable, "-c", KILLED_HOLDER, machine.file], check=False)

        assert -signal.SIGKILL == killed.returncode

        assert "new" == machine.password()


class TestSecret:
    def test_is_in_no_repr(self) -> None:
        token = Token("hunter2", ISSUED, LIFE, DUE)

        assert "hunter2" not in f"{token} {token!r} {[token]} {token.issued_at!r}"

    def test_is_not_left_beside_the_lock(self, tmp_path: Path) -> None:
        secret = "hunter2" * 300
        Machine(tmp_path, MemoryKeyring(), secret).password()

        assert [] == places_of(secret, tmp_path)
