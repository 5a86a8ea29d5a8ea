"""What the program stores: a cached record, the index, and what a failed process leaves in its lock file."""

import json
import math
import os
import zlib
from collections.abc import Iterable
from contextlib import redirect_stdout
from io import StringIO
from typing import get_type_hints

from click.testing import CliRunner
from fuzz.helpers import file, folder, fuzzed, json_texts, texts, told
from hypothesis import strategies as st

from docker_credential_ecrx.cli import status
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.store import cached_token, index, single_flight
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from docker_credential_ecrx.store.entry import Entry
from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest
from docker_credential_ecrx.system.file_lock import FileLock

NAME = "token:ecr:aws:us-east-1:0123456789abcdef0123456789abcdef"
REQUEST = TokenRequest(
    Registry("111111111111.dkr.ecr.us-east-1.amazonaws.com", "111111111111", "us-east-1", "aws"), Identity(), NAME
)
LIFE_SECONDS = 12 * 3600
ENVIRON = {"HOME": folder(), "XDG_STATE_HOME": folder(), "ECRX_KEYRING": "none"}
NOW = cached_token.now()
_numbers = st.sampled_from(
    ["0", "1", "-1", "43200", "43201", "21600", "1e9", "1e999", "nan", "inf", "-inf", "1_0", "\u0661", "", "x", "0.4"]
)
_stamps = st.tuples(
    st.sampled_from([f"{NOW.utc}", "0", "nan", "inf", "1e999", "x", ""]),
    st.sampled_from([NOW.boot or "-", "-", "x", ""]),
    st.sampled_from([f"{NOW.uptime}", "0", "nan", "-inf", "1e999", "x"]),
).map(" ".join)
_facts = st.tuples(_numbers, _numbers, _stamps).map(" ".join)
_passwords = st.one_of(st.just("password"), st.text(), st.just(""))


def sealed(facts: str, password: str, name: str = NAME) -> str:
    """Return a record with a valid checksum, whatever its content."""
    checksum = zlib.crc32(f"{name} {facts} {password}".encode("utf-8", "surrogatepass"))
    return f"ecrx1 {facts} {checksum:08x}\n{password}"


class Ring:
    """A keyring that has one record, and accepts no other."""

    label = "ring"

    def __init__(self, record: str | None) -> None:
        self._record = record

    def expect(self, names: Iterable[str]) -> None:
        del names

    def get(self, name: str) -> str | None:
        return self._record if name == NAME else None

    def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:
        del by_hand
        raise AssertionError((name, len(secret), seconds))

    def delete(self, name: str) -> None:
        raise AssertionError(name)

    def names(self) -> list[str]:
        return [NAME]


class Cache(TokenCache):
    """A cache with that keyring, for which AWS issues the token ``new``; its lock may be in a file."""

    def __init__(self, record: str | None, left: str | bytes | None = None) -> None:
        super().__init__("none", {})
        self.new = Token("new", cached_token.now(), LIFE_SECONDS, LIFE_SECONDS / 2)
        self._ring = Ring(record)
        self._left = left

    @property
    def keyring(self) -> Ring:
        return self._ring

    def lock(self, request: TokenRequest, attempt: int) -> FileLock | None:
        assert (REQUEST, 0) == (request, attempt)
        return None if self._left is None else FileLock(str(file("lock", self._left)))

    def fetch(self, request: TokenRequest, started: ClockReading) -> Token:
        assert REQUEST == request
        assert started.utc <= cached_token.now().utc
        return self.new

    def failure_of(self, request: TokenRequest, codes: tuple[str, ...]) -> None:
        assert REQUEST == request
        assert all(isinstance(code, str) for code in codes)


@fuzzed(st.builds(sealed, _facts | st.text(), _passwords) | st.text() | st.text().map("ecrx1 ".__add__))
def test_record_is_a_token_of_12_hours_at_most_or_none(record: str) -> None:
    found = cached_token.from_record(NAME, record)

    if found is not None:
        assert 0 < found.lifetime <= LIFE_SECONDS
        assert 0 <= found.refresh_after <= found.lifetime
        assert all(math.isfinite(clock) for clock in (found.issued_at.utc, found.issued_at.uptime))
        assert record.endswith(found.password)
        assert found.password
        assert cached_token.from_record(f"{NAME}0", record) is None


@fuzzed(
    st.text("ab=\n é", min_size=1),
    st.text(),
    st.floats(1, LIFE_SECONDS),
    st.floats(0, 1),
    st.floats(0, 4e9),
    st.sampled_from(["", "7c3a"]),
    st.floats(0, 4e8),
    st.integers(0),
)
def test_record_with_any_changed_character_is_none(  # noqa: PLR0913, PLR0917 - a token
    password: str, name: str, lifetime: float, part: float, utc: float, boot: str, uptime: float, at: int
) -> None:
    token = Token(password, ClockReading(utc, boot, uptime), lifetime, lifetime * part)
    record = cached_token.to_record(name, token)
    found = cached_token.from_record(name, record)

    assert found is not None
    assert (password, utc, boot, uptime) == (
        found.password,
        found.issued_at.utc,
        found.issued_at.boot,
        found.issued_at.uptime,
    )
    assert abs(lifetime - found.lifetime) <= 1
    at %= len(record)
    other = chr((ord(record[at]) + 1) % 0xD800)
    changed = cached_token.from_record(name, record[:at] + other + record[at + 1 :])
    assert changed is None


@fuzzed(st.builds(sealed, _facts, st.just("password")))
def test_record_is_returned_only_before_expiry(record: str) -> None:
    cache = Cache(record)

    cached = cache.load(NAME)
    found = single_flight.obtain(cache, REQUEST, cached, cached_token.now())

    assert found is cache.new or (cached is not None and not cached.needs_refresh(cached_token.now()))


@fuzzed(
    st.one_of(
        st.tuples(_stamps, st.sampled_from(["none", "mfa", "failed", "minted", ""]), texts, texts).map("\n".join),
        texts,
        st.binary(),
    )
)
def test_failure_of_another_process_is_one_line_or_ignored(left: str | bytes) -> None:
    cache = Cache(None, left)
    try:
        assert cache.new is single_flight.obtain(cache, REQUEST, None, cached_token.now())
    except AwsError as error:
        if str(error):
            told(error)


_entry_names = (*get_type_hints(Entry), "token")
_index_texts = st.one_of(
    json_texts("entries", "password:registry.example", *_entry_names),
    st.dictionaries(
        st.sampled_from([NAME, "password:registry.example", "x"]),
        st.fixed_dictionaries(
            {"servers": st.lists(st.sampled_from(["public.ecr.aws", "registry.example", "\ud800\x1b[2J"]), max_size=2)},
            optional={
                "kind": st.sampled_from(["token", "login", "password", "\n"]),
                "user": st.text(max_size=3) | st.just("\ud800"),
                "identity": st.text(max_size=3) | st.just("\x1b[2J\ud800"),
                "keyring": st.sampled_from(["kernel", "none", "secret-service", "x", ""]),
                "minted": st.floats() | st.integers() | st.just(10**300) | st.booleans(),
                "renew": st.floats() | st.integers(),
                "expires": st.floats() | st.integers() | st.just(9e15),
            },
        ),
    ).map(lambda entries: json.dumps({"entries": entries})),
    st.binary(),
)


def write_index(content: str | bytes) -> None:
    """Give the index any content."""
    os.makedirs(f"{folder()}/ecrx", exist_ok=True)  # noqa: PTH103
    file("ecrx/ledger.json", content)


@fuzzed(_index_texts)
def test_index_of_any_content_can_be_read_and_written(content: str | bytes) -> None:
    write_index(content)
    before = index.read(ENVIRON)

    index.add(ENVIRON, "token:x", {"kind": "token", "servers": ["public.ecr.aws"]})
    assert {**before, "token:x": {"kind": "token", "servers": ["public.ecr.aws"]}}.keys() == index.read(ENVIRON).keys()
    index.delete(ENVIRON, "token:x")

    assert before.keys() - {"token:x"} == index.read(ENVIRON).keys()


@fuzzed(_index_texts, st.booleans())
def test_index_of_any_content_can_be_shown(content: str | bytes, as_json: bool) -> None:  # noqa: FBT001
    write_index(content)
    said = StringIO()

    with redirect_stdout(said):
        done = CliRunner(env=ENVIRON).invoke(status.command, ["--json"] if as_json else [], standalone_mode=False)

    assert done.exception is None, done.exc_info
