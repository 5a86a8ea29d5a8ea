"""The index: many processes write it, a damaged file is read as far as possible, and it never contains a secret."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docker_credential_ecrx.store import index
from docker_credential_ecrx.store.entry import Entry
from support import need

pytestmark = pytest.mark.posix("modes, links and signals")

NAME = "token:ecr:aws:us-east-1:0123"
ENTRY: Entry = {
    "kind": "token",
    "servers": ["111111111111.dkr.ecr.us-east-1.amazonaws.com"],
    "user": "AWS",
    "identity": "profile secondary",
    "region": "us-east-1",
    "keyring": "kernel",
    "minted": 1_700_000_000.0,
    "renew": 1_700_021_600.0,
    "expires": 1_700_043_200.0,
}
OTHER: Entry = {"kind": "password", "servers": ["registry.example"], "user": "me", "keyring": "secret-service"}
NOWHERE: Entry = {"kind": "password", "servers": []}

# Adds and deletes names of its own when told to, and leaves every other one.
BUSY = """\
import sys
from docker_credential_ecrx.store import index
environ, own = {"XDG_STATE_HOME": sys.argv[1]}, sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    index.add(environ, f"{own}{number}", {"servers": [own]})
    if number % 2:
        index.delete(environ, f"{own}{number}")
"""
# Uses the index, and prints what it read.
USE = """\
import json, sys
from docker_credential_ecrx.store import index
environ = {"XDG_STATE_HOME": sys.argv[1]}
index.add(environ, "new", {"servers": []})
index.delete(environ, "token:ecr:aws:us-east-1:0123")
print(json.dumps(index.read(environ)))
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the index file, which does not exist yet."""
    (tmp_path / "ecrx").mkdir(mode=0o700)
    return tmp_path / "ecrx" / "ledger.json"


class TestIndex:
    def test_returns_what_was_added(self, env: dict[str, str]) -> None:
        index.add(env, NAME, ENTRY)
        index.add(env, "password:registry.example", OTHER)

        assert {NAME: ENTRY, "password:registry.example": OTHER} == index.read(env)

    def test_is_empty_at_first(self, env: dict[str, str]) -> None:
        assert {} == index.read(env)

    def test_replaces_an_entry_and_keeps_its_servers(self, env: dict[str, str]) -> None:
        index.add(env, NAME, {"kind": "token", "servers": ["a", "b"], "user": "me"})
        index.add(env, NAME, {"kind": "login", "servers": ["b", "c"]})

        assert {NAME: {"kind": "login", "servers": ["a", "b", "c"]}} == index.read(env)

    def test_deletes_only_the_named_entries(self, env: dict[str, str]) -> None:
        for name in ("a", "b", "c"):
            index.add(env, name, OTHER)
        index.delete(env, "a", "c", "never recorded")
        index.delete(env)

        assert {"b": OTHER} == index.read(env)

    def test_keeps_entries_added_again_since_the_read(self, env: dict[str, str]) -> None:
        for name in ("added again", "unchanged"):
            index.add(env, name, ENTRY)
        read = index.read(env)
        newer: Entry = ENTRY | {"minted": ENTRY["minted"] + 1}
        index.add(env, "added again", newer)

        index.delete_unchanged(env, read)

        assert {"added again": newer} == index.read(env)

    def test_returns_entries_expired_for_a_week(self, env: dict[str, str]) -> None:
        index.add(env, NAME, ENTRY)
        index.add(env, "another keyring's", ENTRY | {"keyring": "secret-service"})
        index.add(env, "password", OTHER | {"keyring": "kernel"})
        a_week_later = ENTRY["expires"] + 7 * 86400

        assert {} == index.expired_before(env, "kernel", a_week_later)
        assert {NAME: ENTRY} == index.expired_before(env, "kernel", a_week_later + 1)

    @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(st.text(), st.lists(st.text(), min_size=1, unique=True), st.text())
    def test_stores_any_text(self, env: dict[str, str], name: str, servers: list[str], user: str) -> None:
        index.add(env, name, {"servers": servers, "user": user})

        assert {name: {"servers": servers, "user": user}} == index.read(env)
        index.delete(env, name)

    def test_survives_concurrent_writers(self, env: dict[str, str]) -> None:
        command = [sys.executable, "-c", BUSY, env["XDG_STATE_HOME"]]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with (
            subprocess.Popen([*command, "one"], **pipes) as one,  # type: ignore[call-overload]
            subprocess.Popen([*command, "two"], **pipes) as two,  # type: ignore[call-overload]
        ):
            for process in (one, two):
                process.stdout.readline()
            for process in (one, two):
                process.stdin.close()

        left = {f"{own}{number}" for own in ("one", "two") for number in range(0, 20, 2)}
        assert left == set(index.read(env))


class TestFile:
    def test_is_private_with_any_umask(self, env: dict[str, str], file: Path) -> None:
        file.write_text("{}")
        file.chmod(0o666)
        before = os.umask(0)
        try:
            index.add(env, NAME, ENTRY)
        finally:
            os.umask(before)

        assert {"0o600"} == {oct(stat.S_IMODE(path.stat().st_mode)) for path in file.parent.iterdir()}

    def test_holds_only_what_was_added(self, env: dict[str, str], file: Path) -> None:
        index.add(env, NAME, ENTRY)

        assert {"entries": {NAME: ENTRY}} == json.loads(file.read_text())

    def test_has_no_field_for_a_secret(self) -> None:
        assert {
            "kind",
            "servers",
            "user",
            "identity",
            "principal",
            "account",
            "region",
            "keyring",
            "minted",
            "renew",
            "expires",
        } == set(get_type_hints(Entry))

    def test_follows_no_link_to_write(self, env: dict[str, str], file: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_text("the user's own")
        file.with_name("ledger.json.new").symlink_to(other)

        index.add(env, NAME, ENTRY)

        assert "the user's own" == other.read_text()

    def test_overwrites_leftovers_of_a_killed_process(self, env: dict[str, str], file: Path) -> None:
        file.with_name("ledger.json.new").write_text("half of what" * 1000)

        index.add(env, NAME, ENTRY)

        assert {NAME: ENTRY} == index.read(env)
        assert not file.with_name("ledger.json.new").exists()

    def test_leaves_only_itself_and_its_lock(self, env: dict[str, str], file: Path) -> None:
        index.add(env, NAME, ENTRY)
        index.delete(env, NAME)

        assert {"ledger.json", "ledger.json.lock"} == {path.name for path in file.parent.iterdir()}


class TestDamagedIndex:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\0\0\0\0",
            b"\xff\xfe",
            b"{",
            b"null",
            b"5",
            b'"entries"',
            b"[]",
            b"{}",
            b'{"entries": null}',
            b'{"entries": []}',
            b'{"entries": "text"}',
            b"[" * 100_000,
        ],
        ids=lambda content: repr(content[:20]),
    )
    def test_is_empty_until_the_next_entry(self, env: dict[str, str], file: Path, content: bytes) -> None:
        file.write_bytes(content)

        assert {} == index.read(env)
        index.add(env, NAME, ENTRY)
        assert {NAME: ENTRY} == index.read(env)

    @pytest.mark.parametrize(
        "entry", [None, 1, "text", [], {}, {"servers": None}, {"servers": "text"}, {"servers": [1]}, NOWHERE], ids=repr
    )
    def test_returns_its_valid_entries(self, env: dict[str, str], file: Path, entry: object) -> None:
        file.write_text(json.dumps({"entries": {"broken": entry, NAME: ENTRY}}))

        assert {NAME: ENTRY} == index.read(env)

    @pytest.mark.parametrize("time", [-1.0, 1e300, float("nan"), float("inf")])
    def test_omits_entries_with_impossible_times(self, env: dict[str, str], file: Path, time: float) -> None:
        file.write_text(json.dumps({"entries": {"broken": ENTRY | {"expires": time}, NAME: ENTRY}}))

        assert {NAME: ENTRY} == index.read(env)


class TestStateFolder:
    def test_missing_does_not_fail(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        for env in ({"XDG_STATE_HOME": str(tmp_path / "file")}, {"XDG_STATE_HOME": "/dev/null/state"}):
            index.add(env, NAME, ENTRY)
            index.delete(env, NAME)
            assert {} == index.read(env)

    @pytest.mark.parametrize("locked_before", [True, False])
    def test_read_only_is_read(self, env: dict[str, str], file: Path, *, locked_before: bool) -> None:
        index.add(env, NAME, ENTRY)
        if not locked_before:
            file.with_name("ledger.json.lock").unlink()
        file.parent.chmod(0o500)
        # Root can write anywhere unless it drops that capability.
        powerless = [need.command("setpriv"), "--bounding-set=-dac_override"] if os.getuid() == 0 else []
        used = subprocess.run(
            [*powerless, sys.executable, "-c", USE, env["XDG_STATE_HOME"]], capture_output=True, check=True
        )

        assert ({NAME: ENTRY}, b"") == (json.loads(used.stdout), used.stderr)
