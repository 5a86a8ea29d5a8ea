"""If Docker's config.json cannot be edited, the remedy that ``configure`` prints fixes that when it is run."""

import codecs
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from docker_credential_ecrx.config_files.text_file import EditedFile
from docker_credential_ecrx.errors import FileError
from fakes import names
from support import need
from support.forms import in_one_form
from support.home import HOST, Home, Result

pytestmark = in_one_form

USER = 4_200_031
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


@pytest.fixture
def config(home: Home) -> Path:
    """Return the path of Docker's config.json, in a home with credentials that ``configure`` accepts."""
    path = home.add_default_keys().folder / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text("{}")
    return path


@pytest.fixture
def mount() -> Iterator[Callable[..., None]]:
    """Return what mounts until the test ends."""
    names.need_namespaces()
    with ExitStack() as stack:

        def run(*arguments: str | Path) -> None:
            subprocess.run([need.command("mount"), *arguments], check=True)
            if arguments[0] == "--bind":
                stack.callback(subprocess.run, [need.command("umount"), "--lazy", arguments[-1]], check=True)

        yield run


def edit_as_user(path: Path) -> list[str]:
    """Return what an ordinary user is told who edits the file, and the remedy's command; nothing if it works.

    In a process of its own, since Python itself may be where only root can start it.
    """
    codecs.lookup("ascii")  # that process may be unable to load it
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
        told = ""
        try:
            with closing(EditedFile(str(path))) as file:
                file.read()
                file.prepare('{"credHelpers": {}}')
                file.replace()
        except FileError as error:
            told = f"{error.message}; {error.remedy.text}\n{error.remedy.command}"
        except BaseException as error:  # noqa: BLE001 - pytest must not go on in this process
            told = repr(error)
        os.write(writer, told.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, encoding="utf-8") as said:
        return said.read().splitlines()


@pytest.fixture
def of_user(config: Path, tmp_path: Path) -> Path:
    """Return config.json in an ordinary user's home."""
    if os.getuid() != 0:
        need.missing("root, to be another user,")
    for path in (config.parent.parent, config.parent, config):
        os.chown(path, USER, USER)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o011 != 0o011:
            folder.chmod(folder.stat().st_mode | 0o011)
    return config


def configure_after(home: Home, command: str) -> subprocess.CompletedProcess[str]:
    """Configure HOST in a shell in which the command was run."""
    line = f"{command} && exec {home.program} configure {HOST}"
    return subprocess.run(["/bin/bash", "-c", line], env=home.env, capture_output=True, text=True, check=False)


def remedy(found: Result) -> str:
    """Return the remedy's command in the one line of a failure."""
    assert 1 == found.stderr.count("\n"), found
    assert "Traceback" not in found.stderr
    return found.stderr.rstrip("\n").partition("; ")[2].rpartition(": ")[2]


class TestMount:
    def test_that_is_read_only_asks_for_a_copy(self, home: Home, config: Path, mount: Callable[..., None]) -> None:
        mount("--bind", config.parent, config.parent)
        mount("-o", "remount,bind,ro", config.parent)

        found = home.run("configure", HOST)

        assert "its file system is mounted read-only: mount it writable, or use a copy" in found.stderr
        assert 0 == configure_after(home, remedy(found)).returncode
        assert "{}" == config.read_text()

    def test_of_the_file_asks_for_its_folder(self, home: Home, config: Path, mount: Callable[..., None]) -> None:
        mount("--bind", config, config)

        found = home.run("configure", HOST)

        assert "it is a mount point, which cannot be replaced: mount its folder instead" in found.stderr
        assert 0 == configure_after(home, remedy(found)).returncode


class TestSymlink:
    def test_into_a_store_is_replaced_by_a_copy(self, home: Home, config: Path) -> None:
        """As home-manager and Nix leave it, for root."""
        store = home.folder / "store"
        store.mkdir()
        (store / "config.json").write_text('{"psFormat": "x"}')
        (store / "config.json").chmod(0o444)
        store.chmod(0o555)
        config.unlink()
        config.symlink_to(store / "config.json")

        found = home.run("configure", HOST)

        assert "replace the symlink with a copy" in found.stderr
        assert 0 == configure_after(home, remedy(found)).returncode
        assert "ecrx" not in (store / "config.json").read_text()
        assert not config.is_symlink()

    def test_to_a_file_of_roots_is_replaced_by_a_copy(self, of_user: Path, tmp_path: Path) -> None:
        """As home-manager and Nix leave it, for an ordinary user."""
        store = tmp_path / "config.json"
        store.write_text("{}")
        store.chmod(0o444)
        of_user.unlink()
        of_user.symlink_to(store)
        os.chown(of_user, USER, USER, follow_symlinks=False)

        said = edit_as_user(of_user)
        assert 2 == len(said), said
        what, command = said

        assert "is a symlink to a file that root owns" in what
        subprocess.run([*AS_USER, "/bin/sh", "-c", command], check=True)
        assert [] == edit_as_user(of_user)
        assert "{}" == store.read_text()


class TestOwner:
    @pytest.mark.parametrize("mode", [0o700, 0o755])
    def test_root_gives_the_folder_back(self, of_user: Path, mode: int) -> None:
        """As sudo docker login leaves it."""
        for path in (of_user.parent, of_user):
            os.chown(path, 0, 0)
        of_user.chmod(0o600)
        of_user.parent.chmod(mode)

        _, command = edit_as_user(of_user)

        assert f"sudo chown -R {USER} {of_user.parent}" == command
        subprocess.run(["/bin/sh", "-c", command.removeprefix("sudo ")], check=True)
        assert [] == edit_as_user(of_user)


class TestFolder:
    @pytest.mark.parametrize("variable", ["DOCKER_CONFIG", "ECRX_CONFIG"])
    def test_that_is_deleted_is_named(self, home: Home, variable: str) -> None:
        home.add_default_keys()
        configure = f"{variable}=here exec {home.program} configure {HOST} --profile default"
        line = f"mkdir gone && cd gone && rmdir ../gone && {configure}"

        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=home.folder, env=home.env, capture_output=True, text=True, check=False
        )

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert done.stderr.endswith("; the current folder is deleted: change to another one: cd\n")

    @pytest.mark.usefixtures("of_user")
    @pytest.mark.parametrize("parts", [("nope",), ("nope", "deep"), ("nope", "a", "b")], ids="/".join)
    @pytest.mark.parametrize("mode", [0o555, 0o755], ids=oct)
    def test_that_cannot_be_created_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...], mode: int
    ) -> None:
        """With the file that was asked for, and the variable that leads there."""
        closed = tmp_path / "closed"
        closed.mkdir(mode=mode)
        closed.chmod(mode)
        if mode == 0o555:
            os.chown(closed, USER, USER)
        wanted = closed.joinpath(*parts, "config.json")
        monkeypatch.setenv("DOCKER_CONFIG", str(wanted.parent))

        what, command = edit_as_user(wanted)

        cannot = f"cannot write {wanted}: cannot create {closed / 'nope'}: Permission denied"
        assert what.startswith(f"{cannot} (DOCKER_CONFIG leads there); ")
        assert ("unset DOCKER_CONFIG" if mode == 0o755 else f"chmod u+rwx {closed}") == command

    @pytest.mark.usefixtures("of_user")
    @pytest.mark.parametrize(
        ("variable", "value", "wanted"),
        [
            ("DOCKER_CONFIG", "nope", "nope/config.json"),
            ("REGISTRY_AUTH_FILE", "nope/mine.json", "nope/mine.json"),
            ("ECRX_CONFIG", "nope/mine.toml", "nope/mine.toml"),
            ("XDG_CONFIG_HOME", "nope/cfg", "nope/cfg/ecrx/config.toml"),
            ("XDG_CONFIG_HOME", "nope/cfg/", "nope/cfg/containers/auth.json"),
            ("HOME", "nope", "nope/.docker/config.json"),
            ("HOME", "nope", "nope/.config/ecrx/config.toml"),
        ],
    )
    def test_is_named_with_its_variable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, wanted: str
    ) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o755)
        monkeypatch.setenv(variable, f"{closed}/{value}")

        what, _ = edit_as_user(closed / wanted)

        cannot = f"cannot write {closed / wanted}: cannot create {closed / 'nope'}: Permission denied"
        assert what.startswith(f"{cannot} ({variable} leads there); ")

    @pytest.mark.usefixtures("of_user")
    def test_that_is_not_writable_is_named_with_its_variable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o755)
        monkeypatch.setenv("DOCKER_CONFIG", str(closed))

        what, command = edit_as_user(closed / "config.json")

        assert f"cannot write {closed}/config.json: Permission denied (DOCKER_CONFIG leads there); " in what
        assert "unset DOCKER_CONFIG" == command

    @pytest.mark.usefixtures("of_user")
    def test_in_the_root_folder_is_named_as_asked(self) -> None:
        what, _ = edit_as_user(Path("/nope-of-the-tests/auth.json"))

        assert (
            "cannot write /nope-of-the-tests/auth.json: cannot create /nope-of-the-tests: Permission denied; " in what
        )

    def test_that_is_a_file_is_moved_away(self, home: Home, config: Path) -> None:
        config.unlink()
        config.parent.rmdir()
        config.parent.write_text("mine")

        found = home.run("configure", HOST)

        assert f"{config}: Not a directory; " in found.stderr
        assert f"{config.parent} is a file where a folder belongs" in found.stderr
        assert 0 == configure_after(home, remedy(found)).returncode
        assert "mine" == config.parent.with_name(".docker.old").read_text()

    def test_of_a_variable_that_names_the_file_is_fixed(self, home: Home, config: Path) -> None:
        """DOCKER_CONFIG names the folder, not config.json in it."""
        home.env["DOCKER_CONFIG"] = str(config)

        found = home.run("configure", HOST)

        assert f"DOCKER_CONFIG names the file {config}, not its folder" in found.stderr
        assert f"export DOCKER_CONFIG={config.parent}" == remedy(found)
        assert 0 == configure_after(home, remedy(found)).returncode
        assert "ecrx" in config.read_text()


class TestLoop:
    @pytest.mark.parametrize("loop", ["config.json", "two", "folder"])
    def test_of_symlinks_is_deleted(self, home: Home, config: Path, loop: str) -> None:
        config.unlink()
        if loop == "folder":
            config.parent.rmdir()
            config.parent.symlink_to(".docker")
        elif loop == "two":
            config.symlink_to("other")
            config.with_name("other").symlink_to("config.json")
        else:
            config.symlink_to("config.json")

        found = home.run("configure", HOST)

        link = config.parent if loop == "folder" else config
        assert f"{link} is a symlink that leads back to itself: delete it: rm {link}" in found.stderr
        assert 0 == configure_after(home, remedy(found)).returncode
        assert "ecrx" in config.read_text()
