"""Look at every link between docker and an image, and say of each that does not hold what mends it."""

import json
import os
import sys
from collections.abc import Iterator

import click

from docker_credential_ecrx import doctor
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.doctor import Check
from docker_credential_ecrx.doctor.context import Context, Finding
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError
from docker_credential_ecrx.identity.settings import PROGRAM

_HELP = """\
Look at every link of the chain from docker to an image, in order, and say what mends each that does not hold.

HOST is a registry of Amazon ECR; with a REPOSITORY, its image TAG is looked for, or latest.
Without HOST, it is what every registry needs. The exit status is 0 only where all is well.

AWS and the registry are asked from here, by the proxy and the CA bundle that lead to AWS; docker's engine has its own.
Nothing is left behind but the token that docker would get, too.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx doctor
  docker-credential-ecrx doctor 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest --push
  docker-credential-ecrx doctor --json | jq -r '.links[] | select(.ok == false).remedy'
"""


@click.command("doctor", short_help="Check every link from docker to an image.", help=_HELP, epilog=_EPILOG)
@click.argument("name", metavar="[HOST[/REPOSITORY[:TAG]]]", required=False)
@click.option("--push", is_flag=True, help="Start to upload a layer to REPOSITORY, and cancel it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(name: str | None, *, push: bool, as_json: bool) -> int:
    wanted = _image(name) if name else None
    if push and not (wanted and wanted.repository):
        raise click.UsageError("--push goes with HOST/REPOSITORY")
    # As it is now: to ask AWS takes folders out of PATH where docker looks.
    case = Context(wanted, sys.argv[0], dict(os.environ), push=push)
    links = doctor.checks(case)
    if as_json:
        findings = list(_findings(links, case))
        console.out.print(json.dumps(_document(findings), indent=2))
    else:
        findings = []
        width = max(len(link.name) for link in links)
        for link, finding in _findings(links, case):
            console.finding(link.name.ljust(width), finding.detail, finding.remedy, ok=finding.ok)
            findings.append((link, finding))
    return 1 if any(finding.ok is False for _, finding in findings) else 0


def _image(name: str) -> Image:
    if Registry.parse(name) is None:
        raise ArgumentError(
            f"{name} is not in Amazon ECR, and for other registries this program only keeps passwords",
            f"see them with {PROGRAM} status; ECR's are ACCOUNT.dkr.ecr.REGION.amazonaws.com",
        )
    return image.parse(name)


def _findings(links: tuple[Check, ...], case: Context) -> Iterator[tuple[Check, Finding]]:
    for link in links:
        with console.waiting(link.name):
            finding = doctor.run(link, case)
        yield link, finding


def _document(findings: list[tuple[Check, Finding]]) -> dict[str, object]:
    listed = [{"name": link.name, **finding._asdict()} for link, finding in findings]
    return {"ok": all(finding.ok is not False for _, finding in findings), "links": listed}
