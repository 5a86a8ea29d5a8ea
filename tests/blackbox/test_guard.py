"""A cached ``get`` stays as quick as it is: what it imports, reads and asks for is written here, and is all there is.

Time depends on the machine; this does not.
"""

import marshal
from collections import Counter
from pathlib import Path

import cached_get
import pytest

from support.home import HOST, Home
from support.trace import Deeds, Modules, deeds_of

_PACKAGE = "docker_credential_ecrx"
_BOOT = "/proc/sys/kernel/random/boot_id"  # a token's age is told by the clock of the boot

# The frozen program's start. The wheel's is its interpreter's own affair, but for the package's two.
_START = {"encodings", "encodings.aliases", "encodings.utf_8"}
# After the start, and nothing of the standard library, of which the interpreter has the little that is needed in it.
_EVERY_GET = {*cached_get.full(*cached_get.EVERY_GET)}
_OF_THE_KEYRING = {keyring: {*cached_get.full(*names)} for keyring, names in cached_get.KEYRINGS.items()}
# Modules in C, each of which may also be in the interpreter.
_IN_C = {
    "_blake2",  # the identity's fingerprint; hashlib would load OpenSSL
    "_ctypes",  # the C library; ctypes takes longer than the calls
    "binascii",  # a record's checksum
    "resource",  # the limit of core dumps
}
_IN_C_OF_THE_KEYRING = {
    "kernel": set[str](),
    "secret-service": {"_socket"},  # the bus; socket takes longer than to ask it
}
_CONFIGURATION = """\
[[registry]]
match   = "111111111111.dkr.ecr.*.amazonaws.com"
profile = "secondary"
"""
_OF_THE_CONFIGURATION = {*cached_get.full(*cached_get.CONFIGURATION)}
# To find the user's ring, a key in it, and what that keeps.
_ASKED_OF_THE_KERNEL = {
    "kernel": {"KEYCTL_GET_PERSISTENT", "KEYCTL_LINK", "KEYCTL_SEARCH", "KEYCTL_READ"},
    "secret-service": set[str](),
}


class Get:
    """What a ``get`` does; ``start`` is what the program does whatever it is asked."""

    def __init__(self, home: Home, keyring: dict[str, str], argv0: str = "docker-credential-ecrx-secondary") -> None:
        self.home = home
        self.keyring = keyring["ECRX_KEYRING"]
        env = home.env | keyring
        self.modules = Modules(home.program, home.env)
        home.run("version")  # leaves the bytecode that an editable install may lack
        _, self.start = deeds_of([home.bin / argv0, "version"], "", env)
        said, self.deeds = deeds_of([home.bin / argv0, "get"], HOST, env)
        assert '"Username":"AWS"' in said

    def imported(self) -> set[str]:
        """Return the modules that it takes after the start."""
        return self.modules.of(self.deeds) - self.modules.of(self.start)

    def read(self) -> list[str]:
        """Return the files that it reads after the start, modules and libraries aside, as often as it does."""
        return _more(self.modules.beside(self.deeds), self.modules.beside(self.start))

    def folders(self) -> set[str]:
        """Return the folders that it lists after the start, those aside in which it finds a module."""
        return {*self.deeds.folders} - {*self.start.folders} - self.modules.folders_of(self.deeds)


@pytest.fixture
def hit(home: Home, keyring: dict[str, str]) -> Get:
    """Return what a ``get`` does that the keyring answers."""
    home.add_role_profile()
    home.get(env=keyring)
    home.get(env=keyring)
    home.aws.calls.clear()
    get = Get(home, keyring)
    assert [] == home.aws.calls
    return get


@pytest.fixture
def mapped_hit(home: Home, kernel: dict[str, str]) -> Get:
    """Return what a ``get`` does that the keyring answers, for an identity that the configuration file chooses."""
    home.add_role_profile()
    home.configure(_CONFIGURATION)
    home.get(profile=None, env=kernel)
    home.get(profile=None, env=kernel)
    home.aws.calls.clear()
    get = Get(home, kernel, "docker-credential-ecrx")
    assert [] == home.aws.calls
    return get


@pytest.fixture
def miss(home: Home, keyring: dict[str, str]) -> Get:
    """Return what a first ``get`` does, for which a credential process gives the keys."""
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
    def test_takes_two_of_the_programs_modules_if_each_is_a_file(self, hit: Get) -> None:
        names = set() if hit.modules.are_frozen else {*cached_get.full(*cached_get.START)}

        assert names == _ours(hit.modules.of(hit.start))

    def test_of_the_frozen_program_takes_one_codec_beside_them(self, hit: Get) -> None:
        assert not hit.modules.are_frozen or hit.modules.of(hit.start) == _START

    def test_of_the_frozen_program_has_what_a_cached_get_imports_in_one_file(self, hit: Get) -> None:
        files = [path for path in hit.start.read if path.endswith("/_internal/cached_get")]

        assert hit.modules.are_frozen == (len(files) == 1)
        for file in files:
            assert {*cached_get.modules()} == marshal.loads(Path(file).read_bytes()).keys()  # noqa: S302 - ours

    def test_writes_nothing_and_asks_nobody(self, hit: Get) -> None:
        assert ([], [], [], [], []) == _lasting(hit.start)


class TestCachedGet:
    def test_imports_the_written_modules_of_the_program_and_all_of_them(self, hit: Get) -> None:
        names = set() if hit.modules.are_frozen else _EVERY_GET | _OF_THE_KEYRING[hit.keyring]

        assert names == _ours(hit.imported())

    def test_imports_no_other_module_but_four_or_five_in_c(self, hit: Get) -> None:
        assert set() == hit.imported() - _ours(hit.imported()) - _IN_C - _IN_C_OF_THE_KEYRING[hit.keyring]

    def test_reads_aws_files_its_own_configuration_and_the_boots_name_each_once(self, hit: Get) -> None:
        files = [".aws/config", ".aws/credentials", ".config/ecrx/config.toml"]

        assert [_BOOT, *(str(hit.home.folder / file) for file in files)] == hit.read()

    def test_opens_no_file_for_writing(self, hit: Get) -> None:
        assert [] == hit.deeds.written

    def test_changes_no_file_and_no_folder(self, hit: Get) -> None:
        assert [] == hit.deeds.changes

    def test_makes_no_lock(self, hit: Get) -> None:
        assert [] == hit.deeds.locks

    def test_starts_no_other_program(self, hit: Get) -> None:
        assert [] == _more(hit.deeds.programs, hit.start.programs)
        assert [] == hit.deeds.processes

    def test_lists_no_folder_but_those_of_its_modules(self, hit: Get) -> None:
        assert set() == hit.folders()

    def test_calls_nobody_but_the_secret_service(self, hit: Get, keyring: dict[str, str]) -> None:
        bus = keyring.get("DBUS_SESSION_BUS_ADDRESS")

        assert ([bus.removeprefix("unix:path=")] if bus else []) == hit.deeds.connected

    def test_only_reads_the_kernels_keyring(self, hit: Get) -> None:
        assert set() == set(hit.deeds.keys) - _ASKED_OF_THE_KERNEL[hit.keyring]


class TestMappedGet:
    def test_imports_two_more_modules_to_read_the_configuration_file(self, mapped_hit: Get) -> None:
        names = _EVERY_GET | _OF_THE_KEYRING["kernel"] | _OF_THE_CONFIGURATION

        assert (set() if mapped_hit.modules.are_frozen else names) == mapped_hit.imported() - _IN_C


class TestFirstGet:
    """It does all that a cached one must not: the guard would see it."""

    def test_is_seen_to_import_and_to_read_what_asking_aws_takes(self, miss: Get) -> None:
        needed = {
            "botocore.session",
            "json",
            "logging",
            "ssl",
            "subprocess",
            f"{_PACKAGE}.aws",
            f"{_PACKAGE}.store.index",
        }

        assert set() == needed - miss.imported()
        assert any(file.endswith("botocore/data/endpoints.json") for file in miss.read())

    def test_is_seen_to_write_make_locks_and_list_folders(self, miss: Get) -> None:
        state = str(miss.home.folder / ".local" / "state" / "ecrx")

        assert f"{state}/ledger.json.lock" in miss.deeds.written
        changes = {deed.partition("(")[0] for deed in miss.deeds.changes if state in deed}
        assert {"mkdir", "fchmod", "renameat"} <= changes <= {"mkdir", "fchmod", "renameat", "ftruncate", "unlinkat"}
        assert any("LOCK_EX" in lock for lock in miss.deeds.locks)
        assert any(folder.endswith("botocore/data/ecr") for folder in miss.folders())

    def test_is_seen_to_start_a_program_to_call_aws_and_to_keep_a_key(self, miss: Get) -> None:
        assert str(miss.home.bin / "give-keys") in _more(miss.deeds.programs, miss.start.programs)
        assert [] != miss.deeds.processes
        assert "127.0.0.1" in miss.deeds.connected
        assert (miss.keyring == "kernel") == ("add_key" in miss.deeds.keys)


def _lasting(deeds: Deeds) -> tuple[list[str], ...]:
    return deeds.written, deeds.changes, deeds.locks, deeds.connected, deeds.keys
