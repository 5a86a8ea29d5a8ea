"""The types of the values in Docker's and podman's files: Go's decoder reports a value of another type.

Docker then goes on with what it could read, and warns at each command; crane, podman, skopeo and buildah give up.
docker/cli, cli/config/configfile/file.go (ConfigFile, LoadFromReader, decodeAuth) and cli/config/types/authconfig.go;
containers/image, pkg/docker/config/config.go (dockerConfigFile).
null is a value of each type, and a field that is not listed may have any.
"""

import base64
from collections.abc import Callable, Iterator
from typing import NamedTuple

from docker_credential_ecrx.system import go_json


class _List(NamedTuple):
    """A list of strings."""


class _Map(NamedTuple):
    """An object with any names, whose values have one type; None is a string."""

    value: "_Type"


class _Fields(NamedTuple):
    """An object with these fields."""

    fields: "dict[str, _Type]"


_Type = _List | _Map | _Fields | None
_STRINGS = _Map(None)
_LOGIN = ("username", "password", "auth", "email", "serveraddress", "identitytoken", "registrytoken")
_PROXIES = ("httpProxy", "httpsProxy", "noProxy", "ftpProxy", "allProxy")
# Names and formats.
DOCKER_STRINGS = (
    *("configFormat", "credsStore", "currentContext", "detachKeys", "experimental", "imagesFormat", "networksFormat"),
    *("nodesFormat", "pluginsFormat", "psFormat", "secretFormat", "serviceInspectFormat", "servicesFormat"),
    *("statsFormat", "tasksFormat", "volumesFormat"),
)
_DOCKER = _Fields(
    dict.fromkeys(DOCKER_STRINGS)
    | {
        "credHelpers": _STRINGS,
        "auths": _Map(_Fields(dict.fromkeys(_LOGIN))),
        "HttpHeaders": _STRINGS,
        "aliases": _STRINGS,
        "features": _STRINGS,
        "plugins": _Map(_STRINGS),
        "proxies": _Map(_Fields(dict.fromkeys(_PROXIES))),
        "pruneFilters": _List(),
        "cliPluginsExtraDirs": _List(),
    }
)
_PODMAN = _Fields({"credHelpers": _STRINGS, "auths": _Map(_Fields({"auth": None, "identitytoken": None}))})


class Mistake(NamedTuple):
    """A value that the client cannot decode: the names that lead to it, and what it is not."""

    names: tuple[str, ...]
    expected: str

    def where(self, shown: Callable[[str], str]) -> str:
        """Return the names; ``shown`` returns the part of one that can be shown."""
        return ": ".join(map(shown, self.names))


def of_docker(document: object) -> Iterator[Mistake]:
    """Yield what Docker cannot decode in its config.json."""
    yield from _mistakes(document, _DOCKER, ())
    for server, entry in go_json.entries(document, "auths").items():
        auth = go_json.string(entry, "auth")
        if auth and not is_login(auth):
            yield Mistake(("auths", server, "auth"), "a user and a password in base64")


def of_podman(document: object) -> Iterator[Mistake]:
    """Yield what podman cannot decode in an auth file; it decodes a password only when it uses it."""
    yield from _mistakes(document, _PODMAN, ())


def is_login(auth: str) -> bool:
    """Return whether ``auth`` is a user and a password in base64; like Go's decoder, ignore line breaks in it."""
    try:
        decoded = base64.b64decode("".join(auth.splitlines()), validate=True)
    except ValueError:
        return False
    user, colon, _ = decoded.partition(b":")
    return bool(user and colon)


def _mistakes(value: object, kind: _Type, names: tuple[str, ...]) -> Iterator[Mistake]:
    expected, is_one = _IS[type(kind)]
    if value is None:
        return
    if not is_one(value):
        yield Mistake(names, expected)
    elif isinstance(kind, _Map) and isinstance(value, go_json.Object):
        for name, each in value:
            yield from _mistakes(each, kind.value, (*names, name))
    elif isinstance(kind, _Fields):
        for name, inner in kind.fields.items():
            for each in go_json.fields(value, name):
                yield from _mistakes(each, inner, (*names, name))


def _is_object(value: object) -> bool:
    return isinstance(value, go_json.Object)


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object) -> bool:
    if not isinstance(value, list) or isinstance(value, go_json.Object):
        return False
    return all(isinstance(each, str | None) for each in value)


# How each type is called, and what has it.
_IS: dict[type, tuple[str, Callable[[object], bool]]] = {
    type(None): ("a string", _is_string),
    _List: ("a list of strings", _is_list),
    _Map: ("an object", _is_object),
    _Fields: ("an object", _is_object),
}
