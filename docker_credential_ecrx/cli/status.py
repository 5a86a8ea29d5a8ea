"""Show what is kept, for whom and until when; which keyring keeps it; which configuration file applies."""

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
Show what is kept: tokens of Amazon ECR and passwords of other registries.

AWS is not asked, and no secret is shown. A token serves every registry of its region that its identity may use; the
registries shown are those that it was minted for.

The exit status is 1 where a password is gone from its keyring, something is out of reach there, or the keyring that is
set for tokens is not available.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx status
  docker-credential-ecrx status --json | jq -r '.tokens[].expires'
"""


class _Times(NamedTuple):
    """When a token was minted, is to be renewed and expires: seconds since 1970, by the clock of this machine.

    What ``docker login`` stored is never renewed.
    """

    minted: float
    renews: float | None
    expires: float


class _Destination(NamedTuple):
    """The keyring that something goes to, or why there is none; ``failed`` where one is set that is not available.

    ``warning`` is what is to be told of a keyring that writes secrets to the disk as they are.
    """

    keyring: str | None
    reason: str = ""
    failed: bool = False
    warning: str = ""


class _Report(NamedTuple):
    config: str
    tokens: list[Item]
    passwords: list[Item]
    tokens_go_to: _Destination
    passwords_go_to: _Destination

    @property
    def ok(self) -> bool:
        """Return whether all that is kept can be served, and tokens have the keyring that is set, if one is.

        A token that is gone is got anew; a restart of the machine empties the kernel's keyring.
        Passwords need no keyring before there are some: servers and CI runners have none that survives a restart.
        """
        unknown = any(item.state == "unknown" for item in (*self.tokens, *self.passwords))
        return not unknown and all(item.state != "gone" for item in self.passwords) and not self.tokens_go_to.failed

    @property
    def warnings(self) -> list[str]:
        """Return what a person should know of the keyrings."""
        found = (self.tokens_go_to.warning, self.passwords_go_to.warning)
        return list(dict.fromkeys(warning for warning in found if warning))


@click.command("status", short_help="Show what is kept, for whom and until when.", help=_HELP, epilog=_EPILOG)
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
    """Gather what there is to show.

    Expired tokens are left out, since ``get`` serves none.
    What is gone before its time, or in a keyring that is not available, is what a person who looks here wants to know.
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
        return _Destination(None, "every get asks AWS")
    exposure = keyrings.exposure_of(keyring)
    if exposure is None:
        return _Destination(keyring.label)
    if choose is keyrings.for_tokens:
        return _Destination(None, "every get asks AWS", warning=str(exposure))
    return _Destination(keyring.label, warning=str(exposure))


def _times(item: Item, now: ClockReading) -> _Times:
    if item.token is None:
        times = _Times(item.entry.get("minted", 0.0), item.entry.get("renew", 0.0), item.entry.get("expires", 0.0))
    else:
        minted = now.utc - (item.token.age(now) or 0.0)
        times = _Times(minted, minted + item.token.refresh_after, minted + item.token.lifetime)
    return times._replace(renews=None) if item.entry.get("kind") == "login" else times


def _print(report: _Report, now: ClockReading) -> None:
    for item in report.tokens:
        console.heading(f"{item.entry.get('identity')}, {item.entry.get('region')}")
        console.facts(_facts(item, now))
        console.out.print()
    if not report.tokens:
        console.out.print("no token is cached\n")
    if report.passwords:
        console.heading("passwords of other registries")
        console.facts((item.entry["servers"][0], _password(item)) for item in report.passwords)
        console.out.print()
    console.heading("settings")
    console.facts(_settings(report))


def _facts(item: Item, now: ClockReading) -> Iterator[tuple[str, str]]:
    for number, server in enumerate(item.entry["servers"]):
        yield "" if number else "registries", server
    for name, moment in _times(item, now)._asdict().items():
        if moment is not None:
            yield name, formatting.moment(moment, now.utc)
    yield "keyring", item.entry.get("keyring", "")
    if item.state == "due":
        yield "state", "due: the next get renews it, or serves it where AWS gives no other"
    elif item.state == "gone":
        yield "state", "gone from the keyring before its time: the next get asks AWS for another"
    elif item.state == "unknown":
        yield "state", str(item.reason)


def _password(item: Item) -> str:
    place = f"user {item.entry.get('user')}, {item.entry.get('keyring')}"
    return place if item.state == "kept" else f"{place}: {item.reason or 'gone from the keyring'}"


def _settings(report: _Report) -> Iterator[tuple[str, str]]:
    exists = Path(report.config).exists()
    yield "config file", report.config if exists else f"{report.config or 'none'} (not there: the defaults apply)"
    for name, to in (("tokens", report.tokens_go_to), ("passwords", report.passwords_go_to)):
        yield f"{name} go to", to.keyring or f"no keyring: {to.reason}"


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
        "keyrings": {"tokens": report.tokens_go_to.keyring, "passwords": report.passwords_go_to.keyring},
        "warnings": report.warnings,
    }


def _rfc3339(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _token_document(item: Item, now: ClockReading) -> dict[str, Any]:
    """Return a token's facts; times as in RFC 3339."""
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
    """Return why nothing is known of an item."""
    return None if item.reason is None else str(item.reason)
