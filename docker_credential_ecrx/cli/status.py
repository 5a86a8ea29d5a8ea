"""``status``: list what is stored, for which identity, until when and in which keyring, and the settings."""

from collections.abc import Iterator
from typing import Any

import click

from docker_credential_ecrx import formatting
from docker_credential_ecrx.cli import console, status_report
from docker_credential_ecrx.cli.status_registries import WithoutToken
from docker_credential_ecrx.cli.status_report import Report
from docker_credential_ecrx.keyrings import inner_keys
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.cached_token import ClockReading
from docker_credential_ecrx.store.inventory import Item
from docker_credential_ecrx.system.paths import exists

_HELP = """\
List what is stored: cached ECR tokens, and passwords for other registries.

It makes no request to AWS, and shows no secret. A token is valid for every registry in its region to which its identity
has access; the list shows the registries for which it was fetched, and then those for which Docker's or podman's file
names this program, but which have no token yet.

The exit status is 1 if a password is missing from its keyring, a keyring cannot be reached, or the keyring that is
configured for tokens is not available.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx status
  docker-credential-ecrx status --json | jq -r '.tokens[].expires'
"""


_NOT_NEEDED = "it is only for docker login to other registries, whose passwords Docker stores itself"
_TIME_NAMES = {"minted": "issued", "renews": "refreshes", "expires": "expires"}  # in the list


@click.command(
    "status", short_help="List what is stored, for which identity and until when.", help=_HELP, epilog=_EPILOG
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, as_json: bool) -> int:
    now = cached_token.now()
    with console.waiting("reading the keyrings"):
        report = status_report.collect(now)
    if as_json:
        console.print_json(_document(report, now))
    else:
        _print(report, now)
    for warning in report.warnings:
        console.say(warning, "warning")
    return 0 if report.ok else 1


def _print(report: Report, now: ClockReading) -> None:
    headings = [f"{item.entry.get('identity')}, {item.entry.get('region')}" for item in report.tokens]
    for heading, item in zip(headings, report.tokens, strict=True):
        console.heading(heading)
        # Without it, two identities might look the same, such as one profile before and after it was edited.
        console.facts(_facts(item, now, status_report.fingerprint(item) if headings.count(heading) > 1 else None))
        console.out.print()
    if not report.tokens:
        console.out.print("no token is cached\n")
    if report.without_token:
        console.heading("configured, without a cached token")
        console.facts((waiting.registry.host, _without_token(waiting, report)) for waiting in report.without_token)
        console.out.print()
    if report.passwords:
        console.heading("passwords for other registries")
        console.facts((item.entry["servers"][0], _password(item)) for item in report.passwords)
        console.out.print()
    if report.own_hosts:
        console.heading("host names of your own")
        console.facts((registry.host, f"{registry.ecr_host}, {identity}") for registry, identity in report.own_hosts)
        console.out.print()
    console.heading("settings")
    console.facts(_settings(report))


def _without_token(waiting: WithoutToken, report: Report) -> str:
    """Return the identity that has no token, and say if one above has the same name: its settings have changed."""
    named = [item for item in report.tokens if item.entry.get("identity") == waiting.identity]
    is_changed = any(waiting.registry.host in item.entry["servers"] for item in named)
    changed = ", which has changed since its token was cached" if is_changed else ""
    return f"{waiting.identity}{changed}, for {' and '.join(waiting.clients)}"


def _facts(item: Item, now: ClockReading, fingerprint: str | None) -> Iterator[tuple[str, str]]:
    principal, account = item.entry.get("principal"), item.entry.get("account")
    if principal or account:
        yield "principal", principal or f"account {account}"
    if fingerprint:
        yield "fingerprint", fingerprint
    for number, server in enumerate(item.entry["servers"]):
        yield "" if number else "registries", server
    for name, moment in status_report.times(item, now)._asdict().items():
        if moment is not None:
            yield _TIME_NAMES[name], formatting.moment(moment, now.utc)
    yield "keyring", item.entry.get("keyring", "")
    if item.state == "due":
        yield "state", "due: the next get refreshes it, or uses it if AWS returns no other"
    elif item.state == "gone":
        yield "state", f"missing from the keyring, though it has not expired: {_where(item)}"
    elif item.state == "unknown":
        yield "state", str(item.reason)


def _where(item: Item) -> str:
    """Say where a token is that is not in its keyring, or what comes of that."""
    if item.entry.get("keyring") == "kernel" and item.name in inner_keys.names():
        return f"it is {inner_keys.WHERE}: {inner_keys.remedy('status')}"
    return "the next get fetches another"


def _password(item: Item) -> str:
    place = f"user {item.entry.get('user')}, {item.entry.get('keyring')}"
    return place if item.state == "kept" else f"{place}: {item.reason or 'missing from the keyring'}"


def _settings(report: Report) -> Iterator[tuple[str, str]]:
    note = "" if exists(report.config) else " (does not exist; the defaults apply)"
    yield "config file", f"{report.config or 'none'}{note}"
    for name, to in (("tokens", report.for_tokens), ("passwords", report.for_passwords)):
        is_needed = name == "tokens" or report.is_default_store or report.passwords
        yield f"keyring for {name}", to.keyring or f"none; {to.reason if is_needed else _NOT_NEEDED}"


def _document(report: Report, now: ClockReading) -> dict[str, Any]:
    return {
        "tokens": [status_report.token_document(item, now) for item in report.tokens],
        "without_token": [
            {
                "registry": waiting.registry.host,
                # Docker's file may name any helper.
                "identity": third_party.line(waiting.identity),
                "clients": waiting.clients,
            }
            for waiting in report.without_token
        ],
        "passwords": [
            {
                "registry": item.entry["servers"][0],
                "user": item.entry.get("user"),
                "keyring": item.entry.get("keyring"),
                "state": item.state,
                "reason": status_report.reason(item),
            }
            for item in report.passwords
        ],
        "own_hosts": [
            {"host": registry.host, "registry": registry.ecr_host, "identity": str(identity)}
            for registry, identity in report.own_hosts
        ],
        "config": {"path": report.config, "exists": exists(report.config)},
        "keyrings": {"tokens": report.for_tokens.keyring, "passwords": report.for_passwords.keyring},
        "warnings": report.warnings,
    }
