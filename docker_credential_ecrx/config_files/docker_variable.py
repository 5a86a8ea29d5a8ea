"""DOCKER_AUTH_CONFIG, whose passwords Docker uses first from version 28.3 on.

docker/cli, cli/config/configfile/file.go, parseEnvConfig: Docker ignores the whole variable, with a warning, unless it
is exactly ``{"auths": {SERVER: {"auth": BASE64}}}``, and compares a server as it is.
"""

from collections.abc import Iterable, Mapping

from docker_credential_ecrx.config_files import docker_types
from docker_credential_ecrx.system import go_json

NAME = "DOCKER_AUTH_CONFIG"


def servers(env: Mapping[str, str]) -> frozenset[str]:
    """Return the servers for which Docker uses a password from the variable."""
    try:
        return frozenset(_decoded(env.get(NAME, "")))
    except ValueError:
        return frozenset()


def _decoded(text: str) -> Iterable[str]:
    """Return the servers in ``text``; raise ValueError if Docker refuses it."""
    if not text.strip(" \t\r\n"):
        return ()
    document, rest = go_json.decode(text)
    # Go's Decoder.More is false before a closing bracket, too.
    if rest and rest[0] not in "]}":
        raise ValueError("more than one JSON object")
    for section in _only_fields(document, "auths"):
        for _, entry in _items(section):
            if not all(isinstance(auth, str | None) for auth in _only_fields(entry, "auth")):
                raise ValueError("not a string")
    found = go_json.entries(document, "auths")
    for entry in found.values():
        if not docker_types.is_login(go_json.string(entry, "auth")):
            raise ValueError("no user")
    return found


def _only_fields(value: object, name: str) -> list[object]:
    """Return the values of the field ``name``; raise ValueError if there is any other, or ``value`` is no object."""
    found = go_json.fields(value, name)
    if len(found) != len(_items(value)):
        raise ValueError("an unknown field")
    return found


def _items(value: object) -> go_json.Object:
    if value is None:
        return go_json.Object()
    if not isinstance(value, go_json.Object):
        raise ValueError("not an object")  # noqa: TRY004 - the text is wrong, not its type
    return value
