"""Docker's credential-helper protocol: one verb, a request on stdin, a reply on stdout, an exit status.

https://github.com/docker/docker-credential-helpers
"""

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import RequestError
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.protocols.reply import NO_SERVER, NO_USER, Reply, failure, guarded, quote, stdin_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERBS = ("get", "store", "erase", "list")
_MAX_SERVER_CHARACTERS = 2048
_MAX_WORD_CHARACTERS = 200


def answer(verb: str, argv0: str, env: "Mapping[str, str]", read: "Callable[[], bytes]") -> Reply:
    """Answer one of ``VERBS``; ``read`` returns all of stdin, which ``list`` does not need."""
    reply = guarded(verb, lambda: _ANSWERS[verb](lambda: Helper(settings.load(argv0, env), env), read))
    if verb == "erase" and reply.stdout != f"{NO_SERVER}\n":
        # If an erase fails, podman 4.3, skopeo 1.9 and buildah 1.28 overflow their stack.
        return Reply(stderr=reply.stderr)
    return reply


def usage_error(arguments: list[str]) -> Reply:
    """Return the reply to arguments that are neither a verb nor a command."""
    from docker_credential_ecrx.sanitizer import third_party

    word = third_party.text(arguments[0], _MAX_WORD_CHARACTERS) if arguments else ""
    if word in (*VERBS, "version"):
        remedy = f"docker sends the request for {word} on stdin; see {settings.PROGRAM} --help"
        return failure(RequestError(f"{word} takes no arguments", remedy))
    message = f"there is no command {word}" if word else "a command is missing"
    return failure(RequestError(message, f"see {settings.PROGRAM} --help"))


def _get(helper: "Callable[[], Helper]", read: "Callable[[], bytes]") -> Reply:
    server = _server(stdin_of(read))
    user, secret = helper().get(server)
    return Reply(f'{{"ServerURL":{quote(server)},"Username":{quote(user)},"Secret":{quote(secret)}}}\n')


def _store(helper: "Callable[[], Helper]", read: "Callable[[], bytes]") -> Reply:
    server, user, secret = _credentials(stdin_of(read))
    helper().store(server, user, secret)
    return Reply()


def _erase(helper: "Callable[[], Helper]", read: "Callable[[], bytes]") -> Reply:
    server = _server(stdin_of(read))
    helper().erase(server)
    return Reply()


def _list(helper: "Callable[[], Helper]", _read: "Callable[[], bytes]") -> Reply:
    pairs = (f"{quote(server)}:{quote(user)}" for server, user in helper().list().items())
    return Reply("{" + ",".join(pairs) + "}\n")


_ANSWERS = {"get": _get, "store": _store, "erase": _erase, "list": _list}


def _server(request: bytes) -> str:
    """Return the server that a client names; raise RequestError if it names none, or what cannot be one."""
    server = _text(request).strip()
    if not server:
        raise RequestError(NO_SERVER)
    if len(server) > _MAX_SERVER_CHARACTERS or not server.isprintable():
        raise RequestError("the server URL is too long or contains control characters", "send a registry's host name")
    return server


def _credentials(request: bytes) -> tuple[str, str, str]:
    """Return the server, the user and the secret of a store request."""
    import json  # it takes long to load, and a cached get writes its one JSON object without it

    if not request.strip():
        raise RequestError(NO_SERVER)
    try:
        # Of a key that is there twice the last value counts, as in Go's decoder.
        document = json.loads(_text(request))
        server, user, secret = (document.get(key) or "" for key in ("ServerURL", "Username", "Secret"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise RequestError("the store request is not a JSON object", "send ServerURL, Username and Secret") from error
    if not all(isinstance(part, str) for part in (server, user, secret)):
        raise RequestError(
            "ServerURL, Username and Secret in the store request are not all strings",
            "send ServerURL, Username and Secret as strings",
        )
    if not user:
        _server(server.encode("utf-8", "surrogatepass"))
        raise RequestError(NO_USER)
    _text(f"{server}{user}{secret}".encode("utf-8", "surrogatepass"))
    if not user.isprintable():
        raise RequestError("the user name contains control characters", "pass docker login only the user name")
    log.add_secret(secret)
    server = _server(server.encode())
    if "@" in server.rpartition("://")[2].partition("/")[0] or "?" in server:
        # The server becomes part of the item's name, which is not secret, but this part of it may be.
        raise RequestError("the server URL contains a user name, a password or a query", "send a registry's host name")
    return server, user, secret


def _text(request: bytes) -> str:
    try:
        return request.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            "the request is not UTF-8 text", "send a registry's host name, or a store request's JSON"
        ) from error
