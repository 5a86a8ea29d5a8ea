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
from support.aws_parts import web_identity
from support.home import SECONDARY, Home

_OWN = "333333333333"
_CIRCLECI, _BITBUCKET, _BUILDKITE = (yaml.safe_load(block) for block in pages.blocks("oidc.md", "yaml"))


class Job(NamedTuple):
    """A job: its commands, its variables, which variable has its token, and how often three pulls ask for a token."""

    schema: str
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


def _script(home: Home, name: str, text: str) -> None:
    path = home.bin / name
    path.write_text(f"#!/bin/sh\nset -eu\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("job", [*_jobs()], ids=lambda job: job.schema)
class TestService:
    def test_accepts_the_file(self, job: Job) -> None:
        schema = json.loads((files(check_jsonschema) / f"builtin_schemas/vendor/{job.schema}.json").read_text())
        validator = Draft7Validator(schema)

        assert [] == [error.message for error in validator.iter_errors(job.document)]
        assert not validator.is_valid(job.document | {"steps": 1, "pipelines": 1, "jobs": 1})

    @pytest.mark.usefixtures("kernel")
    def test_job_pulls_as_role_of_the_other_account(self, home: Home, tmp_path: Path, job: Job) -> None:
        """Three pulls ask for one token where there is a keyring."""
        text = "\n".join(job.commands).replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - the page's
        (role,) = {*re.findall(rf"arn:aws:iam::{_OWN}:role/\w+", str(job.document))}
        home.aws.add_role(role, web_identity_subjects=["the job"])
        home.aws.add_role(f"arn:aws:iam::{SECONDARY}:role/puller", trusts=[_OWN])
        _script(home, "docker", 'test "$1" = pull; printf %s "${2%%/*}" | docker-credential-ecrx get >>answers')
        asked = '"oidc request-token --audience sts.amazonaws.com"'
        _script(home, "buildkite-agent", f'test "$*" = {asked}; printf %s "$OIDC_TOKEN_OF_THE_AGENT"')
        given = {key: value.replace("/tmp", str(tmp_path)) for key, value in job.variables.items()}  # noqa: S108
        given |= {job.token: web_identity("the job")}

        pull = job.commands[-1]
        done = subprocess.run(
            ["/bin/sh", "-euc", f"{text}\n{pull}\n{pull}"],
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
        assert given[job.token] not in done.stdout + done.stderr
