"""What a key in the kernel keyring holds: any secret, unchanged, in as few bytes as possible."""

import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.keyrings import key_payload

LINE = "ecrx1 43200 21631 1764379200.1234567 9b7cf1b2-0000-4000-8000-123456789abc 12345.67 abcdef12"
_PARTS = [
    b'{"payload":"',
    b'","datakey":"',
    b'","version":"2","type":"DATA_KEY","expiration":',
    b'"',
    b"x",
    b"\1",
    b"\3",
]
# Documents that look like ECR's in parts.
_documents = st.lists(st.one_of(st.sampled_from(_PARTS), st.binary(max_size=99).map(base64.b64encode))).map(b"".join)


def password(size: int) -> str:
    """Return a password of ECR's form with a payload of that many bytes."""
    words = {
        "payload": base64.b64encode(os.urandom(size)).decode(),
        "datakey": base64.b64encode(os.urandom(132)).decode(),
        "version": "2",
        "type": "DATA_KEY",
        "expiration": 1764379200,
    }
    return base64.b64encode(json.dumps(words, separators=(",", ":")).encode()).decode()


@given(st.one_of(_documents, st.binary(max_size=0x10100)), st.sampled_from(["", f"{LINE}\n", "\0\n"]), st.booleans())
def test_any_secret_is_unpacked_unchanged(document: bytes, head: str, by_hand: bool) -> None:  # noqa: FBT001
    secret = head + base64.b64encode(document).decode()

    assert secret == key_payload.unpack(key_payload.pack(secret, 60, by_hand=by_hand))


def test_a_token_takes_little_more_than_its_random_bytes() -> None:
    """Twelve, with names of 85 bytes, are in a quota of 20,000 bytes."""
    secret = f"{LINE}\n{password(1240)}"

    assert 2556 + len(LINE) + 1 == len(secret)
    assert len(key_payload.pack(secret, 60)) < 1240 + 132 + len(LINE) + 50


@pytest.mark.parametrize("form", [b"b", b"t"])
def test_payload_of_an_earlier_version_is_read(form: bytes) -> None:
    """Version 1.0.0 decoded the outer base64 alone, or stored text."""
    encoded = password(1240)
    rest = b"\0" + base64.b64decode(encoded) if form == b"b" else encoded.encode()

    assert f"{LINE}\n{encoded}" == key_payload.unpack(b"1764379200 " + form + f"{LINE}\n".encode() + rest)
    assert not key_payload.is_by_hand(b"1764379200 " + form)


@given(st.binary())
def test_any_payload_is_a_secret_or_none(rest: bytes) -> None:
    for form in (b"n", b"b", b"t", b"e", b"N", b""):
        assert key_payload.unpack(b"1764379200 " + form + rest) is None or form != b"e"
