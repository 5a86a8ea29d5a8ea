"""Refreshes a token once for all the processes that need it at the same time.

``compose pull`` starts a process for each service, and a machine may start many such commands at once.
They share a lock, the file of token_lock, and its holder writes into that file how it ended:

- The first process gets the lock, asks AWS, and saves the token in the keyring.
  The others wait for the lock. Whoever gets it next finds the token in the keyring.
- AWS fails. The first process writes what failed, and when. Whoever gets the lock next reads that it happened after it
  started itself, and fails likewise without asking AWS. A process that starts later ignores it, and asks AWS again.
- The keyring does not accept the token. The file says that AWS issued one, and yet the keyring has none, so the others
  cannot get it, and all ask AWS, at the same time and without the lock.
- The holder is killed. The kernel releases its lock, and the file says nothing new, so the next process asks AWS.
- The holder hangs. After _WAIT_SECONDS one of the others gets a second lock, and the same rules apply to that one.
  If its holder hangs too, the rest fail. There is no third lock, since a ``get`` must end within 25 seconds.
- There is no lock, as without a state folder. Each process asks AWS.

A process that has a valid token which needs a refresh never waits: if another process has the lock, or AWS failed less
than _RETRY_SECONDS ago, it serves the token that it has.

Imported only if there is no fresh token.
"""

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import AwsError, ClockError, MfaCodeNeededError, NoAwsCredentialsError, Remedy
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.cached_token import ClockReading
from docker_credential_ecrx.system.deadline import ASKING_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.store.cached_token import Token
    from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest
    from docker_credential_ecrx.system.file_lock import FileLock

# A holder has ASKING_SECONDS from when it got the lock, or some more if loading botocore takes most of them.
_WAIT_SECONDS = ASKING_SECONDS + 1.5
_ATTEMPTS = 2
_RETRY_SECONDS = 60.0
# What a lock's file says after its time: that AWS issued a token, or the kind and the codes of a failure.
_ISSUED = "minted"
_FAILURES = {"none": NoAwsCredentialsError, "mfa": MfaCodeNeededError, "clock": ClockError, "failed": AwsError}


def obtain(cache: "TokenCache", request: "TokenRequest", cached: "Token | None", started: ClockReading) -> "Token":
    """Return a new token for ``request``, or ``cached`` if AWS issues none and that is still valid.

    ``cached`` is what the keyring had when this process ``started`` to look for a token.
    Raises AwsError, which names the registry and the identity, if there is neither.
    """
    valid = cached if cached is not None and cached.is_valid(cached_token.now()) else None
    try:
        if cache.keyring is None:  # without it, no process can pass a token to another
            return cache.fetch(request, started)
        return _obtain_in_turn(cache, request, valid, started)
    except AwsError as error:
        from docker_credential_ecrx.store import refresh

        failure = refresh.describe_failure(error, request, cache.env)
        if cached is not None and cached.is_valid(_now_by_aws(error)):
            log.warn(f"serving a token that is due for refresh, because it cannot be refreshed: {failure}")
            return cached
        raise failure from error


def _now_by_aws(error: AwsError) -> ClockReading:
    """Return the current time, by AWS's clock if ``error`` says how far the clock here is off."""
    now = cached_token.now()
    ahead = error.ahead if isinstance(error, ClockError) else 0.0
    return ClockReading(now.utc - ahead, now.boot, now.uptime)


def _obtain_in_turn(
    cache: "TokenCache", request: "TokenRequest", valid: "Token | None", started: ClockReading
) -> "Token":
    """Return the token that the holder of the lock gets from AWS, be that this process or another."""
    waiting_since = cached_token.now()  # an outcome from before the keyring was read is not for this process
    for attempt in range(_ATTEMPTS):
        lock = cache.lock(request, attempt)
        if lock is None:
            return cache.fetch(request, started)
        try:
            if lock.acquire(0.0 if valid else _WAIT_SECONDS):
                token = cache.load(request.name)
                if token is not None and not token.needs_refresh(cached_token.now()):
                    log.debug("another process has refreshed the token")
                    return token
                outcome, *codes = _outcome_since(waiting_since, _RETRY_SECONDS if valid else 0.0, lock)
                if outcome == _ISSUED:
                    break
                if outcome:
                    log.debug("another process has asked AWS, and failed")
                    raise _failure(outcome, cache.failure_of(request, tuple(codes)), codes)
                return _fetch_for_all(cache, request, started, lock)
        finally:
            lock.close()
        if valid is not None:
            return valid
    else:
        command = "pgrep --list-full docker-cred"
        raise AwsError("two other processes are stuck refreshing this token", Remedy("find and end them", command))
    return cache.fetch(request, started)


def _fetch_for_all(cache: "TokenCache", request: "TokenRequest", started: ClockReading, lock: "FileLock") -> "Token":
    """Return a new token from AWS, and leave the outcome for those that wait for ``lock``."""
    try:
        token = cache.fetch(request, started)
    except AwsError as error:
        kind = next(name for name, kind in _FAILURES.items() if isinstance(error, kind))
        # Codes alone: AWS's own words may contain anything, and no file should have them.
        _write_outcome(lock, kind, *error.codes)
        raise
    _write_outcome(lock, _ISSUED)
    return token


def _write_outcome(lock: "FileLock", outcome: str, *codes: str) -> None:
    line = " ".join([outcome, *codes])
    try:
        lock.write(log.redacted(f"{cached_token.format_timestamp(cached_token.now())}\n{line}\n"))
    except OSError:
        pass  # the disk is full: the next process asks AWS itself


def _outcome_since(started: ClockReading, before: float, lock: "FileLock") -> list[str]:
    """Return the words of the outcome in the lock's file, or an empty one if it is too old or not readable.

    A token issued counts since this process ``started``; a failure counts from ``before`` seconds earlier.
    """
    stamp, outcome, *_ = (lock.read() + "\n" * 2).split("\n")
    try:
        at = cached_token.parse_timestamp(*stamp.split(" "))
    except (ValueError, TypeError):
        return [""]
    after, age = at.since(started), cached_token.now().since(at)
    if after is None or age is None or not (after >= (0.0 if outcome == _ISSUED else -before) and age >= 0):
        return [""]  # a NaN in the file is neither, and ends up here
    return outcome.split(" ")


def _failure(kind: str, error: AwsError | None, codes: list[str]) -> AwsError:
    """Return the failure of another process: ``error``, as far as its codes are known here, of the ``kind``."""
    error = error or _unknown_failure()
    found = _FAILURES.get(kind, AwsError)
    # Its codes say how far the clock is off.
    return error if found is ClockError else found(error.message, error.remedy, tuple(codes))


def _unknown_failure() -> AwsError:
    return AwsError("another process asked AWS for this token a moment ago, and failed", "try again in a moment")
