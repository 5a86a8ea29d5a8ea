"""What ``forget`` reports: what it deleted, what it could not delete, and what else the user may want to delete."""

from typing import Any, NamedTuple

from docker_credential_ecrx import log
from docker_credential_ecrx.cli import console, json_parts, remarks
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.store.entry import Entry


class Report(NamedTuple):
    """The entries of the items that were deleted, and those that were not, with the reason."""

    deleted: list[Entry]
    failures: list[tuple[Entry, KeyringError]]


def print_deleted(report: Report) -> None:
    """Print what was deleted, unless the user wants only results."""
    for entry in report.deleted:
        servers = entry["servers"]
        console.report(f"deleted {_describe(entry)}" + (" for" if servers else ""))
        console.facts(("", server) for server in servers if not console.is_quiet())
    if not (report.deleted or report.failures):
        console.report("nothing to delete")


def raise_failure(report: Report) -> None:
    """Raise the last failure, if there is one, after a warning about each of the others."""
    failures = [failure for _, failure in report.failures]
    for failure in failures[:-1]:
        log.warn(str(failure))
    if failures:
        raise failures[-1]


def document(report: Report) -> dict[str, Any]:
    """Return the report as a JSON object, with the remarks."""
    return {
        "deleted": [_item(entry) for entry in report.deleted],
        "not_deleted": [_item(entry) | {"error": json_parts.error(failure)} for entry, failure in report.failures],
        "remarks": remarks.document(),
    }


def _item(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.get("kind"),
        "registries": [json_parts.text(server) for server in entry["servers"]],
        "identity": json_parts.text(entry.get("identity")),
        "region": json_parts.text(entry.get("region")),
        # That of a token is always AWS, and the index may lack it.
        "user": json_parts.text(entry.get("user")) if entry.get("kind") == "password" else None,
        "keyring": json_parts.text(entry.get("keyring")),
    }


def _describe(entry: Entry) -> str:
    if entry.get("kind") == "login":
        return "the token that docker login stored"
    if entry.get("kind") == "password":
        return f"the password of {entry.get('user')}"
    return f"the token of {entry.get('identity')} in {entry.get('region')}"
