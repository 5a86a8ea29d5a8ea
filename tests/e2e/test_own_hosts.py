"""A host name of the user's own in front of a registry that accepts only valid ECR tokens, with real clients."""

import json
from pathlib import Path

import pytest

from fakes.clients import Client
from fakes.registry import Registry
from support.diagnoses import diagnose
from support.home import HOST, NOT_FOUND, Home

OWN = "images.example.com"
_ONCE = ["AssumeRole", "GetAuthorizationToken"]

in_one_way = pytest.mark.parametrize("docker_helper", ["configuration file"], indirect=True)


@pytest.fixture
def owned(docker: Client) -> Client:
    """Return docker, which ``configure`` has made use this program for a host of the user's own."""
    found = docker.home.run("configure", OWN, "--registry", HOST, "--profile", "secondary")
    assert 0 == found.status, found
    return docker


def _operations(home: Home) -> list[str]:
    return [call.operation for call in home.aws.calls]


def _file(home: Home) -> Path:
    return home.folder / ".docker" / "config.json"


@in_one_way
class TestDocker:
    def test_pushes_and_pulls_with_one_token(self, owned: Client, layer: bytes) -> None:
        """The own host and ECR's host share one token."""
        image = f"{OWN}/team/own:{len(layer)}"
        owned("import", "-", image, stdin=layer)

        owned("push", image)
        owned("rmi", image)
        owned("pull", image)
        owned("pull", image.replace(OWN, HOST))

        assert _ONCE == _operations(owned.home)

    def test_builds_from_an_image(self, owned: Client, image: str, tmp_path: Path) -> None:
        own = image.replace(HOST, OWN)
        owned("pull", own)  # a build asks a credential store only for what it lists
        owned("rmi", own)
        (tmp_path / "context").mkdir()
        (tmp_path / "context" / "Dockerfile").write_text(f"FROM {own}\nCOPY Dockerfile /\n")

        owned("build", "--pull", "--tag", "built", tmp_path / "context")

        assert _ONCE == _operations(owned.home)

    def test_logs_in_and_out(self, owned: Client, image: str) -> None:
        """A login without a name asks get; after the logout, a pull fetches a new token."""
        owned("login", OWN)
        owned("logout", OWN)
        assert "{}\n" == owned.home.run("list").stdout
        assert {OWN: "ecrx"}.items() <= json.loads(_file(owned.home).read_text())["credHelpers"].items()
        owned.home.aws.calls.clear()

        owned("pull", image.replace(HOST, OWN))

        assert _ONCE == _operations(owned.home)

    def test_gets_nothing_after_removal(self, owned: Client) -> None:
        assert 0 == owned.home.run("configure", "--remove", OWN).status

        assert OWN not in _file(owned.home).read_text()
        assert (1, NOT_FOUND) == owned.home.get(OWN, profile=None)[:2]


@in_one_way
def test_doctor_passes_for_the_own_host(owned: Client, image: str, ecr: Registry) -> None:
    assert HOST == ecr.stands_for[OWN]

    found = diagnose(owned.home, image.replace(HOST, OWN), "--push").links

    assert [] == [check.name for check in found.values() if not check.ok]
    assert f"{OWN} accepts the token" == found["registry"].detail


@pytest.mark.parametrize("helper", ["configuration file"], indirect=True)
def test_podman_pulls_with_one_token(podman: Client, image: str) -> None:
    configured = podman.home.run("configure", OWN, "--registry", HOST, "--profile", "secondary", "--podman")
    assert 0 == configured.status, configured

    podman("pull", image.replace(HOST, OWN))
    podman("pull", image)

    assert _ONCE == _operations(podman.home)
