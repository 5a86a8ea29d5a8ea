"""A user with an empty home, and release archives with a made-up program that install.sh installs there."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import need
from support.users import another_user, ordinary_number

_ROOT = Path(__file__).parents[2]
PAGE = Path("share", "man", "man1", "docker-credential-ecrx.1")
PROGRAM = """\
#!/bin/sh
case $1 in
    version) echo "docker-credential-ecrx {version}" ;;
    demo) echo "the main job" ;;
    --help) echo "commands:"; echo "{command} --all   ..." ;;
    forget) echo "$*" >>"$HOME/forgotten" ;;
    configure) if [ "$2" = --help ]; then echo "  {option}  ..."; else echo "$*" >>"$HOME/configured"; fi ;;
esac
"""


class User:
    """A user with an empty home and a release archive of each version."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.prefix = self.home / ".local"
        self.bin = self.prefix / "bin"
        self.env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        self.prefix_command: list[str] = []
        self._folder = folder

    @contextmanager
    def ordinary(self) -> Iterator[None]:
        """Let the user be none of root's, without a key in the kernel before and after; only root can do that."""
        number = ordinary_number()
        os.chown(self.home, number, number)
        with another_user(number) as self.prefix_command:
            yield

    def unpack(self, version: str, *, program: str = PROGRAM, command: str = "", option: str = "") -> Path:
        """Return the folder of a release archive, whose program has that command and that option of configure."""
        folder = self._folder / f"docker-credential-ecrx-{version}"
        bundle = folder / "docker-credential-ecrx"
        (bundle / "_internal").mkdir(parents=True)
        (bundle / "_internal" / "part").write_text(version)
        page = bundle / PAGE
        page.parent.mkdir(parents=True)
        page.write_text(version)
        text = program.format(version=version, command=command, option=option)
        (bundle / "docker-credential-ecrx").write_text(text)
        (bundle / "docker-credential-ecrx").chmod(0o755)
        shutil.copy(_ROOT / "install.sh", folder)
        return folder

    def unpack_real(self, bundle: Path) -> Path:
        """Return the folder of a release archive, which has the program of the folder ``bundle``."""
        folder = self._folder / "docker-credential-ecrx-real"
        shutil.copytree(bundle, folder / "docker-credential-ecrx", symlinks=True)
        shutil.copy(_ROOT / "install.sh", folder)
        return folder

    def install(
        self, release: Path, *arguments: str | Path, cwd: Path | None = None, umask: int = -1, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run install.sh of ``release``."""
        return subprocess.run(
            [*self.prefix_command, release / "install.sh", *arguments],
            env=self.env,
            cwd=cwd,
            umask=umask,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def link(self, name: str, target: str | Path = "docker-credential-ecrx") -> Path:
        """Make a link in the bin folder."""
        (self.bin / name).symlink_to(target)
        return self.bin / name

    def run(self, name: str, *arguments: str, folder: Path | None = None) -> str:
        """Return what an installed command prints."""
        command: list[str | Path] = [(folder or self.bin) / name, *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60, check=True).stdout

    @contextmanager
    def start(self, *arguments: str, folder: Path | None = None) -> Iterator[None]:
        """Run an installed command, which copies stdin to stdout, for as long as this lasts."""
        with subprocess.Popen(
            [(folder or self.bin) / "ecrx", *arguments], env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(b"it runs\n")
            running.stdin.flush()
            assert b"it runs\n" == running.stdout.readline()
            yield

    @contextmanager
    def running(self, folder: Path | None = None) -> Iterator[None]:
        """Run the installed program for as long as this lasts; from now on it is ``cat``."""
        program = ((folder or self.bin) / "ecrx").resolve()
        program.unlink()
        shutil.copy(need.command("cat"), program)
        with self.start(folder=folder):
            yield

    def files(self) -> list[str]:
        """Return all that there is in the home."""
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))
