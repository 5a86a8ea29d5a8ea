"""What is of use no more goes by itself: identities come and go, as CI's and pods' do, and each leaves something."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from support.home import Home

HOUR = 3600.0


def get_as(home: Home, user: str) -> int:
    """Return the status of a ``get`` for an identity that was never there before: that of keys in the environment."""
    keys = home.aws.add_user("222222222222", user)
    env = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    return home.get(profile=None, env=env).status


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
