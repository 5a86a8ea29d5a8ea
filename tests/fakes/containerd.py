"""A containerd of the tests' own, in a folder, with the interface that kubelet uses (CRI)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes import daemons
from support import need

_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# It needs no overlay.
_CONFIG = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
address = "{folder}/sock"
[ttrpc]
address = "{folder}/ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
"""


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """Run containerd; yield its socket."""
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(folder=folder))
    command = [need.command("containerd"), "--config", str(config)]
    env = {"PATH": _SEARCH, "HOME": str(folder), "TMPDIR": str(folder)}
    with daemons.running(command, env, folder / "log", "containerd successfully booted"):
        yield folder / "sock"
