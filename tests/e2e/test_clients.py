"""The matrix of clients: each uses the primary account's registry through credHelpers and through credsStore.

``tests/run tests/e2e --matrix`` writes it into docs/clients.md, with the cells of the other files.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.clients import Client, asked_once, docker_commands, write_json
from support import need
from support.home import HOST, Home

_NODE_MODULES = Path(__file__).parents[2] / ".work" / "node" / "node_modules"
_DOCKER_PY = "import docker, sys; c = docker.from_env(); print(c.images.{call}); c.close()"
# Both pull the image, then run it, which an engine in a container may be unable to do.
_TESTCONTAINERS = """\
import sys
from testcontainers.core.container import DockerContainer
with DockerContainer(sys.argv[1], network_mode="none"):
    pass
"""
_TESTCONTAINERS_NODE = """\
const { GenericContainer } = require("testcontainers");
new GenericContainer(process.argv[1]).withNetworkMode("none").start()
  .catch((error) => { console.error(error); process.exit(1); });
"""
# Without a bridge there is no address to query, and the reaper is an image of another registry.
_TESTCONTAINERS_ENVIRONMENT = {"TESTCONTAINERS_RYUK_DISABLED": "true", "TESTCONTAINERS_HOST_OVERRIDE": "localhost"}
_ORAS = """\
import sys
import oras.client
client = oras.client.OrasClient(auth_backend="basic")
print(client.get_manifest(sys.argv[1]) and client.pull(sys.argv[1], outdir=sys.argv[2]))
"""


@pytest.fixture(scope="session")
def program() -> Path:
    """Return the program in one form: both answer Docker alike."""
    return need.program()


@pytest.fixture
def user(registry_user: Home, docker_host: str) -> Home:
    """Return a user of the registry with an engine."""
    registry_user.env |= {"DOCKER_HOST": docker_host, "DOCKER_BUILDKIT": "0"}
    return registry_user


def _python(home: Home, package: str, script: str) -> Client:
    if importlib.util.find_spec(package) is None:
        need.missing(f"the Python package {package}")
    return Client(home, sys.executable, "-c", script)


@pytest.mark.cell("docker compose 1", "pull, push")
def test_compose_pulls_and_pushes(user: Home, image: str) -> None:
    compose = Client(user, need.command("docker-compose"))
    copy = f"{image}-{len(user.aws.issued)}-copy"
    write_json(user.folder / "docker-compose.yml", {"services": {"app": {"image": image}}})

    compose("pull")
    Client(user, need.command("docker"))("tag", image, copy)
    write_json(user.folder / "docker-compose.yml", {"services": {"app": {"image": copy, "build": "."}}})
    compose("push")

    assert asked_once(user)


@pytest.mark.cell("BuildKit of docker 20.10", "build")
def test_buildkit_pulls_its_base(user: Home, image: str, tmp_path: Path) -> None:
    user.env["DOCKER_BUILDKIT"] = "1"
    docker = Client(user, _docker_with_buildkit())
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text(f"FROM {image}\nCOPY Dockerfile /\n")

    docker("build", "--pull", "--tag", f"{image}-built", tmp_path / "context")
    docker("push", f"{image}-built")

    assert asked_once(user)


@pytest.mark.cell("docker-py", "pull, push")
def test_docker_py_pulls_and_pushes(user: Home, image: str) -> None:
    assert image in _python(user, "docker", _DOCKER_PY.format(call="pull(sys.argv[1]).tags"))(image)
    assert "digest" in _python(user, "docker", _DOCKER_PY.format(call="push(sys.argv[1])"))(image)
    assert asked_once(user)


@pytest.mark.cell("testcontainers for Python", "pull")
def test_testcontainers_for_python_pull(user: Home, image: str) -> None:
    user.env |= _TESTCONTAINERS_ENVIRONMENT
    container = _python(user, "testcontainers", _TESTCONTAINERS)

    assert _has_pulled(user, image, container.tries(image))


@pytest.mark.cell("testcontainers for Node", "pull")
def test_testcontainers_for_node_pull(user: Home, image: str) -> None:
    if not _NODE_MODULES.is_dir():
        need.missing("npm's package testcontainers (tests/run)")
    user.env |= _TESTCONTAINERS_ENVIRONMENT | {"NODE_PATH": str(_NODE_MODULES)}
    container = Client(user, need.command("node"), "-e", _TESTCONTAINERS_NODE)

    assert _has_pulled(user, image, container.tries(image))


@pytest.mark.cell("@devcontainers/cli", "features publish, info")
def test_devcontainers_publish_and_find_a_feature(user: Home, tmp_path: Path) -> None:
    """It runs the helper itself, without Docker, for a feature named in devcontainer.json."""
    command = _NODE_MODULES / "@devcontainers" / "cli" / "devcontainer.js"
    if not command.is_file():
        need.missing("npm's package @devcontainers/cli (tests/run)")
    user.env["NODE_EXTRA_CA_CERTS"] = user.env["AWS_CA_BUNDLE"]
    features = Client(user, need.command("node"), command, "features")
    write_json(tmp_path / "src" / "tool" / "devcontainer-feature.json", {"id": "tool", "version": "1.0.0", "name": "T"})
    (tmp_path / "src" / "tool" / "install.sh").write_text("#!/bin/sh\n")

    features("publish", "--registry", HOST, "--namespace", "team/features", tmp_path / "src")

    assert "1.0.0" in features("info", "tags", f"{HOST}/team/features/tool")
    assert "tool" in features("info", "manifest", f"{HOST}/team/features/tool:1")
    assert asked_once(user)


@pytest.mark.cell("oras for Python", "pull")
def test_oras_for_python_pulls(user: Home, image: str, tmp_path: Path) -> None:
    user.env["REQUESTS_CA_BUNDLE"] = user.env["AWS_CA_BUNDLE"]

    assert _python(user, "oras", _ORAS)(image, tmp_path / "pulled")
    assert asked_once(user)


def _has_pulled(home: Home, image: str, said: str) -> bool:
    """Return whether the image came with one call to AWS; if not, show what the client printed."""
    found = Client(home, need.command("docker"))("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
    assert image in found, said
    return asked_once(home)


def _docker_with_buildkit() -> str:
    """Return a docker command that can build with BuildKit: from 23.0 on it needs the plug-in buildx."""
    for command in docker_commands():
        path = shutil.which(command)
        if path is None:
            continue
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        buildx = subprocess.run([path, "buildx", "version"], capture_output=True, check=False)
        if "version 20." in version or buildx.returncode == 0:
            return path
    return need.missing("a docker command with BuildKit")
