"""What is done with the program, and what each answer must be while others do the same, and much goes wrong."""

import itertools
import json
import random
import secrets
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from faults.helpers import Aws
from soak.model import Passwords, Value, Write
from soak.weather import Weather

from docker_credential_ecrx.ecr.registry import Registry
from support.home import NOT_FOUND, Home, Result

ROLES = {
    "a": "arn:aws:iam::222222222222:role/puller",
    "b": "arn:aws:iam::444444444444:role/puller",
    "c": "arn:aws:iam::222222222222:role/pusher",
}
REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-2"]
HOSTS = [
    f"{account}.dkr.ecr.{region}.amazonaws.com" for account in ("111111111111", "333333333333") for region in REGIONS
]
SERVERS = ["registry.example", "https://index.docker.io/v1/", "localhost:5000", "ghcr.io", "registry.example/team"]
PASSWORD = "hunter2:"
# A get may have waited that long for the outcome of another that began in worse weather.
_PATIENCE_SECONDS = 30.0
# What a get says on a busy machine in good weather: 16 at once load the AWS SDK, or ask an AWS that is in this process.
_SLOW = ("which left too little time", " did not respond within 9 seconds to ")
_MOST_EXPIRED_SECONDS = 2.0  # AWS's Date has no fractions, and a client takes some time to say what it has


class Soak:
    """One home with many programs at once.

    ``done`` counts the operations and ``spoilt`` what went wrong; ``said`` has all in which there may be no secret.
    """

    def __init__(
        self, home: Home, aws: Aws, weather: Weather, forms: Sequence[str], faulty: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.done: Counter[str] = Counter()
        self.spoilt: Counter[str] = Counter()
        self.said: list[str] = []
        self.secrets: set[str] = set()
        self.passwords = Passwords(SERVERS)
        self._home, self._aws, self._weather, self._forms, self._faulty = home, aws, weather, forms, faulty
        self._logins: defaultdict[str, set[str]] = defaultdict(set)
        self._pending: defaultdict[str, list[Value]] = defaultdict(list)
        self._numbers = itertools.count()
        self._is_over = threading.Event()
        self._lock = threading.Lock()

    def work(self, count: int, seed: int) -> None:
        """Do ``count`` operations, chosen by ``seed``."""
        choice = random.Random(seed)
        operations: dict[Callable[[random.Random], None], int] = {
            self.get: 44,
            self.get_password: 14,
            self.store_password: 10,
            self.erase_password: 3,
            self.log_in: 3,
            self.erase: 5,
            self.list: 5,
            self.status: 3,
            self.forget: 5,
            self.kill: 8,
        }
        for _ in range(count):
            if self._is_over.is_set():
                break
            (operation,) = choice.choices(list(operations), list(operations.values()))
            self._weather.begin()
            try:
                operation(choice)
            except BaseException:
                self._is_over.set()  # one wrong answer is enough
                raise
            with self._lock:
                self.done[operation.__name__] += 1
                if (whole := self.done.total()) % 500 == 0:
                    print(f"{whole:,} operations", flush=True)

    def get(self, choice: random.Random, *, is_calm: bool = False) -> None:
        """Ask for a token: it is one of the right identity and region, or what ``docker login`` brought, and alive."""
        profile, host = choice.choice(list(ROLES)), choice.choice(HOSTS)
        env = {} if is_calm else self._trouble(choice, "clock", "bus")
        began = time.time()
        started = time.monotonic()
        found = self._run(choice, profile, "get", host, env, tells=False)
        if found.status == 0:
            self.check_token(profile, host, found, began)
            return
        is_late = any(slow in found.stdout for slow in _SLOW)
        is_of_another = "the system clock is 30 h" in found.stdout  # whose clock is wrong, and who asked AWS for both
        was_bad = self._weather.was_bad_since(started - _PATIENCE_SECONDS)
        assert is_late or is_of_another or was_bad or "LD_PRELOAD" in env, found
        assert not is_calm
        if "LD_PRELOAD" in env and "unexpected OSError" in found.stdout:
            return  # libfaketime does not let Python sleep, which whoever waits for another does
        assert (1, found.stderr.splitlines()[-1:]) == (found.status, found.stdout.splitlines()), found
        assert found.stdout.startswith("docker-credential-ecrx: no token for "), found
        assert f" with profile {profile}: " in found.stdout, found

    def check_token(self, profile: str, host: str, found: Result, began: float) -> None:
        """Look at the answer for ``host``."""
        answer = found.answer
        assert (host, "AWS") == (answer["ServerURL"], answer["Username"])
        if answer["Secret"] in self._logins[f"{host} {profile}"] | self._logins[host]:
            return
        issued, registry = self._aws.issued[answer["Secret"]], Registry.parse(host)
        assert registry is not None
        account, name = ROLES[profile].split(":")[4], ROLES[profile].rpartition("/")[2]
        assert issued.principal.startswith(f"arn:aws:sts::{account}:assumed-role/{name}/"), issued
        assert (registry.region, registry.service) == (issued.region, issued.service)
        assert issued.expires > began - _MOST_EXPIRED_SECONDS

    def get_password(self, choice: random.Random) -> None:
        """Ask for a password: it is the last that was stored, or one that is being stored."""
        server, env = choice.choice(SERVERS), self._trouble(choice, "bus")
        with self._lock:
            before = list(self._pending[server])
        began = time.monotonic()
        found = self._run(choice, "", "get", server, env, tells=False)
        with self._lock:
            pending = before + self._pending[server]
        possible = self.passwords.possible(server, began, time.monotonic(), pending)
        if found.status == 0:
            answer = found.answer
            assert (answer["Username"], answer["Secret"]) in possible, server
        elif found.stdout == NOT_FOUND:
            assert None in possible or env, server
        else:
            assert env, found

    def store_password(self, choice: random.Random) -> None:
        """Store a password that nobody ever stored."""
        server, env = choice.choice(SERVERS), self._trouble(choice, "bus")
        number = next(self._numbers)
        value = (f"user{number}", f"{PASSWORD}{number}:{secrets.token_urlsafe(24)}")
        request = json.dumps({"ServerURL": server, "Username": value[0], "Secret": value[1]})
        self.secrets.add(value[1])
        if env:
            assert 1 == self._run(choice, "", "store", request, env).status
        else:
            self._write(server, value, lambda: self._run(choice, "", "store", request, env))

    def erase_password(self, choice: random.Random) -> None:
        """Erase a password."""
        server, env = choice.choice(SERVERS), self._trouble(choice, "bus")
        if env:
            assert 0 == self._run(choice, "", "erase", server, env).status
        else:
            self._write(server, None, lambda: self._run(choice, "", "erase", server, env))

    def log_in(self, choice: random.Random) -> None:
        """Store for a registry of ECR what ``docker login`` would: a token that somebody got."""
        profile, host = choice.choice(["", *ROLES]), choice.choice(HOSTS)
        got = self._run(
            choice, choice.choice(list(ROLES)), "get", choice.choice(HOSTS), {"ECRX_KEYRING": "none"}, tells=False
        )
        if got.status == 0:
            with self._lock:
                self._logins[f"{host} {profile}".strip()].add(got.secret)
            request = json.dumps({"ServerURL": host, "Username": "AWS", "Secret": got.secret})
            found = self._run(choice, profile, "store", request, {})
            assert found.status == 0 or "has expired" in found.stdout, found

    def erase(self, choice: random.Random) -> None:
        """Erase what is stored for a registry of ECR."""
        assert (0, "") == self._run(choice, choice.choice(["", *ROLES]), "erase", choice.choice(HOSTS), {})[:2]

    def list(self, choice: random.Random) -> None:
        """List what ``get`` answers."""
        found = self._run(choice, choice.choice(["", *ROLES]), "list", "", self._trouble(choice, "bus"))
        assert 0 == found.status, found
        assert found.answer.keys() <= {*HOSTS, *SERVERS}
        assert {"AWS"} >= {user for server, user in found.answer.items() if server in HOSTS}

    def status(self, choice: random.Random) -> None:
        """Look at what is stored."""
        env = self._trouble(choice, "bus")
        found = self._run(choice, "", "status --json", "", env)
        # A password that another stores or erases just now is in the index, and not in its keyring.
        is_amiss = bool(env) or any(item["state"] == "gone" for item in found.answer["passwords"])
        assert int(is_amiss) == found.status, found
        assert {"tokens", "passwords"} <= found.answer.keys()

    def forget(self, choice: random.Random) -> None:
        """Delete the tokens of a registry."""
        found = self._run(choice, choice.choice(list(ROLES)), f"forget {choice.choice(HOSTS)}", "", {})
        assert 0 == found.status, found

    def kill(self, choice: random.Random) -> None:
        """Kill a get wherever it is: before it holds the lock, while it does, or when it stores what it got."""
        link = self._link(choice, choice.choice(list(ROLES)))
        with subprocess.Popen(
            [link, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._home.env,
        ) as process:
            assert process.stdin is not None
            process.stdin.write(choice.choice(HOSTS).encode())
            process.stdin.close()
            try:
                process.wait(choice.uniform(0.05, 0.8))
            except subprocess.TimeoutExpired:
                process.kill()
                self.spoilt["kill -9"] += 1

    def _write(self, server: str, value: Value, call: Callable[[], Result]) -> None:
        """Note what is written and when."""
        with self._lock:
            self._pending[server].append(value)
        began = time.monotonic()
        found = call()
        assert (0, "", "") == found._replace(stderr=""), found
        self.passwords.wrote(server, Write(value, began, time.monotonic()))
        with self._lock:
            self._pending[server].remove(value)

    def _trouble(self, choice: random.Random, *kinds: str) -> dict[str, str]:
        """Return the environment of one operation, which is now and then a bad one."""
        names = [name for name in self._faulty if name.startswith(kinds)]
        if choice.random() > 0.06:
            return {}
        # One that hangs keeps its worker for seconds.
        name = choice.choices(names, [1 if "hung" in name else 5 for name in names])[0]
        with self._lock:
            self.spoilt[name] += 1
        return dict(self._faulty[name])

    def _link(self, choice: random.Random, profile: str) -> Path:
        return self._home.bin / choice.choice(self._forms) / f"docker-credential-ecrx{profile and f'-{profile}'}"

    def _run(  # noqa: PLR0913 - a program, and what it gets
        self, choice: random.Random, profile: str, verb: str, stdin: str, env: Mapping[str, str], *, tells: bool = True
    ) -> Result:
        """Run the program; ``tells`` says that its answer is no secret."""
        loud = {"ECRX_LOG": "debug"} if choice.random() < 0.3 else {}
        way = {"ECRX_DIRECT": choice.choice(["on", "off"])}  # to AWS
        link = self._link(choice, profile).relative_to(self._home.bin)
        found = self._home.run(*verb.split(), stdin=stdin, argv0=str(link), env={**env, **loud, **way})
        assert "Traceback" not in found.stderr
        self.said.extend([found.stderr, found.stdout if tells or found.status else ""])
        return found
