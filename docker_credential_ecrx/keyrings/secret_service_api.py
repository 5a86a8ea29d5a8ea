"""The methods of the freedesktop Secret Service, as calls on the session bus.

https://specifications.freedesktop.org/secret-service/latest/
"""

from docker_credential_ecrx.keyrings.dbus import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_BUS_NAME = "org.freedesktop.secrets"
_INTERFACE = "org.freedesktop.Secret"
_SERVICE = "/org/freedesktop/secrets"
_UNUSED_ALIAS = "docker-credential-ecrx"
NO_OBJECT = "/"
# The types of the replies, by method.
_REPLIES = {
    "CreateItem": "oo",
    "Delete": "o",
    "Get": "v",
    "GetSecret": "(oayays)",
    "OpenSession": "vo",
    "ReadAlias": "o",
    "SearchItems": "aoao",
}


class SecretService:
    """A connection to the Secret Service; its methods fail with the errors of ``Connection``."""

    def __init__(self, addresses: "Iterable[str]", seconds: float) -> None:
        """Connect to the first bus at ``addresses``; no wait for a reply takes longer than ``seconds``."""
        self._opening, self._session = 0, ""
        self._bus = Connection(addresses, seconds)
        try:
            # GNOME Keyring may receive a client's first call before it has registered the client.
            # If that call is OpenSession, or a property's Get, it aborts, and all that it kept unlocked is locked.
            # This call needs no registered client, and once it is answered, the client is registered.
            # GDBus would answer a Ping without GNOME Keyring.
            # https://gitlab.gnome.org/GNOME/gnome-keyring/-/issues/190
            self._call(_SERVICE, "Service", "ReadAlias", "s", _UNUSED_ALIAS)
        except BaseException:
            self.close()
            raise

    def set_time_limit(self, seconds: float) -> None:
        """Limit the time of all following calls together to ``seconds``."""
        self._bus.set_time_limit(seconds)

    def close(self) -> None:
        """Close the connection."""
        self._bus.close()

    def process(self) -> int:
        """Return the ID of the service's process."""
        return self._bus.process_of(_BUS_NAME)

    def default_collection(self) -> str:
        """Return the path of the default collection, or NO_OBJECT."""
        collection: str
        (collection,) = self._call(_SERVICE, "Service", "ReadAlias", "s", "default")
        return collection

    def is_locked(self, collection: str) -> bool:
        """Return whether the collection is locked."""
        locked: bool = self._property(collection, "Collection", "Locked", "b")
        return locked

    def search(self, attributes: dict[str, str]) -> tuple[list[str], list[str]]:
        """Return the paths of the unlocked items with these attributes, and those of the locked ones."""
        return self.found(self.start_search(attributes))

    def start_search(self, attributes: dict[str, str]) -> int:
        """Ask for what ``search`` returns, without waiting for the reply; return its number, for ``found``."""
        return self._send(_SERVICE, "Service", "SearchItems", "a{ss}", attributes)

    def found(self, number: int) -> tuple[list[str], list[str]]:
        """Wait for the reply to the search with that number, once; return what ``search`` does."""
        unlocked, locked = self._bus.reply(number)
        return unlocked, locked

    def attributes(self, item: str) -> dict[str, str]:
        """Return the attributes of the item."""
        return dict(self._property(item, "Item", "Attributes", "a{ss}"))

    def modified(self, item: str) -> int:
        """Return when the item was stored or changed, in seconds since 1970."""
        modified: int = self._property(item, "Item", "Modified", "t")
        return modified

    def secret(self, item: str) -> bytes:
        """Return the secret of the item."""
        ((_, _, secret, _),) = self._call(item, "Item", "GetSecret", "o", self._opened_session())
        return bytes(secret)

    def create_item(self, collection: str, label: str, attributes: dict[str, str], secret: bytes) -> str:
        """Store an item, which replaces one with the same attributes; return its path, or NO_OBJECT if it prompts."""
        properties = {f"{_INTERFACE}.Item.Label": ("s", label), f"{_INTERFACE}.Item.Attributes": ("a{ss}", attributes)}
        value = (self._opened_session(), b"", secret, "text/plain")
        is_replaced = True
        item: str
        item, _ = self._call(collection, "Collection", "CreateItem", "a{sv}(oayays)b", properties, value, is_replaced)
        return item

    def delete(self, item: str) -> bool:
        """Delete the item; return False if the service would prompt first, and the item is still there."""
        (prompt,) = self._call(item, "Item", "Delete", "")
        return bool(prompt == NO_OBJECT)

    def open_session(self) -> None:
        """Ask for the session that secrets are read and written in, without waiting for the reply."""
        if not self._opening and not self._session:
            # The secret crosses a socket of this user only: the session's own encryption would protect it from nobody.
            self._opening = self._send(_SERVICE, "Service", "OpenSession", "sv", "plain", ("s", ""))

    def _opened_session(self) -> str:
        if not self._session:
            self.open_session()
            opening, self._opening = self._opening, 0
            _, self._session = self._bus.reply(opening)
        return self._session

    def _property(self, path: str, interface: str, name: str, signature: str) -> "Any":  # noqa: ANN401
        """Return the value of a property, whose type is ``signature``."""
        ((found, value),) = self._call(path, None, "Get", "ss", f"{_INTERFACE}.{interface}", name)
        if found != signature:
            raise ValueError(f"it replied to Get of {name} with another type than {signature}")
        return value

    def _call(self, path: str, interface: str | None, method: str, signature: str, *body: "Any") -> "Any":  # noqa: ANN401
        return self._bus.reply(self._send(path, interface, method, signature, *body))

    def _send(self, path: str, interface: str | None, method: str, signature: str, *body: "Any") -> int:
        full = f"{_INTERFACE}.{interface}" if interface else "org.freedesktop.DBus.Properties"
        return self._bus.send_call(_BUS_NAME, path, full, method, signature, body, returns=_REPLIES[method])
