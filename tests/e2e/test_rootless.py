"""Rootless podman, buildah and skopeo: the keyring in which the helper that they run finds a token."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fakes import names
from fakes.certificates import Certificates
from fakes.clients import Client, write_json
from fakes.endpoints import Endpoints
from support import need
from support.home import BASE_USER, HOST, ROLE, SECONDARY, Home
from support.users import ordinary_number, prefix_of

_BUS = """\
<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""
_ONCE = ["AssumeRole", "GetAuthorizationToken"]


@pytest.fixture
def number() -> int:
    """Return the ID of an ordinary user."""
    return ordinary_number()


@pytest.fixture
def home(
    aws: Endpoints,
    authority: Certificates,  # noqa: ARG001 - the names
    tmp_path: Path,
    number: int,
) -> Iterator[Home]:
    """Return the home of an ordinary user, who can reach neither the tests' folders nor root's Python."""
    frozen = Path(os.environ.get("ECRX_TEST_FROZEN", ""))
    if not frozen.is_file():
        need.missing("the frozen program (tests/run)")
    with tempfile.TemporaryDirectory(prefix="ecrx.", dir="/var/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(frozen.parent, folder / "program", symlinks=True)
        user = Home(folder / "home", folder / "program" / frozen.name, aws)
        user.link("docker-credential-ecrx-secondary")
        user.add_role_profile()
        write_json(user.folder / "auth.json", {"credHelpers": {HOST: "ecrx-secondary"}})
        (folder / "run").mkdir(mode=0o700)
        del user.env["AWS_ENDPOINT_URL"]
        user.env |= {
            "AWS_CA_BUNDLE": str(names.BUNDLE),
            "REGISTRY_AUTH_FILE": str(user.folder / "auth.json"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "ECRX_KEYRING": "kernel",
        }
        for path in (folder / "run", user.folder, *user.folder.rglob("*")):
            os.chown(path, number, number, follow_symlinks=False)
        with names.user("rootless", number, user.folder, tmp_path):
            try:
                yield user
            finally:
                _end_pause(folder / "run" / "libpod" / "tmp" / "pause.pid")


@pytest.fixture
def bus(home: Home, number: int) -> Iterator[None]:
    """Run the user's session bus."""
    address = f"unix:path={home.env['XDG_RUNTIME_DIR']}/bus"
    config = home.folder / "bus.conf"
    config.write_text(_BUS.format(address=address))
    home.env |= {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": "secret-service"}
    command = [need.command("dbus-daemon"), f"--config-file={config}", "--nofork", "--print-address=1"]
    with subprocess.Popen([*prefix_of(number), *command], env=home.env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield
        process.terminate()


@pytest.fixture
def as_user(home: Home, number: int) -> Client:
    """Return what runs a command as that user."""
    return Client(home, *prefix_of(number))


def _end_pause(path: Path) -> None:
    """End the process that keeps podman's user namespace alive."""
    with suppress(OSError, ValueError):
        os.kill(int(path.read_text()), signal.SIGKILL)


def _operations(home: Home) -> list[str]:
    return [call.operation for call in home.aws.calls]


@pytest.fixture(params=["podman", "buildah"])
def pull(request: pytest.FixtureRequest, as_user: Client, image: str) -> Callable[[], object]:
    """Return what pulls the image in a user namespace: podman's persists, and each buildah command has its own."""
    command = [need.command(request.param), "--storage-driver=vfs"]
    pulling = {"podman": ["pull", "--quiet"], "buildah": ["from", "--pull-always"]}[request.param]
    return lambda: as_user(*command, *pulling, image)


def test_pulls_use_the_token_of_a_login_outside(as_user: Client, pull: Callable[[], object]) -> None:
    as_user(as_user.home.bin / "docker-credential-ecrx-secondary", "login", HOST)
    before = _operations(as_user.home)

    for _ in range(2):
        pull()

    assert before == _operations(as_user.home)


def test_pulls_use_the_token_of_an_mfa_login(as_user: Client, pull: Callable[[], object]) -> None:
    """The helper cannot ask for a code, neither outside nor inside."""
    home = as_user.home
    home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
    config = home.folder / ".aws" / "config"
    serial = f"[profile secondary]\nmfa_serial = arn:aws:iam::{SECONDARY}:mfa/me\n"
    config.write_text(config.read_text().replace("[profile secondary]\n", serial))
    as_user(home.bin / "docker-credential-ecrx-secondary", "login", HOST, "--mfa-code", "-", stdin="123456")
    before = _operations(home)

    for _ in range(2):
        pull()

    assert before == _operations(home)


def test_pulls_use_the_token_of_a_docker_login_outside(as_user: Client, pull: Callable[[], object]) -> None:
    home = as_user.home
    program = home.bin / "docker-credential-ecrx-secondary"
    token = json.loads(as_user(program, "get", stdin=HOST))["Secret"]
    as_user(program, "erase", stdin=HOST)
    as_user(program, "store", stdin=json.dumps({"ServerURL": HOST, "Username": "AWS", "Secret": token}))

    for _ in range(2):
        pull()

    assert _ONCE == _operations(home)


@pytest.mark.parametrize("what", [HOST, "--all"])
def test_forget_inside_deletes_the_token_outside(as_user: Client, what: str) -> None:
    program = as_user.home.bin / "docker-credential-ecrx-secondary"
    as_user(program, "get", stdin=HOST)

    inside = as_user(need.command("podman"), "unshare", program, "forget", what)

    assert "deleted the token of profile secondary" in inside
    as_user(program, "get", stdin=HOST)
    assert _ONCE * 2 == _operations(as_user.home)


def test_podman_reuses_its_own_token(as_user: Client, image: str) -> None:
    """If there is none outside, it fetches one, which its namespace keeps; outside, another is fetched."""
    podman = [need.command("podman"), "--storage-driver=vfs"]
    home = as_user.home

    as_user(*podman, "pull", "--quiet", image)
    as_user(*podman, "rmi", image)
    as_user(*podman, "pull", "--quiet", image)

    assert _ONCE == _operations(home)
    as_user(home.bin / "docker-credential-ecrx-secondary", "get", stdin=HOST)
    assert _ONCE * 2 == _operations(home)


def test_podman_uses_token_of_login_inside(as_user: Client, image: str) -> None:
    podman = [need.command("podman"), "--storage-driver=vfs"]
    program = as_user.home.bin / "docker-credential-ecrx-secondary"

    as_user(*podman, "unshare", program, "login", HOST)
    as_user(*podman, "pull", "--quiet", image)

    assert 1 == as_user.home.aws.count("GetAuthorizationToken")


def test_buildah_fetches_a_token_each_time(as_user: Client, image: str) -> None:
    """If there is none outside: each command has a user namespace and a keyring of its own."""
    buildah = [need.command("buildah"), "--storage-driver=vfs"]

    for _ in range(2):
        as_user(*buildah, "from", "--pull-always", image)

    assert _ONCE * 2 == _operations(as_user.home)


def test_quota_inside_is_that_of_the_user(as_user: Client) -> None:
    """Root of a namespace is an ordinary user for the kernel."""
    full = 'while keyctl padd user "other:$((n += 1))" @u </etc/passwd; do :; done >&2; exec "$@"'
    program = as_user.home.bin / "docker-credential-ecrx"
    command: list[str | Path] = ["keyctl", "session", "-", "sh", "-c", full, "sh", program]

    said = as_user.tries(need.command("podman"), "unshare", *command, "doctor")

    assert "the kernel keyring has no room for a token" in said
    assert " of 20,000 bytes are used" in said


def test_skopeo_uses_the_users_own_keyring(as_user: Client, image: str) -> None:
    """It needs no namespace to copy between registries and folders."""
    home = as_user.home
    as_user(home.bin / "docker-credential-ecrx-secondary", "get", stdin=HOST)

    as_user(need.command("skopeo"), "copy", f"docker://{image}", f"dir:{home.folder / 'copy'}")

    assert _ONCE == _operations(home)


@pytest.mark.usefixtures("bus")
@pytest.mark.parametrize("prefix", [[], ["unshare", "--user", "--map-root-user"]], ids=["outside", "inside"])
def test_session_bus_accepts_the_helper(as_user: Client, prefix: list[str]) -> None:
    """Root of the namespace is another user outside; no Secret Service is on the bus, as the bus itself says."""
    said = as_user.tries(*prefix, as_user.home.bin / "docker-credential-ecrx", "status")

    assert "the Secret Service is not available: org.freedesktop.DBus.Error.ServiceUnknown" in said
