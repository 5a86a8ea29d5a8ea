"""DOCKER_AUTH_CONFIG has the passwords that Docker 28.3 and newer finds in it; tests/e2e compares with Docker."""

import pytest

from docker_credential_ecrx.config_files import docker_variable
from support.docker_shapes import VARIABLES
from support.home import HOST


@pytest.mark.parametrize(("text", "is_used"), VARIABLES.values(), ids=VARIABLES)
def test_servers_are_those_that_docker_finds(text: str, *, is_used: bool) -> None:
    assert is_used == (HOST in docker_variable.servers({"DOCKER_AUTH_CONFIG": text}))


def test_missing_variable_has_no_servers() -> None:
    assert frozenset() == docker_variable.servers({})
