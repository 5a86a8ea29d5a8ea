"""What a home's ledger names, and the kernel's keyring beneath it: tokens are made older, and lost."""

import json
from collections.abc import Mapping
from typing import Any

from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from support.home import Home

HOUR = 3600.0


def entries(home: Home) -> dict[str, dict[str, Any]]:
    """Return what the ledger names."""
    path = home.folder / ".local" / "state" / "ecrx" / "ledger.json"
    named: dict[str, dict[str, Any]] = json.loads(path.read_text())["entries"] if path.exists() else {}
    return named


def write(home: Home, entries: Mapping[str, object]) -> None:
    """Let the ledger name ``entries`` and nothing else."""
    path = home.folder / ".local" / "state" / "ecrx" / "ledger.json"
    path.write_text(json.dumps({"entries": entries}))


def let_days_pass(home: Home, days: int) -> None:
    """Let the ledger say that all was kept that much earlier."""
    named = entries(home)
    for entry in named.values():
        for time in ("minted", "renew", "expires"):
            entry[time] -= days * 24 * HOUR
    write(home, named)


def age(home: Home, hours: float) -> None:
    """Let every token in the kernel's keyring be issued that much earlier."""
    keyring = KernelKeyring()
    for name in entries(home):
        record = keyring.get(name)
        token = cached_token.from_record(name, record) if record else None
        if token is not None:
            minted, seconds = token.issued_at, hours * HOUR
            earlier = ClockReading(minted.utc - seconds, minted.boot, minted.uptime - seconds)
            older = Token(token.password, earlier, token.lifetime, token.refresh_after)
            keyring.set(name, cached_token.to_record(name, older), 600)


def in_kernel(*names: str) -> list[str]:
    """Return those of ``names`` under which the kernel's keyring has something."""
    keyring = KernelKeyring()
    return [name for name in names if keyring.get(name) is not None]


def lose(home: Home) -> None:
    """Drop every item that the ledger names from the kernel's keyring, as a full quota does."""
    for name in entries(home):
        KernelKeyring().delete(name)
