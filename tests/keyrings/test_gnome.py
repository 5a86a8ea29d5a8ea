"""GNOME Keyring's files: which of them are in plain text."""

import os
from pathlib import Path

import pytest

from docker_credential_ecrx.keyrings import gnome

PLAIN = b"[keyring]\ndisplay-name=Login\n"
ENCRYPTED = b"GnomeKeyring\n\r\0\n\0\0\0\0"
PATH = "/org/freedesktop/secrets/collection/"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the keyring files."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "keyrings"
    folder.mkdir()
    return folder


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

        assert str(folder / f"{name}.keyring") == gnome.plain_file(PATH + collection)

    @pytest.mark.parametrize("content", [ENCRYPTED, b"", b"[keyrin", b"\n[keyring]", b"GnomeKeyring[keyring]"])
    def test_without_plain_text_heading_does_not_count(self, folder: Path, content: bytes) -> None:
        """Only GNOME Keyring's own heading of a plain text file counts."""
        (folder / "login.keyring").write_bytes(content)

        assert gnome.plain_file(f"{PATH}login") is None

    @pytest.mark.parametrize("name", ["", "/", "missing", "_2e_2e_2flogin", "_zz", "_", "a_00b", "login/../login"])
    def test_of_another_name_does_not_count(self, folder: Path, name: str) -> None:
        """A path that leads to no file in the folder leads nowhere else either."""
        (folder / "login.keyring").write_bytes(PLAIN)
        (folder.parent / "login.keyring").write_bytes(PLAIN)

        assert gnome.plain_file(PATH + name) is None

    def test_pipe_or_folder_does_not_count(self, folder: Path) -> None:
        """Reading does not block on it."""
        os.mkfifo(folder / "pipe.keyring")
        (folder / "folder.keyring").mkdir()

        assert [None, None] == [gnome.plain_file(PATH + name) for name in ("pipe", "folder")]

    def test_is_in_the_home_without_a_data_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """A relative data folder is ignored."""
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("XDG_DATA_HOME", "relative")
        (tmp_path / ".local/share").mkdir(parents=True)
        (tmp_path / ".local/share/keyrings").symlink_to(folder)
        (folder / "login.keyring").write_bytes(PLAIN)

        assert f"{tmp_path}/.local/share/keyrings/login.keyring" == gnome.plain_file(f"{PATH}login")


def test_process_is_recognised_by_its_name() -> None:
    """A test process is another one; a process whose name cannot be read is unknown."""
    assert not gnome.is_daemon(os.getpid())
    assert gnome.is_daemon(2**22 + 1)
