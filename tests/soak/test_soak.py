"""Thousands of operations, 16 at once, while AWS, the keyring and the clock fail and lock holders are killed."""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from faults.helpers import Aws
from soak.operations import HOSTS, PASSWORD, ROLES, SERVERS, Soak
from soak.weather import Weather

from fakes import busses
from support import keyrings, need
from support.home import NOT_FOUND, Home

# SOAK_OPERATIONS=10000 tests/run tests/soak -s runs that many, and prints what they did.
OPERATIONS = int(os.environ.get("SOAK_OPERATIONS", "240"))
WORKERS = 16
SEED = 7


@pytest.fixture
def home(tmp_path: Path, kernel: dict[str, str], secret_service: dict[str, str]) -> Iterator[tuple[Home, Aws]]:  # noqa: ARG001 - cleans up
    """Return a home with a link for each profile, to the wheel's command and to the frozen program, and its AWS."""
    wheel, frozen = (Path(os.environ.get(f"ECRX_TEST_{form}", "/nonexistent")) for form in ("WHEEL", "FROZEN"))
    if not (wheel.exists() and frozen.exists()):
        need.missing("the program in both its forms, which tests/run makes,")
    with Aws() as aws:
        home = Home(tmp_path / "home", wheel, aws)
        home.env |= secret_service
        for folder, program in (("wheel", wheel), ("frozen", frozen)):
            (home.bin / folder).mkdir()
            for profile in ("", *(f"-{profile}" for profile in ROLES)):
                home.link(f"{folder}/docker-credential-ecrx{profile}", program)
        for profile, role in ROLES.items():
            home.add_role_profile(profile, role, f"base-{profile}")
        yield home, aws


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[Mapping[str, Mapping[str, str]]]:
    """Return the environments in which an operation fails, or has less than the others."""
    clocks = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not clocks:
        need.missing("libfaketime")
    shifted = {"LD_PRELOAD": str(clocks[0]), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with busses.hung(tmp_path / "bus") as hung:
        yield {
            "clock 30 h ahead": shifted | {"FAKETIME": "+30h"},
            "clock 30 h behind": shifted | {"FAKETIME": "-30h"},
            "bus absent": {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent", "ECRX_KEYRING": "secret-service"},
            "bus hung": hung | {"ECRX_KEYRING": "secret-service"},
        }


def test_all_replies_are_right_and_nothing_is_lost(
    home: tuple[Home, Aws], faulty: Mapping[str, Mapping[str, str]]
) -> None:
    """Nothing is left behind either."""
    user, aws = home
    weather = Weather(aws, SEED)
    soak = Soak(user, aws, weather, ["wheel", "frozen"], faulty)
    started = time.monotonic()

    with ThreadPoolExecutor(WORKERS) as pool:
        workers = [pool.submit(soak.work, OPERATIONS // WORKERS, SEED + n) for n in range(WORKERS)]
    for worker in workers:
        worker.result()

    print(f"{sum(soak.done.values()):,} operations in {time.monotonic() - started:.0f} s: {dict(soak.done)}")
    print(f"faults: {weather.injected}, {dict(soak.spoilt)}; {len(aws.issued)} tokens")
    weather.calm()
    nothing_is_lost(user, soak)
    nothing_is_left(user)
    nothing_is_told(user, aws, soak)


def nothing_is_lost(home: Home, soak: Soak) -> None:
    """Check afterwards that stored items exist, that list names them, and that every identity gets its token."""
    assert 0 == home.run("status").status
    listed = home.run("list").answer
    for server in SERVERS:
        found = home.run("get", stdin=server)
        possible = soak.passwords.possible(server, time.monotonic(), time.monotonic(), [])
        value = None if found.stdout == NOT_FOUND else (found.answer["Username"], found.answer["Secret"])
        assert value in possible
        assert (value and value[0]) == listed.get(server), f"list and get differ for {server}"
    for profile in ROLES:
        for host in HOSTS:
            began = time.time()
            soak.check_token(
                profile, host, home.run("get", stdin=host, argv0=f"wheel/docker-credential-ecrx-{profile}"), began
            )
    for server in home.run("list").answer:
        found = home.run("get", stdin=server, env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
        # A token that docker login stored may have expired since.
        assert found.status == 0 or server not in home.run("list").answer, found


def nothing_is_left(home: Home) -> None:
    """Check that no process, lock, temporary file or expired key remains, and that all can be deleted."""
    assert [] == list((home.folder / "tmp").iterdir())
    state = home.folder / ".local/state/ecrx"
    names = {path.name for path in state.iterdir()}
    assert {"ledger.json", "ledger.json.lock"} <= names
    assert [] == [name for name in names if name != "ledger.json" and not name.endswith(".lock")]
    for lock in state.glob("*.lock"):
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert {"700", "600"} == {f"{path.stat().st_mode & 0o777:o}" for path in (state, *state.iterdir())}
    mine = str(home.bin)
    assert [] == [path for path in Path("/proc").glob("[0-9]*/cmdline") if mine in _text(path)]
    for keyring_name in ("kernel", "secret-service"):
        for profile in ("", *ROLES):
            link = f"wheel/docker-credential-ecrx{profile and f'-{profile}'}"
            assert 0 == home.run("forget", *HOSTS, argv0=link, env={"ECRX_KEYRING": keyring_name}).status
    for server in SERVERS:
        home.run("erase", stdin=server)
    assert {} == keyrings.kernel_keys()
    with keyrings.collection(home.env) as collection:
        assert [] == [item.get_label() for item in collection.get_all_items()]
    assert "{}\n" == home.run("list").stdout


def nothing_is_told(home: Home, aws: Aws, soak: Soak) -> None:
    """Check that no secret is in any output line, nor in any file other than AWS's own."""
    said = "".join(soak.said)
    files = [
        path.read_bytes()
        for path in home.folder.rglob("*")
        if path.is_file() and not path.is_symlink() and ".aws" not in path.parts
    ]
    assert PASSWORD not in said
    assert [] == [secret[:12] for secret in soak.secrets if any(secret.encode() in content for content in files)]
    assert [] == aws.told(said, *files)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # deleted meanwhile
        return ""
