"""A BuildKit of the tests' own, in a folder, which like that of a container has neither the program nor a home."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes import daemons
from fakes.clients import go_program
from support import need


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """Run buildkitd, which needs no overlay; yield its socket."""
    path = go_program("buildkitd")
    command: list[str | Path] = [path if path.exists() else need.missing("buildkitd (tests/clients/build.sh)")]
    command += ["--addr", f"unix://{folder}/sock", "--root", f"{folder}/root", "--containerd-worker=false"]
    command += ["--oci-worker=true", "--oci-worker-snapshotter=native", "--oci-worker-binary", need.command("runc")]
    for name in ("home", "bin"):
        (folder / name).mkdir()
    env = {"PATH": f"{folder}/bin", "HOME": f"{folder}/home", "TMPDIR": str(folder)}
    with daemons.running(command, env, folder / "log", "running server on"):
        yield folder / "sock"
