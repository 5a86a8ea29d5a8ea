"""Edits several of the user's files at once, or says what that would change."""

import os
from collections.abc import Callable
from typing import NamedTuple

from docker_credential_ecrx import text_file
from docker_credential_ecrx.text_file import TextFile


class Edit(NamedTuple):
    """A change of the file at ``path``, and what to tell of the file, after its path, where the change is one."""

    path: str
    change: Callable[[TextFile], TextFile]
    says: str


class Result(NamedTuple):
    """Each file that changed, before and after, and a line of each edit that changed one."""

    changed: list[tuple[TextFile, TextFile]]
    lines: list[str]


def save(edits: list[Edit]) -> Result:
    """Edit the files; raise an EcrxError, with no file touched, where one edit cannot be made."""
    with text_file.locked(os.environ):
        result = preview(edits)
        text_file.save([after for _, after in result.changed])
    return result


def preview(edits: list[Edit]) -> Result:
    """Return what ``edits`` would change in the files as they are now."""
    before = {edit.path: text_file.read(edit.path) for edit in edits}
    after = dict(before)
    lines = []
    for edit in edits:
        file = edit.change(after[edit.path])
        if file != after[edit.path]:
            lines.append(f"{edit.path} {edit.says}")
        after[edit.path] = file
    return Result([(before[path], after[path]) for path in after if after[path] != before[path]], lines)
