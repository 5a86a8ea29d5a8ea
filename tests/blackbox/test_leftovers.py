"""Leftovers disappear by themselves: short-lived identities, as of CI jobs and pods, each leave something behind."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from support import stored_items
from support.home import Home
from support.keyrings import items

if sys.platform != "win32":
    import fcntl

HOUR = 3600.0


def get_as(home: Home, user: str, keyring: Mapping[str, str] | None = None) -> int:
    """Return the status of a ``get`` for a new identity: that of keys in the environment."""
    keys = home.aws.add_user("222222222222", user)
    env = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    return home.get(profile=None, env={**env, **(keyring or {})}).status


def locks_of(home: Home) -> list[Path]:
    return sorted((home.folder / ".local/state/ecrx").glob("token.*"))


def lock_left_by(home: Home, user: str, *, hours_ago: float) -> Path:
    """Return the lock of a new identity that was last used that long ago."""
    before = locks_of(home)
    get_as(home, user)
    (lock,) = set(locks_of(home)) - set(before)
    used = time.time() - hours_ago * HOUR
    os.utime(lock, (used, used))
    return lock


class TestExpiredToken:
    @pytest.fixture
    def desktop(self, secret_service: dict[str, str]) -> dict[str, str]:
        """Return the environment of a keyring in which nothing expires."""
        return secret_service | {"ECRX_KEYRING": "secret-service"}

    def test_is_deleted_after_a_week(self, home: Home, desktop: dict[str, str]) -> None:
        """It disappears from the keyring and the index."""
        for number in range(3):
            get_as(home, f"user{number}", desktop)
        old = items(desktop)
        stored_items.let_days_pass(home, 8)

        get_as(home, "new", desktop)

        assert 3 == len(old)
        assert 1 == len(items(desktop) - old)
        assert items(desktop) == stored_items.entries(home).keys()

    def test_stays_indexed_for_a_week(self, home: Home, desktop: dict[str, str]) -> None:
        """Until then the list command still names its registries."""
        get_as(home, "old", desktop)
        old = items(desktop)
        stored_items.let_days_pass(home, 7)

        get_as(home, "new", desktop)

        assert old < items(desktop) == stored_items.entries(home).keys()

    def test_in_another_keyring_stays_forgettable(
        self, home: Home, desktop: dict[str, str], kernel: dict[str, str]
    ) -> None:
        get_as(home, "old", desktop)
        old = items(desktop)
        stored_items.let_days_pass(home, 8)

        get_as(home, "new", kernel)
        assert old == items(desktop) == old & stored_items.entries(home).keys()

        assert 0 == home.run("forget", "--all", env=desktop).status
        assert (set(), {}) == (items(desktop), stored_items.entries(home))

    def test_in_unreachable_keyring_stays_forgettable(self, home: Home, desktop: dict[str, str]) -> None:
        get_as(home, "old", desktop)
        stored_items.let_days_pass(home, 1)

        found = home.run("forget", "--all", env=desktop | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
        assert (0, "nothing to delete\n", "") == found
        assert 1 == len(items(desktop))

        assert 0 == home.run("forget", "--all", env=desktop).status
        assert (set(), {}) == (items(desktop), stored_items.entries(home))

    def test_is_deleted_in_small_batches(self, home: Home, desktop: dict[str, str]) -> None:
        """No single get has to wait while many tokens are deleted."""
        get_as(home, "old", desktop)
        ((name, entry),) = stored_items.entries(home).items()
        stored_items.write(home, {f"{name}{number}": entry for number in range(40)})
        stored_items.let_days_pass(home, 8)

        left = []
        for number in range(3):
            get_as(home, f"new{number}", desktop)
            left.append(len(stored_items.entries(home)) - number - 1)

        assert [24, 8, 0] == left


class TestLockFile:
    def test_is_deleted_after_an_hour_unused(self, home: Home) -> None:
        """Another identity's call to AWS deletes it."""
        old = [lock_left_by(home, f"user{number}", hours_ago=0.9) for number in range(3)]
        for lock in old:  # all at once, since each get would delete the next one
            os.utime(lock, (0, 0))

        get_as(home, "new")

        assert 1 == len(locks_of(home))
        assert set() == set(old) & set(locks_of(home))

    def test_is_deleted_if_aws_gives_no_token(self, home: Home) -> None:
        lock_left_by(home, "old", hours_ago=1.1)

        assert 1 == home.get(profile="missing").status

        assert 1 == len(locks_of(home))

    def test_used_within_an_hour_stays(self, home: Home) -> None:
        used = lock_left_by(home, "used", hours_ago=0.9)

        get_as(home, "new")

        assert used in locks_of(home)

    def test_held_by_a_process_stays(self, home: Home) -> None:
        held = lock_left_by(home, "held", hours_ago=1.1)
        with held.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)

            assert 0 == get_as(home, "new")

        assert held in locks_of(home)

    @pytest.mark.parametrize("name", ["ledger.json.lock", "token.lock.d", "another"])
    def test_deletion_leaves_other_files(self, home: Home, name: str) -> None:
        get_as(home, "first")
        other = home.folder / ".local/state/ecrx" / name
        other.touch()
        os.utime(other, (0, 0))

        get_as(home, "new")

        assert other.exists()
