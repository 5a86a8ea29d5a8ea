"""The commands in remedies that a POSIX shell and PowerShell, which is Windows' own, write differently."""

import os
import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_IS_POWERSHELL = os.name == "nt"
# PowerShell also takes typographic quotes for this one (its CodeGeneration.EscapeSingleQuotedStringContent).
_DOUBLED = {ord(quote): quote * 2 for quote in "'\u2018\u2019\u201a\u201b"}


def quoted(text: object) -> str:
    """Return ``text`` as one word.

    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    """
    if not _IS_POWERSHELL:
        return shlex.quote(str(text))
    return f"'{str(text).translate(_DOUBLED)}'"


def export(name: str, value: object) -> str:
    """Return the command that sets a variable for the programs that are started after it."""
    return f"$env:{name} = {quoted(value)}" if _IS_POWERSHELL else f"export {name}={quoted(value)}"


def unset(*names: str) -> str:
    """Return the command that deletes variables, some of which may not exist."""
    if not _IS_POWERSHELL:
        return f"unset {' '.join(names)}"
    return f"Remove-Item -ErrorAction Ignore {', '.join(f'Env:{name}' for name in names)}"


def put_first_on_path(folder: "Path") -> str:
    """Return the command after which a program in ``folder`` is found before any other of its name."""
    if _IS_POWERSHELL:
        return f"$env:Path = {quoted(folder)} + ';' + $env:Path"
    return f"export PATH={quoted(folder)}:$PATH"


def give_name(program: "Path", name: str) -> str:
    """Return the command that gives ``program`` another name in its folder; on Windows it keeps its suffix."""
    if _IS_POWERSHELL:
        return f"Copy-Item {quoted(program)} {quoted(program.with_name(name + program.suffix))}"
    return f"ln -s {quoted(program.name)} {quoted(program.with_name(name))}"


def show_access(path: "Path") -> str:
    """Return the command that shows the owner and the permissions of a file or folder."""
    return f"icacls {quoted(path)}" if _IS_POWERSHELL else f"ls -ld {quoted(path)}"
