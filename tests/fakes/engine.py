"""A docker engine of the tests' own, in a folder."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes import daemons
from support import need

_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run an engine that needs neither a bridge nor overlay; yield its address, as DOCKER_HOST has it."""
    address = f"unix://{folder}/sock"
    command = [need.command("dockerd"), "--storage-driver=vfs", "--iptables=false", "--ip-forward=false"]
    command += ["--bridge=none", "--data-root", f"{folder}/root", "--exec-root", f"{folder}/exec"]
    command += ["--pidfile", f"{folder}/pid", "--host", address]
    env = {"PATH": _SEARCH, "HOME": str(folder), "TMPDIR": str(folder)}
    with daemons.running(command, env, folder / "engine.log", f"API listen on {folder}/sock"):
        yield address


def layer(content: str) -> bytes:
    """Return an archive with one file, which ``docker import`` and ``podman import`` take for an image."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("content")
        entry.size = len(content.encode())
        archive.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()
