"""The keyring of the freedesktop Secret Service, such as GNOME Keyring.

It reads and writes the same items as ``keyring.backends.SecretService``, without its slow imports.
It never opens a window: a locked collection is not available, nor is a service that prompts before each write, as
KeePassXC 2.7 does.
"""

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError, Remedy
from docker_credential_ecrx.keyrings import FOREIGN_BUS, USERNAME, name_of, service_of, session_bus, with_alternative
from docker_credential_ecrx.keyrings.dbus import DBusError
from docker_credential_ecrx.keyrings.secret_service_api import NO_OBJECT, SecretService

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    T = TypeVar("T")

# For one reply; for one use of the keyring, since a service may take its time for each reply; and to list many items.
# A get uses the keyring six times at most.
_SECONDS, _SECONDS_OF_USE, _SECONDS_TO_LIST = 3.0, 4.0, 10.0
# The attributes that keyring's backend adds to each of this program's items; other programs' items lack them.
_OURS = {"application": "Python keyring library", "username": USERNAME}
# What a call raises if the bus or the service fails, or its reply is not valid.
_ERRORS = (OSError, DBusError, ValueError, LookupError)


class SecretServiceKeyring:
    """Items of the default collection."""

    label = "secret-service"

    def __init__(self, alternative: str = "") -> None:
        """Connect to the service; ``alternative`` is what its errors suggest to do without it.

        Raises KeyringUnavailableError if there is no session bus, no service on it, or no reply.
        """
        self._alternative = alternative
        self._searches: dict[str, int] = {}  # those that were started, by the item's name
        try:
            self._service = SecretService(session_bus.addresses(), _SECONDS)
        except _ERRORS as error:
            remedy = FOREIGN_BUS if isinstance(error, PermissionError) else Remedy("start a keyring daemon")
            if isinstance(error, FileNotFoundError) and not session_bus.is_configured():
                raise KeyringUnavailableError(
                    "the Secret Service is not available: there is no session bus",
                    with_alternative(Remedy("log in to a desktop session"), alternative),
                ) from error
            raise KeyringUnavailableError(
                f"the Secret Service is not available: {_reason(error)}", with_alternative(remedy, alternative)
            ) from error

    def expect(self, names: "Iterable[str]") -> None:
        """Search for the items called ``names`` at once, so that not each ``get`` waits for the reply to its own."""
        self._limited("read", lambda: self._start_searches(names))

    def get(self, name: str) -> str | None:
        """Return the secret stored under ``name``, or None."""
        return self._limited("read", lambda: self._get(name))

    def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:  # noqa: ARG002 - it evicts nothing
        """Store ``secret`` under ``name``.

        Raises KeyringError if ``seconds`` is given and the collection is in plain text: a secret with a lifetime can be
        fetched again, so it need not be on the disk; and GNOME Keyring's plain text files lose all but a secret's first
        line.
        """
        self._limited("write to", lambda: self._set(name, secret, is_temporary=seconds is not None))

    def delete(self, name: str) -> None:
        """Delete what is stored under ``name``, if anything is."""
        self._limited("delete from", lambda: self._delete(name))

    def names(self) -> list[str]:
        """Return the names of all items, locked ones too."""
        return self._limited("list", self._names, _SECONDS_TO_LIST)

    def plaintext_file(self) -> str | None:
        """Return the file in which GNOME Keyring stores the default collection in plain text, or None."""
        return self._limited("read", lambda: self._plaintext_file(self._service.default_collection()))

    def close(self) -> None:
        """Close the connection; it also ends with the process."""
        self._service.close()

    def _limited(self, verb: str, call: "Callable[[], T]", seconds: float = _SECONDS_OF_USE) -> "T":
        self._service.set_time_limit(seconds)
        try:
            return call()
        except _ERRORS as error:
            raise KeyringError(
                f"cannot {verb} the Secret Service: {_reason(error)}",
                with_alternative(Remedy("unlock or restart the keyring daemon"), self._alternative),
            ) from error

    def _start_searches(self, names: "Iterable[str]") -> None:
        self._service.open_session()
        self._searches = {name: self._service.start_search(_attributes(name)) for name in names}

    def _get(self, name: str) -> str | None:
        self._service.open_session()
        while any(items := self._search(name)):
            unlocked, locked = items
            try:
                item = unlocked[0] if len(unlocked) == 1 and not locked else self._newest(unlocked, locked)
                secret = self._service.secret(item)
            except DBusError:
                if items == self._search(name):
                    raise
                continue  # another process deleted it in the meantime, and may have stored another in its place
            try:
                return secret.decode()
            except UnicodeDecodeError:
                break  # this program did not store it
        return None

    def _newest(self, unlocked: list[str], locked: list[str]) -> str:
        """Return the item that was stored last: each collection may have one, and another may become the default.

        Raises KeyringUnavailableError if that one is locked.
        """
        if unlocked:
            default = f"{self._service.default_collection()}/"
            items = [*unlocked, *locked]
            newest = max(items, key=lambda item: (self._service.modified(item), item.startswith(default)))
            if newest in unlocked:
                return newest
        raise self._locked("is locked")

    def _set(self, name: str, secret: str, *, is_temporary: bool) -> None:
        self._searches.clear()  # what they find is from before
        self._service.open_session()
        collection = self._service.default_collection()
        if collection == NO_OBJECT:
            raise self._locked("has no default collection")
        if self._service.is_locked(collection):
            raise self._locked("is locked")
        if is_temporary and (file := self._plaintext_file(collection)):
            from docker_credential_ecrx.keyrings import gnome

            raise gnome.not_encrypted(file)
        label = f"Password for '{USERNAME}' on '{service_of(name)}'"
        item = self._service.create_item(collection, label, _attributes(name), secret.encode())
        if item == NO_OBJECT:
            raise self._locked("prompts before it writes")
        # It replaced one in the default collection only.
        self._delete_items(name, [other for other in self._search(name)[0] if other != item])

    def _delete(self, name: str) -> None:
        self._searches.clear()
        unlocked, locked = self._search(name)
        is_done = self._delete_items(name, unlocked)
        if locked:
            raise self._locked("is locked")
        if not is_done:
            raise KeyringUnavailableError(
                "the Secret Service prompts before it deletes", "delete it in the keyring's own program"
            )

    def _delete_items(self, name: str, items: list[str]) -> bool:
        """Delete the items; return False if the service would prompt before it deletes one."""
        is_done = True
        for item in items:
            try:
                is_done &= self._service.delete(item)
            except DBusError:
                if item in self._search(name)[0]:
                    raise
        return is_done

    def _names(self) -> list[str]:
        services = []
        for item in self._all():
            try:
                services.append(self._service.attributes(item)["service"])
            except DBusError:
                if item in self._all():
                    raise
                continue  # another process deleted it in the meantime
        return [name for service in services if (name := name_of(service)) is not None]

    def _all(self) -> list[str]:
        unlocked, locked = self._service.search(_OURS)
        return [*unlocked, *locked]

    def _search(self, name: str) -> tuple[list[str], list[str]]:
        """Return the paths of the unlocked items of that name, and those of the locked ones."""
        if started := self._searches.pop(name, None):
            return self._service.found(started)
        return self._service.search(_attributes(name))

    def _plaintext_file(self, collection: str) -> str | None:
        from docker_credential_ecrx.keyrings import gnome

        try:
            process = self._service.process()
        except DBusError:  # a proxy of the bus may refuse it
            process = 0  # which no process has
        return gnome.plain_file(collection, process)

    def _locked(self, what: str) -> KeyringUnavailableError:
        remedy = with_alternative(Remedy("unlock it"), self._alternative)
        return KeyringUnavailableError(f"the Secret Service {what}", remedy)


def _attributes(name: str) -> dict[str, str]:
    return {"application": _OURS["application"], "service": service_of(name), "username": USERNAME}


def _reason(error: BaseException) -> str:
    """Return what failed; text that cannot be decoded is not quoted, since it may be a secret."""
    from docker_credential_ecrx.sanitizer import third_party  # only a failure needs it

    if isinstance(error, DBusError):
        return third_party.code(error.name)
    said = "" if isinstance(error, UnicodeDecodeError) else third_party.text(error)
    return (error.strerror if isinstance(error, OSError) else "") or said or type(error).__name__
