"""SIGKILL at every system call of ``configure`` that touches files loses nothing and leaves no secret elsewhere."""

import base64
import json
import sys
from pathlib import Path

import pytest

from support import kills
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, Home
from support.secrets import places_of

PASSWORD = base64.b64encode(b"me:a-password-of-another-registry").decode()
LOGINS = {"auths": {"registry.example": {"auth": PASSWORD}}}
BEFORE = json.dumps(LOGINS, indent="\t")
AFTER = json.dumps(LOGINS | {"credHelpers": {HOST: "ecrx"}}, indent="\t")
ENTRY = f'[[registry]] # by docker-credential-ecrx configure\nmatch = "{HOST}"\nprofile = "secondary"\n'
# The program without unnamed files, without an atomic exchange of two files, and as on Windows.
FALLBACKS = {
    "named": "from docker_credential_ecrx.config_files.file_draft import Draft; Draft._unnamed = lambda draft: None",
    "renamed": "from docker_credential_ecrx.config_files import file_draft as d; d._rename2 = lambda *arguments: False",
    "plain": "from docker_credential_ecrx.system import files; files.HAS_FOLDERS = False",
}
RUN = "{}; from docker_credential_ecrx import __main__; __main__.run()"


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with credentials and the profile, which ``configure`` requires."""
    home.add_profile("secondary", region="us-east-1")
    return home.add_default_keys()


class Files:
    """Docker's configuration and config.toml, and how a command changes them."""

    def __init__(self, home: Home, before: tuple[str, str], after: tuple[str, str]) -> None:
        self.home, self.before, self.after = home, before, after
        self.paths = (home.folder / ".docker" / "config.json", home.folder / ".config" / "ecrx" / "config.toml")

    def prepare(self) -> None:
        """Restore the files as they are before the command."""
        for path, text in zip(self.paths, self.before, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def check(self) -> None:
        """Check the files after a kill."""
        for path, *texts in zip(self.paths, self.before, self.after, strict=True):
            assert path.read_text() in texts
        assert [self.paths[0]] == places_of(PASSWORD, self.home.folder)

    def check_whole(self) -> None:
        """Check the files after the command has completed."""
        assert self.after == tuple(path.read_text() for path in self.paths)
        for path in self.paths:
            assert [path] == list(path.parent.iterdir())

    def check_all_kills(self, command: list[str | Path]) -> None:
        """Kill ``command`` at each call, and run it again."""
        folders = [path.parent for path in self.paths]
        for _ in kills.at_each_call(command, self.home.env, self.prepare, folders):
            self.check()
            assert 0 == self.home.run(*map(str, command[command.index("configure") :])).status
            self.check_whole()


@in_one_form
@pytest.mark.parametrize("removal", [False, True], ids=["configure", "remove"])
def test_kill_leaves_no_secret_and_loses_nothing(home: Home, *, removal: bool) -> None:
    """The files are the old or the new ones, no secret remains elsewhere, and the same command completes."""
    arguments = ["--remove", HOST] if removal else [HOST, "--profile", "secondary"]
    texts = (BEFORE, ""), (AFTER, ENTRY)
    files = Files(home, *(reversed(texts) if removal else texts))

    files.check_all_kills([home.bin / "docker-credential-ecrx", "configure", *arguments])


@in_one_form
@pytest.mark.parametrize("fallback", FALLBACKS.values(), ids=FALLBACKS)
def test_kill_is_as_harmless_on_a_simpler_system(home: Home, fallback: str) -> None:
    """The system has no O_TMPFILE, no renameat2 and no descriptors of folders."""
    files = Files(home, (BEFORE, ""), (AFTER, ""))

    files.check_all_kills([sys.executable, "-c", RUN.format(fallback), "configure", HOST])


@in_one_form
class TestLeftovers:
    """Files beside the configuration, because two processes were killed or the machine stopped."""

    @pytest.fixture
    def folder(self, home: Home) -> Path:
        """Return Docker's folder."""
        path = home.folder / ".docker"
        path.mkdir()
        (path / "config.json").write_text(BEFORE)
        return path

    @pytest.mark.parametrize("arguments", [[HOST], ["--remove", HOST], ["--remove", "--all"]], ids=" ".join)
    def test_are_deleted_by_the_next_run(self, home: Home, folder: Path, arguments: list[str]) -> None:
        (folder / ".config.json.ecrx").write_text(PASSWORD)

        assert 0 == home.run("configure", *arguments).status

        assert [folder / "config.json"] == list(folder.iterdir())

    def test_stay_during_a_dry_run(self, home: Home, folder: Path) -> None:
        (folder / ".config.json.ecrx").write_text(PASSWORD)

        assert 0 == home.run("configure", HOST, "--dry-run").status

        assert (folder / ".config.json.ecrx").exists()

    def test_of_1_0_0_are_deleted_if_nothing_is_lost(self, home: Home, folder: Path) -> None:
        """The file has the text that the configuration has in the end."""
        (folder / ".config.json.ab3_xy9z").write_text(AFTER)

        assert (0, "") == home.run("configure", HOST, env={"PATH": f"{home.bin}:/usr/bin"})[::2]

        assert [folder / "config.json"] == list(folder.iterdir())

    @pytest.mark.parametrize("name", [".config.json.ab3_xy9z", ".config.json.original"])
    def test_of_1_0_0_that_may_be_a_copy_are_reported(self, home: Home, folder: Path, name: str) -> None:
        """The message says how to delete one, and does not show its text."""
        (folder / name).write_text(BEFORE)

        said = home.run("configure", OTHER_HOST).stderr

        assert f"{folder}/{name} may be left over from an edit by an earlier version, and may contain passwords" in said
        assert f"; if you did not create it, delete it: rm {folder}/{name}\n" in said
        assert PASSWORD not in said
        assert (folder / name).exists()

    @pytest.mark.parametrize("name", [".config.json.bak", ".config.json.2026-11-04", "config.json123456789"])
    def test_of_others_are_not_mentioned(self, home: Home, folder: Path, name: str) -> None:
        """A copy with another name is the user's, or Docker's."""
        (folder / name).write_text(BEFORE)

        assert name not in home.run("configure", HOST).stderr
        assert (folder / name).exists()

    def test_of_1_0_0_are_reported_if_nothing_changes(self, home: Home, folder: Path) -> None:
        """The configuration may already be up to date."""
        (folder / "config.json").write_text(AFTER)
        (folder / ".config.json.ab3_xy9z").write_text(BEFORE)

        done = home.run("configure", HOST)

        assert "nothing to change" in done.stdout
        assert f"{folder}/.config.json.ab3_xy9z may be left over from an edit" in done.stderr
