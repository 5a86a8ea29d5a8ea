"""containerd pulls an image with what kubelet's own code gets from the program, and keeps the token nowhere."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes import containerd
from fakes.registry import Registry
from support import need
from support.forms import in_one_form
from support.home import HOST, Home
from support.kubelet_code import KubeletCode

pytestmark = in_one_form


@pytest.fixture
def socket(ecr: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:  # noqa: ARG001 - it is there
    """Return the socket of a containerd, which knows the names."""
    with containerd.running(tmp_path_factory.mktemp("run")) as socket:
        yield socket


@pytest.fixture
def node(home: Home) -> Home:
    """Return a node with the identity of AWS's default chain."""
    return home.add_default_keys()


@pytest.fixture
def kubelet(node: Home, tmp_path: Path) -> Iterator[KubeletCode]:
    """Return kubelet's code with the configuration that ``kubelet config`` prints."""
    config = tmp_path / "credential-provider.yaml"
    config.write_text(node.run("kubelet", "config").stdout)
    with KubeletCode(config, node.bin, node.env, {}) as kubelet:
        yield kubelet


def test_containerd_pulls_what_kubelet_asks_for(
    kubelet: KubeletCode, node: Home, socket: Path, image: str, assert_in_no_file: Callable[..., None]
) -> None:
    assert "" == kubelet.pull(image, socket)

    assert image in _images(socket)
    assert ["GetAuthorizationToken"] == [call.operation for call in node.aws.calls]
    (token,) = node.aws.issued
    assert_in_no_file(token, socket.parent)


def test_containerd_is_refused_without_credentials(kubelet: KubeletCode, node: Home, socket: Path, image: str) -> None:
    """Kubelet runs the program only for registries of ECR, so the other pull did not succeed by chance."""
    own = image.replace(HOST, "images.example.com")

    failure = kubelet.pull(own, socket)

    assert ("401 Unauthorized" in failure, []) == (True, node.aws.calls), failure
    assert own not in _images(socket)


def _images(socket: Path) -> list[str]:
    command = [need.command("ctr"), "--address", str(socket), "--namespace", "k8s.io", "images", "list", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
