"""docs/migrate.md: its commands lead from another way to log in to this program, and back."""

import json
import shlex
from pathlib import Path

import pytest

from support import pages
from support.home import HOST, Home

_FROM_ECR_LOGIN, _FROM_DOCKER_LOGIN = (shlex.split(block) for block in pages.blocks("migrate.md", "sh"))


@pytest.fixture
def config(home: Home) -> Path:
    """Return the path of Docker's config.json, of a user who has the profile of the page."""
    home.add_role_profile()
    home.env["ECRX_KEYRING"] = "none"
    (home.folder / ".docker").mkdir()
    return home.folder / ".docker" / "config.json"


def _run(home: Home, command: list[str]) -> str:
    assert "docker-credential-ecrx" == command[0]
    done = home.run(*command[1:])
    assert 0 == done.status, done
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "before"),
    [
        (_FROM_ECR_LOGIN, {"credHelpers": {HOST: "ecr-login"}}),
        (_FROM_ECR_LOGIN, {"credsStore": "ecr-login"}),
        (_FROM_DOCKER_LOGIN, {"auths": {HOST: {"auth": "QVdTOnNlY3JldA=="}}}),
    ],
    ids=["helper", "store", "login"],
)
def test_of_a_way_leads_here_and_back(home: Home, config: Path, command: list[str], before: dict[str, object]) -> None:
    config.write_text(json.dumps(before))

    _run(home, command)

    after = json.loads(config.read_text())
    assert {HOST: "ecrx"} == after["credHelpers"]
    assert before.get("credsStore") in (None, after.get("credsStore"))
    assert "QVdTOnNlY3JldA==" not in config.read_text()
    assert home.run("get", stdin=HOST).secret in home.aws.issued

    _run(home, ["docker-credential-ecrx", "configure", "--remove", HOST])
    assert HOST not in config.read_text()


def test_without_a_profile_the_environment_decides(home: Home, config: Path) -> None:
    config.write_text(json.dumps({"credHelpers": {HOST: "ecr-login"}}))
    home.env["AWS_PROFILE"] = "secondary"

    _run(home, _FROM_ECR_LOGIN[: _FROM_ECR_LOGIN.index("--profile")])

    assert "assumed-role/puller/" in home.aws.issued[home.run("get", stdin=HOST).secret].principal
