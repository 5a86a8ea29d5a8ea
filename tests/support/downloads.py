"""The release archive, and a server from which it is downloaded."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from support import need

_DIST = Path(__file__).parents[2] / "dist"


def archive() -> Path:
    """Return the release archive of the frozen program."""
    found = next(_DIST.glob("docker-credential-ecrx-*.tar.gz"), None)
    return found or need.missing("the release archive (build/build.sh)")


def version(path: Path) -> str:
    """Return the version in an archive's name."""
    return path.name.split("-")[3]


def sha256(path: Path) -> str:
    """Return a file's checksum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def serving(folder: Path, path: str, file: Path) -> Iterator[str]:
    """Serve ``file`` at ``path``; yield the server's address."""
    (folder / path).parent.mkdir(parents=True)
    (folder / path).symlink_to(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet."""
