"""The path of a file to edit: links that no other user can have made are followed, others are rejected."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from docker_credential_ecrx.config_files import file_place
from docker_credential_ecrx.errors import FileError
from support import need

pytestmark = pytest.mark.posix("links and other users")

ALICE, MALLORY = 4_200_011, 4_200_012


class Case(NamedTuple):
    """A link in a folder: who owns the folder, its mode, who owns the link, and its target."""

    holder: int
    mode: int
    link: int
    target: int


TRUSTED = {
    "all is one user's": Case(ALICE, 0o755, ALICE, ALICE),
    "all is one user's, with a group of the user's own": Case(ALICE, 0o775, ALICE, ALICE),
    "all is root's": Case(0, 0o755, 0, 0),
    "root's link to a user's": Case(0, 0o755, 0, ALICE),
    "root's link in a folder like /tmp": Case(0, 0o1777, 0, ALICE),
    "a user's own in a folder like /tmp": Case(0, 0o1777, ALICE, ALICE),
}
REFUSED = {
    "a user's link to root's": Case(MALLORY, 0o755, MALLORY, 0),
    "a user's link to another user's": Case(MALLORY, 0o755, MALLORY, ALICE),
    "a user's link to another user's, in a folder like /tmp": Case(0, 0o1777, MALLORY, ALICE),
    "a user's link to root's, in a folder like /tmp": Case(0, 0o1777, MALLORY, 0),
    "another user's link in the own folder": Case(ALICE, 0o775, MALLORY, ALICE),
    "the own link in another user's folder": Case(MALLORY, 0o755, ALICE, ALICE),
    "root's link in another user's folder": Case(MALLORY, 0o755, 0, 0),
    "root's link in a folder of root's that a group may write": Case(0, 0o775, 0, 0),
    "the own link in a folder that all may write": Case(ALICE, 0o777, ALICE, ALICE),
}


@pytest.fixture(autouse=True)
def root() -> None:
    """Require root, who can change owners."""
    if os.getuid() != 0:
        need.missing("root, to give files to others,")


def found(path: Path) -> tuple[str, str]:
    """Return the folder and the name to which the path leads."""
    place = file_place.find(str(path))
    try:
        assert place.is_there
        return str(place.folder.path), place.name
    finally:
        place.folder.close()


class Links:
    """A link to a file, and one to the file's folder."""

    def __init__(self, folder: Path, case: Case) -> None:
        self.target = folder / "target" / "config.json"
        self.target.parent.mkdir()
        self.target.write_text("{}")
        holder = folder / "holder"
        holder.mkdir()
        self.to_file, self.to_folder = holder / "config.json", holder / "folder"
        self.to_file.symlink_to(self.target)
        self.to_folder.symlink_to(self.target.parent)
        for link in (self.to_file, self.to_folder):
            os.chown(link, case.link, case.link, follow_symlinks=False)
        for path in (self.target, self.target.parent):
            os.chown(path, case.target, case.target)
        os.chown(holder, case.holder, case.holder)
        holder.chmod(case.mode)

    def paths(self) -> Iterator[Path]:
        """Yield paths that lead to the file."""
        yield self.to_file
        yield self.to_folder / "config.json"
        yield self.to_file.parent / ".." / "holder" / "folder" / "." / ".." / "target" / "config.json"


@pytest.mark.parametrize("case", TRUSTED.values(), ids=TRUSTED)
def test_trusted_link_is_followed(tmp_path: Path, case: Case) -> None:
    """Only its user can have made it; the resulting path contains no link."""
    links = Links(tmp_path, case)

    assert {(str(links.target.parent), "config.json")} == {
        (os.path.normpath(folder), name) for folder, name in map(found, links.paths())
    }


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_untrusted_link_is_rejected(tmp_path: Path, case: Case) -> None:
    """Every form of the path is rejected."""
    links = Links(tmp_path, case)

    for path in links.paths():
        with pytest.raises(FileError, match="another user may control the symlink"):
            found(path)


def test_link_to_a_link_is_followed(tmp_path: Path) -> None:
    """Each link is checked separately."""
    (tmp_path / "file").write_text("{}")
    (tmp_path / "one").symlink_to("file")
    (tmp_path / "two").symlink_to("one")

    assert (str(tmp_path), "file") == found(tmp_path / "two")


def test_link_to_a_rejected_link_is_rejected(tmp_path: Path) -> None:
    """A trusted first link makes no difference."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("{}")
    bad = tmp_path / "folder" / "bad"
    bad.symlink_to("../file")
    os.chown(bad, MALLORY, MALLORY, follow_symlinks=False)
    (tmp_path / "good").symlink_to("folder/bad")

    with pytest.raises(FileError, match="folder/bad"):
        found(tmp_path / "good")


def test_dangling_link_leads_to_the_missing_file(tmp_path: Path) -> None:
    """Docker creates the file there, too."""
    (tmp_path / "config.json").symlink_to("gone.json")

    assert (str(tmp_path), "gone.json") == found(tmp_path / "config.json")


def test_circular_links_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")

    with pytest.raises(OSError, match="symbolic links"):
        found(tmp_path / "one")


@pytest.mark.parametrize("path", ["missing/../config.json", "config.json/..", "..", "file/config.json"])
def test_path_to_no_file_is_an_error(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match="directory"):
        found(tmp_path / path)
