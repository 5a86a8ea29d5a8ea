"""Files that others can reach: only a regular file of the user's is opened, and nothing blocks."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import Folder
from support import need

pytestmark = pytest.mark.posix("links, pipes and other users")


def bound(path: Path) -> None:
    """Create a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": lambda path: os.mkfifo(path),  # noqa: PLW0108 - Windows has none
    "a folder": Path.mkdir,
    "a socket": bound,
    "a link": lambda path: path.symlink_to("file"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("gone"),
}


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT])
@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_only_a_regular_file_is_opened(tmp_path: Path, make: Callable[[Path], None], flags: int) -> None:
    """The file is opened by path, and by name in an open folder."""
    (tmp_path / "file").write_text("x")
    make(tmp_path / "odd")

    with pytest.raises(OSError, match=r"not a regular file|symbolic links|Is a directory|No such device"):
        files.open_regular(str(tmp_path / "odd"), flags)
    with Folder(str(tmp_path)) as folder, pytest.raises(OSError, match=r"regular|symbolic|directory|device"):
        folder.open("odd", flags)


def test_file_with_a_second_name_is_not_own(tmp_path: Path) -> None:
    """A write would change another file."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "other").hardlink_to(tmp_path / "file")

    with pytest.raises(PermissionError, match="more than one name"):
        files.open_own(str(tmp_path / "file"))


def test_another_users_file_is_not_own(tmp_path: Path) -> None:
    """Not even root may treat it so."""
    if os.getuid() != 0:
        need.missing("root, to give files to others,")
    (tmp_path / "file").write_text("x")
    os.chown(tmp_path / "file", 4_200_031, -1)

    with pytest.raises(PermissionError, match="owned by another user"):
        files.open_own(str(tmp_path / "file"))


@pytest.mark.parametrize(("size", "is_read"), [(0, True), (10, True), (11, False), (1 << 20, False)])
def test_no_more_is_read_than_the_limit(tmp_path: Path, size: int, *, is_read: bool) -> None:
    """A larger file is an error."""
    (tmp_path / "file").write_bytes(b"x" * size)
    fd = files.open_own(str(tmp_path / "file"))
    try:
        if is_read:
            assert b"x" * size == files.read(fd, 10)
        else:
            with pytest.raises(OSError, match="larger than 10 bytes"):
                files.read(fd, 10)
    finally:
        os.close(fd)


def test_folder_stays_the_same_if_its_path_changes(tmp_path: Path) -> None:
    """A file is replaced in the folder that was opened."""
    (tmp_path / "one").mkdir()
    with Folder(str(tmp_path / "one")) as folder:
        (tmp_path / "one").rename(tmp_path / "two")
        (tmp_path / "one").mkdir()

        files.replace(folder, "file", "file.new", b"text")

    assert b"text" == (tmp_path / "two" / "file").read_bytes()
    assert [] == list((tmp_path / "one").iterdir())


@pytest.mark.parametrize("kind", [*(kind for kind in ODD if kind != "a folder"), "a file"])
def test_replacement_is_private_and_follows_nothing(tmp_path: Path, kind: str) -> None:
    """Anything with the temporary name is deleted, and the mode does not depend on the umask."""
    make = ODD.get(kind, Path.touch)
    (tmp_path / "file").write_text("x")
    make(tmp_path / "new")
    before = os.umask(0o777)
    try:
        with Folder(str(tmp_path)) as folder:
            files.replace(folder, "state", "new", b"text")
    finally:
        os.umask(before)

    assert (b"text", 0o600) == ((tmp_path / "state").read_bytes(), (tmp_path / "state").stat().st_mode & 0o777)
    assert "x" == (tmp_path / "file").read_text()
    assert not os.path.lexists(tmp_path / "new")
