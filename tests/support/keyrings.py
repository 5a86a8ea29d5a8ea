"""Real keyrings: the kernel's, and a gnome-keyring on a bus of its own."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker_credential_ecrx.keyrings.keyctl import USER_KEYRING, Keyctl
from support import need

if TYPE_CHECKING:
    from secretstorage import Collection

_PREFIX = "docker-credential-ecrx:"
_SWEEPS = 500
_SERVICE = "org.freedesktop.Secret.Service"
_INTERNAL = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"


@contextmanager
def bus(folder: Path) -> Iterator[dict[str, str]]:
    """Run a bus with nothing on it; yield the environment of a service that is started there."""
    dbus = need.command("dbus-daemon")
    folder.mkdir(parents=True)
    address = f"unix:path={folder}/bus"
    env = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(folder),
        "PATH": "/usr/bin:/bin",
        "DBUS_SESSION_BUS_ADDRESS": address,
    }
    config = folder / "bus.conf"
    # A bus without service files: nothing is started behind the tests' back.
    config.write_text(
        f"<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow user="*"/><allow send_destination="*"/><allow own="*"/>'
        '<allow receive_sender="*"/></policy>'
        "</busconfig>"
    )
    command = [dbus, f"--config-file={config}", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield env
        finally:
            process.terminate()


@contextmanager
def secret_service(folder: Path, *, unlocked: bool = True) -> Iterator[dict[str, str]]:
    """Run a bus with a gnome-keyring on it; yield the environment that leads there."""
    daemon = need.command("gnome-keyring-daemon")
    with bus(folder) as env:
        keyring = _start_daemon(daemon, env)
        try:
            if not unlocked:
                # The first start made the collection; one that never saw the password finds it locked.
                keyring.terminate()
                keyring.wait()
                keyring = _start_daemon(daemon, env, password=None)
            yield {"DBUS_SESSION_BUS_ADDRESS": env["DBUS_SESSION_BUS_ADDRESS"]}
        finally:
            keyring.terminate()
            keyring.wait()


@contextmanager
def plain_secret_service(folder: Path) -> Iterator[dict[str, str]]:
    """Run a gnome-keyring whose default collection has an empty password; yield the environment that leads there."""
    with secret_service(folder) as env:
        with _calls(env) as call:
            (path,) = call(_SERVICE, "ReadAlias", "s", "default")
            _, session = call(_SERVICE, "OpenSession", "sv", "plain", ("s", ""))
            old, new = ((session, b"", password, "text/plain") for password in (b"word", b""))
            call(_INTERNAL, "ChangeWithMasterPassword", "o(oayays)(oayays)", path, old, new)
        yield env | {"XDG_DATA_HOME": str(folder / "data")}


def replace_default(env: Mapping[str, str]) -> str:
    """Add a collection to the gnome-keyring to which ``env`` leads, and make it the default; return the old one."""
    with _calls(env) as call:
        old: str
        (old,) = call(_SERVICE, "ReadAlias", "s", "default")
        _, session = call(_SERVICE, "OpenSession", "sv", "plain", ("s", ""))
        label = {"org.freedesktop.Secret.Collection.Label": ("s", "another")}
        password = (session, b"", b"word", "text/plain")
        (new,) = call(_INTERNAL, "CreateWithMasterPassword", "a{sv}(oayays)", label, password)
        call(_SERVICE, "SetAlias", "so", "default", new)
    return old


def set_default(env: Mapping[str, str], path: str) -> None:
    """Make the collection at ``path`` the default."""
    with _calls(env) as call:
        call(_SERVICE, "SetAlias", "so", "default", path)


def lock(env: Mapping[str, str], path: str) -> None:
    """Lock the collection at ``path``."""
    with _calls(env) as call:
        call(_SERVICE, "Lock", "ao", [path])


@contextmanager
def _calls(env: Mapping[str, str]) -> Iterator[Callable[..., Any]]:
    """Yield what calls a method of the gnome-keyring to which ``env`` leads."""
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    with closing(open_dbus_connection(env["DBUS_SESSION_BUS_ADDRESS"])) as connection:

        def call(interface: str, method: str, signature: str, *body: object) -> Any:  # noqa: ANN401 - whatever it says
            address = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", interface)
            return connection.send_and_get_reply(new_method_call(address, method, signature, body), timeout=20).body

        yield call


@contextmanager
def collection(env: Mapping[str, str]) -> Iterator["Collection"]:
    """Yield the default collection of the Secret Service to which ``env`` leads."""
    import secretstorage
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    service = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.Secret.Service")
    with closing(open_dbus_connection(env["DBUS_SESSION_BUS_ADDRESS"])) as connection:
        # As in our SecretServiceKeyring: whom gnome-keyring has not noted yet may make it abort.
        connection.send_and_get_reply(new_method_call(service, "ReadAlias", "s", ("tests",)), timeout=20)
        yield secretstorage.get_default_collection(connection)


def clear(env: Mapping[str, str]) -> None:
    """Delete all items of the Secret Service to which ``env`` leads."""
    with collection(env) as stored:
        for item in list(stored.get_all_items()):
            item.delete()


def items(env: dict[str, str]) -> set[str]:
    """Return the names of the program's items in the Secret Service to which ``env`` leads."""
    with collection(env) as stored:
        found = [item.get_attributes() for item in stored.get_all_items()]
    services = {attributes.get("service", "") for attributes in found}
    return {service.removeprefix(_PREFIX) for service in services if service.startswith(_PREFIX)}


def _start_daemon(daemon: str, env: dict[str, str], password: bytes | None = b"word") -> subprocess.Popen[bytes]:
    unlock = ["--unlock"] if password else []
    process = subprocess.Popen(
        [daemon, "--foreground", "--components=secrets", *unlock],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(password or b"")
    process.stdin.close()
    _wait_for_name(env)
    return process


def _wait_for_name(env: dict[str, str]) -> None:
    """Return once the Secret Service has its name on the bus."""
    from jeepney import DBusAddress, new_method_call
    from jeepney.bus_messages import MatchRule, message_bus
    from jeepney.io.blocking import Proxy, open_dbus_connection

    connection = open_dbus_connection(env["DBUS_SESSION_BUS_ADDRESS"])
    rule = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
    rule.add_arg_condition(0, "org.freedesktop.secrets")
    bus = Proxy(message_bus, connection, timeout=20)
    with connection.filter(rule) as signals:
        bus.AddMatch(rule)
        if not bus.NameHasOwner("org.freedesktop.secrets")[0]:
            connection.recv_until_filtered(signals, timeout=20)
    service = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.DBus.Peer")
    connection.send_and_get_reply(new_method_call(service, "Ping"), timeout=20)
    connection.close()


@contextmanager
def kernel_keys_put_back() -> Iterator[None]:
    """Delete, in the end, the program's keys that were not in the kernel before."""
    before = set(kernel_keys())
    try:
        yield
    finally:
        for serial in set(kernel_keys()) - before:
            subprocess.run([need.command("keyctl"), "invalidate", serial], check=False, capture_output=True)


def kernel_keys() -> dict[str, str]:
    """Return the descriptions of the program's keys, by serial number, without the mark of a deletion, which expires.

    They are those in the user's own ring: /proc/keys lists other user namespaces' keys too.
    """
    keyctl = Keyctl()
    try:
        ring = keyctl.persistent()
    except OSError:
        ring = USER_KEYRING
    serials = keyctl.read(ring)
    keys = {}
    for at in range(0, len(serials), 4):
        serial = int.from_bytes(serials[at : at + 4], sys.byteorder, signed=True)
        with suppress(OSError):  # deleted meanwhile
            keys[str(serial)] = keyctl.describe(serial)[2].decode(errors="replace")
    mark = f"{_PREFIX}erased:"
    return {serial: key for serial, key in keys.items() if key.startswith(_PREFIX) and not key.startswith(mark)}


def shown(name: str, user: Sequence[str] = ()) -> list[list[str]]:
    """Return the fields of /proc/keys of every key whose name begins with ``name``, as ``user`` sees them.

    ``user`` is the beginning of a command that another user runs; without it, it is this one.
    """
    seen = subprocess.run([*user, "cat", "/proc/keys"], stdout=subprocess.PIPE, check=True).stdout
    keys = [line.split(maxsplit=8) for line in seen.decode(errors="replace").splitlines()]
    return [key for key in keys if key[8].startswith(f"{_PREFIX}{name}")]


def perpetual(name: str, user: Sequence[str] = ()) -> list[str]:
    """Return the serial numbers of the keys that ``shown`` returns and that never expire.

    What only a process held that has ended is there until the kernel has swept it up.
    """
    pause = threading.Event()
    for _ in range(_SWEEPS):
        found = [key[0] for key in shown(name, user) if key[3] == "perm"]
        if not found:
            break
        pause.wait(0.01)
    return found
