"""``doctor``: run every check from Docker to an image, and say how to fix each that fails."""

import os
import sys
from typing import Any

import click

from docker_credential_ecrx import doctor
from docker_credential_ecrx.cli import completers, console
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.doctor.context import Context, Finding
from docker_credential_ecrx.ecr import image, wrong_host
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.errors import ArgumentError, Remedy
from docker_credential_ecrx.identity.settings import PROGRAM

_HELP = """\
Check every step from Docker to an image, in order, and say how to fix what fails.

HOST is an ECR registry. With REPOSITORY, the image with TAG (by default latest) is checked.
Without HOST, every registry that is configured is checked, up to its token. The exit status is 1 if a check fails.

The checks connect to AWS and to the registry from this machine, with the proxy and the CA bundle that are configured
for AWS; the Docker engine has its own settings. The checks leave only the cached token, which Docker's next pull uses,
and the state folder, with locks and a list of what is cached, but no secret.

--json prints {"ok": BOOLEAN, "links": [...]}. Each element is a check, with its name (HOST: NAME for each of several
registries), ok (null if it was skipped), detail and remedy (one line for each alternative), and command: an array of
the shell commands in the remedy.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx doctor
  docker-credential-ecrx doctor 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest --push
  docker-credential-ecrx doctor --json | jq -r '.links[] | select(.ok == false).command[]'
"""
_MOST_NAMES = 3  # of failed checks in the last line


@click.command("doctor", short_help="Check every step from Docker to an image.", help=_HELP, epilog=_EPILOG)
@click.argument("name", metavar="[HOST[/REPOSITORY[:TAG]]]", required=False, shell_complete=completers.hosts)
@click.option("--push", is_flag=True, help="Also start to upload a layer to REPOSITORY, and cancel it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(name: str | None, *, push: bool, as_json: bool) -> int:
    image_to_check = _image(name) if name else None
    if push and not (image_to_check and image_to_check.repository):
        raise click.UsageError("--push requires HOST/REPOSITORY")
    # A copy: a request to AWS removes folders from PATH, which Docker searches.
    context = Context(image_to_check, sys.argv[0], dict(os.environ), push)
    findings = []
    for each in doctor.contexts(context):
        prefix = f"{each.host}: " if each.is_one_of_all else ""
        width = max(len(check.name) for check in doctor.checks(each))
        group = ""
        for check, finding in doctor.run_all(each, console.waiting):
            findings.append((prefix + check.name, finding))
            if as_json or (console.is_quiet() and finding.ok is not False):
                continue
            heading = each.host if each.is_one_of_all else check.group
            if heading != group:
                console.group(heading)
                group = heading
            console.finding(check.name.ljust(width), finding.detail, finding.remedies, ok=finding.ok)
    failed = [name for name, finding in findings if finding.ok is False]
    if as_json:
        console.print_json({"ok": not failed, "links": [_document(*found) for found in findings]})
    elif failed or not console.is_quiet():
        console.verdict(_verdict(findings, failed), ok=not failed)
    return 1 if failed else 0


def _verdict(findings: list[tuple[str, Finding]], failed: list[str]) -> str:
    """Return one line about all findings: how many passed, or which failed."""
    skipped = sum(finding.ok is None for _, finding in findings)
    ran = len(findings) - skipped
    if failed:
        which = ", ".join(failed[:_MOST_NAMES]) + (", …" if len(failed) > _MOST_NAMES else "")
        return f"{len(failed)} of {ran} checks failed, {skipped} skipped: {which}"
    return f"no check failed: {ran} passed, {skipped} skipped"


def _image(name: str) -> Image:
    find = cred_helpers.registry_finder(os.environ)
    if find(name) is None and not wrong_host.is_like_ecr(name):
        raise ArgumentError(
            f"{name} is not in Amazon ECR, and doctor checks only ECR registries",
            Remedy(f"{wrong_host.correction(name)}; other registries are listed by", f"{PROGRAM} status"),
        )
    return image.parse(name, find)


def _document(name: str, finding: Finding) -> dict[str, Any]:
    return {
        "name": name,
        "ok": finding.ok,
        "detail": finding.detail,
        "remedy": "\n".join(map(str, finding.remedies)),
        "command": [remedy.command for remedy in finding.remedies if remedy.command],
    }
