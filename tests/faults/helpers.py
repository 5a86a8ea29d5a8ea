"""What the tests of faults share: an AWS that knows its own secrets, and programs that run beside a test."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes.faults import Fault, FaultyAws, late
from support import need
from support.aws_parts import Sessions
from support.home import HOST, NOT_FOUND, ROLE, Home, Result
from support.secrets import forms_of
from support.users import another_user

ASSUME, FETCH = "AssumeRole", "GetAuthorizationToken"
# What a failure's line says of the first call.
ASSUMING = f"{ASSUME} of {ROLE}"
FAKE = "127.0.0.1"
# A get ends within that, whatever hangs (testcontainers-java gives up after 30).
LIMIT_SECONDS = 25.0
# What stands for secrets that are not the fake AWS's.
PASSWORD = "hunter2"
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.005
# Makes the token in a keyring older, and gives it the identifier of another boot if the machine restarted since.
_AGE = """\
import sys
from docker_credential_ecrx import keyrings
from docker_credential_ecrx.store import cached_token
name, keyring_name, hours, boot, paused = sys.argv[1:]
keyring = keyrings.for_tokens(keyring_name)
token = cached_token.load_or_none(name, keyring)
seconds, issued = float(hours) * 3600, token.issued_at
utc = issued.utc - seconds - float(paused) * 3600
moment = cached_token.ClockReading(utc, boot or issued.boot, issued.uptime - seconds)
changed = cached_token.Token(token.password, moment, token.lifetime, token.refresh_after)
keyring.set(name, cached_token.to_record(name, changed), 3600)
"""


class Aws(FaultyAws, Sessions):
    """AWS with faults, which can say what nobody may see."""

    def secrets(self) -> set[str]:
        """Return every secret key, session token and password that there is."""
        with self._lock:
            keys = [principal.keys for principal in self._principals.values()]
            passwords = list(self.issued)
        texts = [key.secret_access_key for key in keys] + [key.session_token for key in keys if key.session_token]
        return {*texts, *passwords}

    def told(self, *texts: str | bytes) -> list[str]:
        """Return the beginnings of the secrets that ``texts`` hold in any form."""
        whole = b"\n".join(text.encode() if isinstance(text, str) else text for text in texts)
        return [secret[:6] for secret in self.secrets() if any(form in whole for form in forms_of(secret))]


class World(NamedTuple):
    """A user who has a role profile ``secondary``; ``stack`` ends what a fault starts."""

    home: Home
    aws: Aws
    stack: ExitStack

    def set_profile(self, **settings: str) -> None:
        """Let AWS's config file say nothing else of the profile ``secondary``."""
        (self.home.folder / ".aws" / "config").unlink()
        self.home.add_profile("secondary", **settings)

    def hold_token(self) -> "Held":
        """Return what keeps ECR's answers back from now on, which then have a token."""
        held = Held(late(0))
        self.stack.callback(held.release)
        self.aws.fail(FETCH, held)
        return held


class Held:
    """A fault that keeps an answer back until ``release`` is called, and then gives that of another fault."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._reached = threading.Semaphore(0)
        self._released = threading.Event()

    def __call__(self, answer: HttpResponse) -> HttpResponse:
        self._reached.release()
        self._released.wait(_PATIENCE_SECONDS)
        return self._fault(answer)

    def reached(self) -> None:
        """Return once somebody waits for the answer."""
        assert self._reached.acquire(timeout=_PATIENCE_SECONDS)

    def release(self) -> None:
        """Give all answers that are held back, and those to come."""
        self._released.set()


# Listens at an address of D-Bus, and prints all that it is sent once its stdin ends.
_LISTEN = """\
import os, select, socket, sys
kind, _, name = sys.argv[1].removeprefix("unix:").partition("=")
listener = socket.socket(socket.AF_UNIX)
listener.bind(("\\0" if kind == "abstract" else "") + name)
if kind == "path":
    os.chmod(name, 0o777)
listener.listen()
print("ready", flush=True)
heard = [listener, sys.stdin]
while (found := select.select(heard, [], [])[0]) != [sys.stdin]:
    for one in found:
        if one is listener:
            heard.append(listener.accept()[0])
        elif one is not sys.stdin:
            part = one.recv(1 << 16)
            os.write(1, part)
            if not part:
                heard.remove(one)
"""


@contextmanager
def server(answer: bytes | None) -> Iterator[str]:
    """Say ``answer`` to whoever calls, or accept and never say a word; yield host and port."""
    accepted: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):  # the listener is shut down in the end
            while True:
                accepted.append(listener.accept()[0])
                if answer is not None:
                    accepted[-1].recv(1 << 16)
                    accepted[-1].sendall(answer)
                    accepted[-1].shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in accepted:
                connection.close()


class Timed(NamedTuple):
    """How the program answered, and after how many seconds."""

    result: Result
    seconds: float


def timed(call: Callable[[], Result]) -> Timed:
    """Return what ``call`` returns and how long that took."""
    started = time.monotonic()
    result = call()
    return Timed(result, time.monotonic() - started)


def at_once(calls: Sequence[Callable[[], Result]]) -> list[Timed]:
    """Make all calls at the same time."""
    gate = threading.Barrier(len(calls))

    def call(one: Callable[[], Result]) -> Timed:
        gate.wait(_PATIENCE_SECONDS)
        return timed(one)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def herd(home: Home, count: int, env: Mapping[str, str]) -> list[Timed]:
    """Return how ``count`` processes answer that are asked at once."""
    link(home, "secondary")
    return at_once([partial(home.get, env=env)] * count)


def refusal(home: Home, aws: Aws, host: str = HOST, profile: str | None = "secondary") -> str:
    """Return what failed and what to do, as a ``get`` says in time, once on each stream, and without a secret.

    Another one, which goes to AWS through botocore and logs what it does, says the same.
    """
    if profile is not None:
        link(home, profile)
    # Without a keyring it does not wait for the other.
    other = {"ECRX_LOG": "debug", "ECRX_KEYRING": "none", "ECRX_DIRECT": "off"}
    quiet, loud = at_once([lambda: home.get(host, profile=profile), lambda: home.get(host, profile=profile, env=other)])
    line = quiet.result.stdout
    assert (1, line, 1) == (quiet.result.status, quiet.result.stderr, line.count("\n"))
    assert (1, line) == loud.result[:2], (quiet, loud)
    *before, last = loud.result.stderr.splitlines(keepends=True)
    assert (line, {"docker-credential-ecrx: debug:"}) == (last, {" ".join(text.split()[:2]) for text in before})
    assert NOT_FOUND.strip() not in line
    told = [quiet.result.stdout, quiet.result.stderr, loud.result.stdout, loud.result.stderr]
    assert [] == aws.told(*told)
    assert PASSWORD not in "".join(told)
    assert max(quiet.seconds, loud.seconds) < LIMIT_SECONDS
    beginning = f"docker-credential-ecrx: no token for {host} with "
    assert line.startswith(beginning)
    return line.removeprefix(beginning).rstrip("\n")


def link(home: Home, profile: str) -> Path:
    """Return the program's link for a profile, made if need be."""
    path = home.bin / f"docker-credential-ecrx-{profile}"
    return path if path.is_symlink() else home.link(path.name)


@contextmanager
def running(
    home: Home,
    *,
    host: str = HOST,
    prefix: Sequence[str | Path] = (),
    env: Mapping[str, str] | None = None,
    profile: str | None = "secondary",
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a ``get`` through the link of ``profile`` beside the test, and kill it in the end."""
    process = subprocess.Popen(
        [*prefix, link(home, profile) if profile else home.program, "get"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=home.env | dict(env or {}),
    )
    with process:
        assert process.stdin is not None
        process.stdin.write(host.encode())
        process.stdin.close()
        process.stdin = None
        try:
            yield process
        finally:
            process.kill()


def waits_for_lock(process: subprocess.Popen[bytes]) -> None:
    """Return once a ``get`` that logs for debugging is about to take the lock."""
    _logs(process, b": using ")


def loads_botocore(process: subprocess.Popen[bytes]) -> None:
    """Return once a ``get`` that logs for debugging begins to load what asks AWS."""
    _logs(process, b"asking AWS")


def _logs(process: subprocess.Popen[bytes], words: bytes) -> None:
    assert process.stderr is not None
    while words not in process.stderr.readline():
        assert process.poll() is None


def holds_lock(process: subprocess.Popen[bytes]) -> None:
    """Return once the process holds a lock."""
    pause = threading.Event()
    while not re.search(rf"FLOCK +ADVISORY +WRITE {process.pid} ", Path("/proc/locks").read_text()):
        assert process.poll() is None
        pause.wait(_POLL_SECONDS)


def result_of(process: subprocess.Popen[bytes]) -> Result:
    """Wait for the program's end, and return how it answered."""
    stdout, stderr = process.communicate(timeout=_PATIENCE_SECONDS)
    return Result(process.returncode, stdout.decode(), stderr.decode())


def age(home: Home, keyring: Mapping[str, str], hours: float, boot: str = "", paused: float = 0.0) -> None:
    """Make the one token of ``home`` so much older; ``boot`` names another boot in which it was issued.

    For ``paused`` hours more the machine stood still, and the boot's clock with it.
    """
    entries = json.loads((home.folder / ".local/state/ecrx/ledger.json").read_text())["entries"]
    (name,) = (name for name in entries if name.startswith("token:"))
    command = [sys.executable, "-c", _AGE, name, keyring["ECRX_KEYRING"], str(hours), boot, str(paused)]
    subprocess.run(command, env=home.env | dict(keyring), check=True)


@contextmanager
def foreign_bus(address: str) -> Iterator[Callable[[], bytes]]:
    """Let another user listen at ``address``, as a session bus would; yield what returns all that was sent there."""
    with another_user() as prefix:
        command = [*prefix, sys.executable, "-c", _LISTEN, address]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bus:
            assert bus.stdout is not None
            assert b"ready\n" == bus.stdout.readline()
            yield lambda: bus.communicate(b"", timeout=_PATIENCE_SECONDS)[0]


def unshared(*namespaces: str) -> list[str | Path]:
    """Return the beginning of a command that has those namespaces for itself."""
    command: list[str | Path] = [need.command("unshare"), *namespaces]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        need.missing(f"root, for unshare {' '.join(namespaces)},")
    return command


def in_shell(home: Home, script: str, *arguments: str | Path, prefix: Sequence[str | Path] = ()) -> Result:
    """Return how a shell answers that runs ``script``, in which $get is the program's link and stdin names a host."""
    done = subprocess.run(
        [*prefix, "sh", "-c", script, "sh", *arguments],
        input=HOST.encode(),
        capture_output=True,
        env=home.env | {"get": str(link(home, "secondary"))},
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())
