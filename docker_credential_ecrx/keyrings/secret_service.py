"""The freedesktop Secret Service (GNOME Keyring, KWallet, KeePassXC) over D-Bus.

It reads and writes the very items of ``keyring.backends.SecretService``, without the imports that make that slow,
and never opens a window: what is locked is not available.
https://specifications.freedesktop.org/secret-service/latest/
"""

import os

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.keyrings import OR_ANOTHER, USERNAME, name_of, service_of
from docker_credential_ecrx.keyrings.dbus import Connection, DBusError, connected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_BUS_NAME = "org.freedesktop.secrets"
_INTERFACE = "org.freedesktop.Secret"
_SERVICE = "/org/freedesktop/secrets"
_NO_OBJECT = "/"
_UNUSED_ALIAS = "docker-credential-ecrx"
# For an answer; for all that a use of the keyring takes, since a service may answer just in time, or answer for ever;
# and to list many items. A get uses it five times at most.
_SECONDS, _SECONDS_OF_USE, _SECONDS_TO_LIST = 3.0, 4.0, 10.0
# The types of the answers, by the methods that are called.
_ANSWERS = {
    "CreateItem": "oo",
    "Delete": "o",
    "Get": "v",
    "GetSecret": "(oayays)",
    "OpenSession": "vo",
    "ReadAlias": "o",
    "SearchItems": "aoao",
}


class SecretServiceKeyring:
    """Items of the default collection."""

    label = "secret-service"

    def __init__(self) -> None:
        """Raise KeyringUnavailableError where there is no session bus, no service on it, or no answer."""
        address = _bus_address()
        if address is None:
            raise KeyringUnavailableError(
                "the Secret Service is not available: there is no session bus",
                f"log in to a desktop session{OR_ANOTHER}",
            )
        self._opening, self._session = 0, ""
        try:
            self._bus = Connection(address, _SECONDS)
            try:
                # GNOME Keyring may come to a client's first call before it has noted the client, and then aborts over
                # OpenSession, or a property's Get, so that all it kept unlocked is locked. This call needs no client;
                # once it is answered, the client is noted. GDBus would answer a Ping without GNOME Keyring.
                # https://gitlab.gnome.org/GNOME/gnome-keyring/-/issues/190
                self._call(_SERVICE, "Service", "ReadAlias", "s", _UNUSED_ALIAS)
            except BaseException:
                self.close()
                raise
        except _CAUGHT as error:
            message = f"the Secret Service is not available: {_reason(error)}"
            is_foreign = isinstance(error, PermissionError)
            remedy = "unset DBUS_SESSION_BUS_ADDRESS" if is_foreign else "start a keyring daemon"
            raise KeyringUnavailableError(message, f"{remedy}{OR_ANOTHER}") from error

    def get(self, name: str) -> str | None:
        """Return the secret kept under ``name``, or None."""
        return self._limited("read", lambda: self._fetch(name))

    def set(self, name: str, secret: str, seconds: int | None) -> None:
        """Keep ``secret`` under ``name``; raise KeyringError for what has a lifetime if that would be in plain text.

        Such a secret can be fetched again, and so need not be on the disk; and GNOME Keyring's files in plain text lose
        what is after a secret's first line.
        """
        self._limited("write to", lambda: self._put(name, secret, is_passing=seconds is not None))

    def delete(self, name: str) -> None:
        """Forget what is kept under ``name``, if anything is."""
        self._limited("delete from", lambda: self._drop(name))

    def names(self) -> list[str]:
        """Return the names of all that is kept, be it locked or not."""
        return self._limited("list", self._names, _SECONDS_TO_LIST)

    def plaintext_file(self) -> str | None:
        """Return the file in which GNOME Keyring keeps the default collection in plain text, or None."""
        return self._limited("read", lambda: self._plain(self._default_collection()))

    def close(self) -> None:
        """Leave the bus; the end of the process does as well."""
        self._bus.close()

    def _limited(self, verb: str, call: "Callable[[], T]", seconds: float = _SECONDS_OF_USE) -> "T":
        self._bus.limit(seconds)
        try:
            return call()
        except _CAUGHT as error:
            raise KeyringError(
                f"cannot {verb} the Secret Service: {_reason(error)}",
                f"unlock or restart the keyring daemon{OR_ANOTHER}",
            ) from error

    def _fetch(self, name: str) -> str | None:
        self._ask_for_session()
        while items := self._find(name):
            session = self._opened()
            try:
                ((_, _, secret, _),) = self._call(items[0], "Item", "GetSecret", "o", session)
            except DBusError:
                if items[0] in self._find(name):
                    raise
                continue  # another process has deleted it meanwhile, and may have put another in its place
            try:
                text: str = secret.decode()
            except UnicodeDecodeError:
                break  # nothing of ours
            return text
        return None

    def _put(self, name: str, secret: str, *, is_passing: bool) -> None:
        self._ask_for_session()
        collection = self._default_collection()
        if collection == _NO_OBJECT:
            raise _locked(what="has no default collection")
        if self._property(collection, "Collection", "Locked", "b"):
            raise _locked(what="is locked")
        if is_passing and (file := self._plain(collection)):
            raise plain_text(file)
        service = service_of(name)
        properties = {
            f"{_INTERFACE}.Item.Label": ("s", f"Password for '{USERNAME}' on '{service}'"),
            f"{_INTERFACE}.Item.Attributes": ("a{ss}", _attributes(name)),
        }
        value = (self._opened(), b"", secret.encode(), "text/plain")
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

    def _default_collection(self) -> str:
        collection: str
        (collection,) = self._call(_SERVICE, "Service", "ReadAlias", "s", "default")
        return collection

    def _plain(self, collection: str) -> str | None:
        """Return the file of ``collection`` if it is GNOME Keyring's and in plain text, else None."""
        from docker_credential_ecrx.keyrings import gnome

        file = gnome.plain_file(collection)
        if file is None:
            return None
        bus, path = "org.freedesktop.DBus", "/org/freedesktop/DBus"
        asked = self._bus.ask(bus, path, bus, "GetConnectionUnixProcessID", "s", (_BUS_NAME,), returns="u")
        (process,) = self._bus.answer(asked)
        return file if gnome.is_daemon(process) else None

    def _drop(self, name: str) -> None:
        for item in self._find(name):
            try:
                self._call(item, "Item", "Delete", "")
            except DBusError:
                if item in self._find(name):
                    raise

    def _names(self) -> list[str]:
        services = []
        for item in self._ours():
            try:
                attributes = self._property(item, "Item", "Attributes", "a{ss}")
            except DBusError:
                if item in self._ours():
                    raise
                continue  # another process has deleted it meanwhile
            services.append(dict(attributes)["service"])
        return [name for service in services if (name := name_of(service)) is not None]

    def _ours(self) -> list[str]:
        """Return the paths of all our items, be they locked or not."""
        unlocked, locked = self._call(_SERVICE, "Service", "SearchItems", "a{ss}", _OURS)
        return [*unlocked, *locked]

    def _find(self, name: str) -> list[str]:
        """Return the paths of the unlocked items of that name; raise where all are locked."""
        unlocked: list[str]
        unlocked, locked = self._call(_SERVICE, "Service", "SearchItems", "a{ss}", _attributes(name))
        if locked and not unlocked:
            raise _locked(what="is locked")
        return unlocked

    def _ask_for_session(self) -> None:
        """Have the session that secrets are read and written in opened while something else is waited for."""
        if not self._opening and not self._session:
            # The secret crosses a socket of the user's own: the session's own encryption protects it from nobody.
            self._opening = self._ask(_SERVICE, "Service", "OpenSession", "sv", "plain", ("s", ""))

    def _opened(self) -> str:
        """Return the session."""
        if not self._session:
            self._ask_for_session()
            opening, self._opening = self._opening, 0
            _, self._session = self._bus.answer(opening)
        return self._session

    def _property(self, path: str, interface: str, name: str, signature: str) -> "Any":  # noqa: ANN401
        """Return the value of a property, which has the type ``signature``."""
        ((found, value),) = self._call(path, None, "Get", "ss", f"{_INTERFACE}.{interface}", name)
        if found != signature:
            raise ValueError(f"it answered Get of {name} with another type than {signature}")
        return value

    def _call(self, path: str, interface: str | None, method: str, signature: str, *body: "Any") -> "Any":  # noqa: ANN401
        return self._bus.answer(self._ask(path, interface, method, signature, *body))

    def _ask(self, path: str, interface: str | None, method: str, signature: str, *body: "Any") -> int:
        full = f"{_INTERFACE}.{interface}" if interface else "org.freedesktop.DBus.Properties"
        return self._bus.ask(_BUS_NAME, path, full, method, signature, body, returns=_ANSWERS[method])


def plain_text(file: str) -> KeyringError:
    """Return the error of a keyring's ``file`` that is not encrypted."""
    message = f"{file} is not encrypted, because the password of that keyring is empty"
    return KeyringError(message, f"set one in Passwords and Keys (seahorse){OR_ANOTHER}=kernel for tokens")


# Whatever a call raises where the bus or the service fails, or answers something else than was asked for.
_CAUGHT = (OSError, DBusError, ValueError, LookupError)


# What keyring's backend writes beside each of our secrets; another program's items lack that.
_OURS = {"application": "Python keyring library", "username": USERNAME}


def _attributes(name: str) -> dict[str, str]:
    return {"application": _OURS["application"], "service": service_of(name), "username": USERNAME}


def check_bus() -> None:
    """Raise PermissionError if the session bus is another user's; there may be none."""
    address = _bus_address()
    if address is not None:
        try:
            connected(address, _SECONDS).close()
        except PermissionError:
            raise
        except OSError:
            return  # which who needs a bus finds, too


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
    return KeyringUnavailableError(f"the Secret Service {what}", f"unlock it{OR_ANOTHER}=kernel or none")


def _reason(error: BaseException) -> str:
    """Return what went wrong; what cannot be decoded is not quoted, since it may be what the service was given."""
    from docker_credential_ecrx.sanitizer import third_party  # only a failure needs it

    if isinstance(error, DBusError):
        return third_party.code(error.name)
    said = "" if isinstance(error, UnicodeDecodeError) else third_party.text(error)
    return (error.strerror if isinstance(error, OSError) else "") or said or type(error).__name__
