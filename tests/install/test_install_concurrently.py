"""Several installs at once, and installs while Docker runs the program."""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO

import pytest

from fakes.aws import FakeAws
from support import need
from support.home import HOST, SECONDARY, Home, Result
from support.releases import PROGRAM, User

_TURN = ".docker-credential-ecrx.turn"
_ROOT_ALONE = pytest.mark.skipif(os.getuid() != 0 and os.environ.get("CI") != "true", reason="root is missing")


def _start(user: User, release: Path, *arguments: str | Path) -> "subprocess.Popen[str]":
    """Start install.sh of ``release``."""
    return subprocess.Popen(
        [release / "install.sh", *arguments],
        env=user.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ends(processes: "list[subprocess.Popen[str]]") -> list[tuple[int, str]]:
    """Return the exit status and stderr of each process."""
    ended = []
    for process in processes:
        _, stderr = process.communicate(timeout=300)
        ended.append((process.returncode, stderr))
    return ended


class TestConcurrentInstalls:
    @pytest.mark.parametrize("prefix", [".local", "a/b/c/d"])
    @pytest.mark.parametrize("is_first", [True, False], ids=["first", "again"])
    def test_of_one_version_leave_one_program(self, user: User, prefix: str, is_first: bool) -> None:  # noqa: FBT001
        """Ten installs leave what one leaves, whichever folders existed before."""
        release = user.unpack("1.0")
        user.prefix = user.home / prefix
        user.install(release, "--prefix", user.prefix)
        expected = user.files()
        if is_first:
            user.install(release, "--prefix", user.prefix, "--uninstall")
            assert [] == user.files()

        ended = _ends([_start(user, release, "--prefix", user.prefix) for _ in range(10)])

        assert [(0, "")] * 10 == ended
        current = (user.prefix / "lib" / "docker-credential-ecrx" / "current").readlink()
        assert expected == sorted(name.replace(f"/{current}", "/1.0") for name in user.files())
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version", folder=user.prefix / "bin")
        user.install(release, "--prefix", user.prefix, "--uninstall")
        assert [] == user.files()

    def test_of_several_versions_leave_one_of_them(self, user: User) -> None:
        """The last one stays, and is complete."""
        releases = [user.unpack(f"1.{number}") for number in range(5)]

        ended = _ends([_start(user, release) for release in releases])

        assert [(0, "")] * 5 == ended
        (folder,) = (user.prefix / "lib" / "docker-credential-ecrx").glob("[0-9]*")
        version = (folder / "_internal" / "part").read_text()
        assert f"docker-credential-ecrx {version}\n" == user.run("ecrx", "version")

    def test_from_one_checkout_build_in_sequence(self, user: User, tmp_path: Path) -> None:
        """Each has its own prefix, and no two build at once."""
        checkout = user.unpack("1.0")
        (checkout / "build").mkdir()
        (checkout / "docker-credential-ecrx").rename(tmp_path / "built")
        (checkout / "build" / "build.sh").write_text(_BUILD.format(built=tmp_path / "built"))

        ended = _ends([_start(user, checkout, "--prefix", user.home / str(number)) for number in range(4)])

        assert [(0, "")] * 4 == ended
        assert [] == [*(checkout / ".work").iterdir()]

    def test_with_uninstalls_succeed(self, user: User) -> None:
        """Whichever is last, no partial installation remains."""
        release = user.unpack("1.0")
        user.install(release)
        expected = user.files()

        ended = _ends([_start(user, release, *(["--uninstall"] * (number % 2))) for number in range(8)])

        assert [(0, "")] * 8 == ended
        user.install(release)
        user.install(release, "--uninstall")
        user.install(release)
        assert expected == user.files()


class TestInstallLock:
    @pytest.fixture
    def busy(self, user: User) -> Iterator["subprocess.Popen[str]"]:
        """Return an install that holds the lock until ``go`` in the home is written to."""
        os.mkfifo(user.home / "go")
        slow = user.unpack("1.0", program=PROGRAM.replace("version) ", f'version) read -r _ <"{user.home}/go"; '))
        with _start(user, slow) as process:
            yield process
            process.kill()

    def test_is_waited_for_and_its_holder_is_named(self, user: User, busy: "subprocess.Popen[str]") -> None:
        """Another install waits until the first one has ended, and says which one."""
        until_it_runs = (user.home / "go").open("w")

        with _start(user, user.unpack("1.1")) as other:
            assert other.stdout is not None
            assert f"install.sh: waiting for another install.sh (process {busy.pid})\n" == other.stdout.readline()
            until_it_runs.close()
            assert [(0, ""), (0, "")] == _ends([busy, other])

        assert "docker-credential-ecrx 1.1\n" == user.run("ecrx", "version")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_of_interrupted_install_is_released(
        self, user: User, busy: "subprocess.Popen[str]", number: signal.Signals
    ) -> None:
        with (user.home / "go").open("w"):
            busy.send_signal(number)
        busy.communicate(timeout=60)

        assert 128 + number == busy.returncode
        assert ["go"] == user.files()

    @pytest.mark.parametrize("process", ["1.123", "999999999.1", "1.", "x.y", "1"])
    def test_of_killed_install_is_released(self, user: User, process: str) -> None:
        """Its process ID may be in use again."""
        for number in (0, 1):
            (user.home / f"{_TURN}.{number}.{process}").mkdir()

        assert 0 == user.install(user.unpack("1.0")).returncode

    def test_of_a_zombie_is_released(self, user: User, busy: "subprocess.Popen[str]") -> None:
        """In containers, the parent of a killed install may never reap it."""
        if not Path("/proc/self/stat").exists():
            need.missing("/proc")
        with (user.home / "go").open("w"):
            busy.kill()
            os.waitid(os.P_PID, busy.pid, os.WEXITED | os.WNOWAIT)

            done = user.install(user.unpack("1.1"))

        assert (0, "") == (done.returncode, done.stderr)
        assert "waiting" not in done.stdout
        assert [] == [name for name in user.files() if _TURN in name]

    @_ROOT_ALONE
    def test_ignores_files_of_other_users(self, user: User) -> None:
        """In a folder such as /tmp, files of another user do not block an install."""
        user.home.chmod(0o1777)
        start = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
        planted = user.home / f"{_TURN}.0.{os.getpid()}.{start}"
        planted.mkdir()
        os.chown(planted, 4321, 4321)

        assert 0 == user.install(user.unpack("1.0")).returncode


@pytest.fixture
def frozen(user: User) -> Path:
    """Return the folder of a release archive that has the frozen program."""
    program = Path(os.environ.get("ECRX_TEST_FROZEN", ""))
    if not program.is_file():
        need.missing("the frozen program")
    return user.unpack_real(program.parent)


@pytest.fixture(params=["root", "ordinary"])
def docker(
    request: pytest.FixtureRequest, user: User, aws: FakeAws, kernel: dict[str, str], tmp_path: Path
) -> Iterator[Home]:
    """Return the home of the user who runs the tests, then of an ordinary one, whose Docker runs what is installed."""
    with user.ordinary() if request.param == "ordinary" else nullcontext():
        wrapper = tmp_path / "wrapper"
        command = shlex.join([*user.prefix_command, f"{user.bin}/docker-credential-ecrx-secondary"])
        wrapper.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        wrapper.chmod(0o755)
        home = Home(tmp_path / "other home", wrapper, aws)
        home.add_role_profile()
        home.env |= kernel
        for path in (home.folder, *home.folder.rglob("*")):
            os.chown(path, user.home.stat().st_uid, user.home.stat().st_gid)
        yield home


class TestInstallDuringGet:
    def test_no_get_fails(self, user: User, frozen: Path, docker: Home) -> None:
        """The frozen program is installed 20 times while Docker gets 500 tokens from it."""
        assert 0 == user.install(frozen).returncode
        user.link("docker-credential-ecrx-secondary")
        reinstall: list[str | Path] = [sys.executable, "-c", _REINSTALL, *user.prefix_command, frozen / "install.sh"]

        with subprocess.Popen(reinstall, env=user.env, stdout=subprocess.PIPE, text=True) as installs:
            answers: list[Result] = []
            while len(answers) < 500 or installs.poll() is None:
                answers.append(docker.get())
            assert installs.stdout is not None
            assert "20 installed\n" == installs.stdout.read()

        assert [] == [answer for answer in answers if answer.status]
        assert {SECONDARY} == {docker.aws.issued[answer.secret].account for answer in answers}
        assert 1 == len([*(user.prefix / "lib" / "docker-credential-ecrx").glob("[0-9]*")])

    def test_waiting_get_is_answered(self, user: User, frozen: Path, docker: Home) -> None:
        """The program reads its modules from its folder as it needs them, even much later."""
        assert 0 == user.install(frozen).returncode
        command: list[str | Path] = [docker.program, "get"]
        user.link("docker-credential-ecrx-secondary")

        with subprocess.Popen(command, env=docker.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as get:
            assert get.stdin is not None
            get.stdin.write(HOST[:9])
            get.stdin.flush()
            _wait_until_read(get.stdin)
            assert 0 == user.install(frozen).returncode
            said, _ = get.communicate(HOST[9:], timeout=60)

        assert SECONDARY == docker.aws.issued[json.loads(said)["Secret"]].account
        assert 0 == user.install(frozen).returncode
        assert 1 == len([*(user.prefix / "lib" / "docker-credential-ecrx").glob("[0-9]*")])

    @pytest.mark.parametrize(
        "step", ["read -r line; echo $line; read -r line", 'exec "$(dirname "$(readlink -f "$0")")/bin/python" -u']
    )
    def test_starting_wheel_stays(self, user: User, step: str) -> None:
        """The old version stays while a shell is about to start Python, and afterwards."""
        if not Path("/proc/self/exe").exists():
            need.missing("/proc")
        release = user.unpack("1.0", program=PROGRAM.replace("demo)", f"wait) {step} ;;\n    demo)"))
        (release / "docker-credential-ecrx" / "bin").mkdir()
        shutil.copy(need.command("cat"), release / "docker-credential-ecrx" / "bin" / "python")
        user.install(release)

        with user.start("wait"), subprocess.Popen(["/bin/sh", "-c", "while :; do /bin/true; done"]) as others:
            try:
                user.install(user.unpack("1.1"))
            finally:
                others.kill()

            assert (user.prefix / "lib" / "docker-credential-ecrx" / "1.0" / "bin" / "python").exists()

    def test_possibly_running_program_stays(self, user: User, tmp_path: Path) -> None:
        """Some kernels 6.11 and 6.12 let a running program be overwritten; there, the name of any process counts."""
        if not Path("/proc/self/exe").exists():
            need.missing("/proc")
        tools = tmp_path / "tools"
        tools.mkdir()
        (tools / "uname").write_text('#!/bin/sh\n[ "$1" != -r ] || exec echo 6.12.1\nexec /bin/uname "$@"\n')
        (tools / "uname").chmod(0o755)
        user.env["PATH"] = f"{tools}:{user.env['PATH']}"
        user.install(user.unpack("1.0"))

        with subprocess.Popen([shutil.copy(need.command("cat"), tools / "ecrx")], stdin=subprocess.PIPE):
            user.install(user.unpack("1.1"))

            assert (user.prefix / "lib" / "docker-credential-ecrx" / "1.0").exists()


def _wait_until_read(pipe: IO[str]) -> None:
    """Wait at most a minute until the other end has read what was written to a pipe."""
    unread = array("i", [1])
    end = time.monotonic() + 60
    while unread[0] and time.monotonic() < end:
        time.sleep(0.01)
        fcntl.ioctl(pipe, termios.FIONREAD, unread)
    assert not unread[0]


# As build.sh, which rebuilds dist if anything has changed; here that is always so.
_BUILD = """\
set -eu
cd "$(dirname "$0")/.."
mkdir .work/build
rm -rf dist
mkdir dist
cp -R '{built}' dist/docker-credential-ecrx
sleep 0.2
rmdir .work/build
"""
_REINSTALL = """
import subprocess, sys
for _ in range(20):
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print("20 installed")
"""
