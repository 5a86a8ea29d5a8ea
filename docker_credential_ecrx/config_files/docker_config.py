"""Docker's config.json, and podman's auth.json in the same format; nothing outside the edited entry changes."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docker_credential_ecrx.config_files import json_editor
from docker_credential_ecrx.config_files.json_editor import Member, Object
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.system.paths import home

_HELPERS, _AUTHS, _STORE = "credHelpers", "auths", "credsStore"
# The keys of an ``auths`` entry that hold credentials.
_SECRETS = ("auth", "password", "identitytoken", "registrytoken")
# Docker's keys whose value is a name or a format, in lower case.
_PUBLIC = {
    *("configformat", "credsstore", "currentcontext", "detachkeys", "experimental", "imagesformat", "networksformat"),
    *("nodesformat", "pluginsformat", "psformat", "secretformat", "serviceinspectformat", "servicesformat"),
    *("statsformat", "tasksformat", "volumesformat"),
}
_USER = re.compile(r"(?s)\A([a-z][a-z0-9+.-]*://)?.*@", re.IGNORECASE)
_QUERY = re.compile(r"(?s)[?#].*")
_TOKEN = re.compile(r"(?=[\w+=-]*[A-Z])(?=[\w+=-]*\d)[\w+=-]{32,}|[0-9a-f]{32,}", re.ASCII)  # what may be a token


def path(env: Mapping[str, str]) -> str:
    """Return the path of Docker's config.json."""
    folder = env.get("DOCKER_CONFIG") or home("/.docker", env)
    return _within(folder, "config.json", "DOCKER_CONFIG")


def podman_paths(env: Mapping[str, str]) -> list[str]:
    """Return the paths of podman's auth files in the order in which it reads them; the last is the one to edit.

    containers-auth.json(5): the file that ``podman login`` writes, then ``~/.config/containers/auth.json``, each with
    its credHelpers before its auths; with REGISTRY_AUTH_FILE only that file.
    On Linux the first is in a folder that is emptied at logout, which suits a password but not a setting.
    """
    if env.get("REGISTRY_AUTH_FILE"):
        return [env["REGISTRY_AUTH_FILE"]]
    folder = (sys.platform == "linux" and env.get("XDG_CONFIG_HOME")) or home("/.config", env)
    persistent = _within(folder, "containers/auth.json", "REGISTRY_AUTH_FILE")
    if sys.platform != "linux":
        return [persistent]
    runtime = env.get("XDG_RUNTIME_DIR")
    temporary = f"{runtime}/containers" if runtime else f"/run/containers/{os.getuid()}"
    return [f"{temporary}/auth.json", persistent]


def helpers(file: TextFile) -> dict[str, str]:
    """Return the helper's name of each registry in ``credHelpers``."""
    return {member.name: member.value for member in _members(file, _HELPERS) if isinstance(member.value, str)}


def passwords(file: TextFile) -> list[str]:
    """Return the servers for which ``auths`` has a password or a token; ``docker login`` also leaves empty entries."""
    return [
        member.name
        for member in _members(file, _AUTHS)
        if isinstance(member.value, dict) and any(map(member.value.get, _SECRETS))
    ]


def store(file: TextFile) -> str:
    """Return the helper's name in ``credsStore``, or an empty string."""
    section = _section(file, _root(file), _STORE)
    return section.value if section and isinstance(section.value, str) else ""


def set_helper(file: TextFile, host: str, helper: str) -> TextFile:
    """Return the file with ``helper`` for ``host`` in ``credHelpers``."""
    if json_editor.is_blank(file.text):
        file = file._replace(text="{\n}")  # the edited file then has Docker's own layout, with tabs
    text, root = file.text, _root(file)
    section = _section(file, root, _HELPERS)
    if section is None:
        return file._replace(text=json_editor.added(text, root, _HELPERS, {host: helper}, root))
    if section.value is None:
        value = json_editor.written({host: helper}, section.gap, root)
        return file._replace(text=json_editor.replaced(text, section.value_at, section.end, value))
    entries = _entries(file, section)
    member = _only(file, entries.named(host))
    if member is None:
        return file._replace(text=json_editor.added(text, entries, host, helper, root))
    if member.value == helper:
        return file
    value = json_editor.written(helper, member.gap, root)
    return file._replace(text=json_editor.replaced(text, member.value_at, member.end, value))


def remove_helper(file: TextFile, host: str) -> TextFile:
    """Return the file without ``host`` in ``credHelpers``, and without ``credHelpers`` if nothing else is in it."""
    root = _root(file)
    section = _section(file, root, _HELPERS)
    entries = _entries(file, section)
    member = _only(file, entries.named(host))
    if section is None or member is None:
        return file
    if len(entries.members) == 1:
        entries, member = root, section
    return file._replace(text=json_editor.removed(file.text, entries, member))


def remove_auth(file: TextFile, server: str) -> TextFile:
    """Return the file without ``server`` and its password in ``auths``."""
    entries = _entries(file, _section(file, _root(file), _AUTHS))
    member = _only(file, entries.named(server))
    return file._replace(text=json_editor.removed(file.text, entries, member)) if member else file


def without_secrets(file: TextFile) -> TextFile:
    """Return the file as it can be shown: with dots for each string except names, formats and the helpers' names.

    From those, the user part and the query of a URL are removed.
    """
    text = file.text
    for member in reversed(_root(file).members):
        if member.name.lower() == _HELPERS.lower() and isinstance(member.value, dict):
            for helper in reversed(json_editor.object_at(file.text, member.value_at).members):
                text = _masked(text, helper, shown)
        else:
            text = _masked(text, member, shown if member.name.lower() in _PUBLIC else _dots)
    return file._replace(text=text)


def shown(text: str) -> str:
    """Return the part of a name or an address that can be shown: without user, password and query."""
    return _QUERY.sub("?...", _USER.sub(r"\1...@", text))


def _shown_name(name: str) -> str:
    return _TOKEN.sub("...", shown(name))


def _dots(_: str) -> str:
    return "..."


def _masked(text: str, member: Member, shown_value: Callable[[str], str]) -> str:
    """Return ``text`` with the member's name as it can be shown, and ``shown_value`` of a value that is a string."""
    name = json_editor.without_strings(text[member.at : member.value_at], _shown_name)
    value = text[member.value_at : member.end]
    if isinstance(member.value, str):
        value = json_editor.string(value, shown_value)
    else:
        value = json_editor.without_strings(value, _shown_name)
    return json_editor.replaced(text, member.at, member.end, name + value)


def _root(file: TextFile) -> Object:
    """Return the document, an empty one if the file is empty; raise FileError if Docker cannot read it."""
    if file.text.startswith("\ufeff"):
        raise FileError(
            f"{file.path} begins with a byte-order mark, which Docker does not accept", "save it as UTF-8 without one"
        )
    try:
        return json_editor.parse("{}" if json_editor.is_blank(file.text) else file.text)
    except ValueError as error:
        raise FileError(f"{file.path} is {error}", "fix it, or move it away") from error


def _section(file: TextFile, root: Object, name: str) -> Member | None:
    """Return the section ``name``; Docker's decoder, Go's, accepts names in any case."""
    return _only(file, [member for member in root.members if member.name.lower() == name.lower()])


def _entries(file: TextFile, section: Member | None) -> Object:
    """Return the section's object, an empty one if the section is missing or null."""
    if section is None or section.value is None:
        return Object(0, 0, [], "")
    if not isinstance(section.value, dict):
        raise FileError(f"{section.name} in {file.path} is not an object", f"fix or delete {section.name}")
    return json_editor.object_at(file.text, section.value_at)


def _members(file: TextFile, name: str) -> list[Member]:
    return _entries(file, _section(file, _root(file), name)).members


def _only(file: TextFile, members: list[Member]) -> Member | None:
    if len(members) > 1:
        name = shown(members[0].name)
        raise FileError(f"{file.path} has {name} twice", "delete one of the two")
    return members[0] if members else None


def _within(folder: str, name: str, variable: str) -> str:
    if not folder:
        raise FileError(f"there is no home folder for {name}", f"set HOME or {variable}")
    return str(Path(folder, name))
