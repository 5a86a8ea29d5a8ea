"""Builds in which something else than the builder runs the helper: BuildKit's client, and a pod's init container."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from fakes import buildkit
from fakes.clients import Client, asked_once, go_client, go_plugin, write_json
from fakes.registry import Registry
from support import kubelet_code, pages
from support.forms import in_one_form
from support.home import Home

pytestmark = in_one_form

# Its own limit of 20 seconds is too short for a busy machine.
_SECONDS = 120


@pytest.fixture(scope="session")
def socket(ecr: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:  # noqa: ARG001 - it is there
    """Return the socket of a BuildKit, which knows the names."""
    with buildkit.running(tmp_path_factory.mktemp("buildkit")) as socket:
        yield socket


@pytest.fixture
def context(home: Home, image: str) -> Path:
    """Return a folder with a Dockerfile for an image on that of the registry."""
    folder = home.folder / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {image}\nCOPY Dockerfile /\n")
    return folder


@pytest.fixture
def user(registry_user: Home, socket: Path, assert_in_no_file: Callable[..., None]) -> Iterator[Home]:
    """Return a user of the registry; afterwards AWS was asked for one token, which is in no file, nor in BuildKit's."""
    yield registry_user
    assert asked_once(registry_user)
    (token,) = registry_user.aws.issued
    assert_in_no_file(token, socket.parent)


@pytest.fixture
def buildx(user: Home, socket: Path) -> Client:
    """Return ``docker buildx`` with BuildKit as its builder, and without an engine."""
    return _buildx(user, socket)


def _buildx(home: Home, socket: Path) -> Client:
    buildx = go_plugin(home, "buildx", "buildx")
    buildx("create", "--driver", "remote", "--use", "--timeout", f"{_SECONDS}s", f"unix://{socket}")
    return buildx


@pytest.mark.cell("BuildKit apart from the engine", "buildx build --push, with a cache in the registry")
def test_buildx_builds(buildx: Client, image: str, context: Path) -> None:
    cache = f"type=registry,ref={image}-cache"

    buildx("build", "--push", "--tag", f"{image}-built", "--cache-to", cache, "--cache-from", cache, context)

    assert f"{image}-built" in buildx("imagetools", "inspect", f"{image}-built")
    assert f"{image}-cache" in buildx("imagetools", "inspect", f"{image}-cache")


@pytest.mark.cell("BuildKit apart from the engine", "buildx bake --push")
def test_buildx_bakes(buildx: Client, image: str, context: Path) -> None:
    target = {"context": context.name, "tags": [f"{image}-baked"]}
    write_json(buildx.home.folder / "docker-bake.json", {"target": {"default": target}})

    buildx("bake", "--push")

    assert f"{image}-baked" in buildx("imagetools", "inspect", f"{image}-baked")


@pytest.mark.cell("BuildKit apart from the engine", "buildctl build")
def test_buildctl_builds(user: Home, socket: Path, image: str, context: Path) -> None:
    buildctl = go_client(user, "buildctl", "--addr", f"unix://{socket}")
    options = ["--frontend", "dockerfile.v0", "--local", f"context={context}", "--local", f"dockerfile={context}"]

    buildctl("build", *options, "--output", f"type=image,name={image}-built,push=true")

    assert image.partition(":")[0] in go_client(user, "crane")("digest", "--full-ref", f"{image}-built")


def test_buildkit_has_no_credentials_itself(home: Home, socket: Path, context: Path) -> None:
    """So it was buildx that brought them."""
    said = _buildx(home, socket).fails("build", context)

    assert "401 Unauthorized" in said
    assert [] == home.aws.calls


class TestKaniko:
    @pytest.fixture
    def config(self, tmp_path: Path) -> Iterator[Path]:
        """Return the folder's file for Kaniko, in which there is a password in the end."""
        path = tmp_path / "kaniko" / "config.json"
        path.parent.mkdir()
        yield path
        path.unlink()

    def test_init_container_writes_a_password(self, home: Home, image: str, config: Path) -> None:
        """Kaniko's library, which is crane's, too, reads it, and does without the helper."""
        (text,) = pages.blocks("builds.md", "yaml")
        (init,) = yaml.safe_load(text)["spec"]["initContainers"]
        shell, option, script = init["command"]
        home.env |= {entry["name"]: entry["value"] for entry in init["env"]}
        home.configure('[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "secondary"\n')

        command = [shell, option, script.replace("/kaniko/.docker", str(config.parent))]
        done = subprocess.run(command, env=home.env, capture_output=True, text=True, check=False)
        home.env |= {"DOCKER_CONFIG": str(config.parent), "PATH": "/usr/bin:/bin"}
        go_client(home, "crane")("copy", image, f"{image}-copy")

        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
        assert 0o600 == config.stat().st_mode & 0o777
        assert asked_once(home)

    def test_kubernetes_has_all_fields_of_the_pod(self, home: Home) -> None:
        path = home.folder / "pod.yaml"
        path.write_text(*pages.blocks("builds.md", "yaml"))

        assert ["Pod"] == kubelet_code.check(path)
