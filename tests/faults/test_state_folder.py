"""Whatever is planted in the state folder or in its place: every verb works, and nothing else is touched."""

import fcntl
import json
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from faults.helpers import LIMIT_SECONDS, World, in_shell, link, timed

from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from support import need, stored_items
from support.forms import in_one_form
from support.home import HOST, Home, Result

pytestmark = in_one_form
NOBODY = 4_200_000
DEBUG = {"ECRX_LOG": "debug"}
TREASURE = "the user's own"
# No command needs more memory than this; a file without an end does.
BOUNDED = 'ulimit -v 6000000; exec "$@"'


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.touch()
    if subprocess.run([need.command("mount"), "--bind", "/dev/zero", path], check=False).returncode:
        need.missing("the permission to mount")


def listening(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as one:
        os.chdir(path.parent)  # a socket's path must be short
        one.bind(path.name)


def folder(path: Path) -> None:
    (path / "inner").mkdir(parents=True)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_treasure(path: Path) -> None:
    path.symlink_to(_treasure(path))


def dangling(path: Path) -> None:
    path.symlink_to(path.parents[1] / "nothing")


def hard_link(path: Path) -> None:
    path.hardlink_to(_treasure(path))


def huge(path: Path) -> None:
    path.touch(mode=0o600)
    os.truncate(path, 1 << 26)


def nobodys(path: Path) -> None:
    _as_root()
    path.write_text("{}")
    path.chmod(0o666)
    os.chown(path, NOBODY, NOBODY)


def without_mode(path: Path) -> None:
    path.touch(mode=0o000)


PLANTS = [
    fifo,
    device,
    listening,
    folder,
    link_to_zeros,
    link_to_treasure,
    dangling,
    hard_link,
    huge,
    nobodys,
    without_mode,
]
STORED = f'{{"ServerURL":"{HOST}","Username":"AWS","Secret":"word"}}'
VERBS = {"get": HOST, "list": "", "store": STORED, "erase": HOST}
COMMANDS = [("login", HOST), ("forget", "--all"), ("status",), ("configure", HOST)]


def _as_root() -> None:
    if os.getuid() != 0:
        need.missing("root, to make what is another user's,")


def _treasure(path: Path) -> Path:
    return path.parents[1] / "treasure"


class Planted:
    """A state folder with the same kind of file under each of the program's names."""

    def __init__(self, home: Home, plant: Callable[[Path], None]) -> None:
        self._plant = plant
        self.folder = home.folder / ".local/state/ecrx"
        self.treasure = self.folder.parent / "treasure"
        home.get()
        self.treasure.write_text(TREASURE)
        self.treasure.chmod(0o640)
        self.tokens = list(stored_items.entries(home))
        locks = [path.name for path in self.folder.glob("token.*")]
        self.names = {*locks, *(name.replace(".lock", ".1.lock") for name in locks)}
        self.names |= {"ledger.json", "ledger.json.new", "ledger.json.lock", "configure.lock"}

    def again(self) -> None:
        """Plant it again, with nothing else there, and no token in the keyring."""
        for name in self.tokens:
            KernelKeyring().delete(name)
        self.clear()
        self.folder.mkdir(mode=0o700)
        here = Path.cwd()
        for name in self.names:
            self._plant(self.folder / name)
        os.chdir(here)

    def clear(self) -> None:
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if stat.S_ISCHR(path.lstat().st_mode):
                subprocess.run([need.command("umount"), path], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_harmless(self) -> bool:
        """Return whether the user's other file is unchanged, and nothing was created through a link."""
        mode = stat.S_IMODE(self.treasure.stat().st_mode)
        is_same = (TREASURE, 0o640) == (self.treasure.read_text(), mode)
        return is_same and not (self.folder.parent / "nothing").exists()


@pytest.fixture(params=PLANTS, ids=lambda plant: plant.__name__)
def planted(request: pytest.FixtureRequest, world: World, kernel: dict[str, str]) -> Iterator[Planted]:
    world.home.env |= kernel | {"AWS_PROFILE": "secondary"}
    found = Planted(world.home, request.param)
    yield found
    found.clear()


def bounded(home: Home, *words: str, stdin: str = "") -> Result:
    """Run the program with no more memory than a command needs; a file without an end needs more."""
    command: list[str | Path] = ["sh", "-c", BOUNDED, "sh", home.program, *words]
    done = subprocess.run(command, input=stdin.encode(), capture_output=True, env=home.env, timeout=120, check=False)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


class TestPlantedFiles:
    def test_verbs_work_and_touch_nothing_else(self, world: World, planted: Planted) -> None:
        """No verb fails, hangs, fills memory, follows a link or overwrites a file, and get caches its token."""
        for verb, request in VERBS.items():
            planted.again()

            found, seconds = timed(partial(bounded, world.home, verb, stdin=request))

            assert (verb, 0, "") == (verb, found.status, found.stderr)
            assert seconds < LIMIT_SECONDS
            if verb == "get":
                assert found.secret == bounded(world.home, "get", stdin=HOST).secret
            assert planted.is_harmless()

    def test_commands_succeed_and_touch_nothing_else(self, world: World, planted: Planted) -> None:
        """Each command names in one line the folder that it cannot replace with a file."""
        for command in COMMANDS:
            planted.again()

            found = bounded(world.home, *command)

            assert (command, 0) == (command, found.status), found.stderr
            assert planted.is_harmless()
            is_told = " is a folder where only files belong; rm -r /" in found.stderr
            assert is_told == (planted.folder / "ledger.json.lock").is_dir()


class TestFolder:
    """Whatever is in the place of the state folder is used only if it belongs to this user alone."""

    @pytest.fixture
    def place(self, world: World, kernel: dict[str, str]) -> Path:
        """Return the path of the state folder, in a home where AWS works without a link."""
        world.home.env |= kernel | {"AWS_PROFILE": "secondary"}
        path = world.home.folder / ".local/state/ecrx"
        path.parent.mkdir(parents=True)
        return path

    @pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o755, 0o711, 0o701])
    def test_of_this_user_is_made_private(self, world: World, place: Path, mode: int) -> None:
        """A folder that others can read or write is restricted, and used."""
        place.mkdir()
        place.chmod(mode)

        assert world.home.get().secret

        assert 0o700 == stat.S_IMODE(place.stat().st_mode) & 0o777
        assert (place / "ledger.json").exists()

    def test_behind_link_of_this_user_is_used(self, world: World, place: Path) -> None:
        """The state folder may be on another disk."""
        elsewhere = world.home.folder / "elsewhere"
        elsewhere.mkdir(mode=0o755)
        place.symlink_to(elsewhere)

        assert world.home.get().secret

        assert (elsewhere / "ledger.json").exists()
        assert 0o700 == stat.S_IMODE(elsewhere.stat().st_mode)

    def test_file_with_two_names_is_not_used(self, world: World, place: Path) -> None:
        """The index is not read then, and is replaced; the file of the other name stays as it is."""
        world.home.get()
        second = place.parent / "second"
        second.hardlink_to(place / "ledger.json")
        before = second.read_bytes()

        assert [[]] == [token["registries"] for token in world.home.run("status", "--json").answer["tokens"]]
        assert 0 == world.home.run("login", HOST).status

        assert (1, before) == ((place / "ledger.json").stat().st_nlink, second.read_bytes())

    @pytest.mark.parametrize("above", [False, True], ids=["itself", "above"])
    def test_behind_link_to_another_users_is_not_used(self, world: World, place: Path, *, above: bool) -> None:
        """Otherwise that user could choose which folder of this one's is made private."""
        _as_root()
        theirs = world.home.folder / "theirs"
        documents = world.home.folder / "documents"
        for folder in (theirs, documents):
            folder.mkdir()
        (documents / "ecrx").mkdir(mode=0o755)
        (theirs / "link").symlink_to(documents if above else documents / "ecrx")
        for path in (theirs, theirs / "link"):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        if above:
            place.parent.rmdir()
        (place.parent if above else place).symlink_to(theirs / "link")

        assert world.home.get().secret
        said = world.home.run("status").stderr

        found = stat.S_IMODE((documents / "ecrx").stat().st_mode), list((documents / "ecrx").iterdir())
        assert (0o755, []) == found
        assert f"the state folder {place} is not used: another user may control {theirs}" in said

    @pytest.mark.parametrize("mode", [0o700, 0o755, 0o777])
    @pytest.mark.parametrize("by_link", [False, True], ids=["itself", "by a link"])
    def test_of_another_user_is_not_used(self, world: World, place: Path, mode: int, *, by_link: bool) -> None:
        """Nothing is read or written there, and no lock of that user's makes a get wait."""
        _as_root()
        theirs = world.home.folder / "theirs" if by_link else place
        with locked_by_another(world.home, theirs, mode) as before:
            if by_link:
                place.symlink_to(theirs)
            got, seconds = timed(partial(world.home.get, env=DEBUG))
            listed = world.home.run("list")
            told = [world.home.run(*command) for command in COMMANDS]

            assert before == snapshot(theirs)
        assert got.secret
        assert seconds < 15
        assert "continuing without the state folder" in got.stderr
        assert "{}\n" == listed.stdout
        line = f"docker-credential-ecrx: the state folder {place} is not used: it belongs to user {NOBODY}; sudo chown "
        assert [(0, 1)] * len(COMMANDS) == [(one.status, one.stderr.count(line)) for one in told], told

    def test_behind_link_of_another_user_is_not_used(self, world: World, place: Path) -> None:
        """A planted link to a folder of this user's is not followed."""
        _as_root()
        documents = world.home.folder / "documents"
        documents.mkdir(mode=0o755)
        place.symlink_to(documents)
        os.chown(place, NOBODY, NOBODY, follow_symlinks=False)

        assert world.home.get().secret
        said = world.home.run("status").stderr

        assert (0o755, []) == (stat.S_IMODE(documents.stat().st_mode), list(documents.iterdir()))
        assert f"the state folder {place} is not used: it is not a folder; rm {place}\n" in said

    @pytest.mark.parametrize("plant", [fifo, listening, link_to_zeros, link_to_treasure, dangling, huge])
    def test_that_is_no_folder_is_not_used(self, world: World, place: Path, plant: Callable[[Path], None]) -> None:
        """A file in the folder's place stays, and the commands name it."""
        treasure = place.parents[1] / "treasure"
        treasure.write_text(TREASURE)
        here = Path.cwd()
        plant(place)
        os.chdir(here)

        assert world.home.get().secret
        said = world.home.run("status")

        assert TREASURE == treasure.read_text()
        line = f"docker-credential-ecrx: the state folder {place} is not used: it is not a folder; rm {place}\n"
        assert (0, line) == (said.status, said.stderr)

    def test_in_another_users_home_is_not_created_by_root(self, world: World) -> None:
        """A program that sudo runs with the user's HOME leaves nothing of root's there, and says so."""
        _as_root()
        home = world.home
        home.env["AWS_PROFILE"] = "secondary"
        os.chown(home.folder, NOBODY, NOBODY)

        assert home.get().secret
        assert 0 == home.run("store", stdin=STORED).status
        said = home.run("status")

        assert not (home.folder / ".local").exists()
        assert f".local/state/ecrx is not used: {home.folder} belongs to user {NOBODY}; run it as that" in said.stderr

    @pytest.mark.parametrize("umask", ["000", "027", "0777"])
    def test_is_usable_and_private_with_any_umask(self, world: World, umask: str) -> None:
        """Neither an open umask nor one that removes the owner's rights changes a mode."""
        link(world.home, "secondary")

        assert in_shell(world.home, f'umask {umask}; exec "$get" get').secret

        local = world.home.folder / ".local"
        assert {"ecrx", "ledger.json", "ledger.json.lock"} < {path.name for path in local.rglob("*")}
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [local, *local.rglob("*")]}
        assert {path: 0o700 if path.is_dir() else 0o600 for path in modes} == modes


@contextmanager
def locked_by_another(home: Home, theirs: Path, mode: int) -> Iterator[dict[str, tuple[int, int, bytes]]]:
    """Create another user's state folder with a forged index and held locks; yield what is there."""
    home.get(env={"XDG_STATE_HOME": str(home.folder / "first")})
    first = home.folder / "first/ecrx"
    names = {path.name for path in first.glob("token.*")} | {"ledger.json.lock", "configure.lock"}
    for name in KernelKeyring().names():
        KernelKeyring().delete(name)
    theirs.mkdir()
    forged = {"login:x": {"kind": "login", "servers": [HOST], "keyring": "kernel"}}
    (theirs / "ledger.json").write_text(json.dumps({"entries": forged}))
    with ExitStack() as stack:
        for name in names:
            file = stack.enter_context((theirs / name).open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        for path in (theirs, *theirs.iterdir()):
            os.chown(path, NOBODY, NOBODY)
            path.chmod(mode if path == theirs else 0o666)
        yield snapshot(theirs)


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, owner and content of a folder and of each file in it."""
    paths = [folder, *folder.iterdir()]
    found = [(path, path.stat()) for path in paths]
    return {
        str(path): (status.st_mode, status.st_uid, b"" if path.is_dir() else path.read_bytes())
        for path, status in found
    }
