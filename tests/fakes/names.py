"""The names of AWS's hosts, which lead to loopback in a mount namespace of the tests' own."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support import need

_HOSTS = Path("/etc/hosts")
_USERS = Path("/etc/passwd")
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def need_namespaces() -> None:
    """Go on only where mounts and ports are the tests' own: in the namespaces that tests/run makes."""
    if os.environ.get("ECRX_TEST_NAMESPACES") != "1":
        need.missing("a mount and network namespace of the tests' own (tests/run, as root)")
    # The machine's own namespaces hide from a look of ours; but only those of tests/run have no network but loopback,
    # and that which act had an engine make for a job.
    if any(name != "lo" and not name.startswith("br-") for _, name in socket.if_nameindex()):
        message = "ECRX_TEST_NAMESPACES is set, but these are not the namespaces of tests/run"
        raise AssertionError(message)


@contextmanager
def known(addresses: Mapping[str, str], authority: Path, folder: Path) -> Iterator[Callable[[Mapping[str, str]], None]]:
    """Let every program resolve ``addresses`` and trust ``authority``, until the context is left.

    What it yields lets them resolve others from then on.
    """
    with (
        _in_place_of(_HOSTS, _hosts(addresses), folder) as own,
        _in_place_of(BUNDLE, BUNDLE.read_text() + authority.read_text(), folder),
    ):

        def lead(others: Mapping[str, str]) -> None:
            own.write_text(_hosts(others))

        yield lead


@contextmanager
def user(name: str, number: int, home: Path, folder: Path) -> Iterator[None]:
    """Let there be a user of that name, without other users that he may map, until the context is left."""
    line = f"{name}:x:{number}:{number}::{home}:/bin/sh\n"
    with _in_place_of(_USERS, _USERS.read_text() + line, folder):
        yield


@contextmanager
def address(number: str) -> Iterator[str]:
    """Give loopback the address ``number``: docker trusts whoever is at 127.*, and falls back to HTTP there."""
    ip, interface = need.command("ip"), ("dev", "lo")
    subprocess.run([ip, "address", "add", f"{number}/32", *interface], check=True)
    try:
        yield number
    finally:
        subprocess.run([ip, "address", "del", f"{number}/32", *interface], check=True)


@contextmanager
def empty(path: Path) -> Iterator[None]:
    """Let ``path`` be an empty folder of the tests' own, until the context is left."""
    # It stays: the tests that run beside these may be in a mount of their own on it.
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run([need.command("mount"), "-t", "tmpfs", "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run([need.command("umount"), "--lazy", path], check=True)


@contextmanager
def _in_place_of(path: Path, content: str, folder: Path) -> Iterator[Path]:
    own = folder / path.name
    own.write_text(content)
    subprocess.run([need.command("mount"), "--bind", own, path], check=True)
    try:
        yield own
    finally:
        subprocess.run([need.command("umount"), "--lazy", path], check=True)


def _hosts(addresses: Mapping[str, str]) -> str:
    return "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in addresses.items())
