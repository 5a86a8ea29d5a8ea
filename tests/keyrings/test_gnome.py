"""GNOME Keyring's files: which of them are in plain text."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE

import pytest

from docker_credential_ecrx.keyrings import gnome
from support import need

PLAIN = b"[keyring]\ndisplay-name=Login\n"
ENCRYPTED = b"GnomeKeyring\n\r\0\n\0\0\0\0"
UNKNOWN = 2**22 + 1  # no such process
PATH = "/org/freedesktop/secrets/collection/"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the keyring files."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "keyrings"
    folder.mkdir()
    return folder


Daemon = Callable[[str, dict[str, str]], int]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Return what starts a process of that name with that environment."""
    with ExitStack() as stack:

        def start(name: str, env: dict[str, str]) -> int:
            program = tmp_path / name
            shutil.copy(need.command("cat"), program)
            process = stack.enter_context(subprocess.Popen([program], stdin=PIPE, stdout=PIPE, env=env, bufsize=0))
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"\n")
            process.stdout.read(1)  # so it has been executed
            return process.pid

        yield start


class TestFile:
    @pytest.mark.parametrize(
        ("collection", "name"),
        [
            ("login", "login"),
            ("Default_5fkeyring", "Default_keyring"),
            ("Mein_5fSchl_c3_bcssel_5fbund_5f2_5fx", "Mein_Schlüssel_bund_2_x"),
        ],
    )
    def test_of_a_collection_is_found_by_its_path(self, folder: Path, collection: str, name: str) -> None:
        """D-Bus allows letters and digits in a path; other bytes are written as two digits."""
        (folder / f"{name}.keyring").write_bytes(PLAIN)

        assert str(folder / f"{name}.keyring") == gnome.plain_file(PATH + collection, UNKNOWN)

    @pytest.mark.parametrize("content", [ENCRYPTED, b"", b"[keyrin", b"\n[keyring]", b"GnomeKeyring[keyring]"])
    def test_without_plain_text_heading_does_not_count(self, folder: Path, content: bytes) -> None:
        """Only GNOME Keyring's own heading of a plain text file counts."""
        (folder / "login.keyring").write_bytes(content)

        assert gnome.plain_file(f"{PATH}login", UNKNOWN) is None

    @pytest.mark.parametrize("name", ["", "/", "missing", "_2e_2e_2flogin", "_zz", "_", "a_00b", "login/../login"])
    def test_of_another_name_does_not_count(self, folder: Path, name: str) -> None:
        """A path that leads to no file in the folder leads nowhere else either."""
        (folder / "login.keyring").write_bytes(PLAIN)
        (folder.parent / "login.keyring").write_bytes(PLAIN)

        assert gnome.plain_file(PATH + name, UNKNOWN) is None

    def test_pipe_or_folder_does_not_count(self, folder: Path) -> None:
        """Reading does not block on it."""
        os.mkfifo(folder / "pipe.keyring")
        (folder / "folder.keyring").mkdir()

        assert [None, None] == [gnome.plain_file(PATH + name, UNKNOWN) for name in ("pipe", "folder")]

    def test_is_in_the_home_without_a_data_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """A relative data folder is ignored."""
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("XDG_DATA_HOME", "relative")
        (tmp_path / ".local/share").mkdir(parents=True)
        (tmp_path / ".local/share/keyrings").symlink_to(folder)
        (folder / "login.keyring").write_bytes(PLAIN)

        assert f"{tmp_path}/.local/share/keyrings/login.keyring" == gnome.plain_file(f"{PATH}login", UNKNOWN)

    @pytest.mark.parametrize("variable", ["XDG_DATA_HOME", "HOME"])
    def test_is_in_the_folder_of_the_daemon(
        self, tmp_path: Path, daemon: "Daemon", folder: Path, variable: str
    ) -> None:
        """A snap's terminal sets XDG_DATA_HOME to a folder of its own; the daemon has the session's."""
        other = tmp_path / "other"
        keyrings = other / ("keyrings" if variable == "XDG_DATA_HOME" else ".local/share/keyrings")
        keyrings.mkdir(parents=True)
        (keyrings / "login.keyring").write_bytes(PLAIN)
        (folder / "login.keyring").write_bytes(ENCRYPTED)
        process = daemon("gnome-keyring-daemon", {"HOME": "/nonexistent", variable: str(other)})

        assert str(keyrings / "login.keyring") == gnome.plain_file(f"{PATH}login", process)
        assert gnome.plain_file(f"{PATH}login", daemon("kwalletd6", {"HOME": "/", variable: str(other)})) is None

    def test_that_cannot_be_found_may_be_plain_text(self, daemon: "Daemon", folder: Path) -> None:
        """Only GNOME Keyring is known to have one, and its collection in memory has none."""
        found = f"{folder}/login.keyring"
        gnomes, other = (
            daemon(name, {"XDG_DATA_HOME": str(folder.parent), "HOME": "/"})
            for name in ("gnome-keyring-daemon", "kwalletd6")
        )

        assert found == gnome.plain_file(f"{PATH}login", gnomes)
        assert "cannot be found" in str(gnome.not_encrypted(found))
        assert [None, None] == [gnome.plain_file(f"{PATH}session", gnomes), gnome.plain_file(f"{PATH}login", other)]
