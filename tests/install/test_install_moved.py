"""A home that was moved, or that HOME spells in another way, and installations of release 1.0.0."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.releases import PAGE, User

_LIB = Path("lib", "docker-credential-ecrx")


def _as_1_0_0(user: User) -> None:
    """Make an installation look as release 1.0.0 left it: absolute links, and a list without its first line."""
    home = user.prefix / _LIB
    for link in (user.bin / "docker-credential-ecrx", user.bin / "ecrx", user.prefix / PAGE):
        inside = link.readlink().as_posix().rpartition("/current/")[2]
        link.unlink()
        link.symlink_to(home / "current" / inside)
    made = home / "made"
    made.write_text("".join(line for line in made.read_text().splitlines(keepends=True) if line.startswith("/")))


def _move(user: User) -> None:
    user.home = user.home.rename(user.home.with_name("moved"))


def _move_and_leave_an_empty_home(user: User) -> None:
    old = user.home
    _move(user)
    (old / ".local" / "bin").mkdir(parents=True)


def _spell_otherwise(user: User) -> None:
    alias = user.home.with_name("alias")
    alias.symlink_to(user.home.name)
    user.home = alias


@pytest.fixture(params=[_move, _move_and_leave_an_empty_home, _spell_otherwise], ids=["moved", "left", "spelled"])
def change(request: pytest.FixtureRequest) -> Callable[[User], None]:
    """Return what changes the path of the home."""

    def change(user: User) -> None:
        request.param(user)
        user.prefix = user.home / ".local"
        user.bin = user.prefix / "bin"
        user.env["HOME"] = str(user.home)

    return change


class TestMovedHome:
    def test_program_still_runs(self, user: User, change: Callable[[User], None]) -> None:
        """The manual page can still be read, too."""
        user.install(user.unpack("1.0"))

        change(user)

        assert "docker-credential-ecrx 1.0\n" == user.run("docker-credential-ecrx", "version")
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")
        assert "1.0" == (user.prefix / PAGE).read_text()

    @pytest.mark.parametrize("is_old", [False, True], ids=["", "1.0.0"])
    def test_accepts_a_newer_version(self, user: User, change: Callable[[User], None], is_old: bool) -> None:  # noqa: FBT001
        """An upgrade recognises the files of the old installation."""
        user.install(user.unpack("1.0"))
        if is_old:
            _as_1_0_0(user)
        change(user)

        done = user.install(user.unpack("1.1"))

        assert (0, "") == (done.returncode, done.stderr)
        assert "kept " not in done.stdout
        assert "docker-credential-ecrx 1.1\n" == user.run("ecrx", "version")
        assert "1.1" == (user.prefix / PAGE).read_text()
        assert ["1.1"] == sorted(path.name for path in (user.prefix / _LIB).glob("[0-9]*"))

    @pytest.mark.parametrize("is_upgraded", [False, True], ids=["", "upgraded"])
    @pytest.mark.parametrize("is_old", [False, True], ids=["", "1.0.0"])
    def test_uninstall_leaves_nothing(
        self, user: User, change: Callable[[User], None], *, is_old: bool, is_upgraded: bool
    ) -> None:
        """Neither a dangling link nor an empty folder remains."""
        release = user.unpack("1.0")
        user.install(release)
        user.link("docker-credential-ecrx-relative")
        user.link("docker-credential-ecrx-absolute", user.bin / "docker-credential-ecrx")
        if is_old:
            _as_1_0_0(user)
        change(user)
        if is_upgraded:
            user.install(user.unpack("1.1"))

        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert [] == user.files()

    def test_keeps_a_running_version(self, user: User) -> None:
        """A running program is found by the kernel's path, not by the path in HOME."""
        _spell_otherwise(user)
        user.env["HOME"] = str(user.home)
        user.install(user.unpack("1.0"))

        with user.running(user.home / ".local" / "bin"):
            user.install(user.unpack("1.1"))
            assert ["1.0", "1.1"] == sorted(path.name for path in (user.prefix / _LIB).glob("[0-9]*"))


class TestLinks:
    def test_of_another_installation_are_foreign(self, user: User) -> None:
        """A working program of another prefix stays."""
        other = user.home / "other"
        release = user.unpack("1.0")
        user.install(release, "--prefix", other)
        user.bin.mkdir(parents=True)
        link = user.link("docker-credential-ecrx", other / _LIB / "current" / "docker-credential-ecrx")

        done = user.install(release)

        assert (1, f"install.sh: {link} does not belong to this program; move it away\n") == (
            done.returncode,
            done.stderr,
        )

    @pytest.mark.parametrize("folder", ["bin", "lib", "share"])
    def test_work_in_a_linked_folder(self, user: User, folder: str) -> None:
        """If dotfiles are stored elsewhere, a relative link would lead from there."""
        user.prefix.mkdir()
        (user.home / "dotfiles" / "deep" / folder).mkdir(parents=True)
        (user.prefix / folder).symlink_to(user.home / "dotfiles" / "deep" / folder)
        before = user.files()
        release = user.unpack("1.0")

        for _ in range(2):
            assert 0 == user.install(release).returncode

            assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")
            assert "1.0" == (user.prefix / PAGE).read_text()
        user.install(release, "--uninstall")
        assert before == user.files()


class TestRelease100:
    def test_is_replaced_while_it_runs(self, user: User) -> None:
        """Its folder stays until the next install."""
        user.install(user.unpack("1.0.0"))
        _as_1_0_0(user)

        with user.running():
            assert 0 == user.install(user.unpack("1.1")).returncode
            assert ["1.0.0", "1.1"] == sorted(path.name for path in (user.prefix / _LIB).glob("[0-9]*"))
            assert 0 == user.install(user.unpack("1.2")).returncode
            assert ["1.0.0", "1.2"] == sorted(path.name for path in (user.prefix / _LIB).glob("[0-9]*"))

        assert 0 == user.install(user.unpack("1.3")).returncode
        assert ["1.3"] == sorted(path.name for path in (user.prefix / _LIB).glob("[0-9]*"))

    def test_killed_install_leaves_nothing_behind(self, user: User) -> None:
        """Its temporary folders, a program in one of them, and its temporary links are deleted."""
        release = user.unpack("1.0.0")
        user.install(release)
        _as_1_0_0(user)
        home = user.prefix / _LIB
        staging = home / ".staging-123"
        staging.mkdir()
        shutil.move(home / "1.0.0", staging / "meanwhile")
        (home / "current").unlink()
        (home / "current").symlink_to(".staging-123/meanwhile")
        (home / ".old-77").mkdir()
        (user.bin / ".docker-credential-ecrx.99").mkdir()
        (user.bin / ".docker-credential-ecrx.99" / "ecrx").symlink_to("x")
        user.install(user.unpack("1.1"))

        found = sorted(path.name for path in home.iterdir())

        assert ["1.1", "current", "made"] == found
        assert ["docker-credential-ecrx", "ecrx"] == sorted(path.name for path in user.bin.iterdir())
