"""Docker's credential-helper protocol: one verb, a request on stdin, a reply on stdout, an exit status.

https://github.com/docker/docker-credential-helpers
"""

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import NotFoundError, RequestError, SettingsError
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.protocols.reply import NO_SERVER, NO_USER, Reply, failure, guarded, quote, stdin_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERBS = ("get", "store", "erase", "list")
_MAX_SERVER_CHARACTERS = 2048
_MISUSE = 2  # the exit status if the arguments of a command are wrong
_SEND = "send ServerURL, Username and Secret"


def answer(verb: str, argv0: str, env: "Mapping[str, str]", read: "Callable[[], bytes]") -> Reply:
    """Answer one of ``VERBS``; ``read`` returns all of stdin, which ``list`` does not need."""
    reply = guarded(verb, lambda: _ANSWERS[verb](lambda: Helper(settings.load(argv0, env), env), read))
    if verb == "erase" and reply.stdout != f"{NO_SERVER}\n":
        # If an erase fails, podman 4.3, skopeo 1.9 and buildah 1.28 overflow their stack.
        return Reply(stderr=reply.stderr)
    return reply


def usage_error(word: str) -> Reply:
    """Return the reply if ``word``, a verb of Docker's or an option, has further arguments, or if it is empty.

    The status is 2 as for the commands, but 1 for a verb, as in docker-credential-helpers (credentials.go, Serve).
    """
    if not word:
        return failure(RequestError("a command is missing", f"see {settings.PROGRAM} --help"), _MISUSE)
    request = f"docker sends the request for {word} on stdin; " if word in VERBS else ""
    status = 1 if word in VERBS else _MISUSE
    return failure(RequestError(f"{word} takes no arguments", f"{request}see {settings.PROGRAM} --help"), status)


def _get(helper: "Callable[[], Helper]", read: "Callable[[], bytes]") -> Reply:
    server = _server(stdin_of(read))
    try:
        user, secret = helper().get(server)
    except SettingsError as error:
        from docker_credential_ecrx.ecr.registry import Registry

        registry = Registry.parse(server)
        if registry is not None and registry.service == "ecr-public":
            # Anonymous pulls work there without an identity, and so without the settings that choose one.
            log.warn(f"continuing without credentials: {error}")
            raise NotFoundError(error.message, error.remedy) from error
        if registry is None or registry.host in error.message:
            raise
        # Docker may ask for several registries at once, and only some of them may fail.
        raise error.about(f"no token for {registry.host}") from error
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
    from docker_credential_ecrx.system import go_json  # json takes long to load, and a cached get does without it

    if not request.strip():
        raise RequestError(NO_SERVER)
    keys = ("ServerURL", "Username", "Secret")
    try:
        # As docker-credential-helpers reads it (credentials.go, Store): keys in any case, whatever comes after.
        document, _ = go_json.decode(_text(request))
    except ValueError as error:
        raise RequestError("the store request is not a JSON object", _SEND) from error
    if not isinstance(document, go_json.Object | None):
        raise RequestError("the store request is not a JSON object", _SEND)
    if not all(isinstance(part, str | None) for key in keys for part in go_json.fields(document, key)):
        raise RequestError(
            "ServerURL, Username and Secret in the store request are not all strings",
            "send ServerURL, Username and Secret as strings",
        )
    server, user, secret = (go_json.string(document, key) for key in keys)
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
