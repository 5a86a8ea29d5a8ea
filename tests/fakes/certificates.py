"""A private certificate authority, which vouches for the names that AWS has in the tests."""

import secrets
import ssl
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from support import need

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


class Certificates(NamedTuple):
    """The authority's certificate, for clients, and a server's certificate with its key."""

    authority: Path
    server: Path
    server_key: Path

    def context(self) -> ssl.SSLContext:
        """Return what a server speaks TLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        return context


def issue(folder: Path, names: Iterable[str]) -> Certificates:
    """Make an authority in ``folder``, and a server's certificate for ``names``."""
    authority, authority_key = folder / "authority.pem", folder / "authority.key"
    server, server_key = folder / "server.pem", folder / "server.key"
    # OpenSSL looks for an issuer by its name, and on no further: two authorities of one name would hide each other.
    subject = f"/CN=ecrx tests {secrets.token_hex(8)}"
    _request(authority, authority_key, "-subj", subject, "-addext", "basicConstraints=critical,CA:TRUE")
    alternatives = ",".join(f"DNS:{name}" for name in names)
    signer = ("-CA", authority, "-CAkey", authority_key)
    _request(server, server_key, "-subj", "/CN=server", "-addext", f"subjectAltName={alternatives}", *signer)
    return Certificates(authority, server, server_key)


def _request(certificate: Path, key: Path, *options: str | Path) -> None:
    command = (need.command("openssl"), "req", "-x509", *_KEY, "-keyout", key, "-out", certificate, *options)
    subprocess.run(command, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"})
