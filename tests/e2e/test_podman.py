"""Podman, skopeo, buildah and their library, which find the helper in their own file, with the primary's registry."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.clients import Client, go_client
from fakes.registry import Registry
from support.home import BASE_USER, HOST, Home

_ONCE = ["AssumeRole", "GetAuthorizationToken"]


def _operations(home: Home) -> list[str]:
    return [call.operation for call in home.aws.calls]


class TestPodman:
    @pytest.mark.cell("podman", "pull, push")
    def test_push_and_pull_use_one_role_and_one_token(
        self, podman: Client, keyring: dict[str, str], layer: bytes, assert_in_no_file: Callable[[str], None]
    ) -> None:
        """Push and pull assume the role once, fetch one token and leave it in no file."""
        podman.home.env |= keyring
        image = f"{HOST}/team/podman:session"

        podman("import", "-", image, stdin=layer)
        podman("push", image)
        podman("rmi", image)
        podman("pull", image)

        assert _ONCE == _operations(podman.home)
        assert BASE_USER == podman.home.aws.calls[0].caller
        (token,) = podman.home.aws.issued
        assert_in_no_file(token)

    @pytest.mark.cell("podman", "login, logout")
    def test_login_and_logout_leave_no_password_in_a_file(
        self, podman: Client, assert_in_no_file: Callable[[str], None]
    ) -> None:
        token = podman.home.get().secret

        podman("login", "--username", "AWS", "--password-stdin", HOST, stdin=token)
        assert_in_no_file(token)
        podman("logout", HOST)

        assert "auth" not in json.loads((podman.home.folder / "auth.json").read_text()).get("auths", {}).get(HOST, {})


class TestSkopeo:
    @pytest.mark.cell("skopeo", "inspect")
    def test_inspects_an_image(self, skopeo: Client, image: str) -> None:
        assert f"{HOST}/team/app" == json.loads(skopeo("inspect", f"docker://{image}"))["Name"]
        assert _ONCE == _operations(skopeo.home)

    @pytest.mark.cell("skopeo", "copy")
    def test_copies_within_and_out_of_the_registry(
        self, skopeo: Client, image: str, tmp_path: Path, assert_in_no_file: Callable[[str], None]
    ) -> None:
        skopeo("copy", f"docker://{image}", f"docker://{image}-copy")
        skopeo("copy", f"docker://{image}-copy", f"dir:{tmp_path / 'copy'}")

        assert (tmp_path / "copy" / "manifest.json").exists()
        assert _ONCE == _operations(skopeo.home)
        (token,) = skopeo.home.aws.issued
        assert_in_no_file(token)

    @pytest.mark.cell("skopeo", "login, logout")
    def test_login_and_logout_leave_no_password_in_a_file(
        self, skopeo: Client, assert_in_no_file: Callable[[str], None]
    ) -> None:
        token = skopeo.home.get().secret

        skopeo("login", "--username", "AWS", "--password-stdin", HOST, stdin=token)
        assert_in_no_file(token)
        skopeo("logout", HOST)


class TestContainersImage:
    """Debian's skopeo is of 2022: tests/clients/image does with today's library what skopeo does."""

    @pytest.fixture
    def image_tool(self, home: Home, ecr: Registry, helper: None) -> Client:  # noqa: ARG002 - both are there
        return go_client(home, "containers-image")

    @pytest.mark.cell("containers/image", "inspect, copy")
    def test_copies_within_and_out_of_the_registry(
        self, image_tool: Client, image: str, tmp_path: Path, assert_in_no_file: Callable[[str], None]
    ) -> None:
        image_tool("copy", f"docker://{image}", f"docker://{image}-copy")
        image_tool("copy", f"docker://{image}-copy", f"dir:{tmp_path / 'copy'}")

        assert f"{HOST}/team/app" == json.loads(image_tool("inspect", f"docker://{image}-copy"))["Name"]
        assert (tmp_path / "copy" / "manifest.json").exists()
        assert _ONCE == _operations(image_tool.home)
        (token,) = image_tool.home.aws.issued
        assert_in_no_file(token)

    @pytest.mark.cell("containers/image", "login, logout")
    def test_login_and_logout_leave_no_password_in_a_file(
        self, image_tool: Client, assert_in_no_file: Callable[[str], None]
    ) -> None:
        token = image_tool.home.get().secret

        image_tool("login", HOST, stdin=token)
        assert_in_no_file(token)
        image_tool("logout", HOST)


class TestBuildah:
    @pytest.mark.cell("buildah", "from")
    def test_starts_from_an_image_of_the_registry(self, buildah: Client, image: str) -> None:
        assert "app-working-container" in buildah("from", image)
        assert _ONCE == _operations(buildah.home)

    @pytest.mark.cell("buildah", "build, push")
    def test_builds_on_an_image_of_the_registry(self, buildah: Client, image: str, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text(f"FROM {image}\nCOPY Dockerfile /\n")

        buildah("build", "--isolation=chroot", "--tag", f"{image}-built", tmp_path)
        buildah("push", f"{image}-built")

        assert _ONCE == _operations(buildah.home)
