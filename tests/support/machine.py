"""A machine below a folder, on which the scripts of the pages run as they are, and docker asks its helper."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from docker_credential_ecrx import __version__
from support import downloads, need
from support.home import Home

_OWN = re.compile(r"(?<![\w./])/(etc|tmp|usr/local)(?![\w-])")
_RELEASES = "OWNER/docker-credential-ecrx/releases/download"
_SECONDS = 120
# What the pages' scripts run, and what docker does when it pulls: with what its configuration says, or not at all.
_COMMANDS = {
    "sudo": 'exec "$@"',
    "dnf": "",
    "systemctl": "",
    "usermod": "",
    "docker": """\
[ "$1" = pull ] || exit 2
helper=$(sed -n "s|.*\\"${2%%/*}\\": \\"\\(.*\\)\\".*|\\1|p" "${DOCKER_CONFIG:-$HOME/.docker}/config.json")
printf %s "${2%%/*}" | "docker-credential-$helper" get >"$ANSWER"
""",
}


class Machine:
    """A machine whose ``/etc``, ``/tmp`` and ``/usr/local`` are below ``root``; ``env`` is what a script sees."""

    def __init__(self, root: Path, home: Home, url: str, archive: Path) -> None:
        self.root = root
        self._url = url
        self._archive = archive
        self._answer = root / "answer"
        for folder in ("etc", "tmp", "usr/local/bin", "commands", "work"):
            (root / folder).mkdir(parents=True)
        for name, script in _COMMANDS.items():
            (root / "commands" / name).write_text(f"#!/bin/sh\n{script}\n")
            (root / "commands" / name).chmod(0o755)
        self._shell = "/bin/sh"
        self._own_folders = [root / "usr/local/bin", home.folder / ".local/bin", root / "commands"]
        self.env = home.env | {
            "PATH": ":".join(map(str, [*self._own_folders, "/usr/bin", "/bin"])),
            "TMPDIR": str(root / "tmp"),
            "ANSWER": str(self._answer),
        }

    def be_alpine(self) -> None:
        """Have busybox alone beside the machine's own commands: no curl and no Python.

        It is not Alpine: the kernel, the archive and the C library stay this machine's, which is glibc's.
        """
        applets = self.root / "busybox"
        applets.mkdir()
        subprocess.run([need.command("busybox"), "--install", "-s", applets], check=True)
        # The archive that is served here is for this machine's glibc, which install.sh asks for.
        (applets / "getconf").symlink_to(need.command("getconf"))
        self._shell = str(applets / "sh")
        self.env["PATH"] = ":".join(map(str, [*self._own_folders, applets]))

    def own(self, text: str) -> str:
        """Return a page's text with this machine's folders, and the release that there is."""
        text = _OWN.sub(lambda found: f"{self.root}/{found[1]}", text).replace("https://github.com/", f"{self._url}/")
        return text.replace(__version__, downloads.version(self._archive)).replace(
            "0" * 64, downloads.sha256(self._archive)
        )

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return a page's variables with this machine's folders, and the release that there is."""
        return {name: self.own(value) for name, value in given.items()}

    def runs(self, *lines: str, env: Mapping[str, str] | None = None) -> str:
        """Run a page's lines in one shell, up to one that fails, which none may; return all that they say."""
        done = subprocess.run(
            [self._shell, "-e"],
            input=self.own("\n".join(lines)),
            env=self.env | dict(env or {}),
            cwd=self.root / "work",
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert 0 == done.returncode, done
        return done.stdout + done.stderr

    def pastes(self, *texts: str) -> str:
        """Paste texts into a login shell, which reads on after what fails; return what it prints, and its errors."""
        done = subprocess.run(
            [self._shell],
            input="\n".join(map(self.own, texts)),
            env=self.env,
            cwd=self.root / "work",
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return done.stdout + done.stderr

    @property
    def answer(self) -> str:
        """Return what the helper answered docker last."""
        return self._answer.read_text()


@contextmanager
def running(root: Path, home: Home) -> Iterator[Machine]:
    """Return a machine to which GitHub has the release, under its name for glibc and under that for musl.

    Both are one archive, that of this machine: under the name for musl an archive for glibc stands in.
    """
    archive = downloads.archive()
    path = f"{_RELEASES}/v{downloads.version(archive)}/{archive.name}"
    with downloads.serving(root / "server", path, archive) as url:
        musl = archive.name.replace(".tar.gz", "-musl.tar.gz").replace("-musl-musl", "-musl")
        (root / "server" / path).with_name(musl).symlink_to(archive)
        yield Machine(root / "machine", home, url, archive)
