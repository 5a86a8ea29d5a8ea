"""The matrix of clients, for those that run in a Java virtual machine: see test_clients.py."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.certificates import Certificates
from fakes.clients import Client, write_json
from support import need
from support.home import HOST, Home

_ONCE = ["AssumeRole", "GetAuthorizationToken"]
_PREPARED = Path(__file__).parents[2] / ".work" / "java"
_TESTCONTAINERS_ENVIRONMENT = {
    # Without a bridge there is no address to query, and the reaper is an image of another registry.
    "TESTCONTAINERS_HOST_OVERRIDE": "localhost",
    "TESTCONTAINERS_RYUK_DISABLED": "true",
    # Seconds for which it tries, otherwise 120: as long as a client may run here.
    "TESTCONTAINERS_PULL_TIMEOUT": "20",
}


@pytest.fixture(scope="session")
def program() -> Path:
    """Return the program in one form: both answer Docker alike."""
    return need.program()


@pytest.fixture(scope="session")
def java_project() -> Path:
    """Return tests/clients/java as tests/run has compiled it, beside the repository of what Maven needs for it."""
    if not (_PREPARED / "stamp").is_file():
        need.missing("what Maven makes of tests/clients/java (tests/run)")
    return _PREPARED


@pytest.fixture(scope="session")
def java_options(authority: Certificates, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the options with which Java trusts the tests' authority and no other, and starts fast."""
    path = tmp_path_factory.mktemp("java") / "authorities"
    command = (need.command("keytool"), "-importcert", "-noprompt", "-file", authority.authority)
    subprocess.run([*command, "-keystore", path, "-storepass", "changeit"], check=True, capture_output=True)
    trust = f"-Djavax.net.ssl.trustStore={path} -Djavax.net.ssl.trustStorePassword=changeit"
    return f"{trust} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"


@pytest.fixture(params=["credHelpers", "credsStore"])
def user(request: pytest.FixtureRequest, home: Home, java_options: str) -> Home:
    """Return a user whose Docker configuration names this program for the registry, or for every registry."""
    entry = {HOST: "ecrx-secondary"} if request.param == "credHelpers" else "ecrx-secondary"
    return _configured(home, java_options, {request.param: entry})


def _configured(home: Home, java_options: str, document: dict[str, object]) -> Home:
    write_json(home.folder / ".docker" / "config.json", document)
    # Java takes neither from the environment.
    places = f"-Duser.home={home.folder} -Djava.io.tmpdir={home.env['TMPDIR']}"
    home.env["JAVA_TOOL_OPTIONS"] = f"{java_options} {places}"
    return home


def _jib(home: Home, java_project: Path, folder: Path) -> Client:
    """Return ``mvn jib:build`` for a copy of the project in ``folder``, where it keeps a cache."""
    shutil.copytree(java_project, folder, ignore=shutil.ignore_patterns("repository"))
    # Jib refuses to push if Maven runs with --offline.
    options = ("--batch-mode", f"-Dmaven.repo.local={java_project / 'repository'}", "-Djib.disableUpdateChecks=true")
    return Client(home, need.command("mvn"), *options, "--file", folder, "jib:build")


def _operations(home: Home) -> list[str]:
    return [call.operation for call in home.aws.calls]


@pytest.mark.cell("Jib", "build and push")
def test_jib_builds_from_and_to_the_registry(user: Home, image: str, java_project: Path, tmp_path: Path) -> None:
    jib = _jib(user, java_project, tmp_path / "project")

    jib(f"-Djib.from.image={image}", f"-Djib.to.image={image}-jib")

    assert "layers" in Client(user, need.command("docker"))("manifest", "inspect", f"{image}-jib")
    assert _ONCE == _operations(user)


def test_jib_asks_podmans_file_first(
    home: Home, image: str, java_project: Path, java_options: str, tmp_path: Path
) -> None:
    """If the helper that is named there fails, it prints the helper's message, and asks the one in Docker's file."""
    _configured(home, java_options, {"credHelpers": {HOST: "ecrx-secondary"}})
    home.add_profile("denied", role_arn="arn:aws:iam::222222222222:role/none", source_profile="base")
    home.link("docker-credential-ecrx-denied")
    write_json(Path(home.env["XDG_RUNTIME_DIR"], "containers", "auth.json"), {"credHelpers": {HOST: "ecrx-denied"}})
    jib = _jib(home, java_project, tmp_path / "project")

    # Its own setting, which it asks before any file.
    printed = jib(f"-Djib.from.image={image}", f"-Djib.to.image={image}-jib", "-Djib.to.credHelper=ecrx-secondary")

    assert f"no token for {HOST} with profile denied: AWS denied AssumeRole" in printed
    assert ["AssumeRole", *_ONCE] == sorted(_operations(home))


@pytest.mark.cell("testcontainers for Java", "pull")
def test_testcontainers_for_java_pull(user: Home, image: str, java_project: Path, docker_host: str) -> None:
    user.env |= _TESTCONTAINERS_ENVIRONMENT | {"DOCKER_HOST": docker_host}
    class_path = (java_project / "target" / "classpath").read_text()

    printed = Client(user, need.command("java"), "-cp", class_path, "Pull").tries(image)

    pulled = Client(user, need.command("docker"))("images", "--format", "{{.Repository}}:{{.Tag}}")
    assert image in pulled.splitlines(), printed
    assert _ONCE == _operations(user)
