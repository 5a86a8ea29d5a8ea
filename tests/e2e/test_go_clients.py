"""Clients that are Go programs, part of the matrix: tests/clients/build.sh builds the releases that go.mod pins."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.clients import asked_once, go_client, go_plugin, write_json
from support.forms import in_one_form
from support.home import HOST, Home

pytestmark = in_one_form


@pytest.fixture
def user(registry_user: Home, assert_in_no_file: Callable[[str], None]) -> Iterator[Home]:
    """Return a user of the registry; afterwards AWS was asked for one token, which is in no file."""
    yield registry_user
    assert asked_once(registry_user)
    (token,) = registry_user.aws.issued
    assert_in_no_file(token)


@pytest.fixture
def engine_user(user: Home, docker_host: str) -> Home:
    """Return the same with an engine."""
    user.env["DOCKER_HOST"] = docker_host
    return user


@pytest.mark.cell("crane", "pull, push, copy, digest, ls")
def test_crane_moves_images(user: Home, image: str, tmp_path: Path) -> None:
    crane = go_client(user, "crane")

    crane("pull", image, tmp_path / "image.tar")
    crane("push", tmp_path / "image.tar", f"{image}-pushed")
    crane("copy", image, f"{image}-copy")

    assert crane("digest", image) == crane("digest", f"{image}-copy")
    assert {_tag(image), f"{_tag(image)}-pushed"} <= set(crane("ls", image.rpartition(":")[0]).splitlines())


@pytest.mark.cell("cosign", "sign, verify, tree")
def test_cosign_signs_and_verifies(user: Home, image: str) -> None:
    """It does so with a key, and without Sigstore's servers."""
    user.env["COSIGN_PASSWORD"] = ""
    cosign = go_client(user, "cosign")
    cosign("generate-key-pair")

    cosign("sign", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", image)

    said = cosign("verify", "--key", "cosign.pub", "--insecure-ignore-tlog", "--private-infrastructure", image)
    assert image.rpartition(":")[0] in said
    assert "https://sigstore.dev/cosign/sign/v1" in cosign("tree", image)


@pytest.mark.cell("trivy", "image")
def test_trivy_lists_the_packages_of_an_image(user: Home, image: str) -> None:
    """It does so without the databases of vulnerabilities, which it would download."""
    said = go_client(user, "trivy")("image", "--image-src", "remote", "--format", "cyclonedx", image)

    assert image == json.loads(said)["metadata"]["component"]["name"]


@pytest.mark.cell("oras", "push, pull, attach, discover, cp")
def test_oras_moves_artifacts(user: Home, image: str, tmp_path: Path) -> None:
    oras = go_client(user, "oras")
    artifact = f"{image}-artifact"
    (user.folder / "notes.txt").write_text("notes")

    oras("push", artifact, "notes.txt:text/plain")
    oras("attach", "--artifact-type", "example/notes", artifact, "notes.txt")
    oras("pull", "--output", tmp_path / "pulled", artifact)
    oras("cp", artifact, f"{image}-copy")

    assert "notes" == (tmp_path / "pulled" / "notes.txt").read_text()
    assert "example/notes" in oras("discover", artifact)


@pytest.mark.cell("regctl", "image copy, export, import, inspect; tag ls")
def test_regctl_moves_images(user: Home, image: str, tmp_path: Path) -> None:
    regctl = go_client(user, "regctl")
    if "credsStore" in _configuration(user):
        # It asks a store only for what that lists: tokens that are there already.
        assert "unauthorized" in regctl.fails("image", "digest", image)
        user.get()

    regctl("image", "copy", image, f"{image}-copy")
    regctl("image", "export", image, tmp_path / "image.tar")
    regctl("image", "import", f"{image}-imported", tmp_path / "image.tar")

    assert "amd64" == json.loads(regctl("image", "inspect", image))["architecture"]
    assert {f"{_tag(image)}-copy", f"{_tag(image)}-imported"} <= set(
        regctl("tag", "ls", image.rpartition(":")[0]).splitlines()
    )


@pytest.mark.cell("helm", "push, show, pull")
def test_helm_moves_a_chart(user: Home, image: str, tmp_path: Path) -> None:
    helm = go_client(user, "helm")
    charts = f"oci://{HOST}/team/charts/{_tag(image)}"
    write_json(tmp_path / "app" / "Chart.yaml", {"apiVersion": "v2", "name": "app", "version": "1.0.0"})
    helm("package", tmp_path / "app")

    helm("push", "app-1.0.0.tgz", charts)

    assert "version: 1.0.0" in helm("show", "chart", f"{charts}/app")
    helm("pull", f"{charts}/app", "--destination", tmp_path)
    assert (user.folder / "app-1.0.0.tgz").read_bytes() == (tmp_path / "app-1.0.0.tgz").read_bytes()


@pytest.mark.cell("docker CLI", "pull, push, manifest inspect")
def test_docker_moves_images(engine_user: Home, image: str) -> None:
    docker = go_client(engine_user, "docker")

    docker("pull", image)
    docker("tag", image, f"{image}-copy")
    docker("push", f"{image}-copy")

    assert "schemaVersion" in docker("manifest", "inspect", f"{image}-copy")


@pytest.mark.cell("docker CLI", "login, logout")
def test_docker_logs_in_and_out(engine_user: Home) -> None:
    docker = go_client(engine_user, "docker")

    assert "Login Succeeded" in docker("login", HOST)
    docker("logout", HOST)


@pytest.mark.cell("docker buildx", "build --push")
def test_buildx_builds(engine_user: Home, image: str, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text(f"FROM {image}\nCOPY Dockerfile /\n")

    go_plugin(engine_user, "buildx", "buildx")("build", "--pull", "--push", "--tag", f"{image}-x", tmp_path / "context")


@pytest.mark.cell("docker buildx", "imagetools inspect, create")
def test_buildx_makes_an_index(engine_user: Home, image: str) -> None:
    tools = go_plugin(engine_user, "buildx", "buildx")

    tools("imagetools", "create", "--tag", f"{image}-index", image)

    assert f"{image}-index" in tools("imagetools", "inspect", f"{image}-index")


@pytest.mark.cell("docker compose 5", "pull, push")
def test_compose_pulls_and_pushes(engine_user: Home, image: str) -> None:
    compose = go_plugin(engine_user, "compose", "cmd")
    copy = f"{image}-compose"
    write_json(engine_user.folder / "compose.yaml", {"services": {"app": {"image": image}}})

    compose("pull")
    go_client(engine_user, "docker")("tag", image, copy)
    write_json(engine_user.folder / "compose.yaml", {"services": {"app": {"image": copy, "build": "."}}})
    compose("push")


@pytest.mark.cell("testcontainers for Go", "pull")
def test_testcontainers_for_go_pull(engine_user: Home, image: str) -> None:
    """It pulls the image, then runs it, which an engine in a container may be unable to do."""
    # The reaper is an image of another registry.
    engine_user.env |= {"TESTCONTAINERS_RYUK_DISABLED": "true", "TESTCONTAINERS_HOST_OVERRIDE": "localhost"}

    testcontainers = go_client(engine_user, "testcontainers")
    if "credsStore" in _configuration(engine_user):
        # It asks a store only for what auths names, which is where docker login leaves an empty entry.
        assert "no basic auth credentials" in testcontainers.fails(image)
        write_json(engine_user.folder / ".docker" / "config.json", _configuration(engine_user) | {"auths": {HOST: {}}})

    said = testcontainers.tries(image)

    assert _has(engine_user, image), said


@pytest.mark.cell("act", "pull of a job's container")
def test_act_pulls_the_container_of_a_job(engine_user: Home, image: str) -> None:
    """It then runs the job, which an engine in a container may be unable to do."""
    job = {"runs-on": "ubuntu-latest", "container": image, "steps": [{"run": "true"}]}
    write_json(engine_user.folder / "workflow.yaml", {"on": "push", "jobs": {"build": job}})
    # Without it, act asks which images are to stand for GitHub's.
    (engine_user.folder / ".actrc").write_text("-P ubuntu-latest=unused\n")

    said = go_client(engine_user, "act").tries("push", "--network", "none", "--workflows", "workflow.yaml")

    assert _has(engine_user, image), said


def _configuration(home: Home) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((home.folder / ".docker" / "config.json").read_text())
    return document


def _tag(image: str) -> str:
    return image.rpartition(":")[2]


def _has(home: Home, image: str) -> bool:
    docker = go_client(home, "docker")
    return image in docker("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
