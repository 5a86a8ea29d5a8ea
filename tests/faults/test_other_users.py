"""Folders that another user may write: nothing of the user who edits a file there reaches the other user."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from support import attacker, need
from support.forms import in_one_form
from support.home import HOST, Home, Result

TRIES = 50
OTHER = 4_200_001  # the user who may write in the folder
GROUP = 4_200_002
ME = 4_200_003


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with credentials, which ``configure`` requires."""
    return home.add_default_keys()


@contextmanager
def attacked(folder: Path, victim: Path, gid: int, what: str) -> Iterator[None]:
    """Have another user replace files of ``folder`` by links to ``victim`` meanwhile."""
    command = [sys.executable, attacker.__file__, str(OTHER), str(gid), str(folder), str(victim), what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline()
            yield
        finally:
            process.kill()


def owner_of(path: Path) -> tuple[int, int, int, bytes]:
    """Return a file's owner, mode and text."""
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), path.read_bytes()


class Attack(NamedTuple):
    """Who edits ``config.json`` in a folder, who owns the folder, and what another user does there meanwhile."""

    prefix: list[str]
    editor: int
    uid: int
    gid: int
    mode: int
    what: str


def by_root(what: str) -> Attack:
    """Edit as root in another user's folder."""
    return Attack([], 0, OTHER, OTHER, 0o644, what)


def by_member(what: str) -> Attack:
    """Edit as a user in an own folder that a group may write, too."""
    prefix = [need.command("setpriv"), f"--reuid={ME}", f"--regid={ME}", f"--groups={GROUP}"]
    # The Python that runs the tests may be in root's home.
    prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return Attack(prefix, ME, ME, GROUP, 0o660, what)


@in_one_form
@pytest.mark.parametrize("what", ["new", "edited"])
@pytest.mark.parametrize("who", [by_root, by_member])
def test_race_gives_no_file_away(home: Home, place: Path, who: Callable[[str], Attack], what: str) -> None:
    """Another user swaps files for links to a private file 50 times; its owner, mode and text stay."""
    if os.getuid() != 0:
        need.missing("root, to be other users,")
    attack = who(what)
    private, folder = place / "private.json", place / "shared"
    private.write_text('{"private": true}')
    private.chmod(0o600)
    os.chown(private, attack.editor, attack.editor)
    before = owner_of(private)
    folder.mkdir()
    os.chown(folder, attack.uid, attack.gid)
    folder.chmod(0o770)
    config = folder / "config.json"
    command = [*attack.prefix, str(home.bin / "docker-credential-ecrx"), "configure", HOST]
    for _ in range(TRIES):
        config.unlink(missing_ok=True)
        config.write_text('{\n\t"auths": {}\n}')
        config.chmod(attack.mode)
        os.chown(config, attack.uid, attack.gid)
        with attacked(folder, private, attack.gid, what):
            env = home.env | {"DOCKER_CONFIG": str(folder)}
            subprocess.run(command, env=env, capture_output=True, check=False, timeout=60)
        assert before == owner_of(private)


@in_one_form
class TestRoot:
    """Root edits another user's files as that user, or not at all."""

    @pytest.fixture(autouse=True)
    def root(self) -> None:
        """Require root."""
        if os.getuid() != 0:
            need.missing("root, to be other users,")

    @pytest.fixture
    def theirs(self, place: Path) -> Path:
        """Return another user's folder with a config.json."""
        folder = place / "theirs"
        folder.mkdir(mode=0o700)
        (folder / "config.json").write_text("{}")
        (folder / "config.json").chmod(0o640)
        for path in (folder, folder / "config.json"):
            os.chown(path, OTHER, GROUP)
        return folder

    @pytest.fixture
    def private(self, place: Path) -> Path:
        """Return a file of root's that no other user may read."""
        path = place / "private.json"
        path.write_text('{"private": true}')
        path.chmod(0o600)
        return path

    def configure(self, home: Home, folder: Path, **env: str) -> Result:
        return home.run("configure", HOST, env={"DOCKER_CONFIG": str(folder)} | env)

    def refusal(self, home: Home, folder: Path, private: Path) -> str:
        """Return the one line of a refusal; the private file is unchanged, and nothing remains."""
        before, names = owner_of(private), sorted(folder.iterdir())
        done = self.configure(home, folder)
        assert (1, "", 1) == (done.status, done.stdout, done.stderr.count("\n"))
        assert (before, names) == (owner_of(private), sorted(folder.iterdir()))
        return done.stderr

    def test_keeps_owner_and_mode(self, home: Home, theirs: Path) -> None:
        """The file remains the user's, and so does everything that is created for the user."""
        assert 0 == self.configure(home, theirs).status
        assert (OTHER, GROUP, 0o640) == owner_of(theirs / "config.json")[:3]
        assert b"ecrx" in owner_of(theirs / "config.json")[3]
        assert [theirs / "config.json"] == list(theirs.iterdir())

    def test_creates_folders_as_their_owner(self, home: Home, theirs: Path) -> None:
        assert 0 == self.configure(home, theirs / "new" / "deep").status
        for path, mode in (("new", 0o700), ("new/deep", 0o700), ("new/deep/config.json", 0o600)):
            status = (theirs / path).stat()
            assert (OTHER, mode) == (status.st_uid, stat.S_IMODE(status.st_mode))

    def test_edits_its_own_file_at_the_same_time(self, home: Home, theirs: Path) -> None:
        """Each of the two files keeps its owner."""
        done = home.run("configure", HOST, "--profile", "default", env={"DOCKER_CONFIG": str(theirs)})

        assert 0 == done.status
        assert OTHER == (theirs / "config.json").stat().st_uid
        assert os.getuid() == (home.folder / ".config" / "ecrx" / "config.toml").stat().st_uid

    @pytest.mark.parametrize("owner", [OTHER, 0])
    def test_rejects_link_to_its_own_file(self, home: Home, theirs: Path, private: Path, owner: int) -> None:
        """It does not matter who made the link."""
        (theirs / "config.json").unlink()
        (theirs / "config.json").symlink_to(private)
        os.chown(theirs / "config.json", owner, owner, follow_symlinks=False)

        assert f"another user may control the symlink {theirs}/config.json; " in self.refusal(home, theirs, private)

    def test_rejects_link_to_its_own_folder(self, home: Home, place: Path, theirs: Path) -> None:
        """A folder of root's is not edited through another user's folder."""
        own = place / "own"
        own.mkdir(mode=0o700)
        (own / "config.json").write_text("{}")
        link = theirs / "link"
        link.symlink_to(own)
        os.chown(link, OTHER, OTHER, follow_symlinks=False)

        assert 1 == self.configure(home, link).status
        assert "{}" == (own / "config.json").read_text()

    def test_rejects_hard_link_to_its_own_file(self, home: Home, theirs: Path, private: Path) -> None:
        """The edit would copy the file for the other user."""
        (theirs / "config.json").unlink()
        (theirs / "config.json").hardlink_to(private)

        assert "config.json: Permission denied; check its permissions: ls -ld " in self.refusal(home, theirs, private)

    def test_rejects_readable_hard_link(self, home: Home, theirs: Path, private: Path) -> None:
        """The file may be in a folder that the other user cannot enter."""
        private.chmod(0o666)
        (theirs / "config.json").unlink()
        (theirs / "config.json").hardlink_to(private)

        assert "its owner is not the owner of its folder" in self.refusal(home, theirs, private)

    def test_does_not_give_away_its_own_file(self, home: Home, theirs: Path) -> None:
        """Root's file in another user's folder is refused, and no message suggests changing its owner."""
        os.chown(theirs / "config.json", 0, 0)

        done = self.configure(home, theirs)

        assert 1 == done.status
        assert "chown" not in done.stderr

    @pytest.mark.parametrize("variable", ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "ECRX_CONFIG"])
    def test_rejects_link_named_by_a_variable(self, home: Home, theirs: Path, private: Path, variable: str) -> None:
        """Podman's file and config.toml are edited like Docker's file."""
        private.write_text("" if variable == "ECRX_CONFIG" else "{}")
        (theirs / "config.json").unlink()
        (theirs / "config.json").symlink_to(private)
        os.chown(theirs / "config.json", OTHER, OTHER, follow_symlinks=False)
        before = owner_of(private)
        value = str(theirs if variable == "DOCKER_CONFIG" else theirs / "config.json")
        options = ["--podman"] if variable == "REGISTRY_AUTH_FILE" else []

        done = home.run("configure", HOST, "--profile", "default", *options, env={variable: value})

        assert (1, before) == (done.status, owner_of(private))

    @pytest.mark.parametrize("kind", ["link", "pipe", "folder", "file", "hard link"])
    def test_ignores_a_planted_new_version(self, home: Home, theirs: Path, private: Path, kind: str) -> None:
        """Whatever another user puts in the place of the new version is refused or deleted, never followed."""
        planted = theirs / ".config.json.ecrx"
        match kind:
            case "link":
                planted.symlink_to(private)
            case "pipe":
                os.mkfifo(planted)
            case "folder":
                planted.mkdir()
            case "file":
                planted.write_text("planted")
            case "hard link":
                planted.hardlink_to(private)
        if kind != "hard link":
            os.chown(planted, OTHER, OTHER, follow_symlinks=False)
        before = owner_of(private)

        done = self.configure(home, theirs)

        assert before == owner_of(private)
        assert (kind == "file") == (done.status == 0)
        assert kind == "file" or f"{planted} is in the way" in done.stderr

    def test_edits_in_a_folder_like_tmp(self, home: Home, place: Path, private: Path) -> None:
        """There it refuses another user's link, and another user's file keeps its owner."""
        place.chmod(0o1777)
        (place / "config.json").write_text("{}")
        os.chown(place / "config.json", OTHER, GROUP)
        assert 0 == self.configure(home, place).status
        assert (OTHER, GROUP) == owner_of(place / "config.json")[:2]

        (place / "config.json").unlink()
        (place / "config.json").symlink_to(private)
        os.chown(place / "config.json", OTHER, OTHER, follow_symlinks=False)
        assert "another user may control the symlink" in self.refusal(home, place, private)


@in_one_form
class TestOwnLinks:
    """A user keeps the files elsewhere, behind links."""

    @pytest.mark.parametrize("link", [".docker", ".docker/config.json"])
    def test_stay_links(self, home: Home, link: str) -> None:
        """The link leads to the folder or to the file, also over another link."""
        files = home.folder / "dotfiles" / "docker"
        files.mkdir(parents=True)
        (files / "config.json").write_text("{}")
        (home.folder / "dots").symlink_to("dotfiles")
        (home.folder / link).parent.mkdir(exist_ok=True)
        up = "../" * link.count("/")
        (home.folder / link).symlink_to(f"{up}dots/docker{'/config.json' if 'json' in link else ''}")

        assert 0 == home.run("configure", HOST).status

        assert (home.folder / link).is_symlink()
        assert "ecrx" in (files / "config.json").read_text()
        assert [files / "config.json"] == list(files.iterdir())

    def test_to_nothing_create_a_new_file(self, home: Home) -> None:
        """Docker does the same."""
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").symlink_to("../later/config.json")

        assert 0 == home.run("configure", HOST).status

        assert (home.folder / ".docker" / "config.json").is_symlink()
        assert "ecrx" in (home.folder / "later" / "config.json").read_text()

    @pytest.mark.parametrize("mode", [0o444, 0o644])
    def test_to_roots_file_work_if_nothing_changes(self, home: Home, place: Path, mode: int) -> None:
        """An administrator may manage the file and have it up to date."""
        if os.getuid() != 0:
            need.missing("root, to be other users,")
        (place / "config.json").write_text(f'{{"credHelpers": {{"{HOST}": "ecrx"}}}}')
        (place / "config.json").chmod(mode)
        folder = place / "theirs"
        folder.mkdir()
        (folder / "config.json").symlink_to(place / "config.json")
        for path in (folder, folder / "config.json"):
            os.chown(path, OTHER, OTHER, follow_symlinks=False)

        done = home.run(
            "configure", HOST, "--profile", "default", env={"DOCKER_CONFIG": str(folder), "PATH": str(home.bin)}
        )

        assert 0 == done.status
        assert "config.toml" in done.stdout
