"""Docker's config.json, and podman's auth.json of the same form; nothing changes outside of the touched entry."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from docker_credential_ecrx import json_text
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.json_text import Member, Object
from docker_credential_ecrx.settings import home
from docker_credential_ecrx.text_file import TextFile

_HELPERS, _AUTHS, _STORE = "credHelpers", "auths", "credsStore"
# The keys of an ``auths`` entry that let somebody in.
_SECRETS = ("auth", "password", "identitytoken", "registrytoken")


def path(environ: Mapping[str, str]) -> str:
    """Return where docker looks for its config.json."""
    folder = environ.get("DOCKER_CONFIG") or home("/.docker", environ)
    return _within(folder, "config.json", "DOCKER_CONFIG")


def podman_paths(environ: Mapping[str, str]) -> list[str]:
    """Return podman's auth files in the order in which it reads them; the last is the one to edit.

    containers-auth.json(5): what ``podman login`` writes, then ``~/.config/containers/auth.json``, each with its
    credHelpers before its auths; with REGISTRY_AUTH_FILE that one alone.
    On Linux the first is in a folder that is emptied at logout, which is right for a password and wrong for a setting.
    """
    if environ.get("REGISTRY_AUTH_FILE"):
        return [environ["REGISTRY_AUTH_FILE"]]
    folder = (sys.platform == "linux" and environ.get("XDG_CONFIG_HOME")) or home("/.config", environ)
    lasting = _within(folder, "containers/auth.json", "REGISTRY_AUTH_FILE")
    if sys.platform != "linux":
        return [lasting]
    runtime = environ.get("XDG_RUNTIME_DIR")
    passing = f"{runtime}/containers" if runtime else f"/run/containers/{os.getuid()}"
    return [f"{passing}/auth.json", lasting]


def helpers(file: TextFile) -> dict[str, str]:
    """Return the helper's name of each registry in ``credHelpers``."""
    return {member.name: member.value for member in _members(file, _HELPERS) if isinstance(member.value, str)}


def passwords(file: TextFile) -> list[str]:
    """Return the servers for which ``auths`` holds a password or a token; ``docker login`` leaves empty entries too."""
    return [
        member.name
        for member in _members(file, _AUTHS)
        if isinstance(member.value, dict) and any(map(member.value.get, _SECRETS))
    ]


def store(file: TextFile) -> str:
    """Return the helper's name in ``credsStore``, or an empty text."""
    section = _section(file, _root(file), _STORE)
    return section.value if section and isinstance(section.value, str) else ""


def set_helper(file: TextFile, host: str, helper: str) -> TextFile:
    """Return the file with ``helper`` for ``host`` in ``credHelpers``."""
    if json_text.is_blank(file.text):
        file = file._replace(text="{\n}")  # which leads to a document as docker writes it, with tabs
    text, root = file.text, _root(file)
    section = _section(file, root, _HELPERS)
    if section is None:
        return file._replace(text=json_text.added(text, root, _HELPERS, {host: helper}, root))
    if section.value is None:
        value = json_text.written({host: helper}, section.gap, root)
        return file._replace(text=json_text.replaced(text, section.value_at, section.end, value))
    entries = _entries(file, section)
    member = _only(file, entries.named(host))
    if member is None:
        return file._replace(text=json_text.added(text, entries, host, helper, root))
    if member.value == helper:
        return file
    value = json_text.written(helper, member.gap, root)
    return file._replace(text=json_text.replaced(text, member.value_at, member.end, value))


def remove_helper(file: TextFile, host: str) -> TextFile:
    """Return the file without ``host`` in ``credHelpers``, and without that where nothing else is in it."""
    root = _root(file)
    section = _section(file, root, _HELPERS)
    entries = _entries(file, section)
    member = _only(file, entries.named(host))
    if section is None or member is None:
        return file
    if len(entries.members) == 1:
        entries, member = root, section
    return file._replace(text=json_text.removed(file.text, entries, member))


def remove_auth(file: TextFile, server: str) -> TextFile:
    """Return the file without ``server`` in ``auths``, password and all."""
    entries = _entries(file, _section(file, _root(file), _AUTHS))
    member = _only(file, entries.named(server))
    return file._replace(text=json_text.removed(file.text, entries, member)) if member else file


def without_secrets(file: TextFile) -> TextFile:
    """Return the file to show to people: with dots for each text in every section but ``credHelpers``."""
    text = file.text
    for member in reversed(_root(file).members):
        if isinstance(member.value, (dict, list)) and member.name != _HELPERS:
            shown = json_text.without_strings(text[member.value_at : member.end])
            text = json_text.replaced(text, member.value_at, member.end, shown)
    return file._replace(text=text)


def _root(file: TextFile) -> Object:
    """Return the whole document, an empty one where the file is; raise FileError where docker cannot read it."""
    if file.text.startswith("\ufeff"):
        message = f"{file.path} begins with a byte-order mark, which docker does not read"
        raise FileError(message, "save it as UTF-8 without one")
    try:
        return json_text.parse("{}" if json_text.is_blank(file.text) else file.text)
    except ValueError as error:
        message = f"{file.path} is {error}"
        raise FileError(message, "mend it, or move it away") from error


def _section(file: TextFile, root: Object, name: str) -> Member | None:
    """Return docker's section ``name``; its decoder, Go's, takes names in any case."""
    return _only(file, [member for member in root.members if member.name.lower() == name.lower()])


def _entries(file: TextFile, section: Member | None) -> Object:
    """Return the section's object, an empty one where there is none, or null, which is none to docker."""
    if section is None or section.value is None:
        return Object(0, 0, [], "")
    if not isinstance(section.value, dict):
        message = f"{section.name} in {file.path} is not an object"
        raise FileError(message, f"mend or remove {section.name}")
    return json_text.object_at(file.text, section.value_at)


def _members(file: TextFile, name: str) -> list[Member]:
    return _entries(file, _section(file, _root(file), name)).members


def _only(file: TextFile, members: list[Member]) -> Member | None:
    if len(members) > 1:
        message = f"{file.path} has {members[0].name} twice"
        raise FileError(message, "remove one of the two")
    return members[0] if members else None


def _within(folder: str, name: str, variable: str) -> str:
    if not folder:
        message = f"there is no home for {name}"
        raise FileError(message, f"set HOME or {variable}")
    return str(Path(folder, name))
