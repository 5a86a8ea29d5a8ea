"""Makes a call to AWS up to three times, and reports its failure as botocore's exception.

So both ways to AWS retry the same failures after the same pauses, and ``service_errors`` explains both.
botocore is imported only when a call has failed.
"""

import time

from docker_credential_ecrx import __version__, log
from docker_credential_ecrx.aws.direct.http_client import ClosedError
from docker_credential_ecrx.aws.direct.tcp import ConnectTimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from docker_credential_ecrx.aws.direct.connections import Connections
    from docker_credential_ecrx.aws.direct.endpoints import Endpoint
    from docker_credential_ecrx.aws.direct.http_client import Response
    from docker_credential_ecrx.system.deadline import Deadline


_REDIRECT = 300  # AWS sends none; botocore takes any status from here on for an error
_AGENT = f"docker-credential-ecrx/{__version__}"  # for AWS's own logs; it is not signed, and no service decides by it


class Operation:
    """An operation of AWS: its ``name``, and the ``protocol`` whose parser in botocore reads its errors."""

    __slots__ = ("name", "protocol")

    def __init__(self, name: str, protocol: str) -> None:
        self.name = name
        self.protocol = protocol


def call(
    operation: Operation,
    endpoint: "Endpoint",
    request: "Callable[[], tuple[dict[str, str], bytes]]",
    connections: "Connections",
    deadline: "Deadline",
) -> "Response":
    """POST what ``request`` returns, headers and body, and return the response, which is no error.

    It is called for each attempt, since a signature has a time.
    Raises botocore's exceptions, and TooEarlyError.
    """
    attempts = 0
    while True:
        attempts += 1
        headers, body = request()
        log.debug(f"asking {endpoint.host} for {operation.name}")
        deadline.waiting_for = endpoint.host
        try:
            response = connections.to(endpoint).request("POST", "/", {**headers, "user-agent": _AGENT}, body)
        except OSError as error:
            _pause_or_raise(operation, endpoint, attempts, deadline, error)
        else:
            deadline.waiting_for = ""
            if response.status < _REDIRECT:
                return response
            _pause_or_raise(operation, endpoint, attempts, deadline, response)


def _pause_or_raise(
    operation: Operation, endpoint: "Endpoint", attempts: int, deadline: "Deadline", failed: "OSError | Response"
) -> None:
    """Wait until the next attempt, or raise if there is none."""
    from botocore import exceptions

    from docker_credential_ecrx.aws import error_body
    from docker_credential_ecrx.aws.retries import Retries

    if isinstance(failed, OSError):
        error = _botocore_error(failed, endpoint)
        seconds = Retries(deadline).pause(None, attempts, error, operation)
    else:
        raw = {"status_code": failed.status, "headers": failed.headers, "body": failed.body}
        parsed = error_body.parse(raw, operation.protocol)
        seconds = Retries(deadline).pause((failed, parsed), attempts, None, operation)
        error = exceptions.ClientError(parsed, operation.name)
    if seconds is None:
        raise error
    time.sleep(seconds)


def _botocore_error(error: OSError, endpoint: "Endpoint") -> Exception:
    """Return the exception that botocore raises for a failure of the connection (botocore/httpsession.py, send)."""
    import socket
    import ssl

    from botocore import exceptions
    from urllib3.exceptions import NameResolutionError

    url = str(endpoint)
    if isinstance(error, socket.gaierror):
        reason = NameResolutionError(endpoint.host, None, error)  # type: ignore[arg-type] # it only keeps it
        return exceptions.EndpointConnectionError(endpoint_url=url, error=reason)
    if isinstance(error, ssl.SSLError):
        return exceptions.SSLError(endpoint_url=url, error=error)
    if isinstance(error, ConnectTimeoutError):
        return exceptions.ConnectTimeoutError(endpoint_url=url, error=error)
    if isinstance(error, TimeoutError):
        return exceptions.ReadTimeoutError(endpoint_url=url, error=error)
    if isinstance(error, (ClosedError, ConnectionResetError, BrokenPipeError)):
        return exceptions.ConnectionClosedError(endpoint_url=url, error=error)
    return exceptions.EndpointConnectionError(endpoint_url=url, error=error)
