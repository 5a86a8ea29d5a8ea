"""install.sh from a checkout where no program can be frozen: it installs the wheel in a virtual environment."""

import os
import shutil
from pathlib import Path

import pytest

from fakes.aws import FakeAws
from support import need
from support.home import SECONDARY, Home
from support.releases import User

_ROOT = Path(__file__).parents[2]
_LIB = Path("lib", "docker-credential-ecrx")


@pytest.fixture
def checkout(user: User, tmp_path: Path) -> Path:
    """Return a checkout, for a user without objdump, which PyInstaller needs, and with pip's packages in a folder."""
    wheels = os.environ.get("ECRX_TEST_WHEELS", "")
    if not Path(wheels).is_dir():
        need.missing("the wheels that tests/run downloads")
    folder = tmp_path / "check out"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("build", "docker_credential_ecrx"):
        shutil.copytree(_ROOT / name, folder / name, ignore=ignored)
    for name in ("LICENSE", "README.md", "install.sh", "pyproject.toml"):
        shutil.copy(_ROOT / name, folder)
    tools = tmp_path / "tools"
    tools.mkdir()
    for path in (path for place in ("/bin", "/usr/bin", "/usr/local/bin") for path in Path(place).iterdir()):
        if path.name != "objdump" and not (tools / path.name).is_symlink():
            (tools / path.name).symlink_to(path)
    user.env |= {"PATH": str(tools), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels}
    return folder


def test_without_packages_leaves_nothing(user: User, checkout: Path) -> None:
    """Pip cannot reach an index: it names only the first package that the virtual environment needs."""
    del user.env["PIP_FIND_LINKS"]

    done = user.install(checkout, timeout=300)

    said = "install.sh: cannot install the wheel; see above (without access to PyPI, pip finds no versions)\n"
    assert (1, True) == (done.returncode, done.stderr.endswith(said))
    assert 1 == done.stderr.count("No matching distribution found")
    assert [] == user.files()


def test_installs_moves_and_uninstalls(
    user: User, checkout: Path, aws: FakeAws, kernel: dict[str, str], tmp_path: Path
) -> None:
    """The program gets a token, also after the home has moved; it is reinstalled and uninstalled there."""
    done = user.install(checkout, timeout=300)
    assert 0 == done.returncode, done.stderr
    assert "installing the wheel for " in done.stdout
    user.home = user.home.rename(tmp_path / "moved")
    user.env["HOME"] = str(user.home)
    user.prefix = user.home / ".local"
    home = Home(tmp_path / "other home", user.prefix / "bin" / "docker-credential-ecrx", aws)
    home.add_role_profile()

    assert SECONDARY == aws.issued[home.get(env=kernel).secret].account
    said = home.run("version", "--json", env={"PATH": str(user.prefix / "bin")}).answer
    assert ("wheel", [said["version"]]) == (said["installed_as"], [each["version"] for each in said["on_path"]])

    assert 0 == user.install(checkout, timeout=300).returncode
    assert SECONDARY == aws.issued[home.get(env=kernel).secret].account
    assert 1 == len([*(user.prefix / _LIB).glob("[0-9]*")])
    done = user.install(checkout, "--uninstall")
    assert (0, "") == (done.returncode, done.stderr)
    assert [] == user.files()
