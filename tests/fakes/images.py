"""Images that buildah builds from a page's Dockerfile, on images of busybox under the names of a registry's."""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from support import need

_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
# What a page has them install is not there; the program needs nothing of it.
_PACKAGE_MANAGERS = ("apk", "apt-get")
_SECONDS = 300


class Images:
    """Builds in ``context``; all that buildah keeps is in ``folder``."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.context = folder / "context"
        self.context.mkdir(parents=True)
        self._command = [need.command("buildah"), "--storage-driver=vfs", f"--root={folder / 'images'}"]
        self._command += [f"--runroot={folder / 'run'}"]
        self._make_system(folder / "system", program)

    def build(self, dockerfile: str) -> str:
        """Return the container of the image that ``dockerfile`` describes."""
        for base in set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)):
            self._build("FROM scratch\nADD system.tar /\nENV PATH=/usr/local/bin:/bin\n", base)
        self._build(dockerfile, "built")
        return self._run("from", "--pull-never", "built").strip()

    def run(self, container: str, env: Mapping[str, str], *command: str, stdin: str) -> str:
        """Return what a command in a container prints."""
        options = [f"--env={name}={value}" for name, value in env.items()]
        return self._run("run", "--isolation=chroot", *options, container, "--", *command, stdin=stdin)

    def _build(self, dockerfile: str, name: str) -> None:
        options = ["--isolation=chroot", "--quiet", "--pull-never", f"--tag={name}", "--file=-"]
        self._run("bud", *options, str(self.context), stdin=dockerfile)

    def _run(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [*self._command, *arguments], input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        assert 0 == done.returncode, done
        return done.stdout

    def _make_system(self, system: Path, program: Path) -> None:
        """Pack busybox, and of the machine's own libraries those that the program needs."""
        for folder in ("bin", "etc", "opt", "tmp", "usr/local/bin"):
            (system / folder).mkdir(parents=True)
        busybox = Path(shutil.copy(need.command("busybox"), system / "bin" / "busybox"))
        listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
        for applet in set(listed.split()) - {"busybox"}:
            (system / "bin" / applet).symlink_to("busybox")
        for name in _PACKAGE_MANAGERS:
            (system / "bin" / name).write_text("#!/bin/sh\n")
            (system / "bin" / name).chmod(0o755)
        for library in _libraries(program):
            copy = system / library.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)
        with tarfile.open(self.context / "system.tar", "w") as archive:
            archive.add(system, ".")


def _libraries(program: Path) -> set[Path]:
    """Return the machine's libraries that the program's folder needs."""
    folder = program.resolve().parent
    parts = [str(program), *map(str, folder.rglob("*.so*"))]
    said = subprocess.run(["/usr/bin/ldd", *parts], capture_output=True, text=True, check=False).stdout
    return {Path(path) for path in _LIBRARY.findall(said) if not path.startswith(f"{folder}/")}
