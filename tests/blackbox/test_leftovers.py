"""What is of use no more goes by itself: identities come and go, as CI's and pods' do, and each leaves something."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from support import kept
from support.home import Home
from support.keyrings import items

if sys.platform != "win32":
    import fcntl

HOUR = 3600.0


def get_as(home: Home, user: str, keyring: Mapping[str, str] | None = None) -> int:
    """Return the status of a ``get`` for an identity that was never there before: that of keys in the environment."""
    keys = home.aws.add_user("222222222222", user)
    env = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    return home.get(profile=None, env={**env, **(keyring or {})}).status


def locks_of(home: Home) -> list[Path]:
    return sorted((home.folder / ".local/state/ecrx").glob("token.*"))


def lock_left_by(home: Home, user: str, *, hours_ago: float) -> Path:
    """Return the lock of a new identity that was last used so long ago."""
    before = locks_of(home)
    get_as(home, user)
    (lock,) = set(locks_of(home)) - set(before)
    used = time.time() - hours_ago * HOUR
    os.utime(lock, (used, used))
    return lock


class TestTokenThatHasEnded:
    @pytest.fixture
    def desktop(self, secret_service: dict[str, str]) -> dict[str, str]:
        """Return the environment of a keyring that lets nothing expire."""
        return secret_service | {"ECRX_KEYRING": "secret-service"}

    def test_goes_from_keyring_and_ledger_a_week_later(self, home: Home, desktop: dict[str, str]) -> None:
        for number in range(3):
            get_as(home, f"user{number}", desktop)
        old = items(desktop)
        kept.let_days_pass(home, 8)

        get_as(home, "new", desktop)

        assert 3 == len(old)
        assert 1 == len(items(desktop) - old)
        assert items(desktop) == kept.entries(home).keys()

    def test_stays_for_a_week_so_that_list_has_its_registries_again(self, home: Home, desktop: dict[str, str]) -> None:
        get_as(home, "old", desktop)
        old = items(desktop)
        kept.let_days_pass(home, 7)

        get_as(home, "new", desktop)

        assert old < items(desktop) == kept.entries(home).keys()

    def test_in_another_keyring_than_the_one_in_use_stays_within_the_reach_of_forget(
        self, home: Home, desktop: dict[str, str]
    ) -> None:
        get_as(home, "old", desktop)
        old = items(desktop)
        kept.let_days_pass(home, 8)

        get_as(home, "new", {"ECRX_KEYRING": "kernel"})
        assert old == items(desktop) == old & kept.entries(home).keys()

        assert 0 == home.run("forget", "--all", env=desktop).status
        assert (set(), {}) == (items(desktop), kept.entries(home))

    def test_stays_within_the_reach_of_forget_while_its_keyring_is_not_to_be_had(
        self, home: Home, desktop: dict[str, str]
    ) -> None:
        get_as(home, "old", desktop)
        kept.let_days_pass(home, 1)

        found = home.run("forget", "--all", env=desktop | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
        assert (0, "nothing to delete\n", "") == found
        assert 1 == len(items(desktop))

        assert 0 == home.run("forget", "--all", env=desktop).status
        assert (set(), {}) == (items(desktop), kept.entries(home))

    def test_goes_with_some_others_at_a_time_so_that_nobody_waits_for_many(
        self, home: Home, desktop: dict[str, str]
    ) -> None:
        get_as(home, "old", desktop)
        ((name, entry),) = kept.entries(home).items()
        kept.write(home, {f"{name}{number}": entry for number in range(40)})
        kept.let_days_pass(home, 8)

        left = []
        for number in range(3):
            get_as(home, f"new{number}", desktop)
            left.append(len(kept.entries(home)) - number - 1)

        assert [24, 8, 0] == left


class TestLock:
    def test_that_nobody_used_for_an_hour_goes_where_another_identity_asks_aws(self, home: Home) -> None:
        old = [lock_left_by(home, f"user{number}", hours_ago=0.9) for number in range(3)]
        for lock in old:  # all at once, as each would go with the next
            os.utime(lock, (0, 0))

        get_as(home, "new")

        assert 1 == len(locks_of(home))
        assert set() == set(old) & set(locks_of(home))

    def test_goes_also_where_aws_gives_no_token(self, home: Home) -> None:
        lock_left_by(home, "old", hours_ago=1.1)

        assert 1 == home.get(profile="missing").status

        assert 1 == len(locks_of(home))

    def test_that_was_used_within_the_hour_stays(self, home: Home) -> None:
        used = lock_left_by(home, "used", hours_ago=0.9)

        get_as(home, "new")

        assert used in locks_of(home)

    def test_that_a_process_has_stays(self, home: Home) -> None:
        held = lock_left_by(home, "held", hours_ago=1.1)
        with held.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)

            assert 0 == get_as(home, "new")

        assert held in locks_of(home)

    @pytest.mark.parametrize("name", ["ledger.json.lock", "token.lock.d", "another"])
    def test_is_all_that_goes(self, home: Home, name: str) -> None:
        get_as(home, "first")
        other = home.folder / ".local/state/ecrx" / name
        other.touch()
        os.utime(other, (0, 0))

        get_as(home, "new")

        assert other.exists()
