"""Runs a command while a folder is served on loopback, at the address $SERVED: python3 serve.py FOLDER COMMAND..."""

import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


def main(folder: str, *command: str) -> int:
    """Return the command's exit status."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        env = os.environ | {"SERVED": f"http://127.0.0.1:{server.server_port}"}
        return subprocess.run(command, env=env, check=False).returncode


sys.exit(main(*sys.argv[1:]))
