"""The commands in remedies, run by the system's own shell, and in the form that PowerShell's documentation gives."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from docker_credential_ecrx.system import shell
from support import need

NAME = "ECRX_TEST_SHELL"
STRANGE = 'it\'s $HOME, "a" `b` c;d & e'
PRINT = "echo $env:{}" if os.name == "nt" else 'echo "${}"'


def _said(*commands: str) -> str:
    """Return what the system's shell prints for the commands, which it runs one after the other."""
    name, option = ("pwsh", "-Command") if os.name == "nt" else ("sh", "-c")
    program = shutil.which(name) or need.missing(name)
    result = subprocess.run([program, option, "; ".join(commands)], capture_output=True, text=True, check=True)
    assert not result.stderr
    return result.stdout.strip()


class TestCommand:
    @pytest.mark.parametrize("value", [STRANGE, "two words", "plain", "-x"])
    def test_export_sets_a_variable(self, value: str) -> None:
        assert value == _said(shell.export(NAME, value), PRINT.format(NAME))

    def test_unset_deletes_those_that_exist(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "x")
        monkeypatch.setenv(f"{NAME}_2", "x")
        shown = (PRINT.format(name) for name in (NAME, f"{NAME}_2"))
        assert not _said(shell.unset(NAME, f"{NAME}_0", f"{NAME}_2"), *shown)

    def test_put_first_on_path(self, tmp_path: Path) -> None:
        folder = tmp_path / "a b"
        path = _said(shell.put_first_on_path(folder), PRINT.format("PATH"))
        assert f"{folder}{os.pathsep}{os.environ['PATH']}" == path

    def test_give_name(self, tmp_path: Path) -> None:
        program = tmp_path / "a b.exe" if os.name == "nt" else tmp_path / "a b"
        program.write_text("x")
        _said(shell.give_name(program, "it's"))
        assert "x" == program.with_name(f"it's{program.suffix}").read_text()

    def test_show_access(self, tmp_path: Path) -> None:
        assert str(tmp_path) in _said(shell.show_access(tmp_path))


@pytest.fixture
def _powershell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "_IS_POWERSHELL", True)


@pytest.mark.usefixtures("_powershell")
@pytest.mark.parametrize(
    ("function", "arguments", "command"),
    [
        (shell.export, ("A", "it's"), "$env:A = 'it''s'"),
        *(
            (shell.export, ("A", f"it{quote}s"), f"$env:A = 'it{quote}{quote}s'")
            for quote in ("\u2018", "\u2019", "\u201a", "\u201b")
        ),
        (shell.unset, ("A", "B_2"), "Remove-Item -ErrorAction Ignore Env:A, Env:B_2"),
        (shell.put_first_on_path, (Path("a b"),), "$env:Path = 'a b' + ';' + $env:Path"),
        (shell.give_name, (Path("a.exe"), "b"), "Copy-Item 'a.exe' 'b.exe'"),
        (shell.show_access, (Path("a b"),), "icacls 'a b'"),
    ],
)
def test_powershell(function: Callable[..., str], arguments: tuple[object, ...], command: str) -> None:
    assert command == function(*arguments)
