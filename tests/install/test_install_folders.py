"""What install.sh writes and deletes in folders with other files, with links, or of other users."""

import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support import need
from support.releases import User

_STRANGER = 4321
_LIB = Path("lib", "docker-credential-ecrx")
# What install.sh runs.
_RUN = {
    *("cat", "chmod", "cp", "dirname", "getconf", "grep", "head", "id", "ln", "ls", "mkdir", "mv", "readlink", "rm"),
    *("rmdir", "sed", "sleep", "sort", "touch", "tr", "uname", "wc"),
}
_TWICE: tuple[list[str], list[str]] = ([], ["--uninstall"])
_ROOT_ALONE = pytest.mark.skipif(os.getuid() != 0 and os.environ.get("CI") != "true", reason="root is missing")


@pytest.fixture
def state(user: User) -> Path:
    """Return the state folder of a user who has the program installed."""
    user.install(user.unpack("1.0"))
    folder = user.home / ".local" / "state" / "ecrx"
    folder.mkdir(parents=True)
    for name in (
        "ledger.json",
        "ledger.json.lock",
        "ledger.json.new",
        "configure.lock",
        "token.a.lock",
        "token.b.1.lock",
    ):
        (folder / name).touch()
    return folder


@pytest.fixture
def release(user: User) -> Path:
    """Return a release that can forget and configure."""
    return user.unpack("1.1", command="forget HOST... |", option="--all")


def _tree(folder: Path) -> dict[str, str]:
    """Return what a folder contains: each file's text, and each link's target."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        found[name] = str(path.readlink()) if path.is_symlink() else "" if path.is_dir() else path.read_text("latin-1")
    return found


def _old(user: User) -> None:
    """Make an installation look as release 1.0.0 left it."""
    made = user.prefix / _LIB / "made"
    made.write_text("".join(line for line in made.read_text().splitlines(keepends=True) if line.startswith("/")))


class TestStateFolder:
    @pytest.mark.parametrize("folder", [".", "..", "state", "./state", "~/state"])
    def test_ignores_a_relative_path(self, user: User, state: Path, release: Path, folder: str) -> None:
        """XDG_STATE_HOME counts only if it is absolute, as the XDG specification says."""
        here = user.home / "project" / "inner"
        mine = (here / folder / "ecrx").resolve()
        (here / "~").mkdir(parents=True)
        mine.mkdir(parents=True)
        for name in ("ledger.json", "notes"):
            (mine / name).write_text("mine")
        before = _tree(mine)
        user.env["XDG_STATE_HOME"] = folder

        assert 0 == user.install(release, "--uninstall", cwd=here).returncode

        assert before == _tree(mine)
        assert not state.exists()

    def test_keeps_files_of_others_and_is_named(self, user: User, state: Path, release: Path) -> None:
        """Only files that the program makes are deleted."""
        (state / "notes").write_text("mine")
        (state / "backup").mkdir()
        (state / "backup" / "ledger.json").write_text("mine")

        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert f"kept {state}, because it has files of other programs\n" in done.stdout
        assert {"notes": "mine", "backup": "", "backup/ledger.json": "mine"} == _tree(state)

    def test_link_is_not_followed(self, user: User, state: Path, release: Path) -> None:
        """A link in place of the state folder leads to files that are not the program's."""
        elsewhere = state.rename(user.home / "elsewhere")
        state.symlink_to(elsewhere)
        before = _tree(elsewhere)

        done = user.install(release, "--uninstall")

        assert f"kept {state}, because it is not a folder of this user\n" in done.stdout
        assert before == _tree(elsewhere)
        assert state.is_symlink()

    def test_may_be_a_file(self, user: User, state: Path, release: Path) -> None:
        """A file in place of the state folder is not the program's."""
        state.rename(user.home / "elsewhere")
        state.write_text("mine")

        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert f"kept {state}, because it is not a folder of this user\n" in done.stdout
        assert "mine" == state.read_text()

    def test_keeps_folders_named_like_its_files(self, user: User, state: Path, release: Path) -> None:
        """A folder in place of a file is not the program's, and the rest is deleted as usual."""
        for name in ("ledger.json", "token.a.lock"):
            (state / name).unlink()
            (state / name).mkdir()

        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert {"ledger.json": "", "token.a.lock": ""} == _tree(state)
        assert not (user.prefix / _LIB).exists()

    @_ROOT_ALONE
    def test_of_another_user_stays(self, user: User, state: Path, release: Path) -> None:
        os.chown(state, _STRANGER, _STRANGER)
        before = _tree(state)

        done = user.install(release, "--uninstall")

        assert f"kept {state}, because it is not a folder of this user\n" in done.stdout
        assert before == _tree(state)

    @pytest.mark.parametrize(
        "plant", [os.mkfifo, lambda path: Path(path).symlink_to("/dev/zero")], ids=["pipe", "zero"]
    )
    def test_pipe_or_device_as_index_does_not_block(
        self, user: User, state: Path, release: Path, plant: Callable[[Path], None]
    ) -> None:
        """An index that is a pipe, or leads to an endless device, is not read."""
        (state / "ledger.json").unlink()
        plant(state / "ledger.json")

        assert 0 == user.install(release, "--uninstall").returncode
        assert not state.exists()


class TestProgramFolder:
    @pytest.fixture
    def foreign(self, user: User) -> Path:
        """Return a folder of the user's own in the place of the program's."""
        folder = user.prefix / _LIB
        (folder / "1.0").mkdir(parents=True)
        (folder / "1.0" / "thesis").write_text("mine")
        (folder / "current").symlink_to("1.0")
        return folder

    @pytest.mark.parametrize("made", [None, "", "made by me\n", "/etc\n", "\n/\n"])
    @pytest.mark.parametrize("action", [[], ["--uninstall"]], ids=["install", "uninstall"])
    def test_without_its_mark_is_left_alone(
        self, user: User, foreign: Path, release: Path, action: list[str], made: str | None
    ) -> None:
        """A folder that install.sh did not create is neither deleted nor written to."""
        if made is not None:
            (foreign / "made").write_text(made)
        before = _tree(user.home)

        done = user.install(release, *action)

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert f"install.sh: {foreign} does not belong to this program; " in done.stderr
        assert before == _tree(user.home)

    @pytest.mark.parametrize("action", [[], ["--uninstall"]], ids=["install", "uninstall"])
    def test_link_is_not_followed(self, user: User, release: Path, action: list[str]) -> None:
        """A link in place of the folder stays, even if it leads to a folder with the mark."""
        user.install(user.unpack("1.0"))
        folder = user.prefix / _LIB
        folder.symlink_to(folder.rename(user.home / "elsewhere"))
        before = _tree(user.home)

        done = user.install(release, *action)

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert f"install.sh: {folder} does not belong to this program; " in done.stderr
        assert before == _tree(user.home)

    @_ROOT_ALONE
    def test_with_another_users_mark_is_left_alone(self, user: User, foreign: Path, release: Path) -> None:
        """A list that another user wrote does not count as a mark."""
        (foreign / "made").write_text(f"# install.sh of docker-credential-ecrx made these folders\n{foreign}\n")
        os.chown(foreign / "made", _STRANGER, _STRANGER)

        done = [user.install(release, *action) for action in _TWICE]

        step = "run install.sh as that user, with sudo for root, or choose another --prefix"
        said = f"install.sh: another user installed {foreign}; {step}\n"
        assert [(1, said)] * 2 == [(each.returncode, each.stderr) for each in done]
        assert (foreign / "1.0" / "thesis").exists()

    def test_keeps_files_of_others_and_is_named(self, user: User, release: Path) -> None:
        """Files that do not belong to an installation stay, and so does the folder."""
        user.install(release)
        folder = user.prefix / _LIB
        (folder / "notes").write_text("mine")
        (folder / "2026-notes").mkdir()
        (folder / "2026-notes" / "text").write_text("mine")

        done = user.install(release, "--uninstall")

        assert f"kept {folder}, because it has files of other programs\n" in done.stdout
        assert {"notes": "mine", "2026-notes": "", "2026-notes/text": "mine"} == _tree(folder)

    def test_may_exist_and_be_empty(self, user: User, release: Path) -> None:
        """An empty folder is used, and so is one with the empty list of a killed install."""
        folder = user.prefix / _LIB
        folder.mkdir(parents=True)
        assert 0 == user.install(release).returncode
        user.install(release, "--uninstall")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "made").touch()

        assert 0 == user.install(release).returncode
        assert 0 == user.install(release, "--uninstall").returncode
        assert not folder.exists()

    @pytest.mark.parametrize("prefix", ["tools", "tools/", "./tools"])
    def test_of_release_1_0_0_is_recognised(self, user: User, release: Path, prefix: str) -> None:
        """Release 1.0.0 wrote the list without the mark, and each folder as --prefix spelled it."""
        user.install(release, "--prefix", "tools", cwd=user.home)
        user.prefix = user.home / "tools"
        _old(user)
        made = user.prefix / _LIB / "made"
        made.write_text(made.read_text().replace(f"{user.home}/tools/", f"{user.home}/{prefix}/"))

        assert 0 == user.install(release, "--prefix", user.prefix).returncode
        _old(user)
        done = user.install(release, "--prefix", user.prefix, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert [] == [name for name in user.files() if name.startswith("tools")]

    def test_of_release_1_0_0_may_have_an_empty_list(self, user: User, release: Path) -> None:
        """Its list is empty if every folder existed before."""
        user.install(release)
        (user.prefix / _LIB / "made").write_text("")

        assert 0 == user.install(release, "--uninstall").returncode
        assert not (user.prefix / _LIB).exists()


class TestFolderList:
    def test_deletes_only_folders_that_were_created(self, user: User, release: Path) -> None:
        """Whatever the list says, only empty folders at or above the program's own are deleted."""
        user.install(release)
        victims = [user.home / "empty", user.prefix / "lib" / "other", user.prefix / "empty"]
        for folder in victims:
            folder.mkdir()
        with (user.prefix / _LIB / "made").open("a") as made:
            lines = [*map(str, victims), "/", ".", "..", "empty", f"{user.prefix}/lib/../empty", "$(touch evil)"]
            made.write("\n".join(lines) + "\n")

        assert 0 == user.install(release, "--uninstall", cwd=user.home).returncode

        assert [True] * 3 == [folder.exists() for folder in victims]
        assert not (user.home / "evil").exists()

    def test_is_not_written_through_a_link(self, user: User, release: Path) -> None:
        """A link in the list's place is no list, and its target stays as it is."""
        (user.home / "mine").write_text("mine")
        (user.home / ".docker-credential-ecrx.made").symlink_to("mine")

        done = user.install(release)

        assert "mine" == (user.home / "mine").read_text()
        assert done.returncode == 0

    def test_whose_place_is_taken_prevents_an_install(self, user: User, release: Path) -> None:
        """What another user put there, in a folder such as /tmp, was moved into the program's own folder."""
        place = user.home / ".docker-credential-ecrx.made"
        place.mkdir()

        done = user.install(release)

        said = f"install.sh: cannot install into {user.prefix}: {place} is in the way; choose another --prefix\n"
        assert (1, said) == (done.returncode, done.stderr)
        assert [place.name] == user.files()

    def test_whose_place_is_taken_permits_an_uninstall(self, user: User, release: Path) -> None:
        """The list moves up while its folder is deleted, but not into another user's folder."""
        user.install(release)
        place = user.home / ".docker-credential-ecrx.made"
        place.mkdir()

        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert not user.prefix.exists()
        assert [] == list(place.iterdir())


class TestAnotherUser:
    """Root installs in folders that another user can change."""

    pytestmark = _ROOT_ALONE

    @pytest.mark.parametrize("action", [[], ["--uninstall"]], ids=["install", "uninstall"])
    @pytest.mark.parametrize("owned", [".", ".local", ".local/lib", ".local/bin", ".local/share/man/man1"])
    def test_blocks_an_install_by_root(self, user: User, release: Path, owned: str, action: list[str]) -> None:
        """With sudo and the user's HOME, the folder or one above it belongs to another user."""
        user.install(user.unpack("1.0"))
        os.chown(user.home / owned, _STRANGER, _STRANGER)
        before = _tree(user.home)

        done = user.install(release, *action)

        said = f"another user owns {(user.home / owned).resolve()}; run install.sh as that user, or choose another"
        assert (1, f"install.sh: {said} --prefix\n", "") == (done.returncode, done.stderr, done.stdout)
        assert before == _tree(user.home)

    def test_data_stays_when_root_uninstalls(self, user: User, release: Path) -> None:
        """Root's own installation goes; the user whose HOME root has keeps Docker's configuration and state."""
        prefix = user.home.parent / "opt"
        user.install(release, "--prefix", prefix)
        state = user.home / ".local" / "state" / "ecrx"
        state.mkdir(parents=True)
        (state / "ledger.json").touch()
        os.chown(user.home, _STRANGER, _STRANGER)
        before = _tree(user.home)

        done = user.install(release, "--prefix", prefix, "--uninstall")

        assert 0 == done.returncode
        assert (
            f"kept tokens, passwords and Docker's configuration, because another user owns {user.home};" in done.stdout
        )
        assert "docker-credential-ecrx configure" not in done.stdout  # which was deleted
        assert before == _tree(user.home)
        assert not prefix.exists()

    @pytest.mark.parametrize("action", [[], ["--uninstall"]], ids=["install", "uninstall"])
    @pytest.mark.parametrize("open_to_all", [".", ".local/lib/docker-credential-ecrx", ".local/bin"])
    def test_cannot_replace_installed_files(
        self, user: User, release: Path, open_to_all: str, action: list[str]
    ) -> None:
        """A folder that everybody can write is refused, unless it is sticky like /tmp."""
        user.install(user.unpack("1.0"))
        folder = (user.home / open_to_all).resolve()
        folder.chmod(0o777)
        before = _tree(user.home)

        done = user.install(release, *action)

        said = f"every user can write to {folder}; run chmod o-w on it, or choose another --prefix"
        assert (1, f"install.sh: {said}\n") == (done.returncode, done.stderr)
        assert before == _tree(user.home)
        folder.chmod(0o1777)
        assert 0 == user.install(release, *action).returncode

    def test_cannot_redirect_the_prefix(self, user: User, release: Path) -> None:
        """A link of another user in the path of the prefix is refused."""
        (user.home / "tools").mkdir()
        link = user.home / "link"
        link.symlink_to("tools")
        os.lchown(link, _STRANGER, _STRANGER)

        assert 1 == user.install(release, "--prefix", link).returncode
        assert {} == _tree(user.home / "tools")
        os.lchown(link, os.getuid(), os.getgid())
        assert 0 == user.install(release, "--prefix", link).returncode
        assert "docker-credential-ecrx 1.1\n" == user.run("ecrx", "version", folder=user.home / "tools" / "bin")
        assert 0 == user.install(release, "--prefix", link, "--uninstall").returncode
        assert {} == _tree(user.home / "tools")

    @pytest.mark.parametrize("action", [[], ["--uninstall"]], ids=["install", "uninstall"])
    @pytest.mark.parametrize("below", ["", "/deep", "/../tools"])
    @pytest.mark.parametrize("place", ["prefix", "prefix/lib", "prefix/bin"])
    def test_cannot_redirect_a_link_of_the_users(
        self, user: User, release: Path, place: str, below: str, action: list[str]
    ) -> None:
        """Each symlink on the way counts, not only those in the path as it is given."""
        theirs = user.home.parent / "theirs"
        theirs.mkdir()
        for folder in ("tools/deep", "prefix"):
            (user.home / folder).mkdir(parents=True)
        if place == "prefix":
            (user.home / place).rmdir()
        (theirs / "link").symlink_to(user.home / "tools")
        (user.home / "one").symlink_to(f"../theirs/link{below}")
        (user.home / place).symlink_to(user.home / "one")
        prefix = user.home / "prefix"
        assert 0 == user.install(release, "--prefix", prefix).returncode
        for path in (theirs, theirs / "link"):
            os.lchown(path, _STRANGER, _STRANGER)
        before = _tree(user.home)

        done = user.install(release, "--prefix", prefix, *action)

        assert 1 == done.returncode
        assert f"install.sh: another user owns {theirs}" in done.stderr
        assert before == _tree(user.home)


class TestModes:
    @pytest.mark.parametrize("umask", [0o777, 0o077, 0])
    def test_do_not_depend_on_the_umask(self, user: User, release: Path, umask: int) -> None:
        """The user can read what is installed, and nobody else can write it."""
        (release / "docker-credential-ecrx" / "_internal" / "part").chmod(0o400)
        (release / "docker-credential-ecrx" / "_internal" / "part").chmod(0o777)

        assert 0 == user.install(release, umask=umask).returncode

        modes = {path: path.lstat().st_mode for path in user.prefix.rglob("*") if not path.is_symlink()}
        assert [] == [path for path, mode in modes.items() if mode & 0o022 or not mode & 0o400]
        assert [] == [path for path in modes if path.is_dir() and not modes[path] & 0o100]

    def test_do_not_depend_on_a_default_acl(self, user: User, release: Path) -> None:
        """An inherited ACL takes precedence over the umask, and still lets no other user write."""
        entries = [(1, 7, -1), (2, 7, _STRANGER), (4, 5, -1), (16, 7, -1), (32, 5, -1)]  # acl(5), linux/posix_acl.h
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
        try:
            os.setxattr(user.home, "system.posix_acl_default", acl)
        except (AttributeError, OSError):
            need.missing("a file system with ACLs")
        (release / "docker-credential-ecrx" / "_internal" / "part").chmod(0o777)

        assert 0 == user.install(release).returncode

        files = [path for path in (user.prefix / _LIB / "1.1").rglob("*") if not path.is_symlink()]
        assert [] == [path for path in files if path.stat().st_mode & 0o022]


class TestEnvironment:
    def test_ignores_relative_path_elements(self, user: User, state: Path, release: Path) -> None:
        """Docker runs no helper from a relative element of PATH, so none there is another installation."""
        (user.home / "docker-credential-ecrx").write_text("#!/bin/sh\n")
        (user.home / "docker-credential-ecrx").chmod(0o755)
        user.env["PATH"] = f".:{user.env['PATH']}::"

        assert 0 == user.install(release, "--uninstall", cwd=user.home).returncode
        assert not state.exists()

    @pytest.mark.parametrize("path", [".:/usr/bin:/bin", ":/usr/bin:/bin", "sub:/usr/bin::/bin:", ".", "", "sub"])
    def test_runs_no_program_of_the_current_folder(self, user: User, release: Path, path: str) -> None:
        """Neither an empty element of PATH nor a relative one leads there, and an empty PATH does not either."""
        here = user.home / "here"
        for folder in (here, here / "sub"):
            folder.mkdir()
            for name in _RUN:
                text = f'#!/bin/sh\necho "$0" >>{here}/trace\nPATH=/usr/bin:/bin exec {name} "$@"\n'
                (folder / name).write_text(text)
                (folder / name).chmod(0o755)
        user.env["PATH"] = path

        done = [user.install(release, *action, cwd=here) for action in ([], ["--uninstall"])]

        assert [(0, ""), (0, "")] == [(each.returncode, each.stderr) for each in done]
        assert not (here / "trace").exists(), (here / "trace").read_text()

    def test_ignores_a_relative_home(self, user: User, release: Path) -> None:
        user.env["HOME"] = "."

        done = user.install(release, cwd=user.home)

        assert (1, "install.sh: HOME is not set; choose a folder with --prefix DIR\n") == (done.returncode, done.stderr)

    def test_cdpath_does_not_change_the_prefix(self, user: User, release: Path) -> None:
        (user.home / "other" / "tools").mkdir(parents=True)
        (user.home / "tools").mkdir()
        user.env["CDPATH"] = str(user.home / "other")

        assert 0 == user.install(release, "--prefix", "tools", cwd=user.home).returncode
        assert "docker-credential-ecrx 1.1\n" == user.run("ecrx", "version", folder=user.home / "tools" / "bin")

    @pytest.mark.parametrize("prefix", ["a/../b", "a/./b", "a\n/etc", "a:b"])
    def test_rejects_an_ambiguous_prefix(self, user: User, release: Path, prefix: str) -> None:
        """What does not exist cannot be created through dots or line breaks, and PATH has no colon in a folder."""
        done = user.install(release, "--prefix", prefix, cwd=user.home)

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert done.stderr.startswith("install.sh: cannot install into ")
        assert [] == user.files()

    def test_rejects_a_home_with_a_line_break(self, user: User, release: Path) -> None:
        user.env["HOME"] = f"{user.home}\n/etc"

        done = user.install(release)

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert "a line break; choose another --prefix" in done.stderr

    @pytest.mark.parametrize("prefix", [b" a ", b"a\xff"], ids=["spaces at its ends", "no UTF-8"])
    def test_uninstall_empties_any_prefix(self, user: User, prefix: bytes) -> None:
        """In a UTF-8 locale, grep and sed read no bytes of another encoding."""
        env = user.env | {"LC_ALL": "C.UTF-8"}
        command: list[bytes] = [os.fsencode(user.unpack("1.0") / "install.sh"), b"--prefix", prefix]

        done = [
            subprocess.run(
                [*command, *map(os.fsencode, action)], env=env, cwd=user.home, capture_output=True, check=False
            )
            for action in _TWICE
        ]

        assert [(0, b""), (0, b"")] == [(each.returncode, each.stderr) for each in done]
        assert [] == list(user.home.iterdir())

    @pytest.mark.parametrize("path", ["/nowhere", "/usr/games"])
    def test_needs_no_folder_of_the_system_on_path(self, user: User, release: Path, path: str) -> None:
        user.env["PATH"] = path

        done = [user.install(release, *action) for action in _TWICE]

        assert [(0, ""), (0, "")] == [(each.returncode, each.stderr) for each in done]

    @_ROOT_ALONE
    @pytest.mark.parametrize("variable", ["TIME_STYLE=long-iso", "QUOTING_STYLE=shell-always"])
    def test_does_not_change_what_ls_prints(self, user: User, release: Path, variable: str) -> None:
        name, value = variable.split("=")
        user.env[name] = value
        foreign = user.home / "a's"
        foreign.mkdir()
        os.chown(foreign, _STRANGER, _STRANGER)

        done = user.install(release, "--prefix", foreign)

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert f"another user owns {foreign};" in done.stderr
