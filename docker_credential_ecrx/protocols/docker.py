"""Docker's credential-helper protocol: one verb, a request on stdin, an answer on stdout, an exit status.

https://github.com/docker/docker-credential-helpers
"""

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import EcrxError, NotFoundError, RequestError
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.system.fast_stdlib import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERBS = ("get", "store", "erase", "list")
# The messages that clients compare with (docker-credential-helpers, credentials/error.go).
NOT_FOUND = "credentials not found in native keychain"
NO_SERVER = "no credentials server URL"
NO_USER = "no credentials username"
# Every verb ends within 25 seconds: testcontainers-java gives up after 30.
LIMIT_SECONDS = 24.0
_LONGEST_SERVER = 2048
_LONGEST_WORD = 200


class TimeUpError(BaseException):
    """The time that a client waits is over; nobody but this room takes it for a failure of a part."""

    hint = "see with ECRX_LOG=debug how far it comes"


class Reply:
    """What goes to stdout and stderr, and the exit status."""

    __slots__ = ("status", "stderr", "stdout")

    def __init__(self, stdout: str = "", stderr: str = "", status: int = 0) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.status = status


def answer(verb: str, argv0: str, env: "Mapping[str, str]", read: "Callable[[], bytes]") -> Reply:
    """Answer one of ``VERBS``; ``read`` returns all of stdin, which ``list`` does not need."""
    reply = guarded(verb, lambda: _ANSWERS[verb](lambda: Helper(settings.load(argv0, env), env), read))
    if verb == "erase" and reply.stdout != f"{NO_SERVER}\n":
        # podman 4.3, skopeo 1.9 and buildah 1.28 overflow their stack where an erase fails.
        return Reply(stderr=reply.stderr)
    return reply


def guarded(verb: str, answer: "Callable[[], Reply]") -> Reply:
    """Return what ``answer`` returns, or a failure's reply for whatever it raises, or where it takes LIMIT_SECONDS.

    The limit is for what hangs that has none of its own: a file system, a pipe.
    """
    try:
        _set_alarm(LIMIT_SECONDS)
        try:
            return _guarded(verb, answer)
        finally:
            _set_alarm(0.0)  # in here, where an alarm that rings meanwhile is heard
    except TimeUpError as error:
        message = f"{verb} did not end within {LIMIT_SECONDS:g} seconds"
        return failure(EcrxError(message, error.hint))


def _set_alarm(seconds: float) -> None:
    """Have TimeUpError raised in so many seconds, or no longer where that is 0; Windows has no such alarm."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _time_is_up)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _time_is_up(*_: object) -> None:
    raise TimeUpError


def request_of(read: "Callable[[], bytes]") -> bytes:
    """Return what ``read`` does, all of stdin, whose end may never come."""
    try:
        return read()
    except TimeUpError as error:
        error.hint = "end its stdin"
        raise


def _guarded(verb: str, answer: "Callable[[], Reply]") -> Reply:
    try:
        return answer()
    except NotFoundError:
        return Reply(f"{NOT_FOUND}\n", status=1)
    except Exception as error:  # noqa: BLE001 - a traceback would show a client what is on the stack: secrets too
        from docker_credential_ecrx.system import installation

        return failure(installation.user_facing_error(error, verb))


def failure(error: EcrxError) -> Reply:
    """Return the failure as one line on both streams: docker's pull and push show only stderr."""
    # The helpers that docker's own share send these words alone.
    if isinstance(error, RequestError) and error.message in (NO_SERVER, NO_USER):
        return Reply(f"{error.message}\n", f"{error.message}\n", 1)
    # Clients look for that phrase anywhere in the line, and take it for "go on without credentials".
    said = str(error).replace(NOT_FOUND, "credentials not found")
    line = f"docker-credential-ecrx: {said}\n"
    return Reply(line, line, 1)


def _get(helper: "Callable[[], Helper]", read: "Callable[[], bytes]") -> Reply:
    server = _server(request_of(read))
    user, secret = helper().get(server)
    return Reply(f'{{"ServerURL":{quote(server)},"Username":{quote(user)},"Secret":{quote(secret)}}}\n')


def _store(helper: "Callable[[], Helper]", read: "Callable[[], bytes]") -> Reply:
    server, user, secret = _credentials(request_of(read))
    helper().store(server, user, secret)
    return Reply()


def _erase(helper: "Callable[[], Helper]", read: "Callable[[], bytes]") -> Reply:
    server = _server(request_of(read))
    helper().erase(server)
    return Reply()


def _list(helper: "Callable[[], Helper]", _read: "Callable[[], bytes]") -> Reply:
    pairs = (f"{quote(server)}:{quote(user)}" for server, user in helper().list().items())
    return Reply("{" + ",".join(pairs) + "}\n")


_ANSWERS = {"get": _get, "store": _store, "erase": _erase, "list": _list}


def _server(request: bytes) -> str:
    """Return the server that a client asks for; raise RequestError where there is none that can be one."""
    server = _text(request).strip()
    if not server:
        raise RequestError(NO_SERVER)
    if len(server) > _LONGEST_SERVER or not server.isprintable():
        raise RequestError("the server URL is too long or holds control characters", "send a registry's host name")
    return server


def _credentials(request: bytes) -> tuple[str, str, str]:
    """Return server, user and secret of a store request."""
    import json  # a cached get writes its few lines of JSON by hand

    if not request.strip():
        raise RequestError(NO_SERVER)
    try:
        # A client that has set one of them twice means the last, as Go's decoder does.
        installation = json.loads(_text(request))
        server, user, secret = (installation.get(key) or "" for key in ("ServerURL", "Username", "Secret"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise RequestError("the store request is not a JSON object", "send ServerURL, Username and Secret") from error
    if not all(isinstance(part, str) for part in (server, user, secret)):
        raise RequestError(
            "the store request's ServerURL, Username and Secret are not all texts",
            "send ServerURL, Username and Secret as texts",
        )
    if not user:
        _server(server.encode("utf-8", "surrogatepass"))
        raise RequestError(NO_USER)
    _text(f"{server}{user}{secret}".encode("utf-8", "surrogatepass"))
    if not user.isprintable():
        raise RequestError("the user name holds control characters", "give docker login the user's name alone")
    log.add_secret(secret)
    server = _server(server.encode())
    if "@" in server.rpartition("://")[2].partition("/")[0] or "?" in server:
        # The name of its item is no secret, and this may be one.
        raise RequestError("the server URL holds a user name, a password or a query", "send a registry's host name")
    return server, user, secret


def _text(request: bytes) -> str:
    try:
        return request.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            "the request is not UTF-8 text", "send a registry's host name, or a store request's JSON"
        ) from error


def quote(text: str) -> str:
    """Return ``text`` as a JSON string of ASCII characters."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json

    return json.dumps(text)


def usage_error(arguments: list[str]) -> Reply:
    """Return the answer to arguments that are no verb and no command."""
    from docker_credential_ecrx.sanitizer import third_party

    word = third_party.text(arguments[0], _LONGEST_WORD) if arguments else ""
    if word in (*VERBS, "version"):
        message = f"{word} takes no arguments"
        return failure(
            RequestError(message, f"docker sends what {word} is for on stdin; see {settings.PROGRAM} --help")
        )
    message = f"there is no command {word}" if word else "a command is missing"
    return failure(RequestError(message, f"see {settings.PROGRAM} --help"))
