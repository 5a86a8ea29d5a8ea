"""The TLS of the direct way: hosts are verified, by TLS 1.2 or newer."""

import os

from docker_credential_ecrx.aws.direct import certificates
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.system.background import Background
from docker_credential_ecrx.system.fast_stdlib import tls_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Tls:
    """A context that trusts the certificates of the file ``bundle``, or else those that botocore takes.

    Those in ``folders`` are trusted, too.
    They are read in the background, and at first only those that probably issue AWS's: a system's all take OpenSSL
    25 ms. ``is_whole`` is whether it trusts all of them.
    """

    __slots__ = ("_context", "_reading", "is_whole")

    def __init__(self, bundle: str, folders: tuple[str, ...], *, is_whole: bool = False) -> None:
        """Raise DeclinedError if there is no bundle, and RuntimeError if there can be no more threads."""
        self._context = tls_context()
        self.is_whole = is_whole
        path = os.path.expanduser(bundle) if bundle else _bundled()
        self._reading = Background(lambda: self._read(path, folders))

    def _read(self, path: str, folders: tuple[str, ...]) -> None:
        likely = b"" if self.is_whole else certificates.likely(path)
        if likely:
            self._context.load_verify_locations(None, None, likely)
        else:
            self.is_whole = True
            self._context.load_verify_locations(path)
        for folder in folders:
            self._context.load_verify_locations(None, folder)

    def wrap(self, connection: "Any", host: str) -> "Any":  # noqa: ANN401 - sockets
        """Return a socket that speaks TLS with ``host`` through the one that is connected to it.

        Raises OSError, which includes SSLError, and DeclinedError if the certificates cannot be read.
        """
        try:
            try:
                self._reading.result()
            except Exception as error:
                raise DeclinedError("the trusted certificates cannot be read") from error
            wrap = getattr(self._context, "_wrap_socket", None)
            if wrap is None:  # private, so a later Python may not have it
                return self._context.wrap_socket(connection, server_hostname=host)
            tls = wrap(connection, False, host)  # noqa: FBT003 - it takes no name
            tls.do_handshake()
        except BaseException:
            connection.close()
            raise
        return TlsSocket(connection, tls)


class TlsSocket:
    """A socket's methods that a request needs, by TLS; ``ssl.SSLSocket`` has them, and takes 8 ms to load."""

    __slots__ = ("_connection", "_tls", "settimeout")

    def __init__(self, connection: "Any", tls: "Any") -> None:  # noqa: ANN401 - a socket, and what wraps it
        self._connection = connection
        self._tls = tls
        self.settimeout = connection.settimeout

    def sendall(self, data: bytes) -> None:
        """Send all of ``data``; raise OSError."""
        sent = 0
        while sent < len(data):
            sent += self._tls.write(data[sent:])

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, and none at the end, be it announced by TLS or not; raise OSError."""
        try:
            received: bytes = self._tls.read(size)
        except OSError as error:
            import ssl

            if isinstance(error, ssl.SSLEOFError):
                return b""
            raise
        return received

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _bundled() -> str:
    """Return the path of certifi's certificates, or else of botocore's, without importing either.

    botocore/httpsession.py, get_cert_path
    """
    from importlib.util import find_spec

    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            return os.path.join(os.path.dirname(spec.origin), "cacert.pem")
    raise DeclinedError("botocore has no certificates")
