"""D-Bus messages as jeepney reads and writes them, and malformed ones."""

import itertools
import os
import resource
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney import DBusAddress, MessageType, Parser, new_method_call
from jeepney.low_level import Endianness, Header, HeaderFields, Message, MessageFlag

from docker_credential_ecrx.keyrings import dbus, dbus_messages, session_bus
from fakes import busses

_NAME = "org.freedesktop.secrets"
_PATH = "/org/freedesktop/secrets"
_INTERFACE = "org.freedesktop.Secret.Service"

_text = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
_texts = st.dictionaries(_text, _text)
_secret = st.tuples(st.just(_PATH), st.binary(), st.binary(), _text)
# The signatures of the Secret Service, with values for them.
_bodies = st.one_of(
    st.tuples(st.just("s"), st.tuples(_text)),
    st.tuples(st.just("sv"), st.tuples(_text, st.tuples(st.just("s"), _text))),
    st.tuples(st.just("ss"), st.tuples(_text, _text)),
    st.tuples(st.just("a{ss}"), st.tuples(_texts)),
    st.tuples(st.just("vo"), st.tuples(st.tuples(st.just("u"), st.integers(0, 2**32 - 1)), st.just(_PATH))),
    st.tuples(st.just("v"), st.tuples(st.tuples(st.just("t"), st.integers(0, 2**64 - 1)))),
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
    """Return a body as our reader returns it: dictionaries are lists of pairs, as on the wire."""
    if isinstance(body, dict):
        return [(key, _values(signature, value)) for key, value in body.items()]
    if isinstance(body, tuple | list):
        return type(body)(_values(signature, value) for value in body)
    return body


def message(to: int, text: str, kind: MessageType = MessageType.method_return) -> bytes:
    """Return a message with ``text`` that claims to reply to the call with that number."""
    fields = {HeaderFields.reply_serial: to, HeaderFields.signature: "s"}
    header = Header(Endianness.little, kind, MessageFlag(0), 1, -1, -1, fields)
    written: bytes = Message(header, (text,)).serialise(serial=9)
    return written


@contextmanager
def talking(path: Path, *said: bytes) -> Iterator[dbus.Connection]:
    """Yield a connection to a service that sends exactly this, whatever the request."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with closing(dbus.Connection([f"unix:path={path}"], 20.0)) as connection, listener.accept()[0] as bus:
            bus.sendall(b"".join(said))
            yield connection


@contextmanager
def speaking(path: Path, said: Iterable[bytes]) -> Iterator[dbus.Connection]:
    """Yield a connection to a service that sends those parts in turn until nobody listens."""

    def speak(bus: socket.socket) -> None:
        with suppress(OSError):
            for part in said:
                bus.sendall(part)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with closing(dbus.Connection([f"unix:path={path}"], 0.5)) as connection, listener.accept()[0] as bus:
            thread = threading.Thread(target=speak, args=(bus,))
            thread.start()
            try:
                yield connection
            finally:
                connection.close()
                thread.join()


def dripping(last: bytes) -> Iterator[bytes]:
    """Yield a handshake, then the bytes of ``last`` one by one, a tenth of a second apart."""
    yield b"OK 0\r\n" + message(1, "")
    for byte in last:
        threading.Event().wait(0.1)
        yield bytes([byte])


class TestCalls:
    @given(_bodies, st.integers(1, 2**32 - 1))
    def test_are_readable_by_jeepney(self, case: tuple[str, tuple[Any, ...]], serial: int) -> None:
        signature, body = case

        (message,) = Parser().feed(
            dbus_messages.encode_call(serial, _NAME, _PATH, _INTERFACE, "Method", signature, body)
        )

        fields = message.header.fields
        assert (serial, MessageType.method_call) == (message.header.serial, message.header.message_type)
        assert (_PATH, _INTERFACE, "Method", _NAME) == tuple(
            fields[field]
            for field in (HeaderFields.path, HeaderFields.interface, HeaderFields.member, HeaderFields.destination)
        )
        assert body == message.body

    def test_without_arguments_have_no_body(self) -> None:
        (message,) = Parser().feed(dbus_messages.encode_call(1, _NAME, _PATH, _INTERFACE, "Method", "", ()))

        assert () == message.body


class TestReplies:
    @given(_bodies)
    def test_written_by_jeepney_are_readable(self, case: tuple[str, tuple[Any, ...]]) -> None:
        signature, body = case
        address = DBusAddress(_PATH, _NAME, _INTERFACE)
        written = new_method_call(address, "Method", signature, body).serialise(serial=7)

        assert len(written) == dbus_messages.size_of(written)
        message = dbus_messages.Message(written)
        assert (signature, _values(signature, body)) == (message.signature, message.body())

    @given(_bodies, st.data())
    def test_damaged_are_rejected_or_read(self, case: tuple[str, tuple[Any, ...]], data: st.DataObject) -> None:
        written = bytearray(dbus_messages.encode_call(1, _NAME, _PATH, _INTERFACE, "Method", *case))
        for _ in range(data.draw(st.integers(1, 4))):
            written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
        cut = bytes(written[: data.draw(st.integers(0, len(written)))])

        try:
            dbus_messages.size_of(cut)
            dbus_messages.Message(cut).body()
        except (ValueError, LookupError):
            pass  # the errors that the Secret Service's keyring translates

    @pytest.mark.parametrize("signature", ["a()", "aa()"])
    def test_with_arrays_of_empty_elements_terminate(self, signature: str) -> None:
        body = bytes([255, 0, 0, 0]) + b"\2()\0" * 100

        with pytest.raises((ValueError, LookupError)):
            dbus_messages.Message(busses.raw(signature.encode(), body)).body()

    def test_with_excessive_size_are_rejected(self) -> None:
        with pytest.raises(ValueError, match="bytes"):
            dbus_messages.size_of(b"l\1\0\1" + b"\xff" * 12)

    def test_of_a_big_endian_machine_are_readable(self) -> None:
        header = b"B\2\0\1" + bytes([0, 0, 0, 8]) + bytes([0, 0, 0, 1]) + bytes([0, 0, 0, 15])
        fields = bytes([5, 1]) + b"u\0" + bytes([0, 0, 0, 9]) + bytes([8, 1]) + b"g\0" + b"\1s\0"
        body = bytes([0, 0, 0, 3]) + b"abc\0"

        message = dbus_messages.Message(header + fields + b"\0" + body)
        assert (2, {5: 9, 8: "s"}, ("abc",)) == (message.kind, message.fields, message.body())

    @pytest.mark.parametrize(
        ("signature", "body"),
        [
            (b"s", b"\x03\0\0\0abc\0more"),
            (b"s", b"\x03\0\0\0abcd"),
            (b"s", b"\x03\0\0\0a\0c\0"),
            (b"s", b"\x03\0\0\0a\xffc\0"),
            (b"s", b"\xff\xff\xff\xffabc\0"),
            (b"b", b"\x02\0\0\0"),
            (b"au", b"\x05\0\0\0" + bytes(8)),
            (b"au", b"\xff\xff\xff\x7f" + bytes(64)),
            (b"v", b"\x02ss\0" + bytes(64)),
            (b"v", b"\0\0" + bytes(64)),
            (b"v", b"\x01v\0" * 4000),
            (b"(" * 100 + b"u" + b")" * 100, bytes(64)),
            (b"a" * 100 + b"u", bytes(64)),
            (b"x", bytes(8)),
            (b"()", bytes(8)),
            (b"(u", bytes(8)),
            (b"u)", bytes(8)),
            (b"", b"more"),
        ],
    )
    def test_with_a_mismatched_body_are_rejected(self, signature: bytes, body: bytes) -> None:
        """A body that is not exactly what its signature says is an error."""
        with pytest.raises((ValueError, LookupError)):
            dbus_messages.Message(busses.raw(signature, body)).body()

    @pytest.mark.parametrize("at", [0, 3, 4, 12, 18, 24])
    def test_with_a_damaged_header_are_rejected(self, at: int) -> None:
        """Byte order, version, sizes and the types of the header's fields are checked."""
        written = bytearray(busses.raw(b"u", bytes(4)))
        written[at] ^= 0x55

        with pytest.raises((ValueError, LookupError)):
            dbus_messages.Message(bytes(written)).body()


class TestHostileService:
    """A service that sends wrong or late answers cannot make a call take longer."""

    def test_wrong_reply_type_is_named(self, tmp_path: Path) -> None:
        """The error names the method and the type of the reply."""
        with talking(tmp_path / "bus", b"OK 0\r\n", message(1, ""), message(2, "text")) as connection:
            asked = connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="(oayays)")
            with pytest.raises(ValueError, match=r"it replied to Method with s instead of \(oayays\)"):
                connection.reply(asked)

    @pytest.mark.parametrize("name", ["with a blank", "x" * 101, "\x1b[2J", "é.x", "secret\nline", ""])
    def test_error_name_is_shown_only_if_valid(self, name: str) -> None:
        """An error name that D-Bus does not allow is not repeated."""
        assert "an error without a valid name" == dbus.DBusError(name).name

    @pytest.mark.parametrize(
        "said",
        [
            message(9, "signal", MessageType.signal),
            message(9, "answer to nobody"),
            message(9, "x" * 60_000, MessageType.signal),
            b"A",
        ],
        ids=["signals", "answers", "large signals", "handshake"],
    )
    def test_endless_messages_stop_at_the_deadline(self, tmp_path: Path, said: bytes) -> None:
        """A service that sends irrelevant messages endlessly is given up; memory does not grow."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        first = [] if said == b"A" else [b"OK 0\r\n", message(1, "")]
        with speaking(tmp_path / "bus", itertools.chain(first, itertools.repeat(said))) as connection:
            with pytest.raises((TimeoutError, ValueError)):
                connection.reply(connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s"))
            with pytest.raises((TimeoutError, ValueError)):
                connection.reply(connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s"))

        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024

    def test_slow_bytes_stop_at_the_deadline(self, tmp_path: Path) -> None:
        """A reply that comes byte by byte is given up like one that never comes."""
        with speaking(tmp_path / "bus", dripping(message(2, "x" * 1000))) as connection:
            asked = connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s")
            with pytest.raises(TimeoutError):
                connection.reply(asked)

    def test_deadline_covers_all_calls_together(self, tmp_path: Path) -> None:
        """However fast each reply is, no call is waited for after the deadline."""
        with talking(tmp_path / "bus", b"OK 0\r\n", message(1, ""), message(2, "answer")) as connection:
            connection.set_time_limit(0.0)
            with pytest.raises(TimeoutError):
                connection.reply(connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s"))


class TestConnection:
    def test_ignores_messages_that_are_no_reply(self, tmp_path: Path) -> None:
        said = [message(1, ""), message(2, "signal", MessageType.signal), message(3, "early"), message(2, "answer")]
        with talking(tmp_path / "bus", b"OK 0\r\n", *said) as connection:
            assert ("answer",) == connection.reply(
                connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s")
            )
            connection.set_time_limit(0.1)
            with pytest.raises(TimeoutError):
                connection.reply(connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s"))

    @pytest.mark.parametrize("said", [b"OK 0\r\n", b"DATA\r\nOK 0\r\n", b"DATA \r\nOK 0\r\n"])
    def test_accepts_the_reply_of_any_bus(self, tmp_path: Path, said: bytes) -> None:
        """A bus that asks for more data gets none, and takes the user of the socket."""
        with talking(tmp_path / "bus", said, message(1, ""), message(2, "answer")) as connection:
            assert ("answer",) == connection.reply(
                connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s")
            )

    def test_returns_a_reply_once(self, tmp_path: Path) -> None:
        with talking(tmp_path / "bus", b"OK 0\r\n", message(1, ""), message(2, "answer")) as connection:
            asked = connection.send_call(_NAME, _PATH, _INTERFACE, "Method", returns="s")
            connection.reply(asked)
            with pytest.raises(LookupError):
                connection.reply(asked)

    @pytest.mark.parametrize(
        ("said", "error"),
        [
            ([b"REJECTED EXTERNAL\r\n"], ConnectionRefusedError),
            ([b"DATA\r\nREJECTED EXTERNAL\r\n"], ConnectionRefusedError),
            ([b"DATA\r\nDATA\r\n"], ConnectionRefusedError),
            ([b"OK 0\r\n", message(1, "", MessageType.error)], dbus.DBusError),
        ],
    )
    def test_refused_fails_at_once(self, tmp_path: Path, said: list[bytes], error: type[Exception]) -> None:
        with talking(tmp_path / "bus", *said) as connection:
            asked = connection.send_call(_NAME, _PATH, _INTERFACE, "Method")
            with pytest.raises(error):
                connection.reply(asked)


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
        assert [path] == list(session_bus._paths(address.split(";")))  # noqa: SLF001 - a table says more than a bus at each

    @pytest.mark.parametrize("address", ["", "autolaunch:", "unix:", "tcp:host=localhost,port=1", "nonsense"])
    def test_without_a_socket_is_no_bus(self, address: str) -> None:
        with pytest.raises(FileNotFoundError):
            dbus.Connection([address], 1)


class TestSearch:
    """Which of the busses that the environment names is used."""

    @pytest.fixture
    def live(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        """Return the path of a socket ``bus`` that accepts connections, in a folder whose name has to be escaped."""
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        folder = tmp_path / "a %,;=é"
        folder.mkdir()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "bus"))
            listener.listen()
            yield folder / "bus"

    @pytest.fixture(params=["stale", "missing", "tcp", "damaged"])
    def dead(self, request: pytest.FixtureRequest, tmp_path: Path) -> str:
        """Return an address without a bus; a bus that has ended may leave its socket."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "stale"))
        stale = f"unix:path={tmp_path}/stale"
        others = {"tcp": "tcp:host=localhost,port=1", "damaged": f"{stale};unix:path=%zz"}
        return {"stale": stale, "missing": "unix:path=/nonexistent"}.get(request.param) or others[request.param]

    def test_tries_each_address_in_turn(self, monkeypatch: pytest.MonkeyPatch, live: Path, dead: str) -> None:
        path = quote_from_bytes(os.fsencode(live))
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"{dead};unix:path={path};{dead}")

        with closing(session_bus.connected(session_bus.addresses(), 20)) as found:
            assert str(live) == found.getpeername()

    def test_ends_with_that_of_the_runtime_folder(self, monkeypatch: pytest.MonkeyPatch, live: Path, dead: str) -> None:
        """A terminal multiplexer outlives the session whose address it has."""
        stale = dead if dead.startswith("unix:") else f"{dead};unix:path=/nonexistent"
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", stale)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(live.parent))

        with closing(session_bus.connected(session_bus.addresses(), 20)) as found:
            assert str(live) == found.getpeername()

    @pytest.mark.parametrize("address", ["disabled:", "nonsense"])
    def test_does_not_replace_a_disabled_bus(self, monkeypatch: pytest.MonkeyPatch, live: Path, address: str) -> None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(live.parent))

        with pytest.raises(FileNotFoundError):
            session_bus.connected(session_bus.addresses(), 20)


class TestCheck:
    """Other libraries connect by any address, and by the first one of two paths in it or by the last."""

    @pytest.mark.parametrize(
        "address",
        [
            "tcp:host=127.0.0.1,port=1",
            "nonce-tcp:host=127.0.0.1,port=1,noncefile=/dev/null",
            "unixexec:path=/bin/true",
            "autolaunch:",
            "unix:path=/nonexistent;tcp:host=127.0.0.1,port=1",
            "unix:path=/nonexistent,path=/missing",
        ],
    )
    def test_refuses_a_bus_of_an_unknown_user(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)

        with pytest.raises(PermissionError, match="not one local socket"):
            session_bus.check(1)

    @pytest.mark.parametrize("address", ["", "disabled:", "unix:path=/nonexistent,guid=01;unix:abstract=missing"])
    def test_accepts_no_bus(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)

        session_bus.check(1)
