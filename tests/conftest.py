"""Fixtures of all tests: the program in both its forms, a fake AWS, keyrings and a user's home."""

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import hypothesis
import pytest

from fakes.aws import FakeAws
from support import keyrings, marks, need, shares, sweep
from support.home import Home

# How long an example takes says how busy the machine is, and nothing of the program.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")
# For a quick look: nox -s test.
hypothesis.settings.register_profile("quick", max_examples=10)

_EXE = ".exe" if sys.platform == "win32" else ""
_FROZEN = Path(__file__).parent.parent / "dist" / "docker-credential-ecrx" / f"docker-credential-ecrx{_EXE}"


# It is for Windows alone, and nothing that may be skipped elsewhere.
collect_ignore = [] if sys.platform == "win32" else ["keyrings/test_locker.py"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what tests/run asks for."""
    parser.addoption("--needs", metavar="FILE", type=Path, help="write what the tests need to a file, and run none")
    parser.addoption("--share", metavar="FOLDER", type=Path, help="share the tests with the other runs on that folder")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it needs, before -k and -m choose."""
    marks.add(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write what the chosen tests need, if asked to, and run none of them."""
    file: Path | None = session.config.getoption("--needs")
    if file is not None:
        file.write_text(" ".join(sorted(marks.needed(session.items))))
        session.items.clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run what no other run on the same folder does; return None, which leaves it to pytest, if there is no folder."""
    folder: Path | None = session.config.getoption("--share")
    if folder is None or session.testsfailed or session.config.option.collectonly:
        return None
    shares.run(session, folder)
    return True


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip on Windows what needs what it has not."""
    marker = item.get_closest_marker("posix")
    if marker is not None and sys.platform == "win32":
        need.missing(marker.args[0])


@pytest.fixture(scope="session", autouse=True)
def observed() -> Iterator[None]:
    """Note what all processes say and show, where tests/run looks for secrets afterwards."""
    folder = os.environ.get("ECRX_TEST_NOTES")
    with sweep.observed(Path(folder)) if folder else nullcontext():
        yield


@pytest.fixture(scope="session", params=["wheel", "frozen"])
def program(request: pytest.FixtureRequest) -> Path:
    """Return the installed wheel's command, then the frozen program; or the one that support.forms asks for."""
    forms = {
        "frozen": Path(os.environ.get("ECRX_TEST_FROZEN", _FROZEN)),
        "wheel": Path(os.environ.get("ECRX_TEST_WHEEL", Path(sys.executable).parent / f"docker-credential-ecrx{_EXE}")),
    }
    # What stands in dist/ may be of another day: who wants it where either will do names it.
    forms["either"] = forms["frozen" if "ECRX_TEST_FROZEN" in os.environ else "wheel"]
    path = forms[request.param]
    return path if path.exists() else need.missing(f"the program, {path},")


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """Return a fake AWS."""
    with FakeAws() as fake:
        yield fake


@pytest.fixture(scope="session")
def session_bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the environment that leads to an unlocked gnome-keyring, which all tests share."""
    with keyrings.secret_service(tmp_path_factory.mktemp("bus") / "bus") as env:
        yield env


@pytest.fixture
def secret_service(session_bus: dict[str, str]) -> Iterator[dict[str, str]]:
    """Return the environment that leads to an unlocked gnome-keyring, which is left empty."""
    yield session_bus
    keyrings.clear(session_bus)


@pytest.fixture
def kernel() -> Iterator[dict[str, str]]:
    """Return the environment for the kernel's keyring, which is left as it was."""
    if sys.platform != "linux":
        need.missing("the Linux kernel's keyring")
    with keyrings.kernel_keys_put_back():
        yield {"ECRX_KEYRING": "kernel"}


@pytest.fixture(params=["kernel", "secret-service"])
def keyring(request: pytest.FixtureRequest, kernel: dict[str, str]) -> dict[str, str]:
    """Return the environment for each of Linux's keyrings."""
    if request.param == "kernel":
        return kernel
    bus: dict[str, str] = request.getfixturevalue("secret_service")
    return {"ECRX_KEYRING": "secret-service"} | bus


@pytest.fixture
def home(tmp_path: Path, program: Path, aws: FakeAws, kernel: dict[str, str]) -> Home:  # noqa: ARG001 - cleans up
    """Return a user's home whose AWS is the fake AWS."""
    return Home(tmp_path / "home", program, aws)


@pytest.fixture
def user(tmp_path: Path, program: Path, aws: FakeAws, request: pytest.FixtureRequest) -> Iterator[Home]:
    """Return a user's home whose AWS is the fake AWS, and whose keyrings are those that the system itself has."""
    if sys.platform not in ("linux", "win32"):
        need.missing("a keyring of the system's that the tests may write to")
    home = Home(tmp_path / "home", program, aws)
    if sys.platform == "linux":
        request.getfixturevalue("kernel")  # cleans up
        home.env |= request.getfixturevalue("secret_service")
    yield home
    if sys.platform == "win32":
        home.run("forget", "--all", "--passwords")
