"""A reply to Docker or kubelet: its three parts, the time limit on it, its failures, and JSON strings."""

from docker_credential_ecrx.errors import EcrxError, NotFoundError, RequestError
from docker_credential_ecrx.system.fast_stdlib import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Messages of docker-credential-helpers, credentials/error.go.
# Clients look for this phrase, and then continue without credentials.
NOT_FOUND = "credentials not found in native keychain"
# Clients compare these with the whole line.
NO_SERVER = "no credentials server URL"
NO_USER = "no credentials username"
# testcontainers-java gives up after 30 seconds.
LIMIT_SECONDS = 24.0


class TimeUpError(BaseException):
    """The reply took LIMIT_SECONDS; not an Exception, so that no ``except`` takes it for a failure of one part."""

    hint = "run it with ECRX_LOG=debug to see where it stops"


class Reply:
    """What goes to stdout and stderr, and the exit status."""

    __slots__ = ("status", "stderr", "stdout")

    def __init__(self, stdout: str = "", stderr: str = "", status: int = 0) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.status = status


def guarded(verb: str, make: "Callable[[], Reply]") -> Reply:
    """Return what ``make`` returns, or a failure's reply if it raises or takes longer than LIMIT_SECONDS.

    The limit is for calls that have none of their own, such as reading a pipe or a file on a network.
    """
    try:
        _set_alarm(LIMIT_SECONDS)
        try:
            return _without_traceback(verb, make)
        finally:
            _set_alarm(0.0)  # within the outer try, which also catches an alarm that comes just now
    except TimeUpError as error:
        return failure(EcrxError(f"{verb} did not finish within {LIMIT_SECONDS:g} seconds", error.hint))


def stdin_of(read: "Callable[[], bytes]") -> bytes:
    """Return all of stdin, which ``read`` returns; if the time runs out during that, the remedy is to close it."""
    try:
        return read()
    except TimeUpError as error:
        error.hint = "close its standard input"
        raise


def failure(error: EcrxError, status: int = 1) -> Reply:
    """Return the failure as one line on both streams: ``docker pull`` and ``docker push`` show only stderr."""
    if isinstance(error, NotFoundError):
        return Reply(f"{NOT_FOUND}\n", status=1)
    text = str(error).replace(NOT_FOUND, "credentials not found")
    # Clients compare Docker's own messages with the whole line.
    is_literal = isinstance(error, RequestError) and error.message in (NO_SERVER, NO_USER)
    line = f"{text}\n" if is_literal else f"docker-credential-ecrx: {text}\n"
    return Reply(line, line, status)


def quote(text: str) -> str:
    """Return ``text`` as a JSON string of ASCII characters."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json  # few texts need it, and it takes long to load

    return json.dumps(text)


def _set_alarm(seconds: float) -> None:
    """Raise TimeUpError after ``seconds``, or cancel that if it is 0; Windows has no such alarm."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _raise_time_up)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _raise_time_up(*_: object) -> None:
    raise TimeUpError


def _without_traceback(verb: str, make: "Callable[[], Reply]") -> Reply:
    try:
        return make()
    except NotFoundError as error:
        return failure(error)
    except Exception as error:  # noqa: BLE001 - a traceback would show the client values, secrets among them
        from docker_credential_ecrx.system import installation

        return failure(installation.user_facing_error(error, verb))
