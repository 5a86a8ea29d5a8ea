"""Input from D-Bus gives, in time, a message or one of the errors that the Secret Service's keyring handles."""

from fuzz.helpers import fuzzed
from hypothesis import strategies as st

from docker_credential_ecrx.keyrings import dbus_messages
from fakes import busses

REFUSALS = (ValueError, LookupError)  # as ``dbus.Connection`` promises
_signatures = st.sampled_from(["s", "ao", "a{sv}", "(oayays)", "a()", "aa()", "v", "av", "((", "a", "", "x", "(" * 200])


_bodies = st.one_of(
    st.binary(),
    st.builds(lambda size, rest: size.to_bytes(4, "little") + rest, st.integers(0, 1 << 31), st.binary()),
    st.just(b"\1v\0" * 3000),
)
_messages = (
    st.builds(
        lambda signature, body, length, size: busses.raw(signature.encode(), body, length=length, size=size),
        _signatures,
        _bodies,
        st.sampled_from([0, 0, 0, 1, -1]),
        st.sampled_from([0, 0, 0, 1, 8]),
    )
    | st.binary()
)


@fuzzed(_messages)
def test_message_is_read_or_rejected(received: bytes) -> None:
    try:
        size = dbus_messages.size_of(received)
        message = dbus_messages.Message(received[:size] if size else received)
        values = message.body()
    except REFUSALS:
        return
    assert 0 <= message.kind <= 255
    types = {5: int, 8: str}
    assert all(isinstance(value, types.get(field, str)) for field, value in message.fields.items())
    assert bool(values) == bool(message.signature)
