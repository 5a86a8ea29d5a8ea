"""A registry on this machine without TLS: it accepts the tokens that AWS issued, and lacks images in ``missing``."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fakes.aws import FakeAws


@contextmanager
def serving(aws: FakeAws) -> Iterator[str]:
    """Serve the registry, and return its host."""

    class Plain(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic "))
            is_known = given.decode().removeprefix("AWS:") in aws.issued
            self.send_response((404 if "/missing/" in self.path else 200) if is_known else 401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"localhost:{server.server_port}"
        server.shutdown()
