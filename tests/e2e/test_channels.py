"""Skopeo pulls with the program as a package manager installed it: all other tests use the wheel or the bundle."""

from pathlib import Path

import pytest

from fakes.clients import Client
from support import channels
from support.channels import NAME, Debian, User


@pytest.fixture(params=["pipx", "dpkg"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the command that pipx or dpkg installed."""
    if request.param == "dpkg":
        debian = Debian(tmp_path / "debian")
        debian.dpkg("--install", channels.debian_package())
        return debian.root / "usr" / "bin" / NAME
    (tmp_path / "user").mkdir()
    return User(tmp_path / "user", "pipx").install(channels.distributions(tmp_path)["wheel"]) / NAME


@pytest.mark.parametrize("helper", ["link"], indirect=True)
def test_skopeo_pulls_an_image(skopeo: Client, image: str, tmp_path: Path) -> None:
    skopeo("copy", f"docker://{image}", f"dir:{tmp_path / 'copy'}")

    assert (tmp_path / "copy" / "manifest.json").exists()
    assert ["AssumeRole", "GetAuthorizationToken"] == [call.operation for call in skopeo.home.aws.calls]
