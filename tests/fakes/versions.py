"""Which release of each client of the matrix is here, as the program or the package itself says."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from fakes.clients import docker_commands, go_program

_NODE_MODULES = Path(__file__).parents[2] / ".work" / "node" / "node_modules"
_POM = Path(__file__).parents[1] / "clients" / "java" / "pom.xml"
_ANY = r"[^\t]+"
_NUMBER = re.compile(r"\d+(\.\d+)+")


def of(client: str) -> str:
    """Return the release of a client in the matrix; a question mark if nothing here can tell."""
    try:
        return _SOURCES[client]()
    except (KeyError, OSError, metadata.PackageNotFoundError):
        return "?"


def _command(name: str) -> Callable[[], str]:
    return lambda: _said_by(shutil.which(name) or name)


def _said_by(path: str) -> str:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    number = _NUMBER.search(said)
    assert number, said
    return number[0]


def _engine() -> str:
    return f"{_said_by('dockerd')}; CLI {', '.join(map(_said_by, docker_commands()))}"


def _buildkit() -> str:
    return f"{_go('buildkitd')()}; buildx {_go('buildx')()}"


def _python(package: str) -> Callable[[], str]:
    return lambda: metadata.version(package)


def _npm(package: str) -> Callable[[], str]:
    def read() -> str:
        version: str = json.loads((_NODE_MODULES / package / "package.json").read_text())["version"]
        return version

    return read


def _go(name: str, module: str = "") -> Callable[[], str]:
    """Return what reads the version of the program's module, or of another one in it, which Go writes into it."""
    line = f"\n{'dep' if module else 'mod'}\t{re.escape(module) or _ANY}\tv([0-9.]+)"

    def read() -> str:
        found = re.search(line.encode(), go_program(name).read_bytes())
        assert found, name
        return found[1].decode()

    return read


def _maven(artifact: str) -> Callable[[], str]:
    def read() -> str:
        found = re.search(rf"<artifactId>{artifact}</artifactId>\s*<version>([\d.]+)<", _POM.read_text())
        assert found, artifact
        return found[1]

    return read


_SOURCES: dict[str, Callable[[], str]] = {
    "@devcontainers/cli": _npm("@devcontainers/cli"),
    "BuildKit apart from the engine": _buildkit,
    "BuildKit of docker 20.10": _command("dockerd"),
    "Jib": _maven("jib-maven-plugin"),
    "act": _go("act"),
    "buildah": _command("buildah"),
    "containers/image": _go("containers-image", "go.podman.io/image/v5"),
    "cosign": _go("cosign"),
    "crane": _go("crane"),
    "docker CLI": _go("docker"),
    "docker buildx": _go("buildx"),
    "docker compose 1": _command("docker-compose"),
    "docker compose 5": _go("cmd"),
    "docker engine": _engine,
    "docker-py": _python("docker"),
    "helm": _go("helm"),
    "oras": _go("oras"),
    "oras for Python": _python("oras"),
    "podman": _command("podman"),
    "regctl": _go("regctl"),
    "skopeo": _command("skopeo"),
    "testcontainers for Go": _go("testcontainers", "github.com/testcontainers/testcontainers-go"),
    "testcontainers for Java": _maven("testcontainers"),
    "testcontainers for Node": _npm("testcontainers"),
    "testcontainers for Python": _python("testcontainers"),
    "trivy": _go("trivy"),
}
