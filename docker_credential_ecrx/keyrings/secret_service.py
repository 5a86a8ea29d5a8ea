"""The freedesktop Secret Service (GNOME Keyring, KWallet, KeePassXC) over D-Bus, by jeepney.

It reads and writes the very items of ``keyring.backends.SecretService``, without the imports that make that slow,
and never opens a window: what is locked is not available.
https://specifications.freedesktop.org/secret-service/latest/
"""

import os

from jeepney.io.blocking import open_dbus_connection
from jeepney.low_level import MessageType
from jeepney.wrappers import DBusAddress, DBusErrorResponse, new_method_call

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.keyrings import USERNAME, service_of
from docker_credential_ecrx.limit import Patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_BUS_NAME = "org.freedesktop.secrets"
_INTERFACE = "org.freedesktop.Secret"
_NO_OBJECT = "/"
_SECONDS = 3.0


class SecretServiceKeyring:
    """Items of the default collection."""

    label = "secret-service"

    def __init__(self) -> None:
        """Raise KeyringUnavailableError where there is no session bus, no service on it, or no answer."""
        self._patience = Patience(_SECONDS)
        address = _bus_address()
        if address is None:
            message = "the Secret Service is not available: there is no session bus"
            raise KeyringUnavailableError(message, "log in to a desktop session, or set ECRX_KEYRING")
        try:
            self._patience(lambda: self._open(address))
        except _CAUGHT as error:
            message = f"the Secret Service is not available: {_reason(error)}"
            raise KeyringUnavailableError(message, "start a keyring daemon, or set ECRX_KEYRING") from error

    def fetch(self, name: str) -> str | None:
        """Return the secret kept under ``name``, or None."""
        return self._limited("read", lambda: self._fetch(name))

    def put(self, name: str, secret: str, seconds: int | None) -> None:  # noqa: ARG002 - items do not expire
        """Keep ``secret`` under ``name``."""
        self._limited("write to", lambda: self._put(name, secret))

    def drop(self, name: str) -> None:
        """Forget what is kept under ``name``, if anything is."""
        self._limited("delete from", lambda: self._drop(name))

    def _limited(self, verb: str, call: "Callable[[], T]") -> "T":
        try:
            return self._patience(call)
        except _CAUGHT as error:
            message = f"cannot {verb} the Secret Service: {_reason(error)}"
            raise KeyringError(message, "unlock or restart the keyring daemon, or set ECRX_KEYRING") from error

    def _open(self, address: str) -> None:
        self._connection = open_dbus_connection(address, auth_timeout=_SECONDS)
        # The secret crosses a socket of the user's own, so the session's own encryption protects it from nobody.
        _, self._session = self._call("/org/freedesktop/secrets", "Service", "OpenSession", "sv", "plain", ("s", ""))

    def _fetch(self, name: str) -> str | None:
        for item in self._find(name):
            ((_, _, secret, _),) = self._call(item, "Item", "GetSecret", "o", self._session)
            text: str = secret.decode()
            return text
        return None

    def _put(self, name: str, secret: str) -> None:
        (collection,) = self._call("/org/freedesktop/secrets", "Service", "ReadAlias", "s", "default")
        if collection == _NO_OBJECT:
            raise _locked(what="has no default collection")
        (locked,) = self._call(collection, None, "Get", "ss", f"{_INTERFACE}.Collection", "Locked")
        if locked[1]:
            raise _locked(what="is locked")
        service = service_of(name)
        properties = {
            f"{_INTERFACE}.Item.Label": ("s", f"Password for '{USERNAME}' on '{service}'"),
            f"{_INTERFACE}.Item.Attributes": ("a{ss}", _attributes(name) | {"application": "Python keyring library"}),
        }
        value = (self._session, b"", secret.encode(), "text/plain")
        item, _ = self._call(
            collection,
            "Collection",
            "CreateItem",
            "a{sv}(oayays)b",
            properties,
            value,
            True,  # noqa: FBT003
        )
        if item == _NO_OBJECT:
            raise _locked(what="asks before it writes")

    def _drop(self, name: str) -> None:
        for item in self._find(name):
            self._call(item, "Item", "Delete", "")

    def _find(self, name: str) -> list[str]:
        """Return the paths of the unlocked items of that name; raise where all are locked."""
        unlocked: list[str]
        unlocked, locked = self._call("/org/freedesktop/secrets", "Service", "SearchItems", "a{ss}", _attributes(name))
        if locked and not unlocked:
            raise _locked(what="is locked")
        return unlocked

    def _call(self, path: str, interface: str | None, method: str, signature: str, *body: "Any") -> "Any":  # noqa: ANN401 - whatever the signature says
        full = f"{_INTERFACE}.{interface}" if interface else "org.freedesktop.DBus.Properties"
        message = new_method_call(DBusAddress(path, _BUS_NAME, full), method, signature, body)
        reply = self._connection.send_and_get_reply(message, timeout=_SECONDS)
        if reply.header.message_type == MessageType.error:
            raise DBusErrorResponse(reply)
        return reply.body


_CAUGHT = (OSError, DBusErrorResponse, ValueError, LookupError, RuntimeError, TypeError)


def _attributes(name: str) -> dict[str, str]:
    return {"service": service_of(name), "username": USERNAME}


def _bus_address() -> str | None:
    """Return the session bus's address; where the environment has none (ssh, cron), the user's systemd bus."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    if address:
        return address
    for folder in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if folder and os.path.exists(f"{folder}/bus"):
            return f"unix:path={folder}/bus"
    return None


def _locked(*, what: str) -> KeyringUnavailableError:
    return KeyringUnavailableError(f"the Secret Service {what}", "unlock it, or set ECRX_KEYRING=kernel or none")


def _reason(error: BaseException) -> str:
    if isinstance(error, DBusErrorResponse):
        return str(error.name)
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
