"""A path is followed name by name, and whatever on it another user may change is found."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from docker_credential_ecrx.system import path_trust
from docker_credential_ecrx.system.paths import has_link

pytestmark = pytest.mark.posix("links and modes")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which has a folder with a file, and a symlink to it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "link").symlink_to("folder")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _is_open(folder: Path) -> bool:
    """Return whether a descriptor of this process leads to the folder."""
    for place in Path("/dev/fd").iterdir():
        with suppress(OSError):  # such as the one that listed them
            if os.path.samestat(os.fstat(int(place.name)), folder.stat()):
                return True
    return False


class TestHasLink:
    @pytest.mark.parametrize(
        "path", ["link", "link/", "link/file", "link/none/x", "{0}/link", "{0}//link//file", "folder/../link", "./link"]
    )
    def test_is_true_wherever_the_link_is(self, here: Path, path: str) -> None:
        assert has_link(path.format(here))

    @pytest.mark.parametrize(
        "path", ["", "/", "folder", "folder/", "folder/file", "none/link", "{0}/folder//file", "folder/file/link"]
    )
    def test_is_false_without_one(self, here: Path, path: str) -> None:
        """Nothing is below what does not exist, or is a file."""
        assert not has_link(path.format(here))


class TestSteps:
    def test_are_all_that_the_path_leads_through(self, here: Path) -> None:
        """A symlink comes twice: when it is found, and when its target is known."""
        found = [(step.path, step.target is not None) for step in path_trust.steps(f"{here}/folder/../link/file")]

        above = [(str(folder), False) for folder in reversed(here.parents)]
        first = [(str(here), False), (f"{here}/folder", False), (f"{here}/folder/..", False)]
        link = [(f"{here}/link", False), (f"{here}/folder", False), (f"{here}/link", True)]
        assert [*above, *first, *link, (f"{here}/folder/file", False)] == found

    def test_before_the_path_fails_are_yielded(self, here: Path) -> None:
        """A symlink to a file, where a folder belongs, is seen all the same."""
        (here / "bad").symlink_to("folder/file")

        assert f"{here}/bad" in dict(path_trust.places(f"{here}/bad/x"))

    def test_close_the_folder(self, here: Path) -> None:
        """Whoever has seen enough of them asks for no more."""
        steps = path_trust.steps(f"{here}/link/file")
        next(step for step in steps if step.path == f"{here}/link")
        was_open = _is_open(here)
        del steps

        assert (True, False) == (was_open, _is_open(here))
