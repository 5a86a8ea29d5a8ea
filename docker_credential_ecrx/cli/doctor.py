"""``doctor``: run every check from Docker to an image, and say how to fix each that fails."""

import json
import os
import sys
from typing import Any

import click

from docker_credential_ecrx import doctor
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.doctor import Check
from docker_credential_ecrx.doctor.context import Context, Finding
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError, Remedy
from docker_credential_ecrx.identity.settings import PROGRAM

_HELP = """\
Check every step from Docker to an image, in order, and say how to fix each that fails.

HOST is an ECR registry. With a REPOSITORY, the image TAG is checked, or latest.
Without HOST, only what every registry needs is checked. The exit status is 1 if a check fails.

The checks connect to AWS and to the registry from here, with the proxy and the CA bundle that are configured for AWS;
the Docker engine has its own. They leave nothing behind but the cached token that Docker's next pull uses.

--json prints {"ok": BOOLEAN, "links": [...]}. Each element is a check, with its name, ok (null if it was skipped),
detail and remedy (one line for each alternative), and command: an array of the shell commands in the remedy.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx doctor
  docker-credential-ecrx doctor 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest --push
  docker-credential-ecrx doctor --json | jq -r '.links[] | select(.ok == false).command[]'
"""


@click.command("doctor", short_help="Check every step from Docker to an image.", help=_HELP, epilog=_EPILOG)
@click.argument("name", metavar="[HOST[/REPOSITORY[:TAG]]]", required=False)
@click.option("--push", is_flag=True, help="Also start to upload a layer to REPOSITORY, and cancel it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(name: str | None, *, push: bool, as_json: bool) -> int:
    image_to_check = _image(name) if name else None
    if push and not (image_to_check and image_to_check.repository):
        raise click.UsageError("--push requires HOST/REPOSITORY")
    # A copy: a request to AWS removes folders from PATH, which Docker searches.
    context = Context(image_to_check, sys.argv[0], dict(os.environ), push)
    width = max(len(check.name) for check in doctor.checks(context))
    findings = []
    for check, finding in doctor.run_all(context, console.waiting):
        if not as_json:
            console.finding(check.name.ljust(width), finding.detail, finding.remedies, ok=finding.ok)
        findings.append((check, finding))
    is_ok = all(finding.ok is not False for _, finding in findings)
    if as_json:
        console.out.print(json.dumps({"ok": is_ok, "links": [_document(*found) for found in findings]}, indent=2))
    return 0 if is_ok else 1


def _image(name: str) -> Image:
    if Registry.parse(name) is None:
        raise ArgumentError(
            f"{name} is not in Amazon ECR, and doctor checks only ECR registries",
            Remedy("write ACCOUNT.dkr.ecr.REGION.amazonaws.com; other registries are listed by", f"{PROGRAM} status"),
        )
    return image.parse(name)


def _document(check: Check, finding: Finding) -> dict[str, Any]:
    return {
        "name": check.name,
        "ok": finding.ok,
        "detail": finding.detail,
        "remedy": "\n".join(map(str, finding.remedies)),
        "command": [remedy.command for remedy in finding.remedies if remedy.command],
    }
