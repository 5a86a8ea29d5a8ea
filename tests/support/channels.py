"""The ways in which users install the program, on a machine without a network that has all that they download.

What a user types is typed here; only the environment says where packages come from.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from support import need

_ROOT = Path(__file__).parents[2]
_SCRIPTS = Path(sys.executable).parent
_SECONDS = 300
NAME = "docker-credential-ecrx"


def distributions(folder: Path) -> dict[str, Path]:
    """Build and return the ``wheel`` and the ``sdist`` of the checkout."""
    _run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], {"PATH": os.environ["PATH"]}, _ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


class User:
    """A user with an empty home, and the command of ``tool``: pip, pipx or uv."""

    def __init__(self, home: Path, tool: str) -> None:
        wheels = os.environ.get("ECRX_TEST_WHEELS") or need.missing("the folder of wheels that tests/run downloads")
        self.home = home
        self._tool = tool
        self.env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "TMPDIR": str(home.parent)}
        # pip compiles what it installs otherwise, which takes as long as all the rest.
        self.env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_COMPILE": "1"}
        self.env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels}
        self.env |= {"UV_NO_INDEX": "1", "UV_FIND_LINKS": wheels, "UV_OFFLINE": "1", "UV_PYTHON": sys.executable}

    def install(self, distribution: Path) -> Path:
        """Install it, and return the folder of the commands."""
        if self._tool == "pip":
            self._run(sys.executable, "-m", "venv", self.home / "venv")
            self._run(self.home / "venv" / "bin" / "pip", "install", distribution)
            return self.home / "venv" / "bin"
        self._run(*self._command(), "install", distribution)
        return self.home / ".local" / "bin"

    def uninstall(self) -> None:
        """Uninstall the program."""
        pip = [self.home / "venv" / "bin" / "pip", "uninstall", "--yes"]
        self._run(*(pip if self._tool == "pip" else [*self._command(), "uninstall"]), NAME)

    def _command(self) -> list[str | Path]:
        path = _SCRIPTS / self._tool
        if not path.exists():
            need.missing(f"{self._tool} in the tests' virtual environment")
        return [path, "tool"] if self._tool == "uv" else [path]

    def _run(self, *command: str | Path) -> None:
        _run(command, self.env, self.home)


def debian_package() -> Path:
    """Build and return the Debian package."""
    need.command("dpkg-deb")
    if not (_ROOT / ".work" / "build-venv").exists():
        need.missing("the virtual environment that the frozen program was built in")
    # tests/run has two halves that may both need it.
    with (_ROOT / ".work" / "deb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _run(["sh", "build/deb.sh"], {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}, _ROOT)
    (package,) = (_ROOT / "dist").glob("*.deb")
    return package


class Debian:
    """A machine of its own for dpkg: an empty root, and a copy of what this machine has installed."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self._database = folder / "dpkg"
        shutil.copytree("/var/lib/dpkg", self._database, symlinks=True)

    def dpkg(self, *arguments: str | Path) -> str:
        """Run dpkg there."""
        # man-db's trigger would look for its programs in the empty root; nothing there has to outlast a power cut.
        options = [f"--admindir={self._database}", f"--instdir={self.root}", "--no-triggers", "--force-unsafe-io"]
        command: list[str | Path] = [need.command("dpkg"), *options, *arguments]
        return _run(command, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DPKG_FRONTEND_LOCKED": "1"}, self.root)

    def files(self) -> list[str]:
        """Return all files and links there."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if not _is_folder(path))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _run(command: Sequence[str | Path], env: Mapping[str, str], folder: Path) -> str:
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout
