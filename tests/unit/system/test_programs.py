"""Programs are found only in absolute folders of PATH; what Docker finds in another one is reported separately."""

import os
from pathlib import Path

import pytest

from docker_credential_ecrx.system import programs
from support import need

pytestmark = pytest.mark.posix("paths and modes as POSIX has them")


def _program(folder: Path, name: str = "tool", mode: int = 0o755) -> Path:
    """Return the path of a new program in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def _place(path: Path) -> Path | None:
    found = programs.weakness(path)
    return found and found.place


def _give_away(path: Path) -> None:
    if os.geteuid() != 0:
        need.missing("root, to give a program away,")
    os.chown(path, 1000, 1000, follow_symlinks=False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which has the program in it and in a subfolder."""
    folder = tmp_path / "here"
    _program(folder)
    _program(folder / "bin")
    monkeypatch.chdir(folder)
    return folder


class TestFind:
    @pytest.mark.parametrize("relative", ["", ".", "./", "bin", "./bin", "bin/../bin", "../here/bin", "~"])
    def test_ignores_relative_folders(self, here: Path, relative: str) -> None:
        """A relative folder may be the only one, precede an absolute one or follow it."""
        _program(here / "~")
        absolute = _program(here.parent / "absolute")

        assert programs.find("tool", {"PATH": relative}) is None
        for search in (f"{relative}:{absolute.parent}", f"{absolute.parent}:{relative}"):
            assert absolute == programs.find("tool", {"PATH": search})

    def test_returns_the_first_executable(self, tmp_path: Path) -> None:
        _program(tmp_path / "a", mode=0o644)
        (tmp_path / "b" / "tool").mkdir(parents=True)
        expected = _program(tmp_path / "c")
        _program(tmp_path / "d")

        search = os.pathsep.join(str(tmp_path / name) for name in ("none", "a", "b", "c", "d"))

        assert expected == programs.find("tool", {"PATH": search})

    @pytest.mark.usefixtures("here")
    def test_finds_nothing_without_a_path(self) -> None:
        assert (None, None) == (programs.find("tool", {"PATH": ""}), programs.found_by_docker("tool", {"PATH": ""}))


class TestFoundByDocker:
    @pytest.mark.parametrize("relative", ["", ".", "bin"])
    def test_is_the_first_of_all_folders(self, here: Path, relative: str) -> None:
        """Go searches no further once it has found the name in a relative folder."""
        absolute = _program(here.parent / "absolute")

        found = programs.found_by_docker("tool", {"PATH": f"{relative}:{absolute.parent}"})

        assert found is not None
        assert not found.is_absolute()
        assert absolute == programs.found_by_docker("tool", {"PATH": f"{absolute.parent}:{relative}"})


class TestOwnPath:
    def test_is_found_in_an_absolute_folder(self, here: Path) -> None:
        absolute = _program(here.parent / "absolute")

        assert absolute == programs.own_path("tool", {"PATH": f":bin:{absolute.parent}"})

    def test_is_the_typed_path_if_it_has_a_folder(self, here: Path) -> None:
        assert here / "bin" / "tool" == programs.own_path("bin/tool", {"PATH": "/usr/bin"})
        assert here / "tool" == programs.own_path("./tool", {"PATH": "/usr/bin"})
        assert here / "bin" / "tool" == programs.own_path(str(here / "bin" / "tool"), {"PATH": "/usr/bin"})


class TestWeakness:
    def test_is_none_for_an_ordinary_program(self, tmp_path: Path) -> None:
        assert _place(_program(tmp_path / "bin")) is None

    def test_may_be_the_program(self, tmp_path: Path) -> None:
        path = _program(tmp_path / "bin", mode=0o757)

        assert path == _place(path)

    def test_may_be_its_folder(self, tmp_path: Path) -> None:
        path = _program(tmp_path / "bin")
        path.parent.chmod(0o777)

        assert path.parent == _place(path)

    def test_may_be_the_target_of_a_link(self, tmp_path: Path) -> None:
        target = _program(tmp_path / "lib")
        (tmp_path / "bin").mkdir()
        link = tmp_path / "bin" / "tool"
        link.symlink_to(target)
        target.parent.chmod(0o777)

        assert target.parent == _place(link)

    @pytest.mark.parametrize("weak", ["above", "targets/above", "links"])
    def test_may_be_any_folder_on_the_way(self, tmp_path: Path, weak: str) -> None:
        """Whoever can rename a folder or a symlink can put another one in its place."""
        target = _program(tmp_path / "targets" / "above" / "lib")
        (tmp_path / "links").mkdir()
        (tmp_path / "links" / "lib").symlink_to("../targets/above/lib")
        (tmp_path / "above" / "bin").mkdir(parents=True)
        path = tmp_path / "above" / "bin" / "tool"
        path.symlink_to(tmp_path / "links" / "lib" / "tool")
        assert _place(path) is None
        (tmp_path / weak).chmod(0o777)

        assert tmp_path / weak == _place(path)
        assert (weak == "targets/above") == (_place(target) is not None)

    def test_ignores_sticky_folders(self, tmp_path: Path) -> None:
        """Nobody can replace another user's file in a folder such as /tmp."""
        path = _program(tmp_path / "bin")
        path.parent.chmod(0o1777)

        assert _place(path) is None

    def test_is_another_users_program_in_a_sticky_folder(self, tmp_path: Path) -> None:
        """Anybody can put a program into a folder such as /tmp."""
        path = _program(tmp_path / "bin")
        path.parent.chmod(0o1777)
        _give_away(path)

        assert programs.Weakness(path, 1000) == programs.weakness(path)

    def test_may_be_a_folder_or_link_there(self, tmp_path: Path) -> None:
        folder = _program(tmp_path / "open" / "bin").parent
        link = tmp_path / "open" / "link"
        link.symlink_to(_program(tmp_path / "own"))
        (tmp_path / "open").chmod(0o1777)
        assert [None, None] == [_place(path) for path in (folder / "tool", link)]
        for path in (folder, link):
            _give_away(path)

        assert [folder, link] == [_place(path) for path in (folder / "tool", link)]

    def test_is_none_in_a_folder_that_the_user_chose(self, tmp_path: Path) -> None:
        """Homebrew's folder belongs to the user who installed it, and the others put it on PATH themselves."""
        path = _program(tmp_path / "bin")
        _give_away(path)
        _give_away(path.parent)

        assert _place(path) is None


class TestForgetRelative:
    @pytest.mark.parametrize(
        ("search", "left"),
        [
            ("/usr/bin:/bin", "/usr/bin:/bin"),
            (":/usr/bin", "/usr/bin"),
            ("/usr/bin:", "/usr/bin"),
            ("/usr/bin::/bin", "/usr/bin:/bin"),
            (".:bin:/usr/bin:~/bin:../x", "/usr/bin"),
            (".", None),
            ("", None),
        ],
    )
    def test_leaves_absolute_folders(self, search: str, left: str | None) -> None:
        """If none is left, PATH is unset: an empty one means the current folder."""
        env = {"PATH": search, "HOME": "/root"}

        programs.remove_relative(env)

        assert ({"HOME": "/root"} | ({"PATH": left} if left else {})) == env

    def test_leaves_an_environment_without_path(self) -> None:
        env: dict[str, str] = {}

        programs.remove_relative(env)

        assert {} == env
