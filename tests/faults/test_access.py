"""An edit of config.json keeps who may read it, at every moment: ACLs and labels are preserved."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import kills, need
from support.forms import in_one_form
from support.home import HOST, Home

BEFORE = '{"auths": {"registry.example": {"auth": "b2xk"}}}'
FRIEND, OTHER = 4_200_021, 4_200_022
ACL = "system.posix_acl_access"

pytestmark = in_one_form


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with credentials, which ``configure`` requires."""
    return home.add_default_keys()


@pytest.fixture
def config(home: Home) -> Path:
    """Return the path of Docker's config.json, private to its owner."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir(mode=0o755)
    path.write_text(BEFORE)
    path.chmod(0o600)
    return path


def set_acl(path: Path, *options: str) -> None:
    """Change a file's ACL with setfacl."""
    done = subprocess.run([need.command("setfacl"), *options, str(path)], check=False, capture_output=True, text=True)
    if "not supported" in done.stderr:
        need.missing("a file system with ACLs")
    assert 0 == done.returncode, done.stderr


def acl_of(path: Path) -> str:
    """Return a file's mode and ACL as getfacl shows them."""
    shown = [need.command("getfacl"), "--numeric", "--absolute-names", str(path)]
    return subprocess.run(shown, check=True, capture_output=True, text=True).stdout


def edit(home: Home, config: Path, *, status: int = 0) -> None:
    """Edit the file."""
    assert status == home.run("configure", HOST).status
    assert ("ecrx" in config.read_text()) == (status == 0)


@pytest.mark.parametrize(
    "acl",
    [
        ["-m", f"u:{FRIEND}:r"],
        ["-m", f"u:{FRIEND}:rw,g:{FRIEND}:r,m::r"],
        ["-m", f"u:{FRIEND}:rw,m::-"],
        ["-m", f"u:{FRIEND}:r,g::-,o::-"],
    ],
    ids=" ".join,
)
def test_acl_is_preserved(home: Home, config: Path, acl: list[str]) -> None:
    """Each entry is preserved, and the mask, which the mode shows as the group's bits."""
    set_acl(config, *acl)
    before = acl_of(config)

    edit(home, config)

    assert before == acl_of(config)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_default_acl_grants_nobody_access(home: Home, config: Path, mode: int) -> None:
    """A file without an ACL gets none, although new files in its folder inherit one."""
    config.chmod(mode)
    set_acl(config.parent, "-d", "-m", f"u:{OTHER}:rwx,g:{OTHER}:rwx")
    before = acl_of(config)

    edit(home, config)

    assert before == acl_of(config)


def test_new_file_in_such_a_folder_is_private(home: Home, config: Path) -> None:
    """It inherits none of the folder's entries."""
    config.unlink()
    set_acl(config.parent, "-d", "-m", f"u:{OTHER}:rwx")

    edit(home, config)

    assert acl_of(config).endswith("\nuser::rw-\ngroup::---\nother::---\n\n")


def test_access_is_never_wider_than_before(home: Home, config: Path) -> None:
    """At each system call of configure, no file in the folder has a wider mode or ACL than before."""
    config.chmod(0o640)
    set_acl(config, "-m", f"u:{FRIEND}:r")
    set_acl(config.parent, "-d", "-m", f"u:{OTHER}:rwx")
    acl = os.getxattr(config, ACL)
    command: list[str | Path] = [home.bin / "docker-credential-ecrx", "configure", HOST]
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        for path in config.parent.iterdir():
            mode = path.stat().st_mode & 0o777
            assert mode & ~0o600 == 0 or (mode, acl) == (0o640, os.getxattr(path, ACL)), path

    for point in kills.points(command, home.env, [config.parent]):
        config.write_text(BEFORE)
        kills.stopped_at(point, command, home.env, look)
    assert looks > 10


def test_extended_attributes_are_preserved(home: Home, config: Path) -> None:
    os.setxattr(config, "user.note", b"mine")

    edit(home, config)

    assert b"mine" == os.getxattr(config, "user.note")


@pytest.fixture
def own_disk(home: Home) -> Iterator[Path]:
    """Return Docker's folder on a separate file system, where the test may set labels."""
    folder = home.folder / ".docker"
    folder.mkdir()
    mount = [need.command("mount"), "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        need.missing("the right to mount")
    try:
        yield folder
    finally:
        subprocess.run([need.command("umount"), str(folder)], check=True)


def test_selinux_label_is_preserved(home: Home, own_disk: Path) -> None:
    """The label differs from what new files in the folder get."""
    config = own_disk / "config.json"
    config.write_text(BEFORE)
    os.setxattr(config, "security.selinux", b"system_u:object_r:container_file_t:s0\0")

    edit(home, config)

    assert b"system_u:object_r:container_file_t:s0\0" == os.getxattr(config, "security.selinux")


@pytest.fixture
def as_user(home: Home) -> Callable[[Path], int]:
    """Return what edits as an ordinary user and returns the exit status."""
    if os.getuid() != 0:
        need.missing("root, to be another user,")
    prefix = [need.command("setpriv"), f"--reuid={FRIEND}", f"--regid={FRIEND}", "--clear-groups"]
    # The Python that runs the tests may be in root's home.
    prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]

    def run(config: Path) -> int:
        env = home.env | {"DOCKER_CONFIG": str(config.parent)}
        command = [*prefix, str(home.bin / "docker-credential-ecrx"), "configure", HOST]
        return subprocess.run(command, env=env, capture_output=True, check=False, timeout=60).returncode

    return run


@pytest.mark.parametrize("mode", [0o666, 0o640])
def test_others_lose_access_if_the_owner_changes(place: Path, as_user: Callable[[Path], int], mode: int) -> None:
    """Another user's file becomes the editor's, readable by the editor alone, since the group is another one."""
    config = place / "shared" / "config.json"
    config.parent.mkdir()
    config.parent.chmod(0o777)
    config.write_text(BEFORE)
    config.chmod(mode)
    os.chown(config, OTHER, OTHER)
    set_acl(config, "-m", f"u:{FRIEND}:rw,g:{OTHER}:r")

    assert 0 == as_user(config)

    assert (FRIEND, 0o600) == (config.stat().st_uid, config.stat().st_mode & 0o777)
