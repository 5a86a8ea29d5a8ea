"""Opens a TCP connection as ``socket.create_connection`` does, without the import of ``socket``."""

import time

from docker_credential_ecrx.system.fast_stdlib import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.aws.direct.endpoints import Endpoint

CONNECT_SECONDS = 3.0  # as in aws/session.py


class ConnectTimeoutError(TimeoutError):
    """The host did not accept the connection in time."""


class Socket(socket.socket):
    """A socket as OpenSSL takes it: with a reference that does not keep it, for which the type in C has no place."""


def connected(endpoint: "Endpoint", end: float) -> Socket:
    """Return a socket that is connected to the endpoint, whose operations have the same time limit as that.

    Raises OSError, the last one if the host has several addresses, and ConnectTimeoutError after CONNECT_SECONDS or at
    ``end`` (time.monotonic()).
    """
    failure = OSError("the name of the host has no address")
    host = endpoint.host.encode("ascii")  # for a str, the codec idna would be loaded
    for family, kind, protocol, _, address in socket.getaddrinfo(host, endpoint.port, 0, socket.SOCK_STREAM):
        found = None
        try:
            found = Socket(family, kind, protocol)
            found.settimeout(seconds_until(end, CONNECT_SECONDS))
            found.connect(address)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            failure = ConnectTimeoutError() if isinstance(error, TimeoutError) else error
            if found is not None:
                found.close()
        else:
            return found
    raise failure


def seconds_until(end: float, most: float) -> float:
    """Return the time limit of an operation in seconds, which is never 0: that would mean not to wait at all."""
    return min(most, max(0.001, end - time.monotonic()))
