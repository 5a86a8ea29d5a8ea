"""What comes from D-Bus: a message, or one of the errors that the Secret Service's keyring knows, and in time."""

from fuzz.parts import fuzzed
from hypothesis import strategies as st

from docker_credential_ecrx.keyrings import dbus

REFUSALS = (ValueError, LookupError, RecursionError)  # as ``dbus.Connection`` promises
_signatures = st.sampled_from(["s", "ao", "a{sv}", "(oayays)", "a()", "aa()", "v", "av", "((", "a", "", "x", "(" * 200])


def message(signature: str, body: bytes, length: int) -> bytes:
    """Return a method's answer with a body that need not be what its signature says."""
    fields = bytes([8, 1]) + b"g\0" + bytes([len(signature)]) + signature.encode() + b"\0"
    fields = bytes([5, 1]) + b"u\0" + (7).to_bytes(4, "little") + fields
    head = b"l\2\0\1" + len(body).to_bytes(4, "little") + (1).to_bytes(4, "little")
    head += (len(fields) + length).to_bytes(4, "little") + fields
    return head + bytes(-len(head) % 8) + body


_bodies = st.one_of(
    st.binary(),
    st.builds(lambda size, rest: size.to_bytes(4, "little") + rest, st.integers(0, 1 << 31), st.binary()),
    st.just(b"\1v\0" * 3000),
)
_messages = st.builds(message, _signatures, _bodies, st.sampled_from([0, 0, 0, 1, -1])) | st.binary()


@fuzzed(_messages)
def test_is_read_or_refused(received: bytes) -> None:
    try:
        size = dbus.size_of(received)
        kind, fields, _ = dbus.decode(received[:size] if size else received)
    except REFUSALS:
        return
    assert 0 <= kind <= 255
    assert all(isinstance(field, int) for field in fields)
