"""Docker's config.json, and podman's auth.json in the same format; nothing outside the edited entry changes.

It is read as Docker reads it (docker/cli, cli/config/configfile/file.go, LoadFromReader), and edited only if each of
its names is there once.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from docker_credential_ecrx.config_files import docker_types, json_editor, text_file
from docker_credential_ecrx.config_files.json_editor import Member, Object
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.system import go_json
from docker_credential_ecrx.system.paths import home

_HELPERS, _AUTHS, _STORE = "credHelpers", "auths", "credsStore"
# The keys of an ``auths`` entry that hold credentials.
_SECRETS = ("auth", "password", "identitytoken", "registrytoken")
# Docker's keys whose value can be shown, in lower case.
_PUBLIC = {name.lower() for name in docker_types.DOCKER_STRINGS}
_USER = re.compile(r"(?s)\A([a-z][a-z0-9+.-]*://)?.*@", re.IGNORECASE)
_QUERY = re.compile(r"(?s)[?#].*")
_TOKEN = re.compile(r"(?=[\w+=-]*[A-Z])(?=[\w+=-]*\d)[\w+=-]{32,}|[0-9a-f]{32,}", re.ASCII)  # what may be a token


def path(env: Mapping[str, str]) -> str:
    """Return the path of Docker's config.json."""
    return within(env.get("DOCKER_CONFIG") or home("/.docker", env), "config.json", "DOCKER_CONFIG")


def helpers(file: TextFile) -> dict[str, str]:
    """Return the helper's name of each registry in ``credHelpers``.

    It is empty if the value is, or is no text: Docker then runs no helper for that registry, not even ``credsStore``.
    """
    found = document(file)
    if not all(isinstance(section, go_json.Object | None) for section in go_json.fields(found, _HELPERS)):
        raise _no_object(file, _HELPERS)
    named = go_json.entries(found, _HELPERS).items()
    return {server: helper if isinstance(helper, str) else "" for server, helper in named}


def passwords(file: TextFile) -> list[str]:
    """Return the servers for which ``auths`` has a password or a token; ``docker login`` also leaves empty entries."""
    entries = go_json.entries(document(file), _AUTHS).items()
    return [server for server, entry in entries if any(go_json.string(entry, key) for key in _SECRETS)]


def store(file: TextFile) -> str:
    """Return the helper's name in ``credsStore``, or an empty string."""
    return go_json.string(document(file), _STORE)


def has_logins(file: TextFile) -> bool:
    """Return whether ``auths`` has an entry, with a password or empty."""
    return bool(go_json.entries(document(file), _AUTHS))


def refusal(file: TextFile, hosts: Iterable[str]) -> FileError | None:
    """Return why the entries of ``hosts`` cannot be edited although Docker reads the file, or None."""
    try:
        _members(file, _entries(file, _section(file, _root(file), _HELPERS)), hosts)
    except FileError as error:
        return error
    return None


def set_store(file: TextFile, name: str) -> TextFile:
    """Return the file with ``name`` as ``credsStore``."""
    root = _root(file)
    return file._replace(text=_with_section(file.text, root, _section(file, root, _STORE), _STORE, name))


def remove_store(file: TextFile) -> TextFile:
    """Return the file without ``credsStore``."""
    root = _root(file)
    section = _section(file, root, _STORE)
    return file if section is None else file._replace(text=json_editor.removed(file.text, root, section))


def set_helpers(file: TextFile, hosts: Collection[str], helper: str) -> tuple[TextFile, list[str]]:
    """Return the file with ``helper`` for ``hosts`` in ``credHelpers``, and those that did not have it."""
    if json_editor.is_blank(file.text):
        file = file._replace(text="{\n}")  # the edited file then has Docker's own layout, with tabs
    text, root = file.text, _root(file)
    section = _section(file, root, _HELPERS)
    if section is None or section.value is None:
        first, *rest = hosts
        text = _with_section(text, root, section, _HELPERS, {first: helper})
        after, more = set_helpers(file._replace(text=text), rest, helper)
        return after, [first, *more]
    entries = _entries(file, section)
    known = _members(file, entries, hosts)
    changed = [host for host in hosts if host not in known or known[host].value != helper]
    missing = dict.fromkeys((host for host in changed if host not in known), helper)
    text = json_editor.added(text, entries, missing, root)
    others = sorted((known[host] for host in changed if host in known), key=lambda member: member.at)
    return file._replace(text=json_editor.all_replaced(text, others, helper, root)), changed


def remove_helpers(file: TextFile, hosts: Iterable[str]) -> TextFile:
    """Return the file without ``hosts`` in ``credHelpers``, and without ``credHelpers`` if nothing else is in it."""
    root = _root(file)
    section = _section(file, root, _HELPERS)
    entries = _entries(file, section)
    members = _members(file, entries, hosts)
    if section is None or not members:
        return file
    if len(entries.members) == len(members):
        return file._replace(text=json_editor.removed(file.text, root, section))
    return file._replace(text=json_editor.all_removed(file.text, entries, members))


def remove_auth(file: TextFile, server: str) -> TextFile:
    """Return the file without ``server`` and its password in ``auths``."""
    entries = _entries(file, _section(file, _root(file), _AUTHS))
    found = _members(file, entries, [server]).values()
    return file._replace(text=json_editor.removed(file.text, entries, *found)) if found else file


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


def document(file: TextFile) -> go_json.Object:
    """Return what Docker reads in the file: an empty object if it is empty; raise FileError if Docker cannot read it.

    Like Docker, it does not read what comes after the object.
    """
    _refuse_byte_order_mark(file)
    try:
        found, _ = go_json.decode("{}" if json_editor.is_blank(file.text) else file.text)
    except ValueError as error:
        raise _invalid(file, error) from error
    if not isinstance(found, go_json.Object):
        raise _invalid(file, "not a JSON object")
    return found


def _root(file: TextFile) -> Object:
    """Return the document to edit, an empty one if the file is empty; raise FileError if it is not one JSON object."""
    _refuse_byte_order_mark(file)
    try:
        return json_editor.parse("{}" if json_editor.is_blank(file.text) else file.text)
    except ValueError as error:
        document(file)  # says what even Docker does not accept
        raise text_after(file) from error


def text_after(file: TextFile) -> FileError:
    """Return the error that there is more than one JSON object in the file."""
    return FileError(f"{file.path} has text after its JSON object, which only Docker ignores", "delete that text")


def _refuse_byte_order_mark(file: TextFile) -> None:
    if file.text.startswith("\ufeff"):
        raise FileError(
            f"{file.path} begins with a byte-order mark, which Docker does not accept", "save it as UTF-8 without one"
        )


def _invalid(file: TextFile, what: object) -> FileError:
    return FileError(f"{file.path} is {what}", "fix it, or move it away")


def _no_object(file: TextFile, name: str) -> FileError:
    return FileError(f"{name} in {file.path} is not an object", f"fix or delete {name}")


def _section(file: TextFile, root: Object, name: str) -> Member | None:
    """Return the section ``name``; Docker's decoder, Go's, accepts names in any case."""
    return _only(file, [member for member in root.members if go_json.folded(member.name) == go_json.folded(name)])


def _with_section(text: str, root: Object, section: Member | None, name: str, value: object) -> str:
    if section is None:
        return json_editor.added(text, root, {name: value}, root)
    return json_editor.all_replaced(text, [section], value, root)


def _entries(file: TextFile, section: Member | None) -> Object:
    """Return the section's object, an empty one if the section is missing or null."""
    if section is None or section.value is None:
        return Object(0, 0, [], "")
    if not isinstance(section.value, dict):
        raise _no_object(file, section.name)
    return json_editor.object_at(file.text, section.value_at)


def _members(file: TextFile, entries: Object, names: Iterable[str]) -> dict[str, Member]:
    """Return the members with ``names``; raise FileError if there are two with one of them."""
    found = entries.by_name()
    return {name: member for name in names if (member := _only(file, found.get(name, [])))}


def _only(file: TextFile, members: list[Member]) -> Member | None:
    if len(members) > 1:
        name = shown(members[0].name)
        raise FileError(f"{file.path} has {name} twice", "delete one of the two")
    return members[0] if members else None


def within(folder: str, name: str, variable: str) -> str:
    """Return the path of ``name`` in ``folder``; raise FileError, naming ``variable``, if there is no folder."""
    if not folder:
        raise FileError(f"there is no home folder for {name}", f"set HOME or {variable}")
    return str(Path(text_file.checked(folder, variable), name))
