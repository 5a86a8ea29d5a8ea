"""docs/oidc.md: each service accepts its file, and the job's commands pull as the role of the other account."""

import json
import re
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import check_jsonschema
import pytest
import yaml
from jsonschema import Draft7Validator

from support import pages
from support.aws_parts import Request, Server, Source, web_identity
from support.home import SECONDARY, Home

_OWN, _BEARER = "333333333333", "word-of-the-job"
_CIRCLECI, _BITBUCKET, _BUILDKITE, _AZURE = (yaml.safe_load(block) for block in pages.blocks("oidc.md", "yaml"))
(_JENKINSFILE,) = pages.blocks("oidc.md", "groovy")


class Job(NamedTuple):
    """A job: its commands, its variables, which variable has its token, and how often three pulls ask for a token.

    ``service`` is the name of its schema, if there is one. Without a variable for the token, it is elsewhere.
    """

    service: str
    document: dict[str, Any]
    commands: list[str]
    variables: dict[str, str]
    token: str
    asked: int


def _jobs() -> Iterator[Job]:
    image = _CIRCLECI["jobs"]["image"]
    commands = [step["run"] for step in image["steps"]]
    yield Job("circle-ci", _CIRCLECI, commands, image["environment"], "CIRCLE_OIDC_TOKEN_V2", 1)
    (entry,) = _BITBUCKET["pipelines"]["default"]
    yield Job("bitbucket-pipelines", _BITBUCKET, entry["step"]["script"], {}, "BITBUCKET_STEP_OIDC_TOKEN", 3)
    (step,) = _BUILDKITE["steps"]
    # As the upload of the pipeline leaves them.
    commands = [command.replace("$$", "$") for command in step["commands"]]
    yield Job("buildkite", _BUILDKITE, commands, step["env"], "OIDC_TOKEN_OF_THE_AGENT", 1)
    commands = [step["bash"] for step in _AZURE["steps"]]
    yield Job("azure-pipelines", _AZURE, commands, _AZURE["variables"], "", 1)
    variables = dict(re.findall(r"^ +(\w+) = '([^']*)'$", _JENKINSFILE, re.MULTILINE))
    commands = re.findall(r"^ +sh '([^']*)'$", _JENKINSFILE, re.MULTILINE)
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/tmp/aws-id-token"  # noqa: S108 - what withCredentials sets
    yield Job("jenkins", variables, commands, variables, "", 1)


def _azure_devops(token: str) -> Source:
    """Return the endpoint that returns a job's OIDC token to whoever has the job's access token."""

    def answer(request: Request) -> dict[str, object] | None:
        is_right = request.path.endswith("?api-version=7.1-preview.1") and request.method == "POST"
        is_right &= request.headers.get("content-type") == "application/json"
        return (
            {"oidcToken": token} if is_right and request.headers.get("authorization") == f"Bearer {_BEARER}" else None
        )

    return answer


def _script(home: Home, name: str, text: str) -> None:
    path = home.bin / name
    path.write_text(f"#!/bin/sh\nset -eu\n{text}\n")
    path.chmod(0o755)


_JOBS = [*_jobs()]


@pytest.mark.parametrize("job", [job for job in _JOBS if job.service != "jenkins"], ids=lambda job: job.service)
def test_service_accepts_the_file(job: Job) -> None:
    schema = json.loads((files(check_jsonschema) / f"builtin_schemas/vendor/{job.service}.json").read_text())
    validator = Draft7Validator(schema)

    assert [] == [error.message for error in validator.iter_errors(job.document)]
    assert not validator.is_valid(job.document | {"steps": 1, "pipelines": 1, "jobs": 1})


def test_jenkinsfile_binds_the_token_for_every_command() -> None:
    """A Jenkinsfile has no schema."""
    binding = "[file(credentialsId: 'aws-id-token', variable: 'AWS_WEB_IDENTITY_TOKEN_FILE')]"
    _, inner = _JENKINSFILE.split(f"withCredentials({binding}) {{\n")

    assert _JOBS[-1].commands == re.findall(r"sh '(.*)'\n", inner.partition("}")[0])
    assert _JENKINSFILE.count("{") == _JENKINSFILE.count("}")


@pytest.mark.parametrize("job", _JOBS, ids=lambda job: job.service)
@pytest.mark.usefixtures("kernel")
def test_job_pulls_as_role_of_the_other_account(home: Home, tmp_path: Path, job: Job) -> None:
    """Three pulls ask for one token where there is a keyring."""
    text = "\n".join(job.commands).replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - the page's
    token = web_identity("the job")
    (role,) = {*re.findall(rf"arn:aws:iam::{_OWN}:role/[\w-]+", str(job.document))}
    home.aws.add_role(role, web_identity_subjects=["the job"])
    home.aws.add_role(f"arn:aws:iam::{SECONDARY}:role/puller", trusts=[_OWN])
    _script(home, "docker", 'test "$1" = pull; printf %s "${2%%/*}" | docker-credential-ecrx get >>answers')
    asked = '"oidc request-token --audience sts.amazonaws.com"'
    _script(home, "buildkite-agent", f'test "$*" = {asked}; printf %s "$OIDC_TOKEN_OF_THE_AGENT"')
    places = re.compile(r"/tmp|\$\(Agent\.TempDirectory\)")  # noqa: S108 - the page's
    given = {key: places.sub(str(tmp_path), value) for key, value in job.variables.items()}
    given |= {job.token: token} if job.token else {}
    if job.service == "jenkins":
        (tmp_path / "aws-id-token").touch(0o600)
        (tmp_path / "aws-id-token").write_text(token)

    pull = job.commands[-1]
    with Server(_azure_devops(token)) as service:
        if job.service == "azure-pipelines":
            given |= {"SYSTEM_OIDCREQUESTURI": f"{service.url}/oidctoken", "SYSTEM_ACCESSTOKEN": _BEARER}
        done = subprocess.run(
            ["/bin/bash" if "pipefail" in text else "/bin/sh", "-euc", f"{text}\n{pull}\n{pull}"],
            env=home.env | given,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert 0 == done.returncode, done
    (answer, *_) = (tmp_path / "answers").read_text().partition("}")
    assert "assumed-role/puller/" in home.aws.issued[json.loads(answer + "}")["Secret"]].principal
    assert job.asked == home.aws.count("GetAuthorizationToken")
    assert 0o600 == (tmp_path / "aws-id-token").stat().st_mode & 0o777
    assert token not in done.stdout + done.stderr
