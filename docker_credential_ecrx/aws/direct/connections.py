"""The connections to STS and ECR; the first ones are opened while the program still loads what makes the calls.

The request to ECR needs the keys that STS returns, but the connection to ECR does not.
"""

import _thread

from docker_credential_ecrx import log
from docker_credential_ecrx.aws import trust
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.endpoints import endpoint_of
from docker_credential_ecrx.aws.direct.http_client import Connection
from docker_credential_ecrx.aws.direct.keys import WebIdentity
from docker_credential_ecrx.aws.direct.tcp import connected
from docker_credential_ecrx.system.background import Background

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.aws.direct.endpoints import Endpoint
    from docker_credential_ecrx.aws.direct.plan import Plan
    from docker_credential_ecrx.aws.direct.tls import Tls as _Tls
    from docker_credential_ecrx.ecr.registry import Registry


class Connections:
    """The endpoints of one ``get``, and the connections to them, each of which takes one request."""

    def __init__(self, plan: "Plan", registry: "Registry", env: "Mapping[str, str]", end: float) -> None:
        """Begin to connect; nothing waits longer than until ``end`` (time.monotonic()).

        Raises DeclinedError if an endpoint has an unusual form.
        """
        self.sts = endpoint_of("sts", registry, env)
        self.ecr = endpoint_of(registry.service, registry, env)
        self._end = end
        self._trusted = (plan.trusted.bundle, trust.directories(plan.trusted, env))
        self._tls: _Tls | None = None
        self._has_tls = _thread.allocate_lock()
        self._first: dict[Endpoint, Background] = {}
        asks_sts = bool(plan.roles) or isinstance(plan.source, WebIdentity)
        endpoints = [self.sts, self.ecr] if asks_sts else [self.ecr]
        with self._has_tls:  # the sockets are connected while OpenSSL is loaded
            for endpoint in endpoints:
                self._begin(endpoint)
            if any(endpoint.is_tls for endpoint in endpoints):
                from docker_credential_ecrx.aws.direct.tls import Tls

                self._tls = Tls(*self._trusted)

    def to(self, endpoint: "Endpoint") -> Connection:
        """Return a connection to an endpoint, which is open; raise OSError, and DeclinedError."""
        first = self._first.pop(endpoint, None)
        connection: Connection = first.result() if first else self._opened(endpoint)
        return connection

    def close(self) -> None:
        """Close the connections that were opened and not used."""
        for opening in self._first.values():
            if opening.ends_within(0):
                try:
                    opening.result().close()
                except Exception as error:  # noqa: BLE001 - no request needs it any more
                    log.debug(f"a connection that was not used could not be opened: {type(error).__name__}")

    def _begin(self, endpoint: "Endpoint") -> None:
        try:
            self._first[endpoint] = Background(lambda: self._opened(endpoint))
        except RuntimeError:  # there can be no more threads, and one that is needed is opened then
            return

    def _opened(self, endpoint: "Endpoint") -> Connection:
        socket = connected(endpoint, self._end)
        if not endpoint.is_tls:
            return Connection(socket, self._end)
        with self._has_tls:
            tls = self._tls
        if tls is None:
            socket.close()
            raise DeclinedError("there is no TLS for an endpoint that needs it")
        try:
            return Connection(tls.wrap(socket, endpoint.host), self._end)
        except OSError as error:
            if tls.is_whole or not hasattr(error, "verify_code"):  # of SSLCertVerificationError
                raise
        log.debug(f"reading all trusted certificates, since the first ones do not verify {endpoint.host}")
        return Connection(self._whole_tls().wrap(connected(endpoint, self._end), endpoint.host), self._end)

    def _whole_tls(self) -> "_Tls":
        from docker_credential_ecrx.aws.direct.tls import Tls

        with self._has_tls:
            if self._tls is None or not self._tls.is_whole:
                self._tls = Tls(*self._trusted, is_whole=True)
            return self._tls
