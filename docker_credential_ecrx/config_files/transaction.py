"""Edits several of the user's files together, or shows what that would change."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import NamedTuple

from docker_credential_ecrx.config_files import forked, text_file
from docker_credential_ecrx.config_files.file_draft import ChangedError
from docker_credential_ecrx.config_files.text_file import EditedFile, TextFile
from docker_credential_ecrx.errors import FileError

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.01


class Edit(NamedTuple):
    """A change of the file at ``path``, which returns the file and what the user is told about it, line by line.

    The change is idempotent, and of all entries of a kind: with an edit for each, the time would grow with the square
    of their number.
    ``then`` is called after it is made, by this user and with the lock for edits held.
    """

    path: str
    change: Callable[[TextFile], tuple[TextFile, list[str]]]
    then: Callable[[], None] | None = None


class Result(NamedTuple):
    """Each changed file, before and after, and by its number, each edit that changed a file, with its lines."""

    changed: list[tuple[TextFile, TextFile]]
    made: dict[int, list[str]]

    def after(self, file: TextFile) -> TextFile:
        """Return ``file`` as it is after the edits."""
        return {after.path: after for _, after in self.changed}.get(file.path, file)


class Saved(NamedTuple):
    """A line for each edit that changed a file, and the paths of files that an earlier version may have left behind."""

    lines: list[str]
    leftovers: list[str]


def save(edits: list[Edit], seen: Iterable[str]) -> Saved:
    """Edit the files; raise an EcrxError, with no file changed, if one edit cannot be made.

    Also deletes what a killed process left next to them, and next to the files at the paths ``seen``.
    """
    with text_file.locked(os.environ):
        changed = {file.path for file, _ in preview(edits).changed}
        wanted = [edit for edit in edits if edit.path in changed]  # the other files need not be writable
        paths = dict.fromkeys([*seen, *(edit.path for edit in edits)])
        cleaning = [partial(_swept, path) for path in paths]
        others = [path for path in paths if path not in changed]
        made, leftovers = forked.run(partial(_save, wanted, others), *cleaning)
        for number in dict.fromkeys(number for number, _ in made):
            if then := wanted[number].then:
                then()
        return Saved([f"{wanted[number].path}: {line}" for number, line in made], leftovers)


def preview(edits: list[Edit]) -> Result:
    """Return what ``edits`` would change in the files as they are now."""
    return _result(edits, {edit.path: text_file.read(edit.path) for edit in edits})


def _result(edits: list[Edit], before: dict[str, TextFile]) -> Result:
    after = dict(before)
    made = {}
    for number, edit in enumerate(edits):
        file, lines = edit.change(after[edit.path])
        if file != after[edit.path]:
            made[number] = lines
        after[edit.path] = file
    return Result([(before[path], after[path]) for path in after if after[path] != before[path]], made)


def _save(edits: list[Edit], others: Iterable[str]) -> tuple[list[tuple[int, str]], list[str]]:
    """Edit the files, starting again if another program changes one; look for leftovers at ``others`` too.

    Returns the lines that the user is told, each with the number of its edit, and the paths of the leftovers.
    """
    leftovers = [left for path in others for left in _swept(path)]
    made: list[tuple[int, str]] = []
    end = time.monotonic() + _PATIENCE_SECONDS
    with ExitStack() as stack:
        files = {path: stack.enter_context(closing(EditedFile(path))) for path in {edit.path: None for edit in edits}}
        while True:
            result = _result(edits, {path: file.read() for path, file in files.items()})
            try:
                for _, after in result.changed:
                    files[after.path].prepare(after.text)
                for _, after in result.changed:
                    files[after.path].replace()
                    numbers = [number for number in result.made if edits[number].path == after.path]
                    made += [(number, line) for number in numbers for line in result.made[number]]
                break
            except ChangedError as error:
                if time.monotonic() > end:
                    raise FileError(
                        f"another program kept changing the files for {_PATIENCE_SECONDS:g} seconds",
                        "run the command again when that program has ended",
                    ) from error
                time.sleep(_PAUSE_SECONDS)
        leftovers += [path for file in files.values() for path in file.leftovers()]
    return made, leftovers


def _swept(path: str) -> list[str]:
    """Delete what a killed process left next to the file; return what an earlier version may have left there."""
    with suppress(FileError), closing(EditedFile(path)) as file:
        file.sweep()
        return file.leftovers()
    return []
