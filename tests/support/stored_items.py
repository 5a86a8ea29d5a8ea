"""What is stored in a home: the index, and what it lists in the kernel's keyring, which can age or be deleted."""

import json
from collections.abc import Mapping
from typing import Any

from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from support.home import Home

HOUR = 3600.0


def entries(home: Home) -> dict[str, dict[str, Any]]:
    """Return the entries of the index."""
    path = home.folder / ".local" / "state" / "ecrx" / "ledger.json"
    listed: dict[str, dict[str, Any]] = json.loads(path.read_text())["entries"] if path.exists() else {}
    return listed


def write(home: Home, entries: Mapping[str, object]) -> None:
    """Replace the entries of the index by ``entries``."""
    path = home.folder / ".local" / "state" / "ecrx" / "ledger.json"
    path.write_text(json.dumps({"entries": entries}))


def let_days_pass(home: Home, days: int) -> None:
    """Make every entry of the index that much older."""
    listed = entries(home)
    for entry in listed.values():
        for time in ("minted", "renew", "expires"):
            entry[time] -= days * 24 * HOUR
    write(home, listed)


def age(home: Home, hours: float) -> None:
    """Make every token in the kernel's keyring that much older."""
    keyring = KernelKeyring()
    for name in entries(home):
        record = keyring.get(name)
        token = cached_token.from_record(name, record) if record else None
        if token is not None:
            issued, seconds = token.issued_at, hours * HOUR
            earlier = ClockReading(issued.utc - seconds, issued.boot, issued.uptime - seconds)
            older = Token(token.password, earlier, token.lifetime, token.refresh_after)
            keyring.set(name, cached_token.to_record(name, older), 600)


def in_kernel(*names: str) -> list[str]:
    """Return those of ``names`` under which the kernel's keyring has something."""
    keyring = KernelKeyring()
    return [name for name in names if keyring.get(name) is not None]


def lose(home: Home) -> None:
    """Delete every item that the index lists from the kernel's keyring, as a full quota does."""
    for name in entries(home):
        KernelKeyring().delete(name)
