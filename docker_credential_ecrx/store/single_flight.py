"""Of many processes that need a token at once, one asks AWS, and the others get its token or its failure.

Imported only where there is no fresh token.
"""

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import AwsError, ClockError, MfaCodeNeededError, NoAwsCredentialsError
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.system.deadline import ASKING_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.store.cached_token import ClockReading, Token
    from docker_credential_ecrx.system.file_lock import FileLock

    Retell = Callable[[tuple[str, ...]], AwsError | None]

# An attempt to mint ends ASKING_SECONDS after its lock was taken, so who waits for it gets its outcome: but for one
# that takes most of them to load botocore, and then AWS has some seconds more.
# Where it hangs itself, one of those that waited makes the second. There is no third: a get ends within 25 s.
_PATIENCE_SECONDS = ASKING_SECONDS + 1.5
_ATTEMPTS = 2
# While AWS fails, a token that is due is served at once, and who finds it due after that long asks AWS again.
_RETRY_SECONDS = 60.0
# What the process that had the lock leaves to those that waited: its outcome, and codes of what failed.
_MINTED = "minted"
_WRONG_CLOCK = "clock"
_FAILURES = {"none": NoAwsCredentialsError, "mfa": MfaCodeNeededError, "failed": AwsError}


def obtain(  # noqa: PLR0913, PLR0917 - what there is, and where to get more
    due: "Token | None",
    name: str,
    keyring: "Keyring | None",
    open_lock: "Callable[[str, int], FileLock | None]",
    mint: "Callable[[], Token]",
    about: "Callable[[AwsError], AwsError]",
    retell: "Retell" = lambda _: None,
) -> "Token":
    """Return a new token that ``mint`` gets from AWS and keeps, or while that fails the one that is ``due``, if alive.

    Of the processes that miss at once one holds the lock of that name and mints; the others get its token or its
    failure.
    Where AWS refuses because of the clock here, its own tells whether the token lives.
    Raises AwsError where ``mint`` does and there is no live token to fall back on; ``about`` says for whom, and
    ``retell`` makes words again of the codes that another process left of its failure.
    """
    alive = due if due is not None and due.is_valid(cached_token.now()) else None
    try:
        # What no keyring keeps, no process can hand to another.
        return mint() if keyring is None else _in_turn(name, keyring, open_lock, mint, alive, retell)
    except AwsError as error:
        if due is not None and due.is_valid(_now_by_aws(error)):
            log.warn(f"serving a token that is due for renewal, because it cannot be renewed: {about(error)}")
            return due
        raise about(error) from error


def _now_by_aws(error: AwsError) -> "ClockReading":
    """Return the present moment, with the wall clock as AWS has it where ``error`` tells."""
    present = cached_token.now()
    ahead = error.ahead if isinstance(error, ClockError) else 0.0
    return cached_token.ClockReading(present.utc - ahead, present.boot, present.uptime)


def _in_turn(  # noqa: PLR0913, PLR0917 - as above
    name: str,
    keyring: "Keyring",
    open_lock: "Callable[[str, int], FileLock | None]",
    mint: "Callable[[], Token]",
    alive: "Token | None",
    retell: "Retell",
) -> "Token":
    """Return what the process that has the lock gets from AWS, be it this one or another."""
    started = cached_token.now()
    for attempt in range(_ATTEMPTS):
        lock = open_lock(name, attempt)
        if lock is None:
            return mint()
        try:
            if lock.acquire(0.0 if alive else _PATIENCE_SECONDS):
                token = cached_token.load_or_none(name, keyring)
                if token is not None and not token.needs_refresh(cached_token.now()):
                    log.debug("another process has got one meanwhile")
                    return token
                if _outcome(lock, started, _RETRY_SECONDS if alive else 0.0, retell) != _MINTED:
                    return _minted(mint, lock)
                break  # the keyring did not take what another process got: each for itself, and at the same time
        finally:
            lock.close()
        if alive is not None:
            return alive  # another process renews it
    else:
        raise AwsError("two processes that ask AWS for it hang", "end them: see pgrep --list-full docker-cred")
    return mint()


def _minted(mint: "Callable[[], Token]", lock: "FileLock") -> "Token":
    try:
        token = mint()
    except AwsError as error:
        _leave(lock, _kind_of(error), *error.codes)
        raise
    _leave(lock, _MINTED)
    return token


def _leave(lock: "FileLock", outcome: str, *codes: str) -> None:
    try:
        # What failed is told by codes: what others said of it may hold anything, and is in no file.
        lock.write(
            log.redacted(f"{cached_token.format_timestamp(cached_token.now())}\n{' '.join([outcome, *codes])}\n")
        )
    except OSError:
        pass  # a full disk: the next one will find out by itself


def _kind_of(error: AwsError) -> str:
    """Return what ``_failure`` makes an error of the same kind of."""
    if isinstance(error, ClockError):
        return _WRONG_CLOCK
    return next(kind for kind, cause in _FAILURES.items() if isinstance(error, cause))


def _failure(kind: str, codes: "tuple[str, ...]", retell: "Retell") -> AwsError:
    error = retell(codes) or _untold()
    if kind == _WRONG_CLOCK:
        ahead = codes[-1].partition("=")[2] if codes else ""
        return ClockError(error.message, error.remedy, float(ahead) if ahead.removeprefix("-").isdecimal() else 0.0)
    return _FAILURES.get(kind, AwsError)(error.message, error.remedy, codes)


def _untold() -> AwsError:
    message = "another process asked AWS for it a moment ago, and failed"
    return AwsError(message, "try again in a moment")


def _outcome(lock: "FileLock", started: "ClockReading", before: float, retell: "Retell") -> str:
    """Return what became of the process that this one waited for: ``issued_at``, or nothing since ``started``.

    Raises the failure that it left, or that one left in the seconds ``before``.
    """
    stamp, outcome, *_ = (lock.read() + "\n" * 2).split("\n")
    try:
        at = cached_token.parse_timestamp(*stamp.split(" "))
    except (ValueError, TypeError):
        return ""
    waited, age = at.since(started), cached_token.now().since(at)
    if waited is None or age is None or not (waited >= -before and age >= 0):  # NaN is neither
        return ""
    if outcome != _MINTED:
        log.debug("another process has asked AWS, and failed")
        kind, *codes = outcome.split(" ")
        raise _failure(kind, tuple(codes), retell)
    return outcome if waited >= 0 else ""
