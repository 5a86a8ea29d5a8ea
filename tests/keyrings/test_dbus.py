"""D-Bus's messages as jeepney reads and writes them, and what is not D-Bus."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney import DBusAddress, MessageType, Parser, new_method_call
from jeepney.low_level import Endianness, Header, HeaderFields, Message, MessageFlag

from docker_credential_ecrx.keyrings import dbus

_NAME = "org.freedesktop.secrets"
_PATH = "/org/freedesktop/secrets"
_INTERFACE = "org.freedesktop.Secret.Service"

_text = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
_texts = st.dictionaries(_text, _text)
_secret = st.tuples(st.just(_PATH), st.binary(), st.binary(), _text)
# The signatures that the Secret Service has, with values of theirs.
_bodies = st.one_of(
    st.tuples(st.just("s"), st.tuples(_text)),
    st.tuples(st.just("sv"), st.tuples(_text, st.tuples(st.just("s"), _text))),
    st.tuples(st.just("ss"), st.tuples(_text, _text)),
    st.tuples(st.just("a{ss}"), st.tuples(_texts)),
    st.tuples(st.just("vo"), st.tuples(st.tuples(st.just("u"), st.integers(0, 2**32 - 1)), st.just(_PATH))),
    st.tuples(st.just("aoao"), st.tuples(st.lists(st.just(_PATH)), st.lists(st.just(_PATH)))),
    st.tuples(st.just("((oayays))"), st.tuples(st.tuples(_secret))),
    st.tuples(
        st.just("a{sv}(oayays)b"),
        st.tuples(
            st.dictionaries(_text, st.one_of(st.tuples(st.just("s"), _text), st.tuples(st.just("a{ss}"), _texts))),
            _secret,
            st.booleans(),
        ),
    ),
)


def _values(signature: str, body: tuple[Any, ...]) -> Any:  # noqa: ANN401 - whatever the signature says
    """Return a body as our reader gives it: dictionaries as the lists of pairs that they are on the wire."""
    if isinstance(body, dict):
        return [(key, _values(signature, value)) for key, value in body.items()]
    if isinstance(body, tuple | list):
        return type(body)(_values(signature, value) for value in body)
    return body


def message(to: int, text: str, kind: MessageType = MessageType.method_return) -> bytes:
    """Return a message that has ``text`` and says that it answers the call of that number."""
    fields = {HeaderFields.reply_serial: to, HeaderFields.signature: "s"}
    header = Header(Endianness.little, kind, MessageFlag(0), 1, -1, -1, fields)
    written: bytes = Message(header, (text,)).serialise(serial=9)
    return written


@contextmanager
def talking(path: Path, *said: bytes) -> Iterator[dbus.Connection]:
    """Yield a connection to what says just that, whatever it is asked for."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with closing(dbus.Connection(f"unix:path={path}", 0.5)) as connection, listener.accept()[0] as bus:
            bus.sendall(b"".join(said))
            yield connection


class TestCalls:
    @given(_bodies, st.integers(1, 2**32 - 1))
    def test_are_read_by_jeepney_as_they_were_meant(self, case: tuple[str, tuple[Any, ...]], serial: int) -> None:
        signature, body = case

        (message,) = Parser().feed(dbus.encode_call(serial, _NAME, _PATH, _INTERFACE, "Method", signature, body))

        fields = message.header.fields
        assert (serial, MessageType.method_call) == (message.header.serial, message.header.message_type)
        assert (_PATH, _INTERFACE, "Method", _NAME) == tuple(
            fields[field]
            for field in (HeaderFields.path, HeaderFields.interface, HeaderFields.member, HeaderFields.destination)
        )
        assert body == message.body

    def test_without_arguments_have_no_body(self) -> None:
        (message,) = Parser().feed(dbus.encode_call(1, _NAME, _PATH, _INTERFACE, "Method", "", ()))

        assert () == message.body


class TestAnswers:
    @given(_bodies)
    def test_that_jeepney_writes_are_read_as_they_were_meant(self, case: tuple[str, tuple[Any, ...]]) -> None:
        signature, body = case
        address = DBusAddress(_PATH, _NAME, _INTERFACE)
        written = new_method_call(address, "Method", signature, body).serialise(serial=7)

        assert len(written) == dbus.size_of(written)
        assert _values(signature, body) == dbus.decode(written)[2]

    @given(_bodies, st.data())
    def test_that_are_damaged_are_refused_or_read(self, case: tuple[str, tuple[Any, ...]], data: st.DataObject) -> None:
        written = bytearray(dbus.encode_call(1, _NAME, _PATH, _INTERFACE, "Method", *case))
        for _ in range(data.draw(st.integers(1, 4))):
            written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
        cut = bytes(written[: data.draw(st.integers(0, len(written)))])

        try:
            dbus.size_of(cut)
            dbus.decode(cut)
        except (ValueError, LookupError, TypeError, RecursionError):
            pass  # what the Secret Service's keyring translates

    @pytest.mark.parametrize("signature", ["a()", "aa()"])
    def test_of_arrays_of_nothing_come_to_an_end(self, signature: str) -> None:
        fields = bytes([8, 1]) + b"g\0" + bytes([len(signature)]) + signature.encode() + b"\0"
        fields += bytes(-len(fields) % 8)
        body = bytes([255, 0, 0, 0]) + b"\2()\0" * 100

        with pytest.raises((ValueError, LookupError)):
            dbus.decode(b"l\2\0\1" + bytes([*(255, 1, 0, 0), *(1, 0, 0, 0), len(fields), 0, 0, 0]) + fields + body)

    def test_that_announce_more_than_anyone_needs_are_refused(self) -> None:
        with pytest.raises(ValueError, match="bytes"):
            dbus.size_of(b"l\1\0\1" + b"\xff" * 12)

    def test_of_a_big_endian_machine_are_read(self) -> None:
        header = b"B\2\0\1" + bytes([0, 0, 0, 8]) + bytes([0, 0, 0, 1]) + bytes([0, 0, 0, 15])
        fields = bytes([5, 1]) + b"u\0" + bytes([0, 0, 0, 9]) + bytes([8, 1]) + b"g\0" + b"\1s\0"
        body = bytes([0, 0, 0, 3]) + b"abc\0"

        assert (2, {5: 9, 8: "s"}, ("abc",)) == dbus.decode(header + fields + b"\0" + body)


class TestConnection:
    def test_takes_nothing_for_an_answer_that_is_none(self, tmp_path: Path) -> None:
        said = [message(1, ""), message(2, "signal", MessageType.signal), message(3, "early"), message(2, "answer")]
        with talking(tmp_path / "bus", b"OK 0\r\n", *said) as connection:
            assert ("answer",) == connection.answer(connection.ask(_NAME, _PATH, _INTERFACE, "Method"))
            with pytest.raises(TimeoutError):
                connection.answer(connection.ask(_NAME, _PATH, _INTERFACE, "Method"))

    def test_gives_an_answer_once(self, tmp_path: Path) -> None:
        with talking(tmp_path / "bus", b"OK 0\r\n", message(1, ""), message(2, "answer")) as connection:
            asked = connection.ask(_NAME, _PATH, _INTERFACE, "Method")
            connection.answer(asked)
            with pytest.raises(LookupError):
                connection.answer(asked)

    @pytest.mark.parametrize(
        ("said", "error"),
        [
            ([b"REJECTED EXTERNAL\r\n"], ConnectionRefusedError),
            ([b"OK 0\r\n", message(1, "", MessageType.error)], dbus.DBusError),
        ],
    )
    def test_that_is_refused_is_at_once(self, tmp_path: Path, said: list[bytes], error: type[Exception]) -> None:
        with talking(tmp_path / "bus", *said) as connection:
            asked = connection.ask(_NAME, _PATH, _INTERFACE, "Method")
            with pytest.raises(error):
                connection.answer(asked)


class TestAddress:
    @pytest.mark.parametrize(
        ("address", "path"),
        [
            ("unix:path=/run/user/1000/bus", "/run/user/1000/bus"),
            ("unix:path=/run/dbus-x,guid=0123", "/run/dbus-x"),
            ("unix:guid=0123,path=/run/dbus-x", "/run/dbus-x"),
            ("unix:abstract=/run/dbus-x,guid=0123", "\0/run/dbus-x"),
            ("tcp:host=localhost,port=1;unix:path=/run/x", "/run/x"),
            ("unix:path=/run/a%20b%c3%a9", "/run/a bé"),
        ],
    )
    def test_of_a_socket_is_its_path(self, address: str, path: str) -> None:
        assert path == dbus._path_of(address)  # noqa: SLF001 - a table says more than a bus at each

    @pytest.mark.parametrize("address", ["", "autolaunch:", "unix:", "tcp:host=localhost,port=1", "nonsense"])
    def test_of_no_socket_is_no_bus(self, address: str) -> None:
        with pytest.raises(FileNotFoundError):
            dbus.Connection(address, 1)
