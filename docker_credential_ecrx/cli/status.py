"""``status``: list what is stored, for which identity, until when and in which keyring, and the settings."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from docker_credential_ecrx import formatting, keyrings
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.store import cached_token, inventory
from docker_credential_ecrx.store.cached_token import ClockReading
from docker_credential_ecrx.store.inventory import Item

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

_HELP = """\
List what is stored: cached ECR tokens, and passwords for other registries.

AWS is not asked, and no secret is shown. A token is valid for every registry in its region that its identity has access
to; the list shows the registries that it was fetched for.

The exit status is 1 if a password is missing from its keyring, a keyring cannot be reached, or the keyring that is
configured for tokens is not available.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx status
  docker-credential-ecrx status --json | jq -r '.tokens[].expires'
"""


_TIME_NAMES = {"minted": "issued", "renews": "refreshes", "expires": "expires"}  # in the list


class _Times(NamedTuple):
    """When a token was issued, will be refreshed and expires: seconds since 1970, by this machine's clock.

    What ``docker login`` stored is never refreshed.
    The names are the keys of ``status --json``.
    """

    minted: float
    renews: float | None
    expires: float


class _Destination(NamedTuple):
    """The keyring that new items are stored in, or the reason why none is.

    ``failed`` is whether one is configured that is not available, and ``warning`` says if it stores plain text.
    """

    keyring: str | None
    reason: str = ""
    failed: bool = False
    warning: str = ""


class _Report(NamedTuple):
    config: str
    tokens: list[Item]
    passwords: list[Item]
    for_tokens: _Destination
    for_passwords: _Destination

    @property
    def ok(self) -> bool:
        """Return whether every stored item can be used, and the keyring that is configured for tokens is available.

        A missing token is fetched again: a reboot empties the kernel keyring.
        A keyring for passwords is needed only if there are some: servers and CI runners have none.
        """
        unknown = any(item.state == "unknown" for item in (*self.tokens, *self.passwords))
        return not unknown and all(item.state != "gone" for item in self.passwords) and not self.for_tokens.failed

    @property
    def warnings(self) -> list[str]:
        """Return the warnings about the keyrings."""
        found = (self.for_tokens.warning, self.for_passwords.warning)
        return list(dict.fromkeys(warning for warning in found if warning))


@click.command(
    "status", short_help="List what is stored, for which identity and until when.", help=_HELP, epilog=_EPILOG
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, as_json: bool) -> int:
    now = cached_token.now()
    report = _report(now)
    if as_json:
        console.out.print(json.dumps(_document(report, now), indent=2))
    else:
        _print(report, now)
    for warning in report.warnings:
        console.say(warning, "yellow")
    return 0 if report.ok else 1


def _report(now: ClockReading) -> _Report:
    """Collect what to show.

    That excludes expired tokens, which ``get`` does not use, but not what is missing from its keyring or cannot be
    reached.
    """
    keyring_name = settings.load(sys.argv[0], os.environ).keyring
    items = inventory.items(keyring_name, os.environ, now)
    return _Report(
        settings.config_path(os.environ),
        [item for item in items if item.entry.get("kind") != "password" and item.state != "expired"],
        [item for item in items if item.entry.get("kind") == "password"],
        _destination(keyrings.for_tokens, keyring_name),
        _destination(keyrings.for_passwords, keyring_name),
    )


def _destination(choose: "Callable[[str], Keyring | None]", keyring_name: str) -> _Destination:
    try:
        keyring = choose(keyring_name)
    except KeyringError as error:
        return _Destination(None, str(error), failed=True)
    if keyring is None:
        return _Destination(None, "every get asks AWS for a token")
    exposure = keyrings.exposure_of(keyring)
    if exposure is None:
        return _Destination(keyring.label)
    if choose is keyrings.for_tokens:
        return _Destination(None, "every get asks AWS for a token", warning=str(exposure))
    return _Destination(keyring.label, warning=str(exposure))


def _times(item: Item, now: ClockReading) -> _Times:
    if item.token is None:
        times = _Times(item.entry.get("minted", 0.0), item.entry.get("renew", 0.0), item.entry.get("expires", 0.0))
    else:
        issued_at = now.utc - (item.token.age(now) or 0.0)
        times = _Times(issued_at, issued_at + item.token.refresh_after, issued_at + item.token.lifetime)
    return times._replace(renews=None) if item.entry.get("kind") == "login" else times


def _print(report: _Report, now: ClockReading) -> None:
    for item in report.tokens:
        console.heading(f"{item.entry.get('identity')}, {item.entry.get('region')}")
        console.facts(_facts(item, now))
        console.out.print()
    if not report.tokens:
        console.out.print("no token is cached\n")
    if report.passwords:
        console.heading("passwords for other registries")
        console.facts((item.entry["servers"][0], _password(item)) for item in report.passwords)
        console.out.print()
    console.heading("settings")
    console.facts(_settings(report))


def _facts(item: Item, now: ClockReading) -> Iterator[tuple[str, str]]:
    for number, server in enumerate(item.entry["servers"]):
        yield "" if number else "registries", server
    for name, moment in _times(item, now)._asdict().items():
        if moment is not None:
            yield _TIME_NAMES[name], formatting.moment(moment, now.utc)
    yield "keyring", item.entry.get("keyring", "")
    if item.state == "due":
        yield "state", "due: the next get refreshes it, or uses it if AWS returns no other"
    elif item.state == "gone":
        yield "state", "missing from the keyring, though it has not expired: the next get fetches another"
    elif item.state == "unknown":
        yield "state", str(item.reason)


def _password(item: Item) -> str:
    place = f"user {item.entry.get('user')}, {item.entry.get('keyring')}"
    return place if item.state == "kept" else f"{place}: {item.reason or 'missing from the keyring'}"


def _settings(report: _Report) -> Iterator[tuple[str, str]]:
    exists = Path(report.config).exists()
    yield "config file", report.config if exists else f"{report.config or 'none'} (does not exist; the defaults apply)"
    for name, to in (("tokens", report.for_tokens), ("passwords", report.for_passwords)):
        yield f"keyring for {name}", to.keyring or f"none; {to.reason}"


def _document(report: _Report, now: ClockReading) -> dict[str, Any]:
    return {
        "tokens": [_token_document(item, now) for item in report.tokens],
        "passwords": [
            {
                "registry": item.entry["servers"][0],
                "user": item.entry.get("user"),
                "keyring": item.entry.get("keyring"),
                "state": item.state,
                "reason": _reason(item),
            }
            for item in report.passwords
        ],
        "config": {"path": report.config, "exists": Path(report.config).exists()},
        "keyrings": {"tokens": report.for_tokens.keyring, "passwords": report.for_passwords.keyring},
        "warnings": report.warnings,
    }


def _rfc3339(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _token_document(item: Item, now: ClockReading) -> dict[str, Any]:
    """Return a token's JSON object; times are in RFC 3339."""
    times = _times(item, now)._asdict().items()
    return {
        "kind": item.entry.get("kind"),
        "identity": item.entry.get("identity"),
        "region": item.entry.get("region"),
        "registries": item.entry["servers"],
        **{name: _rfc3339(moment) for name, moment in times},
        "keyring": item.entry.get("keyring"),
        "state": item.state,
        "reason": _reason(item),
    }


def _reason(item: Item) -> str | None:
    """Return why an item cannot be read."""
    return None if item.reason is None else str(item.reason)
