"""install.sh killed at any moment: the program stays usable, and the same command run again completes."""

import re
import shutil
from pathlib import Path

import pytest

from support.killing import ClockReading, Killing
from support.releases import User

_LIST = Path("lib", "docker-credential-ecrx", "made")


class World:
    """A machine whose home can be restored."""

    def __init__(self, folder: Path) -> None:
        self.user = User(folder)
        self._before = folder / "before"
        self.killing = Killing(folder / "killing")

    def remember(self) -> None:
        """Save the home as it is."""
        shutil.copytree(self.user.home, self._before, symlinks=True)

    def put_back(self) -> None:
        """Restore the home as it was saved."""
        shutil.rmtree(self.user.home)
        shutil.copytree(self._before, self.user.home, symlinks=True)

    def moments(self, command: list[str | Path]) -> list[ClockReading]:
        """Run ``command``; return the moments at which it can be killed."""
        found = list(self.killing.moments(command, self.user.env))
        assert len(found) > 10
        return found

    def kill(self, command: list[str | Path], moment: ClockReading) -> None:
        """Restore the home and run ``command`` until ``moment``."""
        self.put_back()
        self.killing.kill(command, self.user.env, moment)

    def seen(self) -> list[str]:
        """Return everything in the home, and the list of created folders.

        Each install has a separate folder, VERSION or VERSION-N, which is shown as VERSION here.
        """
        made = self.user.prefix / _LIST
        found = [*self.user.files(), *(made.read_text().splitlines() if made.exists() else [])]
        return sorted(re.sub(r"(/docker-credential-ecrx/[\d.]+)-\d+", r"\1", name) for name in found)

    def assert_whole(self, *versions: str) -> None:
        """Assert that Docker finds a complete program of one of these versions."""
        version = self.user.run("docker-credential-ecrx", "version").split()[1]
        folder = (self.user.bin / "docker-credential-ecrx").resolve().parent
        assert version in versions
        assert version == (folder / "_internal" / "part").read_text()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a machine whose user has an empty home."""
    return World(tmp_path)


class TestInstall:
    def test_completes_when_run_again(self, world: World) -> None:
        """After a killed first install, the second one leaves exactly what an undisturbed one does."""
        command: list[str | Path] = [world.user.unpack("1.0") / "install.sh"]
        world.remember()
        moments = world.moments(command)
        expected = world.seen()

        for moment in moments:
            world.kill(command, moment)
            done = world.user.install(command[0].parent)  # type: ignore[union-attr]
            assert (0, "") == (done.returncode, done.stderr), moment
            assert expected == world.seen(), moment
            world.assert_whole("1.0")

    def test_can_be_undone_when_killed(self, world: World) -> None:
        """After a killed first install, --uninstall leaves nothing."""
        release = world.user.unpack("1.0")
        command: list[str | Path] = [release / "install.sh"]
        world.remember()

        for moment in world.moments(command):
            world.kill(command, moment)
            done = world.user.install(release, "--uninstall")
            assert (0, "") == (done.returncode, done.stderr), moment
            assert [] == world.user.files(), moment

    @pytest.mark.parametrize("newer", ["1.0", "1.1"], ids=["same version", "newer version"])
    def test_keeps_a_working_program(self, world: World, newer: str) -> None:
        """During an upgrade Docker always finds the old program or the new one, complete."""
        old = world.user.unpack("1.0")
        world.user.install(old)
        shutil.rmtree(old)
        command: list[str | Path] = [world.user.unpack(newer) / "install.sh"]
        world.remember()
        moments = world.moments(command)
        expected = world.seen()

        for moment in moments if newer == "1.0" else [moment for moment in moments if moment.call == 1]:
            world.kill(command, moment)
            world.assert_whole("1.0", newer)
            done = world.user.install(command[0].parent)  # type: ignore[union-attr]
            assert (0, "") == (done.returncode, done.stderr), moment
            assert expected == world.seen(), moment
            world.assert_whole(newer)


class TestUninstall:
    def test_completes_when_run_again(self, world: World) -> None:
        """Whenever it is killed, the same command run again leaves nothing."""
        release = world.user.unpack("1.0")
        world.user.install(release)
        world.user.link("docker-credential-ecrx-secondary")
        state = world.user.home / ".local" / "state" / "ecrx"
        state.mkdir(parents=True)
        (state / "ledger.json").touch()
        (state / "token.a.lock").touch()
        world.remember()
        command: list[str | Path] = [release / "install.sh", "--uninstall"]

        for moment in world.moments(command):
            world.kill(command, moment)
            done = world.user.install(release, "--uninstall")
            assert (0, "") == (done.returncode, done.stderr), moment
            assert [] == world.user.files(), moment
