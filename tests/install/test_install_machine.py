"""Archives for another machine, folders in which no program can run, no /proc, a read-only checkout, other shells."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from support import need
from support.releases import User

_ROOT = Path(__file__).parents[2]
_LIB = Path("lib", "docker-credential-ecrx")
_ROOT_ALONE = pytest.mark.skipif(os.getuid() != 0 and os.environ.get("CI") != "true", reason="root is missing")
_HERE = f"linux {platform.machine()}"
_GLIBC = "lib64/ld-linux-x86-64.so.2"
_MUSL = "lib/ld-musl-x86_64.so.1"
_WHEEL = "no archive is for it; install the wheel with Python 3.11 or newer, as in README.md"


class Machine(NamedTuple):
    """What uname and getconf print there."""

    processor: str
    glibc: str = "2.36"
    bits: int = 64
    system: str = "Linux"

    def tools(self, folder: Path) -> Path:
        """Return a folder of commands that print this."""
        folder.mkdir()
        for name, text in {
            "uname": f'case $1 in -s) echo "{self.system}" ;; *) echo "{self.processor}" ;; esac',
            "getconf": f"case $1 in LONG_BIT) echo {self.bits} ;; *) echo glibc {self.glibc} ;; esac",
        }.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        return folder


class Root:
    """A system of this machine's processor that has busybox alone: no /proc, no Python, and only this C library.

    ``glibc`` is what getconf says there, ``loaders`` are the C libraries' loaders.
    """

    def __init__(self, folder: Path, *, glibc: str = "", loaders: Sequence[str] = ()) -> None:
        self.folder = folder
        for name in ("bin", "dev", "lib"):
            (folder / name).mkdir(parents=True)
        (folder / "dev" / "null").touch()
        busybox = shutil.copy(need.static_busybox(), folder / "bin" / "busybox")
        subprocess.run([busybox, "--install", "-s", folder / "bin"], check=True)
        for path in (folder / "bin").iterdir():
            if path.is_symlink():
                path.unlink()
                path.symlink_to("busybox")
        if glibc:
            Machine("", glibc).tools(folder / "tools")
        for loader in loaders:
            (folder / loader).parent.mkdir(exist_ok=True)
            (folder / loader).touch()
        self.user = User(folder)
        self.home = "/home"

    def install(self, release: Path, *arguments: str) -> tuple[int, str, str]:
        """Run install.sh of ``release`` there; return its exit status, stdout and stderr."""
        mounts = 'mount --bind /dev/null "$1/dev/null"'
        # A path of the outside, with which the shell finds chroot; it is replaced inside.
        command: list[str | Path] = [
            "chroot",
            self.folder,
            "/bin/env",
            "PATH=/tools:/bin",
            f"/{release.name}/install.sh",
            *arguments,
        ]
        return _in_mounts(mounts, self.folder, command, {"HOME": self.home, "PATH": os.defpath + ":/usr/sbin:/sbin"})


def _release(user: User, made_for: str) -> Path:
    """Return the folder of a release archive for that platform."""
    release = user.unpack("1.0")
    (release / "docker-credential-ecrx" / "share" / "platform").write_text(f"{made_for}\n")
    return release


def _assert_refused(answer: tuple[int, str, str], what: str, here: str, step: str) -> None:
    """Assert one line: the archive's platform, this machine, and the end of the fitting archive's name."""
    next_step = f"install docker-credential-ecrx-1.0-{step}.tar.gz of the release" if step else _WHEEL
    said = f"install.sh: this archive is for {what}, but this machine is {here}; {next_step}\n"
    assert (1, "", said) == answer


class TestArchiveForAnotherProcessor:
    @pytest.mark.parametrize(
        ("made_for", "machine", "what", "here", "step"),
        [
            ("linux aarch64 glibc 2.28", Machine("x86_64"), "glibc 2.28 or newer", "linux x86_64", "linux-x86_64"),
            ("linux aarch64 musl", Machine("x86_64"), "musl", "linux x86_64", "linux-x86_64"),
            ("linux x86_64 glibc 2.28", Machine("aarch64"), "glibc 2.28 or newer", "linux aarch64", "linux-aarch64"),
            ("linux x86_64 glibc 2.28", Machine("armv7l"), "glibc 2.28 or newer", "linux armv7l", ""),
            ("linux aarch64 musl", Machine("aarch64", bits=32), "musl", "linux aarch64 (32-bit)", ""),
            ("darwin arm64", Machine("x86_64"), "", "linux x86_64", "linux-x86_64"),
            ("linux x86_64 musl", Machine("arm64", "", system="Darwin"), "musl", "darwin arm64", "darwin-arm64"),
            ("linux x86_64 musl", Machine("amd64", "", system="FreeBSD"), "musl", "freebsd amd64", ""),
        ],
    )
    def test_names_the_matching_one(  # noqa: PLR0913, PLR0917 - a table
        self, user: User, tmp_path: Path, made_for: str, machine: Machine, what: str, here: str, step: str
    ) -> None:
        """One line says what to install instead, and nothing is written."""
        user.env["PATH"] = f"{machine.tools(tmp_path / 'tools')}:{user.env['PATH']}"

        done = user.install(_release(user, made_for))

        what = " ".join(made_for.split()[:2]) + (what and f" with {what}")
        here += f" with glibc {machine.glibc}" if machine.system == "Linux" else ""
        _assert_refused((done.returncode, done.stdout, done.stderr), what, here, step)
        assert [] == user.files()

    def test_installs_on_its_own_processor(self, user: User, tmp_path: Path) -> None:
        """A Mac has no C library to choose from."""
        user.env["PATH"] = f"{Machine('arm64', '', system='Darwin').tools(tmp_path / 'tools')}:{user.env['PATH']}"

        assert 0 == user.install(_release(user, "darwin arm64")).returncode


class TestDamagedArchive:
    @pytest.mark.parametrize(
        "made_for",
        ["", "linux", f"{_HERE} glibc", f"{_HERE} glibc 2.x", f"{_HERE} glibc 2", f"{_HERE} musl 1.2", f"{_HERE} libc"],
    )
    def test_fails_in_one_line(self, user: User, made_for: str) -> None:
        """Its statement of the platform is incomplete."""
        release = _release(user, made_for)

        done = user.install(release)

        said = f"{release}/docker-credential-ecrx/share/platform is damaged; unpack the whole archive"
        assert (1, f"install.sh: {said}\n", "") == (done.returncode, done.stderr, done.stdout)
        assert [] == user.files()


@_ROOT_ALONE
class TestArchiveForAnotherLibrary:
    @pytest.mark.parametrize(
        ("made_for", "glibc", "loaders", "what", "here", "step"),
        [
            ("glibc 2.28", "", [_MUSL], "glibc 2.28 or newer", " with musl", "-musl"),
            ("musl", "2.36", [], "musl", " with glibc 2.36", ""),
            ("musl", "", [_GLIBC], "musl", " with glibc", ""),
            ("musl", "", [], "musl", "", ""),
            ("glibc 2.36", "2.34", [], "glibc 2.36 or newer", " with glibc 2.34", ""),
            ("glibc 2.36", "2.28", [_MUSL], "glibc 2.36 or newer", " with glibc 2.28", ""),
            ("glibc 2.28", "2.9", [], "glibc 2.28 or newer", " with glibc 2.9", None),
            ("glibc 2.28", "2.17", [_GLIBC, _MUSL], "glibc 2.28 or newer", " with glibc 2.17", "-musl"),
            ("musl", "2.17", [], "musl", " with glibc 2.17", None),
        ],
    )
    def test_names_the_matching_one(  # noqa: PLR0913, PLR0917 - a table
        self, tmp_path: Path, made_for: str, glibc: str, loaders: list[str], what: str, here: str, step: str | None
    ) -> None:
        """One line says what to install instead, and nothing is written."""
        root = Root(tmp_path / "root", glibc=glibc, loaders=loaders)

        answer = root.install(_release(root.user, f"{_HERE} {made_for}"))

        fitting = "" if step is None else _HERE.replace(" ", "-") + step
        _assert_refused(answer, f"{_HERE} with {what}", f"{_HERE}{here}", fitting)
        assert [] == root.user.files()

    @pytest.mark.parametrize("loaders", [[], [_GLIBC], [_GLIBC, _MUSL]])
    def test_of_another_processor_names_the_glibc_one(self, tmp_path: Path, loaders: list[str]) -> None:
        """Neither getconf nor ldd identifies the C library."""
        root = Root(tmp_path / "root", loaders=loaders)

        _, _, said = root.install(_release(root.user, "linux sparc64 glibc 2.28"))

        assert said.endswith(f"; install docker-credential-ecrx-1.0-{_HERE.replace(' ', '-')}.tar.gz of the release\n")

    def test_suggests_musl_if_ldd_says_so(self, tmp_path: Path) -> None:
        """Alpine with gcompat also has a loader for glibc programs."""
        root = Root(tmp_path / "root", loaders=[_GLIBC, _MUSL])
        (root.folder / "tools").mkdir()
        (root.folder / "tools" / "ldd").write_text("#!/bin/sh\necho 'musl libc (x86_64)' >&2\nexit 1\n")
        (root.folder / "tools" / "ldd").chmod(0o755)

        status, _, said = root.install(_release(root.user, f"{_HERE} glibc 2.28"))

        assert (1, True) == (status, said.endswith("-musl.tar.gz of the release\n"))

    @pytest.mark.parametrize(
        ("made_for", "glibc", "loaders"),
        [
            (" musl", "", [_MUSL]),
            (" musl", "2.36", [_MUSL]),
            (" glibc 2.28", "2.36", []),
            (" glibc 2.36", "2.36", []),
            (" glibc 2.9", "2.28", []),
            (" glibc 2.28", "3.0", []),
            (" glibc 2.28", "", []),  # a glibc that nothing identifies
            (" glibc 2.28", "", ["lib/ld-linux-aarch64.so.1", _MUSL]),  # as with Debian's package musl
            (" glibc 2.28", "2.x", [_GLIBC, _MUSL]),
            ("", "2.36", []),
        ],
    )
    def test_installs_on_its_own_library(self, tmp_path: Path, made_for: str, glibc: str, loaders: list[str]) -> None:
        """Install, reinstall, demonstration and uninstall work with busybox alone, without /proc."""
        root = Root(tmp_path / "root", glibc=glibc, loaders=loaders)
        release = _release(root.user, f"{_HERE}{made_for}")

        for _ in range(2):
            status, stdout, stderr = root.install(release, "--demo")
            assert (0, "") == (status, stderr)
            assert "the main job\n" in stdout
        status, _, stderr = root.install(release, "--uninstall")

        assert (0, "") == (status, stderr)
        assert [] == root.user.files()

    def test_leaves_nothing_in_the_root_folder(self, tmp_path: Path) -> None:
        """It is the home of containers without one."""
        root = Root(tmp_path / "root")
        root.home = "/"
        release = _release(root.user, _HERE)
        before = sorted(root.folder.iterdir())

        assert 0 == root.install(release)[0]
        (root.folder / ".local" / "state" / "ecrx").mkdir(parents=True)
        assert 0 == root.install(release, "--uninstall")[0]

        assert before == sorted(root.folder.iterdir())

    @pytest.mark.parametrize(
        ("made_for", "said"),
        [
            ("musl", "the program needs /proc; run: mount -t proc proc /proc\n"),
            ("glibc 2.28", f"the program does not run on this machine (Linux {platform.machine()}): it fails\n"),
        ],
    )
    def test_reports_missing_proc_only_with_musl(self, tmp_path: Path, made_for: str, said: str) -> None:
        """Another archive's program fails for another reason."""
        root = Root(tmp_path / "root", loaders=[_MUSL, _GLIBC])
        release = _release(root.user, f"{_HERE} {made_for}")
        (release / "docker-credential-ecrx" / "docker-credential-ecrx").write_text("#!/bin/sh\necho it fails\nexit 1\n")

        assert (1, "", f"install.sh: {said}") == root.install(release)

    def test_keeps_the_replaced_version_until_the_next_install(self, tmp_path: Path) -> None:
        """Without /proc nobody can tell what runs, so the replaced version stays once."""
        root = Root(tmp_path / "root")
        versions = []

        for version in ("1.0", "1.1", "1.2"):
            assert 0 == root.install(root.user.unpack(version))[0]
            versions.append(sorted(path.name for path in (root.user.prefix / _LIB).glob("[0-9]*")))

        assert [["1.0"], ["1.0", "1.1"], ["1.1", "1.2"]] == versions


def _in_mounts(mounts: str, folder: Path, command: Sequence[str | Path], env: dict[str, str]) -> tuple[int, str, str]:
    """Run a command after ``mounts`` was applied to the folder ``$1``; return its status, stdout and stderr."""
    script = f'set -eu; {mounts}; shift; exec "$@"'
    unshare = [need.command("unshare"), "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run(
        [*unshare, folder, *command], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def _bound(options: str) -> str:
    return f'mount --bind "$1" "$1"; mount -o "remount,bind,{options}" "$1"'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout that builds nothing."""
    folder = tmp_path / "checkout"
    (folder / "build").mkdir(parents=True)
    shutil.copy(_ROOT / "install.sh", folder)
    (folder / "build" / "build.sh").write_text("echo built >&2\nexit 1\n")
    return folder


@_ROOT_ALONE
class TestFolder:
    def test_noexec_prefix_is_reported(self, user: User) -> None:
        """If no program can run there, nothing is installed."""
        done = _in_mounts(_bound("noexec"), user.home, [user.unpack("1.0") / "install.sh"], user.env)

        said = f"cannot run programs in {user.prefix}, which is mounted noexec; choose another --prefix"
        assert (1, "", f"install.sh: {said}\n") == done
        assert [] == user.files()

    def test_prefix_that_becomes_noexec_keeps_its_version(self, user: User) -> None:
        user.install(user.unpack("1.0"))
        before = user.files()

        status, _, stderr = _in_mounts(_bound("noexec"), user.home, [user.unpack("1.1") / "install.sh"], user.env)

        assert (1, 1) == (status, stderr.count("\n"))
        assert before == user.files()

    def test_prefix_that_is_not_utf8_is_reported(self, user: User) -> None:
        """PyInstaller's launcher cannot run a program there."""
        program = Path(os.environ.get("ECRX_TEST_FROZEN", ""))
        if not program.is_file():
            need.missing("the frozen program")
        need.command("iconv")
        prefix = os.fsdecode(os.fsencode(user.home) + b"/a\xff")
        command: list[str | Path] = [user.unpack_real(program.parent) / "install.sh", "--prefix", prefix]

        done = subprocess.run(command, env=user.env, capture_output=True, check=False)

        said = f"the program cannot run in {prefix}, because its path is not UTF-8; choose another --prefix"
        assert (1, os.fsencode(f"install.sh: {said}\n")) == (done.returncode, done.stderr)
        assert [] == user.files()

    def test_checkout_that_is_not_utf8_is_reported(self, user: User, checkout: Path) -> None:
        """PyInstaller builds no program there."""
        need.command("iconv")
        renamed = checkout.rename(os.fsdecode(os.fsencode(checkout) + b"\xff"))

        done = subprocess.run([renamed / "install.sh"], env=user.env, capture_output=True, check=False)

        said = f"cannot build in the checkout {renamed}, because its path is not UTF-8; copy it to a folder of your own"
        step = "and run install.sh there"
        assert (1, os.fsencode(f"built\ninstall.sh: {said}, {step}\n")) == (done.returncode, done.stderr)
        assert [] == user.files()

    def test_archive_folder_may_be_noexec(self, user: User) -> None:
        """The folder for temporary files often is; the program runs where it is installed."""
        release = user.unpack("1.0")

        status, _, stderr = _in_mounts(_bound("noexec"), release, ["sh", release / "install.sh"], user.env)

        assert (0, "") == (status, stderr)
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")

    def test_archive_folder_may_be_read_only(self, user: User) -> None:
        """Nothing is written beside install.sh."""
        release = user.unpack("1.0")

        assert 0 == _in_mounts(_bound("ro"), release, [release / "install.sh"], user.env)[0]
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")

    @pytest.mark.parametrize(
        ("option", "what"),
        [
            ("ro", "cannot build in the checkout {}, because it is read-only"),
            ("noexec", "cannot run programs in the checkout {}, which is mounted noexec"),
        ],
    )
    def test_unusable_checkout_is_reported(self, user: User, checkout: Path, option: str, what: str) -> None:
        """The build needs a writable checkout in which programs can run."""
        done = _in_mounts(_bound(option), checkout, ["sh", checkout / "install.sh"], user.env)

        said = f"{what.format(checkout)}; copy it to a folder of your own, and run install.sh there"
        assert (1, "", f"install.sh: {said}\n") == done
        assert [] == user.files()

    def test_failed_build_explains_what_pip_says_offline(self, user: User, checkout: Path) -> None:
        """Without a network, it only says that it found no version of a package."""
        done = user.install(checkout)

        said = "cannot build the program; see above (without access to PyPI, pip finds no versions)"
        assert (1, f"built\ninstall.sh: {said}\n") == (done.returncode, done.stderr)
        assert [] == user.files()

    @pytest.mark.parametrize("folder", [".work", ".work/build", "dist"])
    def test_checkout_may_partly_belong_to_another_user(self, user: User, checkout: Path, folder: str) -> None:
        """A build with sudo leaves such files."""
        (checkout / folder).mkdir(parents=True)
        mounts = f'cd "$1/{folder}"; mount --bind . .; mount -o remount,bind,ro "$PWD"; cd /'

        done = _in_mounts(mounts, checkout, ["sh", checkout / "install.sh"], user.env)

        step = "delete it, with sudo if root owns it"
        said = f"cannot build in {checkout}/{folder}, because it is not writable; {step}"
        assert (1, "", f"install.sh: {said}\n") == done
        assert [] == user.files()

    @pytest.mark.parametrize("made", [["dist/docker-credential-ecrx"], ["dist/docker-credential-ecrx", ".work"]])
    def test_read_only_checkout_with_old_build_is_reported(self, user: User, checkout: Path, made: list[str]) -> None:
        """The message is not build.sh's own message about its failed write."""
        for folder in made:
            (checkout / folder).mkdir(parents=True)

        done = _in_mounts(_bound("ro"), checkout, ["sh", checkout / "install.sh"], user.env)

        said = f"cannot build in the checkout {checkout}, because it is read-only; copy it to a folder of your own"
        assert (1, "", f"install.sh: {said}, and run install.sh there\n") == done
        assert [] == user.files()

    def test_read_only_checkout_with_current_build_works(self, user: User, checkout: Path) -> None:
        """Nothing is written if nothing has to be built."""
        (checkout / "build" / "build.sh").write_text("exit 0\n")
        (checkout / "dist").mkdir()
        (user.unpack("1.0") / "docker-credential-ecrx").rename(checkout / "dist" / "docker-credential-ecrx")

        assert 0 == _in_mounts(_bound("ro"), checkout, ["sh", checkout / "install.sh"], user.env)[0]
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")

    @pytest.mark.parametrize("folder", [_LIB, "bin", "share/man/man1"])
    def test_read_only_folder_prevents_an_uninstall(self, user: User, folder: str) -> None:
        """Docker's configuration and the keyrings are left as they are, too."""
        release = user.unpack("1.0", command="forget HOST... |", option="--all")
        user.install(release)
        place, before = user.prefix / folder, user.files()

        done = _in_mounts(_bound("ro"), place, [release / "install.sh", "--uninstall"], user.env)

        said = f"nothing was deleted, because {place} is not writable; make it writable, and try again"
        assert (1, "", f"install.sh: {said}\n") == done
        assert before == user.files()

    def test_read_only_folder_without_the_program_is_none_of_ours(self, user: User) -> None:
        """It must not be called one to make writable: another installation may be in it."""
        release = user.unpack("1.0")
        (user.prefix / "bin").mkdir(parents=True)

        done = _in_mounts(_bound("ro"), user.prefix / "bin", [release / "install.sh", "--uninstall"], user.env)

        assert (0, f"install.sh: docker-credential-ecrx is not installed in {user.prefix}\n", "") == done

    @pytest.mark.parametrize("shell", ["dash", "busybox sh"])
    def test_all_but_the_prefix_may_be_read_only(self, user: User, tmp_path: Path, shell: str) -> None:
        """Busybox's test tells root that everything is writable."""
        release = user.unpack("1.0")
        user.prefix.mkdir()
        name, *options = shell.split()
        mounts = 'mount --bind "$1" "$1"; mount -t tmpfs none "$1/home/.local"; mount -o remount,bind,ro "$1"'

        both = ["sh", "-c", '"$@" && "$HOME/.local/bin/ecrx" version && "$@" --uninstall', "sh"]
        command: list[str | Path] = [*both, need.command(name), *options, release / "install.sh"]

        status, stdout, stderr = _in_mounts(mounts, tmp_path, command, user.env)

        assert (0, "") == (status, stderr)
        assert "\ndocker-credential-ecrx 1.0\n" in stdout

    def test_folder_that_cannot_be_deleted_yet_is_left(self, user: User) -> None:
        """A killed install may leave a cp that still writes there; the next install deletes it."""
        release = user.unpack("1.0")
        user.install(release)
        busy = user.prefix / _LIB / ".staging-1" / "_internal"
        busy.mkdir(parents=True)

        done = _in_mounts('mount -t tmpfs none "$1"', busy, [release / "install.sh"], user.env)

        assert (0, "") == (done[0], done[2])
        assert 0 == user.install(release).returncode
        assert not busy.parent.exists()

    def test_full_prefix_fails_in_one_line(self, user: User) -> None:
        """Every number of free inodes that is too small is tried, and too few free bytes."""
        release = user.unpack("1.0")
        for number in range(4):
            (release / "docker-credential-ecrx" / "_internal" / str(number)).write_bytes(bytes(4096))

        def install(limit: str) -> tuple[int, str]:
            mounts = f'mount -t tmpfs -o {limit} none "$1"'
            status, _, stderr = _in_mounts(mounts, user.home, [release / "install.sh"], user.env)
            return status, re.sub("(?m)^install.sh: cannot .*: No space left on device; .+$", "full", stderr)

        answers = [install("size=4k"), install("size=16k"), *(install(f"nr_inodes={count}") for count in range(2, 40))]

        failed = answers.index((0, ""))
        assert 20 < failed
        assert [(1, "full\n")] * failed + [(0, "")] * (len(answers) - failed) == answers

    def test_proc_may_be_missing(self, user: User) -> None:
        """Install, reinstall and uninstall work without /proc."""
        release = user.unpack("1.0")

        for arguments in ([], [], ["--uninstall"]):
            command: list[str | Path] = [release / "install.sh", *arguments]
            status, _, stderr = _in_mounts('mount -t tmpfs none "$1"', Path("/proc"), command, user.env)
            assert (0, "") == (status, stderr)
        assert [] == user.files()


class TestShell:
    @pytest.mark.parametrize("shell", ["dash", "bash", "bash --posix", "busybox sh", "zsh", "zsh --emulate sh"])
    def test_any_shell_runs_it(self, user: User, shell: str) -> None:
        """Install, upgrade and uninstall work."""
        name, *options = shell.split()

        def install(release: Path, *arguments: str) -> None:
            command: list[str | Path] = [need.command(name), *options, release / "install.sh", *arguments]
            done = subprocess.run(command, env=user.env, capture_output=True, text=True, timeout=60, check=False)
            assert (0, "") == (done.returncode, done.stderr)

        install(user.unpack("1.0"))
        newer = user.unpack("1.1")
        install(newer)
        assert "docker-credential-ecrx 1.1\n" == user.run("ecrx", "version")
        assert ["1.1"] == [path.name for path in (user.prefix / _LIB).glob("[0-9]*")]
        install(newer, "--uninstall")
        assert [] == user.files()
