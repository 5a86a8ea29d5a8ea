"""The program without a home, disk space, streams or time, or with unusual ones."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from faults.helpers import (
    FETCH,
    LIMIT_SECONDS,
    Aws,
    Held,
    World,
    in_shell,
    link,
    result_of,
    running,
    timed,
    unshared,
)

from docker_credential_ecrx.system.deadline import ASKING_SECONDS
from fakes import faults
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, Home, Result
from support.users import another_user

ELSEWHERE = HOST.replace("us-east-1", "eu-west-1")
NO_SERVER = "no credentials server URL\n"
UNWRITTEN = "docker-credential-ecrx: cannot write the reply: Bad file descriptor\n"
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
NO_TEMPORARY = (
    'for place in /tmp /var/tmp /dev/shm "$HOME"; do'
    ' mount --bind "$place" "$place" && mount -o remount,bind,ro "$place" || exit 9; done;'
    ' cd /proc && unset TMPDIR && exec "$get" get'
)
# A full disk with what an earlier get left there; in the end stdout has the index.
FULL_DISK = (
    'mount -t tmpfs -o size=256k tmpfs "$1" && cp -r "$2" "$1/ecrx" && cat /dev/zero >"$1/fill" 2>/dev/null;'
    ' echo more 2>/dev/null >"$1/more" && exit 9; export XDG_STATE_HOME="$1" TMPDIR="$1"; shift 2;'
    ' for host; do echo "$host" | "$get" get >/dev/null || exit 8; done; cat "$XDG_STATE_HOME/ecrx/ledger.json"'
)
# The program, with a time limit of three seconds.
IMPATIENT = """\
import sys
from docker_credential_ecrx import __main__
from docker_credential_ecrx.protocols import reply
reply.LIMIT_SECONDS = 3.0
sys.exit(__main__.main())
"""
CLOSED = {
    "<&-": Result(1, NO_SERVER, NO_SERVER),
    ">&-": Result(1, "", UNWRITTEN),
    "<&- >&-": Result(1, "", NO_SERVER + UNWRITTEN),
    "<&- 2>&-": Result(1, NO_SERVER, ""),
    ">&- 2>&-": Result(1, "", ""),
    "<&- >&- 2>&-": Result(1, "", ""),
}


def impatient_get(home: Home) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", IMPATIENT, "get"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=home.env)


@pytest.fixture
def homeless(world: World) -> World:
    """Return a user whose AWS files are named by the environment, and who has no HOME."""
    folder = world.home.folder
    world.home.env |= {
        "AWS_CONFIG_FILE": str(folder / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / ".aws/credentials"),
    }
    del world.home.env["HOME"]
    return world


class TestHome:
    @pytest.mark.parametrize("value", [None, "", "/nonexistent", "/dev/null", "relative"])
    def test_missing_does_not_prevent_an_answer(self, homeless: World, value: str | None, tmp_path: Path) -> None:
        home, elsewhere = homeless.home, tmp_path / "elsewhere"
        elsewhere.mkdir()
        home.env |= {} if value is None else {"HOME": value}
        if not value:  # then it is the user's own home, not the test's
            home.env |= {name: str(home.folder / name) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        argv0 = link(home, "secondary").name

        one, other = (home.run("get", stdin=HOST, argv0=argv0, cwd=elsewhere) for _ in range(2))

        assert (one.secret, "") == (other.secret, one.stderr)
        assert [] == list(elsewhere.iterdir())

    def test_of_a_user_without_a_name_works(self, homeless: World) -> None:
        with another_user() as prefix:
            one, other = (in_shell(homeless.home, 'exec "$get" get', prefix=prefix) for _ in range(2))

        assert (one.secret, "") == (other.secret, one.stderr)

    def test_read_only_does_not_prevent_an_answer(self, world: World) -> None:
        prefix = [*unshared("--mount"), "sh", "-c", READ_ONLY, "sh", world.home.folder]

        one, other = (in_shell(world.home, 'exec "$get" get', prefix=prefix) for _ in range(2))

        assert (one.secret, "") == (other.secret, one.stderr)

    @pytest.mark.parametrize("name", ["hö me", "new\nline", "'\"$(id)`", "-n"])
    def test_may_have_any_name(
        self, tmp_path: Path, program: Path, aws: Aws, kernel: dict[str, str], name: str
    ) -> None:
        home = Home(tmp_path / name, program, aws)
        home.add_role_profile()

        assert home.get(env=kernel).secret == home.get(env=kernel).secret
        assert [".aws", ".local", "bin", "tmp"] == sorted(path.name for path in home.folder.iterdir())
        assert [name] == [path.name for path in tmp_path.iterdir()]


class TestDisk:
    def test_full_prevents_no_answer_and_loses_nothing(self, world: World) -> None:
        prefix, old, new = unshared("--mount"), world.home.folder / ".local/state/ecrx", world.home.folder / "new"
        new.mkdir()
        world.home.get()
        index = (old / "ledger.json").read_text()

        found = in_shell(world.home, FULL_DISK, new, old, OTHER_HOST, ELSEWHERE, ELSEWHERE, prefix=prefix)

        assert (0, index) == (found.status, found.stdout)

    def test_without_temporary_folder_works(self, world: World) -> None:
        assert in_shell(world.home, NO_TEMPORARY, prefix=unshared("--mount")).secret

    def test_files_are_private_with_an_open_umask(self, world: World, secret_service: dict[str, str]) -> None:
        world.home.env |= secret_service
        store = '{"ServerURL":"registry.example","Username":"me","Secret":"word"}'
        assert in_shell(world.home, 'umask 000; exec "$get" get').secret
        assert 0 == in_shell(world.home, f"umask 000; echo '{store}' | \"$get\" store").status

        folder = world.home.folder / ".local/state/ecrx"
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}
        assert {name: 0o700 if name == "ecrx" else 0o600 for name in modes} == modes
        assert {"ecrx", "ledger.json"} < modes.keys()


class TestStreams:
    @pytest.mark.parametrize(("closed", "expected"), CLOSED.items(), ids=CLOSED)
    def test_closed_are_ignored_and_others_still_report(self, world: World, closed: str, expected: Result) -> None:
        assert expected == in_shell(world.home, f'exec "$get" get {closed}')

    def test_unread_stderr_does_not_prevent_an_answer(self, world: World) -> None:
        assert in_shell(world.home, 'exec "$get" get 2>&-').secret

    def test_endless_stdin_is_given_up(self, home: Home) -> None:
        with impatient_get(home) as get:
            assert get.stdout is not None
            said = get.stdout.read().decode()

        line = "docker-credential-ecrx: get did not finish within 3 seconds; close its standard input\n"
        assert (1, line) == (get.returncode, said)

    @in_one_form
    def test_finished_stdin_is_not_blamed_for_another_hang(self, world: World) -> None:
        world.aws.fail(FETCH, faults.hanging)
        world.home.env["AWS_PROFILE"] = "secondary"
        with impatient_get(world.home) as get:
            said, _ = get.communicate(HOST.encode())

        message = "get did not finish within 3 seconds; run it with ECRX_LOG=debug to see where it stops"
        line = f"docker-credential-ecrx: {message}\n"
        assert (1, line) == (get.returncode, said.decode())

    @pytest.mark.parametrize(("fault", "says"), [(None, 1), (faults.forbidden, 2)], ids=["answer", "failure"])
    def test_broken_pipe_ends_with_an_error_line(self, world: World, fault: faults.Fault | None, says: int) -> None:
        if fault is not None:
            world.aws.fail(FETCH, fault)
        reader, writer = os.pipe()
        os.close(reader)

        done = subprocess.run(
            [link(world.home, "secondary"), "get"],
            input=HOST.encode(),
            stdout=writer,
            stderr=subprocess.PIPE,
            env=world.home.env,
            check=False,
        )

        os.close(writer)
        assert (1, says) == (done.returncode, done.stderr.count(b"\n"))


class TestSignal:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_ends_at_once_quietly_and_leaves_no_lock(self, world: World, number: signal.Signals) -> None:
        held = Held(faults.forbidden)
        world.stack.callback(held.release)
        world.aws.fail(FETCH, held)
        with running(world.home) as get:
            held.reached()
            get.send_signal(number)

            ended, seconds = timed(lambda: result_of(get))

        assert Result(-number, "", "") == ended
        assert seconds < ASKING_SECONDS  # after which it would end without the signal
        locks = [*(world.home.folder / ".local/state/ecrx").glob("*.lock")]
        assert locks
        for lock in locks:
            with lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        world.aws.clear_faults()
        assert world.home.get().secret


@in_one_form
class TestHangingFile:
    @pytest.fixture
    def pipe(self, world: World) -> Iterator[str]:
        """Return a file that never ends."""
        path = world.home.folder / "pipe"
        os.mkfifo(path)
        end = os.open(path, os.O_RDWR)
        yield str(path)
        os.close(end)

    @pytest.mark.parametrize(
        ("variable", "settings"),
        [
            ("ECRX_CONFIG", {}),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", {"AWS_ROLE_ARN": "arn:aws:iam::222222222222:role/puller"}),
        ],
    )
    def test_delays_nobody_for_long_and_is_named(
        self, world: World, pipe: str, variable: str, settings: Mapping[str, str]
    ) -> None:
        world.home.env["AWS_PROFILE"] = "secondary"
        process = subprocess.Popen(
            [world.home.program, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=world.home.env | {variable: pipe, **settings},
        )
        with process:
            try:
                said, _ = process.communicate(HOST.encode(), timeout=LIMIT_SECONDS)
            finally:
                process.kill()

        assert (1, 1, True) == (process.returncode, said.count(b"\n"), f" {pipe}".encode() in said)
