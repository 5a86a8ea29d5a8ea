"""A cached ``get`` stays fast: this file lists everything that it imports, reads and asks for.

The time that it takes depends on the machine; this list does not.
"""

import marshal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cached_get
import first_get
import pytest

from fakes import certificates
from fakes.aws import FakeAws
from support import need
from support.home import HOST, Home
from support.trace import Deeds, Modules, deeds_of

_PACKAGE = "docker_credential_ecrx"
_BOOT = "/proc/sys/kernel/random/boot_id"  # the boot clock determines a token's age

# The frozen program's start. The wheel's start depends on the interpreter, except for the package's two modules.
_START = {"encodings", "encodings.aliases", "encodings.utf_8"}
# After the start. The standard library is absent: the interpreter already has the little that is needed.
_EVERY_GET = {*cached_get.full(*cached_get.EVERY_GET)}
_OF_THE_KEYRING = {keyring: {*cached_get.full(*names)} for keyring, names in cached_get.KEYRINGS.items()}
# Modules in C, each of which may also be built into the interpreter.
_IN_C = {
    "_blake2",  # the identity's fingerprint; hashlib would load OpenSSL
    "_ctypes",  # the C library; ctypes is slower to import
    "binascii",  # a record's checksum
}
_IN_C_OF_THE_KEYRING = {
    "kernel": set[str](),
    "secret-service": {"_socket"},  # the bus; socket is slower to import
}
_IN_C_OF_A_FIRST_GET = _IN_C | {"_hashlib", "_json", "_socket", "_ssl", "fcntl", "itertools", "pyexpat"}
_CONFIGURATIONS = {
    "a pattern": """\
[[registry]]
match   = "111111111111.dkr.ecr.*.amazonaws.com"
profile = "secondary"
""",
    "every other key": """\
[security]
accounts = ["111111111111", "222222222222"]

[[registry]]
account          = "222222222222"
region           = "eu-central-1"
role_arn         = "arn:aws:iam::222222222222:role/pull"
source_profile   = "secondary"
external_id      = "an-id"
duration_seconds = 3600

[[registry]]
account = "111111111111"
region  = "us-east-1"
profile = "secondary"
""",
}
_OWN_HOST = "localhost:4566"
_OWN_HOSTS = f"""\
[[registry]]
match    = "{_OWN_HOST}"
registry = "{HOST}"
profile  = "secondary"
"""
_OF_THE_CONFIGURATION = {*cached_get.full(*cached_get.CONFIGURATION)}
# The calls that find the user's keyring, find a key in it, and read the key.
_ASKED_OF_THE_KERNEL = {
    "kernel": {"KEYCTL_GET_PERSISTENT", "KEYCTL_LINK", "KEYCTL_SEARCH", "KEYCTL_READ"},
    "secret-service": set[str](),
}


_CHECKS_OF_A_HOST = ("identity.rules", "identity.own_hosts")
# What a first get imports besides, each from a file of its own.
_IN_FILES = {"kernel": ["system.shortage"], "secret-service": ["system.shortage", "keyrings.gnome"]}


class Get:
    """What a ``get`` does, after a ``prefix`` of the command; ``start`` is what the program does for every verb."""

    def __init__(
        self,
        home: Home,
        keyring: dict[str, str],
        argv0: str = "docker-credential-ecrx-secondary",
        host: str = HOST,
        prefix: Sequence[str] = (),
    ) -> None:
        self.home = home
        self.keyring = keyring["ECRX_KEYRING"]
        env = home.env | keyring
        self.modules = Modules(home.program, home.env)
        home.run("version")  # writes the bytecode that an editable install may lack
        _, self.start = deeds_of([*prefix, home.bin / argv0, "version"], "", env)
        said, self.deeds = deeds_of([*prefix, home.bin / argv0, "get"], host, env)
        assert '"Username":"AWS"' in said

    def imported(self) -> set[str]:
        """Return the modules that it imports after the start."""
        return self.modules.of(self.deeds) - self.modules.of(self.start)

    def read(self) -> list[str]:
        """Return the files that it reads after the start, with repetitions, without modules and libraries."""
        return _more(self.modules.beside(self.deeds), self.modules.beside(self.start))

    def folders(self) -> set[str]:
        """Return the folders that it lists after the start, without those in which it finds a module."""
        return {*self.deeds.folders} - {*self.start.folders} - self.modules.folders_of(self.deeds)


@pytest.fixture
def hit(home: Home, keyring: dict[str, str]) -> Get:
    """Return what a ``get`` does that finds its token in the keyring."""
    home.add_role_profile()
    home.get(env=keyring)
    home.get(env=keyring)
    home.aws.calls.clear()
    get = Get(home, keyring)
    assert [] == home.aws.calls
    return get


@pytest.fixture(params=_CONFIGURATIONS)
def mapped_hit(home: Home, kernel: dict[str, str], request: pytest.FixtureRequest) -> Get:
    """Return what a cached ``get`` does for an identity that the configuration file selects."""
    home.add_role_profile()
    home.configure(_CONFIGURATIONS[request.param])
    home.get(profile=None, env=kernel)
    home.get(profile=None, env=kernel)
    home.aws.calls.clear()
    get = Get(home, kernel, "docker-credential-ecrx")
    assert [] == home.aws.calls
    return get


@pytest.fixture
def rootless_hit(home: Home, kernel: dict[str, str]) -> Get:
    """Return what a ``get`` in podman's user namespace does that finds its token in the user's keyring outside."""
    home.add_role_profile()
    home.get(env=kernel)
    home.get(env=kernel)
    home.aws.calls.clear()
    podman = kernel | {"_CONTAINERS_USERNS_CONFIGURED": "done"}
    get = Get(home, podman, prefix=[need.command("unshare"), "--user", "--map-root-user"])
    assert [] == home.aws.calls
    return get


@pytest.fixture
def own_host_hit(home: Home, kernel: dict[str, str]) -> Get:
    """Return what a cached ``get`` does for a host of the user's own."""
    home.add_role_profile()
    home.configure(_OWN_HOSTS)
    home.get(_OWN_HOST, profile=None, env=kernel)
    home.get(_OWN_HOST, profile=None, env=kernel)
    home.aws.calls.clear()
    get = Get(home, kernel, "docker-credential-ecrx", _OWN_HOST)
    assert [] == home.aws.calls
    return get


@pytest.fixture
def miss(home: Home, keyring: dict[str, str]) -> Get:
    """Return what a first ``get`` does with keys from a credential process."""
    keys = home.aws.add_user("222222222222", "process")
    script = home.bin / "give-keys"
    answer = f'{{"Version":1,"AccessKeyId":"{keys[0]}","SecretAccessKey":"{keys[1]}"}}'
    script.write_text(f"#!/bin/sh\necho '{answer}'\n")
    script.chmod(0o700)
    home.add_profile("secondary", credential_process=str(script))
    home.link("docker-credential-ecrx-secondary")
    return Get(home, keyring)


def _more(deeds: list[str], start: list[str]) -> list[str]:
    return sorted((Counter(deeds) - Counter(start)).elements())


def _ours(modules: set[str]) -> set[str]:
    return {module for module in modules if module.split(".")[0] == _PACKAGE}


class TestStart:
    def test_imports_only_the_two_start_modules(self, hit: Get) -> None:
        """The frozen program has no module of the package as a file, so it imports none here."""
        names = set() if hit.modules.are_frozen else {*cached_get.full(*cached_get.START)}

        assert names == _ours(hit.modules.of(hit.start))

    def test_frozen_imports_one_codec_besides(self, hit: Get) -> None:
        assert not hit.modules.are_frozen or hit.modules.of(hit.start) - _IN_C == _START

    def test_frozen_loads_cached_get_from_one_file(self, hit: Get) -> None:
        """The frozen program has all modules that a cached get imports in one file."""
        files = [path for path in hit.start.read if path.endswith("/_internal/cached_get")]

        assert hit.modules.are_frozen == (len(files) == 1)
        for file in files:
            parts = marshal.loads(Path(file).read_bytes())  # noqa: S302 - ours
            assert {*cached_get.modules()} == parts.keys()
            ready = {name for name, (_, code) in parts.items() if not isinstance(code, bytes)}
            assert {*cached_get.full(*cached_get.START, *cached_get.EVERY_GET)} == ready

    def test_writes_no_file_and_connects_nowhere(self, hit: Get) -> None:
        assert ([], [], [], [], []) == _lasting(hit.start)


class TestCachedGet:
    def test_imports_exactly_the_listed_modules(self, hit: Get) -> None:
        names = set() if hit.modules.are_frozen else _EVERY_GET | _OF_THE_KEYRING[hit.keyring]

        assert names == _ours(hit.imported())

    def test_imports_few_c_modules_besides(self, hit: Get) -> None:
        """Besides the listed modules, a cached get imports four or five modules written in C."""
        assert set() == hit.imported() - _ours(hit.imported()) - _IN_C - _IN_C_OF_THE_KEYRING[hit.keyring]

    def test_reads_each_input_file_once(self, hit: Get) -> None:
        """It reads AWS's files, its own configuration and the boot ID once each."""
        files = [".aws/config", ".aws/credentials", ".config/ecrx/config.toml"]

        assert [_BOOT, *(str(hit.home.folder / file) for file in files)] == hit.read()

    def test_opens_no_file_for_writing(self, hit: Get) -> None:
        assert [] == hit.deeds.written

    def test_changes_no_file_or_folder(self, hit: Get) -> None:
        assert [] == hit.deeds.changes

    def test_takes_no_lock(self, hit: Get) -> None:
        assert [] == hit.deeds.locks

    def test_starts_no_process(self, hit: Get) -> None:
        assert [] == _more(hit.deeds.programs, hit.start.programs)
        assert [] == hit.deeds.processes

    def test_lists_only_module_folders(self, hit: Get) -> None:
        assert set() == hit.folders()

    def test_connects_only_to_the_secret_service(self, hit: Get, keyring: dict[str, str]) -> None:
        bus = keyring.get("DBUS_SESSION_BUS_ADDRESS")

        assert ([bus.removeprefix("unix:path=")] if bus else []) == hit.deeds.connected

    def test_only_reads_the_kernel_keyring(self, hit: Get) -> None:
        assert set() == set(hit.deeds.keys) - _ASKED_OF_THE_KERNEL[hit.keyring]


class TestMappedGet:
    def test_imports_two_more_modules(self, mapped_hit: Get) -> None:
        """They read the configuration file that maps the registry to an identity."""
        names = _EVERY_GET | _OF_THE_KEYRING["kernel"] | _OF_THE_CONFIGURATION

        assert (set() if mapped_hit.modules.are_frozen else names) == mapped_hit.imported() - _IN_C

    def test_of_an_own_host_imports_one_more(self, own_host_hit: Get) -> None:
        """It decides what the host stands for; tomllib is not needed for it."""
        names = (
            _EVERY_GET | _OF_THE_KEYRING["kernel"] | _OF_THE_CONFIGURATION | {*cached_get.full(*cached_get.OWN_HOSTS)}
        )

        assert (set() if own_host_hit.modules.are_frozen else names) == own_host_hit.imported() - _IN_C


class TestRootlessGet:
    def test_imports_two_more_modules(self, rootless_hit: Get) -> None:
        """They find the keys outside."""
        names = _EVERY_GET | _OF_THE_KEYRING["kernel"] | {*cached_get.full(*cached_get.OUTSIDE)}

        assert (set() if rootless_hit.modules.are_frozen else names) == rootless_hit.imported() - _IN_C


class TestFirstGet:
    @pytest.fixture
    def home(self, home: Home, tmp_path: Path) -> Iterator[Home]:
        """Return the home of a user who asks AWS with TLS."""
        authority = tmp_path / "authority"
        authority.mkdir()
        issued = certificates.issue(authority, ["localhost"])
        with FakeAws(context=issued.context()) as aws:
            user = Home(tmp_path / "user", home.program, aws)
            url, bundle = aws.url.replace("127.0.0.1", "localhost"), str(issued.authority)
            user.env |= {"AWS_ENDPOINT_URL": url, "AWS_CA_BUNDLE": bundle}
            yield user

    def test_imports_exactly_the_listed_modules(self, home: Home, keyring: dict[str, str]) -> None:
        """None of them is of an SDK, and those of Python's own are in C."""
        home.add_role_profile()
        home.link("docker-credential-ecrx-secondary")

        get = Get(home, keyring)

        names = {name for name in get.imported() if not _is_pythons(name)}
        assert {name for name in get.imported() if _is_pythons(name)} <= _IN_C_OF_A_FIRST_GET
        ours = _EVERY_GET | _OF_THE_KEYRING[get.keyring] | {*cached_get.full(*first_get.OURS, *_CHECKS_OF_A_HOST)}
        if get.modules.are_frozen:
            file = next(Path(path) for path in get.deeds.read if path.endswith("/_internal/first_get"))
            assert {*first_get.modules()} == marshal.loads(file.read_bytes()).keys()  # noqa: S302 - ours
            ours = set()
        assert ours | {*cached_get.full(*_IN_FILES[get.keyring])} == names - {*cached_get.full(*cached_get.OUTSIDE)}


def _is_pythons(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


class TestFirstGetThroughBotocore:
    """A first get does everything that a cached one must not do, so the trace must show it."""

    def test_trace_shows_imports_and_reads(self, miss: Get) -> None:
        """The trace shows the modules that a call to AWS needs."""
        needed = {"botocore.session", "logging", "subprocess"}
        if not miss.modules.are_frozen:
            needed |= {"json", "ssl", f"{_PACKAGE}.aws", f"{_PACKAGE}.store.index"}

        assert set() == needed - miss.imported()
        assert any(file.endswith("botocore/data/endpoints.json") for file in miss.read())

    def test_trace_shows_writes_locks_and_listings(self, miss: Get) -> None:
        state = str(miss.home.folder / ".local" / "state" / "ecrx")

        assert f"{state}/ledger.json.lock" in miss.deeds.written
        changes = {deed.partition("(")[0] for deed in miss.deeds.changes if state in deed}
        assert {"mkdir", "fchmod", "renameat"} <= changes <= {"mkdir", "fchmod", "renameat", "ftruncate", "unlinkat"}
        assert any("LOCK_EX" in lock for lock in miss.deeds.locks)
        assert any(folder.endswith("botocore/data/ecr") for folder in miss.folders())

    def test_trace_shows_process_connection_and_key(self, miss: Get) -> None:
        """The trace shows a process that is started, a connection to AWS and a key that is written."""
        assert str(miss.home.bin / "give-keys") in _more(miss.deeds.programs, miss.start.programs)
        assert [] != miss.deeds.processes
        assert "127.0.0.1" in miss.deeds.connected
        assert (miss.keyring == "kernel") == ("add_key" in miss.deeds.keys)


def _lasting(deeds: Deeds) -> tuple[list[str], ...]:
    return deeds.written, deeds.changes, deeds.locks, deeds.connected, deeds.keys
