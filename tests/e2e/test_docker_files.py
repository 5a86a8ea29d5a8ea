"""``doctor`` says of each form of Docker's configuration what the docker command itself does with it."""

import re

import pytest

from docker_credential_ecrx.doctor import check_docker
from docker_credential_ecrx.doctor.context import Context, Finding, failed
from docker_credential_ecrx.ecr.image import parse
from docker_credential_ecrx.errors import FileError
from fakes.clients import Client, docker_commands
from fakes.registry import Registry
from support import need
from support.docker_shapes import CONFIGS, VARIABLES
from support.forms import in_one_form
from support.home import HOST, Home

pytestmark = in_one_form


@pytest.fixture(params=docker_commands())
def docker(request: pytest.FixtureRequest, home: Home, ecr: Registry) -> Client:  # noqa: ARG001 - it has to be there
    """Return the docker command, in every release of it that is here; no engine runs."""
    home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')
    return Client(home, need.command(request.param))


def write_config(home: Home, text: str) -> None:
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def can_read(docker: Client, image: str) -> bool:
    """Return whether docker has credentials for the image: the command reads its manifest itself."""
    return '"schemaVersion": 2' in docker.tries("manifest", "inspect", image)


def judge(home: Home) -> Finding:
    """Return what ``doctor`` finds in Docker's configuration."""
    try:
        return check_docker.check_config(Context(parse(HOST), str(home.program), home.env, push=False))
    except FileError as error:
        return failed(error.message, error.remedy)


class TestConfig:
    @pytest.mark.parametrize(("text", "is_used"), CONFIGS.values(), ids=CONFIGS)
    def test_is_judged_as_docker_uses_it(self, docker: Client, image: str, text: str, *, is_used: bool) -> None:
        write_config(docker.home, text)

        assert (is_used, is_used) == (can_read(docker, image), judge(docker.home).ok)


class TestVariable:
    @pytest.mark.parametrize(("text", "is_used"), VARIABLES.values(), ids=VARIABLES)
    def test_is_judged_as_docker_uses_it(self, docker: Client, image: str, text: str, *, is_used: bool) -> None:
        """Docker before 28.3 does not read it, and then the finding says from which version on it does."""
        write_config(docker.home, f'{{"credHelpers":{{"{HOST}":"ecrx"}}}}')
        docker.home.env["DOCKER_AUTH_CONFIG"] = text

        version = tuple(map(int, re.findall(r"\d+", docker("--version"))[:2]))
        assert (version < (28, 3) or not is_used) == can_read(docker, image)
        found = judge(docker.home)
        assert is_used != found.ok
        assert is_used == ("from version 28.3 on" in found.detail)
