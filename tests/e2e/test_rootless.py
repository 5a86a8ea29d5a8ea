"""Rootless podman, buildah and skopeo: the keyring in which the helper that they run finds a token."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from standin import names
from standin.certificates import Certificates
from standin.clients import Client, write_json
from standin.endpoints import Endpoints
from support import need
from support.home import HOST, Home

_USER = 4_200_901
_BUS = """\
<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""
_ONCE = ["AssumeRole", "GetAuthorizationToken"]


@pytest.fixture
def home(aws: Endpoints, authority: Certificates, tmp_path: Path) -> Iterator[Home]:  # noqa: ARG001 - the names
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
            os.chown(path, _USER, _USER, follow_symlinks=False)
        with names.user("rootless", _USER, user.folder, tmp_path):
            try:
                yield user
            finally:
                _end_pause(folder / "run" / "libpod" / "tmp" / "pause.pid")


@pytest.fixture
def bus(home: Home) -> Iterator[None]:
    """Run the user's session bus."""
    address = f"unix:path={home.env['XDG_RUNTIME_DIR']}/bus"
    config = home.folder / "bus.conf"
    config.write_text(_BUS.format(address=address))
    home.env |= {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": "secret-service"}
    command = [*_as_user(), need.command("dbus-daemon"), f"--config-file={config}", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, env=home.env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield
        process.terminate()


@pytest.fixture
def as_user(home: Home) -> Client:
    """Return what runs a command as that user."""
    return Client(home, *_as_user())


def _as_user() -> list[str]:
    return [need.command("setpriv"), f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]


def _end_pause(path: Path) -> None:
    """End the process that keeps podman's user namespace alive."""
    with suppress(OSError, ValueError):
        os.kill(int(path.read_text()), signal.SIGKILL)


def _operations(home: Home) -> list[str]:
    return [call.operation for call in home.aws.calls]


def test_podman_reuses_its_token(as_user: Client, image: str) -> None:
    """Its namespace persists, and the keyring with it; outside, another token is fetched."""
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
    """Each command has a user namespace of its own, and therefore a keyring of its own."""
    buildah = [need.command("buildah"), "--storage-driver=vfs"]

    for _ in range(2):
        as_user(*buildah, "from", "--pull-always", image)

    assert _ONCE * 2 == _operations(as_user.home)


def test_skopeo_uses_the_users_own_keyring(as_user: Client, image: str) -> None:
    """It needs no namespace to copy between registries and folders."""
    home = as_user.home
    as_user(home.bin / "docker-credential-ecrx-secondary", "get", stdin=HOST)

    as_user(need.command("skopeo"), "copy", f"docker://{image}", f"dir:{home.folder / 'copy'}")

    assert _ONCE == _operations(home)


@pytest.mark.usefixtures("bus")
def test_session_bus_rejects_the_helper_inside(as_user: Client) -> None:
    """Root of the namespace is not the user who owns the bus; outside, the bus accepts the user."""
    program = as_user.home.bin / "docker-credential-ecrx"
    # The message depends on whether the bus has already closed the connection.
    refused = re.compile("the Secret Service is not available: (the bus refused this user|Broken pipe)")

    assert refused.search(as_user.tries(need.command("unshare"), "--user", "--map-root-user", program, "status"))
    assert not refused.search(as_user.tries(program, "status"))
