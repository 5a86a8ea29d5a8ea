"""Decides how a path or a program's name of the user's is shown in a message.

Where it belongs there may be a secret: services of CI have variables with a file's path and variables with its content,
and one is easily taken for the other.
"""

import os
import re

from docker_credential_ecrx.sanitizer import third_party

_LONGEST, _LONGEST_NAME = 4096, 255  # PATH_MAX and NAME_MAX of Linux
# An absolute path, or one that says where it begins; any other relative one may be a password.
_BEGINNING = re.compile(r"[/\\]|\.{1,2}(?:[/\\]|[A-Za-z]|$)|~[\w.-]{0,32}(?:/|$)|\$\{?\w+\}?/|[A-Za-z]:[/\\]", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9/+]{40}={0,2}")  # AWS's secret keys may begin with a slash


def shown(path: str) -> str:
    """Return ``path`` as a message has it: what is no plausible path is described, and not quoted."""
    return third_party.line(path) if is_path(path) else f"(a text of {len(path)} characters where a path belongs)"


def program(name: str) -> str:
    """Return the path or the name of a program as a message has it; a shell's assignment, NAME=VALUE, is neither."""
    is_name = "=" not in name and len(name) <= _LONGEST_NAME and third_party.text(name) == name
    if is_path(name) or (is_name and "eyJ" not in name):
        return third_party.line(name)
    return f"(a text of {len(name)} characters where a program belongs)"


def is_path(path: str) -> bool:
    """Return whether ``path`` exists, or has the form of a path that may."""
    if os.path.lexists(path):
        return True
    is_key = _KEY.fullmatch(path) and third_party.text(path) != path
    return _has_form(path) and _BEGINNING.match(path) is not None and not is_key


def may_be_path(path: str) -> bool:
    """Return whether ``path`` is one, or a relative one that may be created: a word may also be a password."""
    return is_path(path) or (_has_form(path) and path[:1] not in ("{", "[") and third_party.text(path) == path)


def _has_form(path: str) -> bool:
    names = re.split(r"[/\\]", path) if os.name == "nt" else path.split("/")
    is_long = len(path) > _LONGEST or any(len(name) > _LONGEST_NAME for name in names)
    return not (is_long or "=" in path or "\n" in path or "\r" in path)
