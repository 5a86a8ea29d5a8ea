"""pip, pipx and uv, as a user runs them in an empty home, with the wheel and with the sdist."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from fakes.aws import FakeAws
from support import channels
from support.channels import NAME, User
from support.home import SECONDARY, Home


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return the wheel and the sdist."""
    return channels.distributions(tmp_path_factory.mktemp("distributions"))


# pip installs the wheel in every run of the tests: tests/run does so.
@pytest.mark.parametrize(
    ("tool", "kind"), [("pip", "sdist"), ("pipx", "wheel"), ("pipx", "sdist"), ("uv", "wheel"), ("uv", "sdist")]
)
def test_installs_uninstalls_and_gets_a_token(  # noqa: PLR0913, PLR0917 - fixtures
    distributions: Mapping[str, Path], aws: FakeAws, kernel: dict[str, str], tmp_path: Path, tool: str, kind: str
) -> None:
    (tmp_path / "user").mkdir()
    user = User(tmp_path / "user", tool)
    folder = user.install(distributions[kind])
    home = Home(tmp_path / "home", folder / NAME, aws)
    home.link("ecrx", folder / "ecrx")
    home.add_role_profile()

    version = distributions["wheel"].name.split("-")[1]
    assert f"{NAME} {version}\n" == home.run("version", argv0="ecrx").stdout
    assert SECONDARY == aws.issued[home.get(env=kernel).secret].account
    assert "kernel" in home.run("status", env=kernel).stdout

    user.uninstall()

    # uv leaves a cache.
    left = [path for name in (NAME, "ecrx") for path in user.home.rglob(name)]
    assert [] == [path for path in left if ".cache" not in path.parts]
